"""The dated prices the package ships, against the sources they were taken from."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pricing.book.book import HISTORY_FOLDER, load_book
from pricing.book.price_check import check_price_file
from pricing.book.price_file import read_price_file
from pricing.book.windows import is_in_window
from pricing.moments import NEVER
from pricing.schema import PRICES
from traces.table import violations

GOLDEN = sorted((Path(__file__).parent / "golden" / "history").glob("*.csv"))
ROWS = [row for path in GOLDEN for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
FILES = sorted(HISTORY_FOLDER.glob("*.toml"))
KINDS = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
COLUMNS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


def rates(model: str, at: datetime, provider: str, min_input_tokens: int = 0) -> dict[str, Decimal]:
    """USD per million tokens of the standard tier."""
    rows = load_book().on(model, at, provider).filter(
        pl.col("service_tier") == "standard", ~pl.col("is_batch"), pl.col("unit") == "token",
        pl.col("min_input_tokens") == min_input_tokens, pl.col("region").is_null(),
        pl.col("effective_latest").is_null() | (pl.col("effective_latest") < NEVER),
    )  # fmt: skip
    assert rows["kind"].is_unique().all()
    return {kind: Decimal(pusd) / 10**6 for kind, pusd in rows.select("kind", "price_pusd").iter_rows()}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_price_file_passes_the_check_and_states_its_dates(path: Path) -> None:
    assert check_price_file(path) > 0
    file = read_price_file(path, "history")
    assert violations(PRICES, file.rows) == []
    assert file.checked_through is not None
    assert file.provider == path.stem
    assert file.rows["retrieved_date"].null_count() == 0
    assert file.rows["effective_from"].null_count() == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_date_known_only_as_a_window_states_the_window(path: Path) -> None:
    rows = read_price_file(path, "history").rows
    vague = rows.filter(pl.col("date_basis").is_in(["window", "unverified_date"]))

    assert vague["effective_earliest"].null_count() == 0
    assert vague.filter(pl.col("effective_from") < pl.col("effective_earliest")).is_empty()
    assert vague.filter(pl.col("effective_from") > pl.col("effective_latest")).is_empty()


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['provider']}/{r['model']}@{r['at']}")
def test_every_dated_price_is_in_force_from_its_first_moment(row: dict[str, str]) -> None:
    at = datetime.fromisoformat(row["at"])
    found = rates(row["model"], at, row["provider"])

    assert {kind: found.get(kind) for kind in KINDS} == {k: Decimal(row[k]) if row[k] else None for k in KINDS}
    if row["min_input_tokens"]:
        tier = rates(row["model"], at, row["provider"], int(row["min_input_tokens"]))
        stated = {kind: row[f"tier_{kind}"] for kind in ("uncached_input", "cache_read", "output")}
        assert {k: Decimal(v) for k, v in stated.items() if v}.items() <= tier.items()


def test_every_row_of_the_collected_history_is_reproduced(shared_data: Path) -> None:
    with (shared_data / "prices" / "price_history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 121
    for row in rows:
        found = rates(row["model"], _first_moment(row), row["provider"])
        stated = {kind: row[column] for kind, column in zip(KINDS, COLUMNS, strict=True)}
        assert {k: found.get(k) for k in KINDS} == {k: Decimal(v) if v else None for k, v in stated.items()}, row
        if row["ctx_threshold"]:
            tier = rates(row["model"], _first_moment(row), row["provider"], int(row["ctx_threshold"]))
            long = {k: row[f"{c}_long"] for k, c in zip(KINDS, COLUMNS, strict=True) if row.get(f"{c}_long")}
            assert {k: Decimal(v) for k, v in long.items()}.items() <= tier.items(), row


def _first_moment(row: dict[str, str]) -> datetime:
    at = datetime.fromisoformat(row["effective_from"]).replace(tzinfo=UTC)
    days, _, hours = row["tod_utc"].rpartition(" ")
    while not is_in_window(at, days or None, hours or None):
        at += timedelta(minutes=30)
    return at


def test_o3_cost_five_times_as_much_the_day_before_its_cut() -> None:
    assert rates("o3", utc("2025-06-09"), "openai") == {
        "uncached_input": 10,
        "cache_read": Decimal("2.5"),
        "output": 40,
    }
    assert rates("o3", utc("2025-06-11"), "openai") == {"uncached_input": 2, "cache_read": Decimal("0.5"), "output": 8}


def test_deepseek_changes_at_sixteen_utc_and_had_an_off_peak_price_in_between() -> None:
    def output(at: str) -> Decimal:
        return rates("deepseek-chat", utc(at), "deepseek")["output"]

    assert output("2025-02-08T15:59:59") == Decimal("0.28")
    assert output("2025-02-08T16:00:00") == Decimal("1.1")
    assert output("2025-02-20T18:00:00") == Decimal("1.1")  # no off-peak price yet
    assert output("2025-03-10T16:29:59") == Decimal("1.1")
    assert output("2025-03-10T16:30:00") == Decimal("0.55")
    assert output("2025-03-11T00:29:59") == Decimal("0.55")
    assert output("2025-03-11T00:30:00") == Decimal("1.1")
    assert output("2025-09-05T15:59:59") == Decimal("1.1")
    assert output("2025-09-05T16:00:00") == Decimal("1.68")
    assert output("2025-09-05T20:00:00") == Decimal("1.68")  # off-peak price withdrawn


def test_deepseek_v4_has_no_peak_at_the_weekend() -> None:
    def output(at: str) -> Decimal:
        return rates("deepseek-v4-pro", utc(at), "deepseek")["output"]

    assert output("2026-08-22T08:00:00") == Decimal("3.96")  # a Saturday before weekends became off-peak
    assert output("2026-08-29T08:00:00") == Decimal("1.98")
    assert output("2026-08-31T08:00:00") == Decimal("3.96")
    assert output("2026-11-14T08:00:00") == Decimal("1.98")  # from the catalogue
    assert output("2026-11-16T08:00:00") == Decimal("3.96")


def test_sonnet_4_costs_more_above_200_000_tokens_since_2025_08_12() -> None:
    assert rates("claude-sonnet-4-20250514", utc("2025-08-11"), "anthropic", 200_000) == {}
    tier = rates("claude-sonnet-4-20250514", utc("2025-08-12"), "anthropic", 200_000)
    assert (tier["uncached_input"], tier["output"]) == (6, Decimal("22.5"))


def test_no_price_is_in_force_before_the_first_row_of_the_history() -> None:
    assert load_book().on("gpt-4o", utc("2024-05-12"), "openai").is_empty()
    assert load_book().on("claude-haiku-4-5", utc("2025-10-14"), "anthropic").is_empty()
