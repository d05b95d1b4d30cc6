"""Names as public traces and leaderboards write them, each with what it means (golden/names.csv, judged one by one).

price_model is a name the provider's model goes by ("unknown": nothing is to be resolved; empty: an open model nobody is
known to bill); at is a day where the name moved; needs_history marks models the price book may not have yet.
"""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pricing.book import load_book
from pricing.names.resolve import resolve

GOLDEN = Path(__file__).parent / "golden" / "names.csv"
PAIR = {"provider": pl.String, "model": pl.String}


def golden() -> list[dict[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


SOURCES = sorted({row["source"] for row in golden()})


def resolved(pairs: list[tuple[str | None, str]]) -> dict[tuple[str | None, str], list[dict[str, Any]]]:
    found: dict[tuple[str | None, str], list[dict[str, Any]]] = {}
    for row in resolve(pl.DataFrame(pairs, schema=PAIR, orient="row"), load_book().directory).iter_rows(named=True):
        found.setdefault((row["provider"], row["model"]), []).append(row)
    return found


def meaning(rows: list[dict[str, Any]], day: str) -> set[tuple[str | None, str | None]]:
    at = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
    return {
        (row["price_provider"], row["price_model"])
        for row in rows
        if at is None or ((row["alias_from"] or at) <= at and (row["alias_until"] is None or at < row["alias_until"]))
    } or {(None, None)}


def expected(row: dict[str, str]) -> tuple[str | None, str | None] | None:
    """What is to be found; null: the price book does not have the model."""
    if row["price_model"] in {"", "unknown"}:
        return None, None
    model = load_book().directory.index.get(row["price_provider"], {}).get(row["price_model"].lower())
    return None if model is None else (row["price_provider"], model)


@pytest.mark.parametrize("source", SOURCES)
def test_every_name_means_what_it_means(source: str) -> None:
    rows = [row for row in golden() if row["source"] == source]
    found = resolved([(row["provider"] or None, row["name"]) for row in rows])
    for row in rows:
        got, want = found[row["provider"] or None, row["name"]], expected(row)
        assert want is not None or row["needs_history"] == "yes", row
        assert meaning(got, row["at"]) == {want or (None, None)}, row
        assert {each["identity"] for each in got} == {row["identity"] or None}, row
        assert {each["region"] for each in got} == {row["region"] or None}, row


def test_most_names_do_not_wait_for_prices() -> None:
    waiting = [row for row in golden() if row["needs_history"] == "yes" and expected(row) is None]

    assert len(waiting) <= 20, [(row["name"], row["price_provider"], row["price_model"]) for row in waiting]


def test_the_golden_names_are_many_and_each_is_there_once() -> None:
    rows = golden()
    keys = Counter((row["source"], row["provider"], row["name"], row["at"]) for row in rows)

    assert len(rows) > 1000
    assert keys.most_common(1)[0][1] == 1
    assert all(row["price_provider"] or row["identity"] or row["price_model"] == "unknown" for row in rows)


def test_of_the_names_of_the_hal_price_table_at_least_185_resolve_and_the_others_are_no_models(
    shared_data: Path,
) -> None:
    with (shared_data / "prices" / "hal_model_prices_dict.csv").open(encoding="utf-8", newline="") as lines:
        names = {row["model"] for row in csv.DictReader(lines)}
    found = resolved([(None, name) for name in sorted(names)])
    unknown = {name for (_, name), rows in found.items() if not (rows[0]["price_model"] or rows[0]["identity"])}

    assert len(names) == 192
    assert names == {row["name"] for row in golden() if row["source"] == "hal_prices"}
    assert len(names - unknown) >= 185
    assert unknown == {
        "Meta-Llama-3-1-70B-Instruct-htzs",
        "Meta-Llama-3-1-8B-Instruct-nwxcg",
        "Mistral-large-ygkys",
        "Mistral-small-zgjes",
        "us.anthropic.anthropic.claude-3-sonnet-20240229-v1:0",
    }


def test_the_names_of_the_shared_leaderboards_are_all_golden(shared_data: Path) -> None:
    names = {row["name"] for row in golden()}
    bash_only = pl.read_parquet(shared_data / "stats" / "swebench_bash_only_per_instance.parquet")["model"].unique()
    metr = pl.read_parquet(shared_data / "stats" / "metr_runs_seconds.parquet")["alias"].unique()
    exgentic = pl.read_csv(shared_data / "exgentic" / "results.csv", encoding="latin-1")["model_name"].unique()
    aider = [
        line.split("model:", 1)[1].strip().strip("'\"")
        for path in (shared_data / "aider").glob("*.yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith("model:")
    ]

    assert set(bash_only) | set(metr) | set(exgentic) | set(aider) <= names
