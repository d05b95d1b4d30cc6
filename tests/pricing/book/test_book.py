import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from price_rows import rows_of

from pricing.book.book import HISTORY_FOLDER, PriceBook, load_book
from pricing.book.layers import merge_layers
from pricing.book.price_file import PriceFile
from pricing.schema import PRICES
from traces.errors import PricingError
from traces.table import violations

MARCH, MAY, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 5, 7))
A_MOMENT = timedelta(microseconds=1)


def price(
    usd: int, since: datetime | None = None, until: datetime | None = None, **values: object
) -> dict[str, object]:
    return {
        "provider": "acme", "model": "acme-large", "kind": "output", "price_pusd": usd * 10**6, "layer": "catalogue",
        "effective_from": since, "effective_until": until, "date_basis": "undated", "source": "test", **values,
    }  # fmt: skip


def price_file(*rows: dict[str, object], layer: str, checked_through: datetime | None = None) -> PriceFile:
    tables = {"price": [{**row, "layer": layer} for row in rows], "model": [], "cache": [], "region": []}
    return PriceFile(Path("acme.toml"), "acme", checked_through, tables)


def output_usd(rows: pl.DataFrame, at: datetime, **where: object) -> float | None:
    found = PriceBook(rows).on("acme-large", at, "acme").filter(pl.col("kind") == "output")
    found = found.filter(*(pl.col(name) == value for name, value in where.items()))
    return None if found.is_empty() else found["price_pusd"].item() / 10**6


def test_the_history_wins_until_it_was_checked_then_the_catalogue() -> None:
    history = price_file(price(5, MARCH), layer="history", checked_through=MAY)

    rows = merge_layers(rows_of(price(7)), [history], [])

    assert output_usd(rows, MARCH) == 5
    assert output_usd(rows, MAY - A_MOMENT) == 5
    assert output_usd(rows, MAY) == 7


def test_before_the_first_row_of_the_history_nothing_is_in_force() -> None:
    history = price_file(price(5, MARCH), layer="history", checked_through=MAY)

    rows = merge_layers(rows_of(price(7), price(3, is_batch=True)), [history], [])

    assert output_usd(rows, MARCH - A_MOMENT) is None
    assert rows["effective_from"].min() == MARCH


def test_a_model_the_catalogue_lacks_keeps_its_history_row() -> None:
    history = price_file(price(5, MARCH), layer="history", checked_through=MAY)

    assert output_usd(merge_layers(rows_of(), [history], []), JULY) == 5


def test_the_history_rules_on_until_the_catalogue_has_a_price() -> None:
    history = price_file(price(5, MARCH), layer="history", checked_through=MAY)

    rows = merge_layers(rows_of(price(7, JULY)), [history], [])

    assert output_usd(rows, JULY - A_MOMENT) == 5
    assert output_usd(rows, JULY) == 7


def test_what_the_history_does_not_price_stays_the_catalogues() -> None:
    history = price_file(price(4, MARCH), layer="history", checked_through=MAY)
    search = price(1, kind="web_search", unit="search")

    rows = merge_layers(rows_of(price(7), price(2, is_batch=True), search), [history], [])

    assert output_usd(rows, MARCH, is_batch=True) == 2
    assert rows.filter(pl.col("kind") == "web_search")["effective_from"].to_list() == [MARCH]


def test_a_cache_kind_the_history_leaves_out_is_not_the_catalogues_either() -> None:
    history = price_file(price(4, MARCH), layer="history", checked_through=MAY)

    rows = merge_layers(rows_of(price(7), price(1, kind="cache_read")), [history], [])

    assert rows.filter(pl.col("kind") == "cache_read")["effective_from"].to_list() == [MAY]


def test_a_model_only_in_the_catalogue_always_has_its_undated_price() -> None:
    rows = merge_layers(rows_of(price(7)), [], [])

    assert output_usd(rows, datetime(1999, 1, 1, tzinfo=UTC)) == 7
    assert rows["date_basis"].to_list() == ["undated"]


def test_the_users_price_wins_while_it_lasts_and_ends_other_windows() -> None:
    window = {"hours_utc": "00:00-12:00", "priority": 1}
    listed = rows_of(price(7), price(3, **window))
    user = price_file(price(1, MARCH, MAY), price(2, JULY), layer="user")

    rows = merge_layers(listed, [], [user])

    assert output_usd(rows, MARCH - A_MOMENT) == 7
    assert output_usd(rows, MARCH) == 1
    assert output_usd(rows, MAY) == 3
    assert output_usd(rows, JULY) == 2
    assert violations(PRICES, rows) == []


def test_a_window_wins_over_its_base_price_inside_it_only() -> None:
    rows = rows_of(price(4), price(2, hours_utc="16:30-00:30", weekdays="Mon-Fri", priority=1))

    assert output_usd(rows, datetime(2026, 3, 2, 16, 30, tzinfo=UTC)) == 2
    assert output_usd(rows, datetime(2026, 3, 2, 16, 29, tzinfo=UTC)) == 4
    assert output_usd(rows, datetime(2026, 3, 1, 16, 30, tzinfo=UTC)) == 4  # a Sunday


def test_of_one_price_at_most_one_row_is_in_force_at_any_moment() -> None:
    key = ("provider", "model", "kind", "unit", "min_input_tokens", "service_tier", "is_batch", "region")
    rows = load_book().rows.sort("effective_from", nulls_last=False)
    before = pl.col("effective_until").shift(1).over(*key, "weekdays", "hours_utc", "priority")
    first = pl.int_range(pl.len()).over(*key, "weekdays", "hours_utc", "priority") == 0

    overlaps = rows.with_columns(before=before, first=first).filter(
        ~pl.col("first") & (pl.col("before").is_null() | (pl.col("before") > pl.col("effective_from")))
    )

    assert overlaps.is_empty()
    assert violations(PRICES, rows) == []
    assert rows.filter(pl.col("effective_from") >= pl.col("effective_until")).is_empty()


def test_a_host_must_be_named_for_one_price_of_an_open_model() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    assert load_book().on("gpt-oss-120b", at)["provider"].n_unique() > 1
    assert load_book().on("gpt-oss-120b", at, "groq")["provider"].unique().to_list() in ([], ["groq"])
    assert load_book().on("openai/gpt-oss-120b", at, "groq")["provider"].unique().to_list() == ["groq"]


def test_without_a_moment_every_row_of_the_model_is_listed() -> None:
    rows = load_book().on("o3", None).filter(kind="output", layer="history", is_batch=False)

    assert rows["effective_from"].dt.date().to_list() == [date(2025, 4, 16), date(2025, 6, 10)]


def test_a_name_is_never_priced_by_the_closest_one() -> None:
    assert load_book().on("claude-sonet-4-5", MARCH).is_empty()
    assert "claude-sonnet-4-5" in load_book().directory.closest("claude-sonet-4-5")


def test_the_book_names_its_files_with_their_hash() -> None:
    files = load_book().sources

    assert files["prices/openai.toml"] == hashlib.sha256((HISTORY_FOLDER / "openai.toml").read_bytes()).hexdigest()
    assert {"catalogue/prices.parquet", "catalogue/names.parquet", "aliases.toml"} < files.keys()


def test_a_users_file_is_read_checked_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "contract.toml"
    path.write_text(
        'provider = "openai"\ncurrency = "USD"\nsource_url = "contract"\n[[price]]\nmodel = "o3"\n'
        "effective_date = 2026-01-01\nuncached_input_usd_per_mtok = 1.0\noutput_usd_per_mtok = 4.0\n",
        encoding="utf-8",
    )
    book = load_book([path])

    at = datetime(2026, 2, 1, tzinfo=UTC)
    standard = pl.col("service_tier") == "standard", ~pl.col("is_batch"), pl.col("unit") == "token"
    assert book.on("o3", at).filter(*standard)["layer"].unique().to_list() == ["user"]
    assert book.sources["user/1-contract.toml"]
    path.with_name("wrong.toml").write_text("[[price]]\n", encoding="utf-8")
    with pytest.raises(PricingError, match="provider"):
        load_book([path.with_name("wrong.toml")])
