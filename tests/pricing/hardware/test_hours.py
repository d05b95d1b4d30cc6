"""The price of an accelerator-hour: as stated, or by tier, cloud and day."""

from datetime import date
from typing import Any

import pytest

from pricing.hardware.deployment import HourPrice
from pricing.hardware.hours import Hour, hour_of
from pricing.hardware.schema import GPU_HOURS
from tests.builders import frame
from tests.hardware_rows import hour
from traces.errors import PricingError

ROWS = (
    hour(1.74, observed_from=date(2026, 4, 3)),
    hour(1.59, observed_from=date(2026, 7, 14)),
    hour(3.0, tier="on_demand", cloud="one"),
    hour(4.0, tier="on_demand", cloud="two", low_usd_per_gpu_hour=3.5, high_usd_per_gpu_hour=4.5),
    hour(2.0, tier="on_demand", cloud="three", observed_from=None),
)


def price(**keys: Any) -> Hour:
    return hour_of("h200", HourPrice(**keys), frame(GPU_HOURS, *ROWS))


def test_a_stated_price_is_taken() -> None:
    assert price(usd_per_gpu_hour=2.5)[:3] == (2.5, 2.5, 2.5)


def test_the_latest_price_counts_where_no_day_is_stated() -> None:
    assert price().usd == 1.59
    assert price().title == "$1.59 per GPU-hour (neocloud, 2026-07-14)"


def test_a_day_asks_for_the_price_stated_by_then() -> None:
    assert price(price_date=date(2026, 5, 1)).usd == 1.74


def test_a_day_before_any_price_is_an_error_that_says_when_they_begin() -> None:
    with pytest.raises(PricingError, match="2026-01-01") as raised:
        price(price_date=date(2026, 1, 1))
    assert raised.value.hint == "the first is of 2026-04-03"


def test_of_several_clouds_the_median_counts_between_the_lowest_and_the_highest() -> None:
    assert price(price_tier="on_demand")[:3] == (2.0, 3.0, 4.5)


def test_a_cloud_is_one_of_them() -> None:
    assert price(price_tier="on_demand", price_cloud="two")[:3] == (3.5, 4.0, 4.5)


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ({"price_tier": "spot"}, "there are: neocloud, on_demand"),
        ({"price_tier": "on_demand", "price_cloud": "tow"}, "closest known: two, one"),
    ],
)
def test_what_the_table_does_not_have_is_an_error_that_names_what_it_has(keys: dict[str, Any], hint: str) -> None:
    with pytest.raises(PricingError) as raised:
        price(**keys)
    assert raised.value.hint is not None
    assert raised.value.hint.startswith(hint.split(",", maxsplit=1)[0])
