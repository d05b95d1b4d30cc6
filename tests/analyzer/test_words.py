"""Words for figures: what is not known is said, never written as 0."""

import pytest

from analyzer.words import at_least, span, usd


@pytest.mark.parametrize(
    ("cost", "low", "high", "words"),
    [
        (None, 0.0, None, "cost not known"),
        (None, 41.2, None, "at least $41.20"),
        (None, 0.0, 2.0, "between $0.00 and $2.00"),
        (3.0, 1.0, 3.0, "$3.00 (between $1.00 and $3.00)"),
        (3.0, 3.0, 3.0, "$3.00"),
    ],
)
def test_a_cost_is_a_figure_a_range_a_bound_or_not_known(
    cost: float | None, low: float, high: float | None, words: str
) -> None:
    assert span(cost, low, high) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.0, "$0.00"), (1234.5, "$1,234.50"), (0.1, "$0.10"), (0.05, "$0.05"), (0.0279, "$0.0279"),
        (0.0000324, "$0.0000324"), (0.09999, "$0.10"),
    ],
)  # fmt: skip
def test_dollars_below_ten_cents_are_not_rounded_away(amount: float, words: str) -> None:
    assert usd(amount) == words


def test_a_bound_of_nothing_is_none() -> None:
    assert [at_least(usd, low) for low in (None, 0.0, 1.0)] == ["not known", "not known", "at least $1.00"]
