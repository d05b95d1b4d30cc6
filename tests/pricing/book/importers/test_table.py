"""Any table of models and prices: its columns, its units, and what it must not leave to a guess."""

from pathlib import Path
from typing import Any

import pytest
from builders import call, tables
from foreign_prices import readable

from pricing.book.importers.table import table_book
from pricing.reprice import reprice_tables
from traces.errors import PricingError

HEADER = "model,input_usd_per_1m,output_usd_per_1m\n"
ROW = "acme-large,3,15\n"


def table(folder: Path, text: str, name: str = "prices.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def prices(path: Path, **options: Any) -> dict[str, list[str]]:
    """USD per million by model: input, output."""
    rows = readable(table_book(path, **options).rows, ["model", "kind", "usd"])
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row["kind"], reverse=True):
        found.setdefault(row["model"], []).append(row["usd"])
    return found


def problem(path: Path, **options: Any) -> str:
    with pytest.raises(PricingError) as raised:
        table_book(path, **options)
    assert raised.value.hint
    return raised.value.problem.removeprefix(f"{path}: ")


def test_tokens_times_table_ignores_the_cache(tmp_path: Path) -> None:
    book = table_book(table(tmp_path, HEADER + ROW))
    usage = {"uncached_input_tokens": 100_000, "cache_read_tokens": 800_000, "cache_write_5m_tokens": 100_000}
    calls = [call(provider="somebody", model="x/acme-large", output_tokens=1_000_000, **usage)]

    found = reprice_tables(tables(calls=calls), book=book.price_book())["calls"]

    assert found["cost_usd"].to_list() == [18.0]
    assert set(book.rows["kind"]) == {"uncached_input", "output"}
    assert (book.names, book.unlisted, book.importer) == ("verbatim", "unknown", "table")


@pytest.mark.parametrize(
    ("header", "usd"),
    [
        ("model,input_usd_per_1m,output_usd_per_1m", ["3", "15"]),
        ("Model,Input ($/1M tokens),Output ($/1M tokens)", ["3", "15"]),
        ("id,prompt price per million tokens,completion price per million tokens", ["3", "15"]),
        ("name,input_usd_per_mtok,output_usd_per_mtok", ["3", "15"]),
        ("model_name,USD per 1K input tokens,USD per 1K output tokens", ["3000", "15000"]),
        ("model,input_cost_per_token,output_cost_per_token", ["3000000", "15000000"]),
        ("model,inputPricePerMillion,outputPricePerMillion", ["3", "15"]),
    ],
)
def test_columns_are_known_by_the_words_of_their_names(tmp_path: Path, header: str, usd: list[str]) -> None:
    path = table(tmp_path, f"{header}\n{ROW}")

    assert prices(path) == {"acme-large": usd}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices.csv", HEADER + ROW),
        ("prices.csv", "\ufeff" + HEADER + ROW),
        ("prices.csv", (HEADER + ROW).replace(",", ";")),
        ("prices.tsv", (HEADER + ROW).replace(",", "\t")),
        ("prices.json", '[{"model": "acme-large", "input_usd_per_1m": 3, "output_usd_per_1m": 15.0}]'),
        ("prices.json", '{"as of": "May", "prices": [{"id": "acme-large", "in/1m": "3", "out/1m": 15}]}'),
        ("prices.json", '{"acme-large": {"input_usd_per_1m": 3, "output_usd_per_1m": 15}}'),
        ("prices.jsonl", '{"model": "acme-large", "input_usd_per_1m": 3, "output_usd_per_1m": 15}\n'),
    ],
)  # fmt: skip
def test_a_table_may_be_written_in_many_ways(tmp_path: Path, name: str, text: str) -> None:
    assert prices(table(tmp_path, text, name)) == {"acme-large": ["3", "15"]}


def test_the_unit_is_stated_by_the_column_or_an_option_and_never_guessed(tmp_path: Path) -> None:
    path = table(tmp_path, "model,input,output\nacme-large,0.000003,0.000015\n")

    assert problem(path) == "column 'input' does not say how many tokens its prices are for"
    assert prices(path, per="token") == {"acme-large": ["3", "15"]}
    assert prices(path, per="1m") == {"acme-large": ["0.000003", "0.000015"]}
    assert problem(table(tmp_path, HEADER + ROW), per="1k") == (
        "column 'input_usd_per_1m' is per 1m, the option says per 1k"
    )


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    path = table(tmp_path, "Modell,Eingabe per 1m,Ausgabe per 1m\nacme-large,3,15\n")
    chosen = {"model": "Modell", "input": "Eingabe per 1m", "output": "Ausgabe per 1m"}

    assert problem(path) == "no column of models"
    assert prices(path, columns=chosen) == {"acme-large": ["3", "15"]}
    assert problem(path, columns={"model": "Name"}) == "no column 'Name' for the role 'model'"


def test_an_id_goes_before_a_display_name_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = table(
        tmp_path, "name,id,input_usd_per_1m,cached input_usd_per_1m,output_usd_per_1m\nAcme Large,acme-large,3,0.3,15\n"
    )

    assert prices(path) == {"acme-large": ["3", "15"]}
    assert table_book(path).left_out == {"column: name": 1, "column: cached input_usd_per_1m": 1}


def test_two_columns_that_could_be_one_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "model,input per 1m,input cost per 1k\nacme-large,3,0.003\n")

    assert problem(path) == "'input per 1m', 'input cost per 1k' could all be the column of input"


def test_a_provider_column_tells_hosts_apart(tmp_path: Path) -> None:
    path = table(tmp_path, f"provider,{HEADER}groq,llama,1,2\ntogether,llama,3,4\n")
    lookup = table_book(path).price_book().directory.lookup

    assert lookup is not None
    assert lookup("groq", "llama") == ("groq", "llama")
    assert lookup(None, "llama") is None


def test_dated_rows_end_each_other(tmp_path: Path) -> None:
    path = table(tmp_path, f"date,{HEADER}2026-03-01,acme-large,2,10\n,acme-large,3,15\n")
    rows = readable(table_book(path).rows, ["kind", "effective_from", "effective_until", "usd"])

    assert [row for row in rows if row["kind"] == "output"] == [
        {"kind": "output", "effective_from": "", "effective_until": "2026-03-01", "usd": "15"},
        {"kind": "output", "effective_from": "2026-03-01", "effective_until": "", "usd": "10"},
    ]


def test_a_price_of_zero_is_free_only_if_somebody_says_so(tmp_path: Path) -> None:
    silent = table(tmp_path, HEADER + ROW + "acme-free,0,0\n")
    stated = table(tmp_path, HEADER.replace("\n", ",is_free\n") + "acme-free,0,0,yes\nacme-large,3,15,\n", "stated.csv")

    assert prices(silent) == {"acme-large": ["3", "15"]}
    assert table_book(silent).left_out == {"model: a price of 0: free or not known": 1}
    assert prices(silent, is_zero_free=True)["acme-free"] == ["0", "0"]
    assert prices(stated)["acme-free"] == ["0", "0"]


def test_what_is_not_stated_is_not_known(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER + "acme-large,3,\nacme-small,,\n,1,2\n")

    assert prices(path) == {"acme-large": ["3"]}
    assert table_book(path).left_out == {"model: no price": 1, "row: no model": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + "acme-large,-3,15\n", "row 2, column 'input_usd_per_1m': the price -3 is negative"),
        (HEADER + ROW + "acme-small,3,cheap\n", "row 3, column 'output_usd_per_1m': 'cheap' is not a number"),
        (HEADER + 'acme-large,"3,50",15\n', "row 2, column 'input_usd_per_1m': '3,50' is not a number"),
        (HEADER + "acme-large,nan,15\n", "row 2, column 'input_usd_per_1m': 'nan' is not a number"),
        ("model,input_eur_per_1m,output_eur_per_1m\n" + ROW, "column 'input_eur_per_1m' is in EUR"),
        ("model,input (€/1M),output (€/1M)\n" + ROW, "column 'input (€/1M)' is in EUR"),
        (f"currency,{HEADER}usd,{ROW}CNY,acme-small,1,2\n", "row 3, column 'currency': prices in CNY"),
        (f"date,{HEADER}March,{ROW}", "row 2, column 'date': 'March' is no date"),
        (HEADER + "acme-large,3,15,7\n", "row 2 has more cells than the header"),
        (HEADER + ROW + ROW, "two prices are in force at once"),
        ("model,colour\nacme-large,red\n", "no column of prices"),
        ("input_usd_per_1m\n3\n", "no column of models"),
        ("", "no table of prices"),
        ("[1, 2]", "no table of prices"),
    ],
)
def test_a_wrong_table_names_row_and_column(tmp_path: Path, text: str, words: str) -> None:
    assert words in problem(table(tmp_path, text))


def test_a_table_that_is_not_there_or_no_text_is_a_pricing_error(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")

    assert "No such file" in problem(tmp_path / "absent.csv")
    assert "codec" in problem(tmp_path / "binary.csv")
