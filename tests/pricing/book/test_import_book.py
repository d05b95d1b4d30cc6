"""Importing: the format is recognised by content, the book says where it is from, nothing is replaced unasked."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import reduce
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from foreign_prices import FOLDER

from pricing.book.foreign import read_foreign
from pricing.book.import_book import import_book
from pricing.book.importer import discover, recognise
from pricing.book.named import load_named_book
from traces.errors import PricingError

DAY = date(2026, 11, 25)
CSV = "model,input_usd_per_1m,output_usd_per_1m\nacme-large,3,15\n"


@pytest.mark.parametrize("name", ["litellm", "models_dev", "llm_prices"])
def test_a_format_is_recognised_by_its_content_whatever_its_name(name: str, tmp_path: Path) -> None:
    disguised = tmp_path / "prices.txt"
    disguised.write_bytes((FOLDER / f"{name}.json").read_bytes())

    assert recognise(read_foreign(disguised)).name == name


def test_only_one_importer_but_the_plain_table_recognises_a_source() -> None:
    for name in ("litellm", "models_dev", "llm_prices"):
        source = read_foreign(FOLDER / f"{name}.json")
        assert next(one.name for one in discover().values() if one.sniff(source)) == name
        assert [one.name for one in discover().values() if one.sniff(source) and one.name != "table"] == [name]


def test_every_importer_says_what_it_was_written_against_and_cannot_express() -> None:
    assert list(discover()) == ["litellm", "llm_prices", "models_dev", "table"]
    for importer in discover().values():
        assert importer.summary
        assert importer.upstream
        assert importer.blind_spots
        assert importer.licence


def test_a_book_comes_back_as_it_was_imported(tmp_path: Path) -> None:
    source = FOLDER / "litellm.json"
    report = import_book(source, "litellm-2026-11", tmp_path / "books", retrieved_date=DAY)

    book = load_named_book("litellm-2026-11", (tmp_path / "books",))

    assert report.path == book.path == tmp_path / "books" / "litellm-2026-11.zip"
    assert book.rows.equals(report.book.rows)
    assert book.models.equals(report.book.models)
    assert (book.importer, book.source, book.licence, book.names, book.unlisted) == (
        "litellm", "litellm.json", "MIT", "verbatim", "unknown"
    )  # fmt: skip
    assert book.source_sha256 == read_foreign(source).sha256
    assert book.retrieved_date == DAY
    assert set(book.rows["retrieved_date"]) == {DAY}
    assert book.left_out == report.left_out
    assert sum(report.left_out.values()) == 14
    assert book.n_models == 11


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (
        import_book(FOLDER / "models_dev.json", "dev", tmp_path / folder, retrieved_date=DAY) for folder in ("a", "b")
    )

    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_book_is_replaced_only_when_forced(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(CSV, encoding="utf-8")
    import_book(tmp_path / "prices.csv", "mine", tmp_path)
    (tmp_path / "prices.csv").write_text(CSV.replace("15", "20"), encoding="utf-8")

    with pytest.raises(PricingError, match=r"mine\.zip: exists\nhint: give another name, or pass --force"):
        import_book(tmp_path / "prices.csv", "mine", tmp_path)
    import_book(tmp_path / "prices.csv", "mine", tmp_path, is_forced=True)

    rows = load_named_book("mine", (tmp_path,)).rows
    assert rows.filter(kind="output")["price_pusd"].to_list() == [20_000_000]
    assert [path.name for path in tmp_path.glob(".*")] == []


@pytest.mark.parametrize(
    "name", ["", "Mine", "../mine", "a/b", ".hidden", "mine.zip", "mine.toml", "hal-harness", "list"]
)
def test_a_name_that_would_not_be_found_again_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PricingError, match=r"cannot be called|a book of the package"):
        import_book(FOLDER / "litellm.json", name, tmp_path)


def test_a_book_written_by_hand_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("", encoding="utf-8")

    with pytest.raises(PricingError, match="written by hand"):
        import_book(FOLDER / "litellm.json", "mine", tmp_path, is_forced=True)


def test_what_nobody_recognises_lists_the_formats(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text('{"hello": "world"}', encoding="utf-8")

    with pytest.raises(PricingError, match="no importer recognises it\nhint: litellm: ") as raised:
        import_book(tmp_path / "prices.json", "mine", tmp_path)
    assert raised.value.exit_code == 4


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document."""
    if path:
        yield path
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    for key, value in parts:
        yield from leaves(value, (*path, key))


@pytest.mark.parametrize("name", ["litellm", "models_dev", "llm_prices"])
@pytest.mark.parametrize("junk", [None, "x", -1, 1.5, True, [], {}, [[1]], {"a": 1}], ids=repr)
def test_a_source_with_junk_anywhere_is_imported_or_refused_as_a_pricing_error(
    name: str, junk: Any, tmp_path: Path
) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    places = list(leaves(json.loads(text)))
    for place in places[:: max(len(places) // 60, 1)]:
        document = json.loads(text)
        parent = reduce(lambda part, key: part[key], place[:-1], document)
        parent[place[-1]] = junk
        (tmp_path / "source.json").write_text(json.dumps(document), encoding="utf-8")
        with suppress(PricingError):
            import_book(tmp_path / "source.json", "mine", tmp_path, is_forced=True)


def test_an_importer_can_be_named(tmp_path: Path) -> None:
    source = {"models": [{"model": "acme-large", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05}]}
    (tmp_path / "prices.json").write_text(json.dumps(source), encoding="utf-8")

    assert import_book(tmp_path / "prices.json", "mine", tmp_path, importer="table").book.n_models == 1
    with pytest.raises(PricingError, match=r"no importer 'tabel'\nhint: known: litellm, llm_prices, models_dev, table"):
        import_book(tmp_path / "prices.json", "other", tmp_path, importer="tabel")


def test_a_source_without_a_price_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(
        '{"a": {"litellm_provider": "acme", "input_cost_per_token": 0}}', encoding="utf-8"
    )

    with pytest.raises(PricingError, match="no price in it\nhint: left out: 1 x model: 0 throughout"):
        import_book(tmp_path / "map.json", "mine", tmp_path)


def test_the_unit_and_free_models_of_a_table_can_be_stated(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("model,input,output\nacme-free,0,0\n", encoding="utf-8")

    report = import_book(tmp_path / "prices.csv", "mine", tmp_path, per="1k", is_zero_free=True)

    assert report.book.rows["price_pusd"].to_list() == [0, 0]
    assert report.n_rounded == 0


def test_a_map_of_thousands_of_models_imports_in_seconds_and_opens_at_once(tmp_path: Path) -> None:
    fields = json.loads((FOLDER / "litellm.json").read_text(encoding="utf-8"))["gpt-5.4"]
    (tmp_path / "map.json").write_text(json.dumps({f"model-{n}": fields for n in range(1_000)}), encoding="utf-8")

    start = perf_counter()
    report = import_book(tmp_path / "map.json", "big", tmp_path)
    imported_s = perf_counter() - start
    opened_s = []
    for _ in range(3):
        start = perf_counter()
        load_named_book("big", (tmp_path,))
        opened_s.append(perf_counter() - start)

    assert report.book.rows.height == 24_000
    assert imported_s < 6  # 0.7 s measured; twice the target of 3 s for a busy machine
    assert min(opened_s) < 0.1  # 0.02 s measured; twice the target of 50 ms
