from typing import Any

import polars as pl
import pytest
from builders import call, rollout, run, tables
from price_rows import book, price

from pricing.reprice import reprice_tables

BOOK = book(price("uncached_input", 1), price("output", 1))
MILLION = 1_000_000


def sums(table: str, calls: list[dict[str, Any]], **of_rollout: Any) -> dict[str, Any]:
    given = tables([run()], [rollout(**of_rollout)], calls)
    return reprice_tables(given, book=BOOK)[table].row(0, named=True)


def test_a_rollout_of_which_nothing_was_seen_has_no_cost() -> None:
    row = sums("rollouts", [])
    assert (row["cost_usd"], row["cost_low_usd"], row["coverage_frac"]) == (None, 0.0, 0.0)


def test_a_rollout_known_to_have_no_calls_costs_nothing() -> None:
    row = sums("rollouts", [], n_calls=0)
    assert (row["cost_usd"], row["cost_low_usd"], row["coverage_frac"], row["output_tokens"]) == (0.0, 0.0, 1.0, 0)


def test_a_sum_with_an_unknown_part_is_unknown_and_its_known_part_a_low_bound() -> None:
    rows = [call(output_tokens=MILLION), call(output_tokens=None, call_index=1)]
    row = sums("rollouts", rows)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"]) == (None, 1.0, None)
    assert (row["output_tokens"], row["input_tokens"]) == (None, 0)


def test_turns_are_the_requests_of_the_agent() -> None:
    rows = [call(n_requests=1), call(call_index=1, n_requests=3), call(call_index=2, n_requests=1, role="user")]
    assert sums("rollouts", rows)["n_turns"] == 4
    assert sums("rollouts", [*rows, call(call_index=3, n_requests=None)])["n_turns"] is None
    assert sums("rollouts", rows[:1])["n_turns"] == 1


def test_a_run_adds_up_its_rollouts() -> None:
    rows = [call(output_tokens=n * MILLION, rollout_id=f"run/task/{n - 1}") for n in (1, 2)]
    given = tables([run()], [rollout(), rollout(attempt=1)], rows)
    row = reprice_tables(given, book=BOOK)["runs"].row(0, named=True)
    assert (row["cost_usd"], row["output_tokens"], row["n_priced_calls"]) == (3.0, 3 * MILLION, 2)
    assert row["coverage_frac"] == 1.0


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("measured", (9.0, 9.0, 9.0)),
        ("lower_bound", (None, 9.0, None)),
        ("upper_bound", (None, None, 9.0)),
        (None, (None, None, None)),
    ],
)
def test_the_recorded_clock_is_a_figure_only_where_it_was_measured(
    basis: str | None, expected: tuple[float | None, ...]
) -> None:
    row = sums("rollouts", [call()], wall_s=9.0, time_basis=basis)
    assert (row["recorded_s"], row["recorded_low_s"], row["recorded_high_s"]) == expected


def test_splitting_the_calls_of_a_rollout_over_frames_changes_no_sum() -> None:
    rows = [call(output_tokens=n, call_index=n) for n in range(1, 9)]
    given = tables([run()], [rollout()], rows)
    parts = [given["calls"][:3], given["calls"][3:]]
    again = {**given, "calls": pl.concat([parts[1], parts[0]], rechunk=False)}
    one, other = (reprice_tables(each, book=BOOK) for each in (given, again))
    assert all(one[name].equals(other[name]) for name in one)


def test_amounts_beyond_64_bits_neither_wrap_nor_vanish() -> None:
    dear = book(price("uncached_input", 1), price("output", 150))
    many = [call(output_tokens=90_000 * MILLION, call_index=number) for number in range(8)]
    priced = reprice_tables(tables([run()], [rollout()], many), book=dear)
    assert priced["calls"]["cost_usd"].to_list() == [13_500_000.0] * 8
    assert priced["rollouts"]["cost_usd"].to_list() == priced["runs"]["cost_usd"].to_list() == [108_000_000.0]


def test_sums_beyond_64_bits_of_calls_within_them() -> None:
    many = [call(output_tokens=80_000 * MILLION, call_index=number) for number in range(150)]
    row = sums("rollouts", many)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"]) == (12_000_000.0,) * 3


def test_tokens_and_turns_have_bounds_where_a_call_is_unknown() -> None:
    rows = [
        call(uncached_input_tokens=700, output_tokens=30),
        call(call_index=1, input_tokens=None, output_tokens=None),
    ]
    row = sums("rollouts", rows, n_calls=3)
    assert (row["input_tokens"], row["input_low_tokens"], row["output_low_tokens"]) == (None, 700, 30)
    assert (row["output_high_tokens"], row["n_turns"], row["n_turns_low"]) == (None, None, 2)


def test_reasoning_that_may_lie_outside_widens_the_output() -> None:
    row = sums("rollouts", [call(output_tokens=40, output_high_tokens=233, reasoning_tokens=193)])
    assert (row["output_low_tokens"], row["output_tokens"], row["output_high_tokens"]) == (40, 40, 233)


def test_a_run_of_more_rollouts_than_were_seen_has_only_a_low_bound() -> None:
    given = tables([run(recorded_n_rollouts=2)], [rollout()], [call(output_tokens=MILLION)])
    row = reprice_tables(given, book=BOOK)["runs"].row(0, named=True)
    assert (row["cost_usd"], row["cost_low_usd"], row["cost_high_usd"], row["coverage_frac"]) == (None, 1.0, None, 0.5)
