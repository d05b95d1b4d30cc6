from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pricing.book.price_check import check_price_file, read_checked
from pricing.book.windows import is_in_window, parse_hours, parse_weekdays, windows_meet
from traces.errors import PricingError

HEAD = 'provider = "acme"\ncurrency = "USD"\nsource_url = "https://acme.example/pricing"\n'
PRICE = '[[price]]\nmodel = "acme-large"\neffective_date = 2026-03-01\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "acme.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(PricingError) as raised:
        read_checked(written(folder, text))
    return str(raised.value)


def test_a_table_becomes_a_row_per_kind_and_tier(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD
        + PRICE
        + "uncached_input_usd_per_mtok = 2.5\noutput_usd_per_mtok = 10\n"
        + "[[price.tier]]\nmin_input_tokens = 200000\nuncached_input_usd_per_mtok = 5.0\n"
        + '[[price.charge]]\nkind = "web_search"\nunit = "search"\nusd_per_unit = 0.01\n',
    )

    rows = read_checked(path).rows

    assert rows.select("kind", "unit", "min_input_tokens", "price_pusd").rows() == [
        ("uncached_input", "token", 0, 2_500_000),
        ("output", "token", 0, 10_000_000),
        ("uncached_input", "token", 200_000, 5_000_000),
        ("web_search", "search", 0, 10**10),
    ]
    assert rows["effective_from"].unique().to_list() == [datetime(2026, 3, 1, tzinfo=UTC)]
    assert rows["source"].unique().to_list() == ["https://acme.example/pricing"]
    assert rows["layer"].unique().to_list() == ["user"]


def test_the_next_table_ends_a_price_even_for_a_kind_it_leaves_out(tmp_path: Path) -> None:
    later = PRICE.replace("2026-03-01", "2026-05-01") + "output_usd_per_mtok = 8.0\n"
    rates = "output_usd_per_mtok = 10.0\ncache_read_usd_per_mtok = 0.1\n"

    rows = read_checked(written(tmp_path, HEAD + PRICE + rates + later)).rows

    until = dict(rows.filter(pl.col("price_pusd") != 8_000_000).select("kind", "effective_until").iter_rows())
    assert until == dict.fromkeys(["cache_read", "output"], datetime(2026, 5, 1, tzinfo=UTC))


def test_a_file_of_prices_alone_says_nothing_of_models_caches_and_regions(tmp_path: Path) -> None:
    file = read_checked(written(tmp_path, HEAD + PRICE + "output_usd_per_mtok = 1.0\n"))

    assert [len(file.tables[name]) for name in ("model", "cache", "region")] == [0, 0, 0]


def test_a_price_without_a_date_is_undated(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + '[[price]]\nmodel = "acme-large"\noutput_usd_per_mtok = 1.0\n')

    assert read_checked(path).rows.select("effective_from", "date_basis").row(0) == (None, "undated")


def test_an_unknown_key_names_file_table_key_and_the_nearest_known_one(tmp_path: Path) -> None:
    text = problem(tmp_path, HEAD + PRICE + "output_usd_per_mtoks = 1.0\n")

    assert "[[price]] table 1: unknown key 'output_usd_per_mtoks'\nhint: closest known: output_usd_per_mtok" in text
    assert text.startswith(str(tmp_path / "acme.toml"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (PRICE + "output_usd_per_mtok = -1.0\n", "output_usd_per_mtok"),
        (PRICE + "output_usd_per_mtok = nan\n", "output_usd_per_mtok"),
        (PRICE + 'output_usd_per_mtok = "1"\n', "output_usd_per_mtok"),
        (PRICE + "output_usd_per_mtok = 0.1234567\n", "more than 6 decimals"),
        (PRICE + "output_usd_per_mtok = 0\n", "is_free = true"),
        (PRICE, "no price"),
        (PRICE + 'output_usd_per_mtok = 1.0\ndate_basis = "anouncement"\n', "closest known: announcement"),
        (PRICE + 'output_usd_per_mtok = 1.0\nhours_utc = "9-5"\npriority = 1\n', "not hours"),
        (PRICE + 'output_usd_per_mtok = 1.0\nweekdays = "Mo-Fr"\npriority = 1\n', "not days"),
        (PRICE + 'output_usd_per_mtok = 1.0\nhours_utc = "09:00-17:00"\n', "a window without priority"),
        (PRICE + "output_usd_per_mtok = 1.0\nuntil_date = 2026-03-01\n", "ends before it begins"),
        (PRICE + "output_usd_per_mtok = 1.0\neffective_earliest_date = 2026-02-01\n", "half a window"),
        (PRICE.replace("2026-03-01", '"soon"') + "output_usd_per_mtok = 1.0\n", "effective_date"),
        (PRICE.replace("_date = 2026-03-01", "_at = 2026-03-01T12:00:00") + "output_usd_per_mtok = 1.0\n", "timezone"),
    ],
)
def test_refuses_what_cannot_be_a_price(tmp_path: Path, body: str, words: str) -> None:
    text = problem(tmp_path, HEAD + body)

    assert "[[price]] table 1" in text
    assert words in text


def test_a_missing_key_and_an_unknown_key_of_a_tier_are_named(tmp_path: Path) -> None:
    tier = "output_usd_per_mtok = 1.0\n[[price.tier]]\nmin_input_token = 5\noutput_usd_per_mtok = 2.0\n"

    assert "table 1: model is missing" in problem(tmp_path, HEAD + "[[price]]\noutput_usd_per_mtok = 1.0\n")
    assert "min_input_tokens is missing" in problem(tmp_path, HEAD + PRICE + tier.replace("min_input_token = 5\n", ""))
    assert "unknown key 'min_input_token'\nhint: closest known: min_input_tokens" in problem(
        tmp_path, HEAD + PRICE + tier
    )
    assert "closest known: min_input_tokens" in problem(tmp_path, HEAD + PRICE + tier + "min_input_tokens = 5\n")


def test_refuses_an_unknown_currency(tmp_path: Path) -> None:
    text = problem(tmp_path, HEAD.replace("USD", "EUR") + PRICE + "output_usd_per_mtok = 1.0\n")

    assert "currency = 'EUR'" in text


def test_refuses_a_price_without_a_source(tmp_path: Path) -> None:
    text = problem(tmp_path, 'provider = "acme"\ncurrency = "USD"\n' + PRICE + "output_usd_per_mtok = 1.0\n")

    assert "table 1: no source" in text


def test_refuses_tables_out_of_order(tmp_path: Path) -> None:
    earlier = PRICE.replace("03-01", "02-01")

    assert "table 2: comes before table 1" in problem(
        tmp_path, HEAD + PRICE + "output_usd_per_mtok = 1.0\n" + earlier + "output_usd_per_mtok = 1.0\n"
    )


def test_refuses_overlaps_without_priority(tmp_path: Path) -> None:
    rate = "output_usd_per_mtok = 1.0\n"
    until = "until_date = 2026-07-01\n"
    later = PRICE.replace("03-01", "05-01")

    assert "table 2: overlaps table 1" in problem(tmp_path, HEAD + PRICE + rate + PRICE + rate)
    assert "table 2: overlaps table 1" in problem(tmp_path, HEAD + PRICE + rate + until + later + rate)
    window = later + rate + 'hours_utc = "16:30-00:30"\npriority = 1\n'
    assert read_checked(written(tmp_path, HEAD + PRICE + rate + window)).rows.height == 2


def test_a_free_price_must_say_so(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + PRICE + "output_usd_per_mtok = 0\nis_free = true\n")

    assert read_checked(path).rows["price_pusd"].to_list() == [0]


def test_what_is_not_toml_or_not_there_is_a_pricing_error(tmp_path: Path) -> None:
    assert "not TOML" in problem(tmp_path, "{}")
    with pytest.raises(PricingError, match="No such file"):
        check_price_file(tmp_path / "absent.toml")


def test_hours_past_midnight_and_days_past_sunday_are_windows() -> None:
    assert parse_hours("16:30-00:30") == ((990, 1440), (0, 30))
    assert parse_weekdays("Sat-Mon") == {5, 6, 0}
    assert is_in_window(datetime(2026, 8, 24, 0, 29, tzinfo=UTC), "Mon", "16:30-00:30")
    assert not is_in_window(datetime(2026, 8, 24, 0, 30, tzinfo=UTC), "Mon", "16:30-00:30")
    assert windows_meet((None, "01:00-04:00"), ("Mon", None))
    assert not windows_meet(("Mon", None), ("Tue", None))
    assert date(2026, 8, 24).weekday() == 0
