"""Tiers that price only the tokens above them: every prompt laid out token by token and priced one token at a time."""

from decimal import Decimal
from typing import Any

from builders import call, tables
from decimal_rates import Row
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import book, day, price

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Discount

PROMPT = ("cache_read", "cache_write_1h", "cache_write_5m", "uncached_input")
"""Kinds of input in the order they stand in a prompt: what is cached is its beginning."""
THRESHOLDS = (50, 100)
COUNTS = st.sampled_from([0, 1, 30, 49, 50, 51, 70, 150])
ODD = st.sampled_from([1, 3, 5, 7, 1_000_001, 2_500_000])
Tariff = dict[str, dict[int, int]]
"""Kind -> threshold -> pico-dollars per token above it."""


@st.composite
def tariffs(draw: Any) -> Tariff:
    """Draw a price for every kind, and another above some thresholds."""
    return {
        kind: {0: draw(ODD), **{least: draw(ODD) for least in THRESHOLDS if draw(st.booleans())}}
        for kind in (*PROMPT, "output")
    }


def rows_of_tariff(tariff: Tariff) -> list[Row]:
    return [
        price(kind, 0, price_pusd=pusd, min_input_tokens=least, is_whole_request=least == 0)
        for kind, steps in tariff.items()
        for least, pusd in steps.items()
    ]


def rate(tariff: Tariff, kind: str, n_before: int, off: Decimal) -> int:
    """Pico-dollars of the token that so many tokens stand before."""
    listed = tariff[kind][max(least for least in tariff[kind] if least <= n_before)]
    return round(listed * (1 - off))


def expected(row: Row, tariff: Tariff, off: Decimal) -> int:
    prompt = [kind for kind in PROMPT for _ in range(row[f"{kind}_tokens"])]
    input_pusd = sum(rate(tariff, kind, place, off) for place, kind in enumerate(prompt))
    after_all_input = max(len(prompt) - 1, 0)
    return input_pusd + row["output_tokens"] * rate(tariff, "output", after_all_input, off)


@settings(max_examples=20)
@given(tariffs(), st.lists(st.tuples(*[COUNTS] * 5), min_size=1, max_size=12), st.sampled_from([0.0, 0.25, 0.5]))
def test_every_token_pays_the_price_of_its_place_in_the_prompt(
    tariff: Tariff, counts: list[tuple[int, ...]], off: float
) -> None:
    names = [f"{kind}_tokens" for kind in (*PROMPT, "output")]
    listed = [call(**dict(zip(names, each, strict=True)), call_index=i) for i, each in enumerate(counts)]
    cut = Scenario(discount=(Discount(frac=off),))

    priced = reprice_tables(tables(calls=listed), cut, book(*rows_of_tariff(tariff)))["calls"]

    for row in priced.iter_rows(named=True):
        assert row["cost_usd"] == expected(row, tariff, Decimal(str(off))) / 1e12, row
        assert row["list_cost_usd"] == expected(row, tariff, Decimal(0)) / 1e12, row


def test_the_tokens_below_keep_their_price_and_output_pays_that_of_the_end() -> None:
    tariff = {kind: {0: 1_000_000, 100: 2_000_000} for kind in (*PROMPT, "output")}
    row = call(cache_read_tokens=60, uncached_input_tokens=90, output_tokens=10, started_at=day(1))

    priced = reprice_tables(tables(calls=[row]), book=book(*rows_of_tariff(tariff)))["calls"]

    assert priced["cost_usd"].item() == (100 * 1 + 50 * 2 + 10 * 2) / 1e6
