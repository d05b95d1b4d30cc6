"""What changed a cost: by hand on small traces, and adding up on real ones."""

from collections.abc import Callable
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import call, rollout, run, tables
from hypothesis import given
from hypothesis import strategies as st
from price_rows import day

from analyzer import api
from analyzer.compare import Comparison, compare
from analyzer.compare.classes import Side
from analyzer.compare.crossings import crossing_prices
from analyzer.compare.effects import EFFECTS, effects, shapley
from analyzer.compare.orders import flips, frontier_changes
from analyzer.curves.registry import find
from analyzer.figures.waterfall import draw_comparison
from analyzer.tour import BUNDLED
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from pricing.scenario.model import Discount
from traces.store import open_store

MILLION = 1_000_000
PRICES = """
provider = "acme"
currency = "USD"
source_url = "test"
[[price]]
model = "acme-large"
effective_date = 2026-01-01
uncached_input_usd_per_mtok = 2.0
output_usd_per_mtok = 10.0
[[price]]
model = "acme-large"
effective_date = 2026-03-01
uncached_input_usd_per_mtok = 1.0
output_usd_per_mtok = 4.0
[[price]]
model = "acme-small"
effective_date = 2026-03-01
uncached_input_usd_per_mtok = 1.0
output_usd_per_mtok = 1.0
"""


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "acme.toml"
    path.write_text(PRICES, encoding="utf-8")
    return path


def side(prices: Path, *listed: dict[str, Any], **scenario: Any) -> Side:
    chosen = Scenario(prices=(prices,), **scenario)
    numbered = [{**each, "call_index": number, "call_id": f"c{number}"} for number, each in enumerate(listed)]
    return Side(reprice_tables(tables([run()], [rollout()], numbered), chosen), chosen)


def use(at: datetime | None = None, **values: Any) -> dict[str, Any]:
    return call(started_at=at or day(2), **values)


def total_effects(before: Side, after: Side) -> dict[str, float]:
    split, _ = effects(before, after)
    return {name: round(sum(split[f"{name}_usd"].to_list()), 9) for name in EFFECTS}


def test_another_day_of_the_same_prices_is_a_price_effect(prices: Path) -> None:
    calls = [use(output_tokens=MILLION)]
    moved = total_effects(side(prices, *calls), side(prices, *calls, as_of=day(4)))
    assert moved == {"price": -6.0, "policy": 0.0, "mix": 0.0, "volume": 0.0}


def test_the_same_calls_made_after_a_cut_are_a_price_effect_too(prices: Path) -> None:
    moved = total_effects(side(prices, use(output_tokens=MILLION)), side(prices, use(day(4), output_tokens=MILLION)))
    assert moved == {"price": -6.0, "policy": 0.0, "mix": 0.0, "volume": 0.0}


def test_a_discount_is_a_policy_effect(prices: Path) -> None:
    calls = [use(output_tokens=MILLION)]
    moved = total_effects(side(prices, *calls), side(prices, *calls, discount=(Discount(frac=0.25),)))
    assert moved == {"price": 0.0, "policy": -2.5, "mix": 0.0, "volume": 0.0}


def test_more_of_the_same_is_volume_and_more_of_the_dearer_kind_is_mix(prices: Path) -> None:
    one = use(uncached_input_tokens=MILLION, output_tokens=MILLION)
    twice = total_effects(side(prices, one), side(prices, one, one))
    assert twice == {"price": 0.0, "policy": 0.0, "mix": 0.0, "volume": 12.0}
    longer = use(uncached_input_tokens=0, output_tokens=2 * MILLION)
    assert total_effects(side(prices, one), side(prices, longer)) == {"price": 0, "policy": 0, "mix": 8.0, "volume": 0}


def test_a_model_only_one_side_uses_is_mix_not_price(prices: Path) -> None:
    before = side(prices, use(day(4), output_tokens=MILLION))
    after = side(prices, use(day(4), output_tokens=MILLION, model="acme-small"))
    assert total_effects(before, after) == {"price": 0.0, "policy": 0.0, "mix": -3.0, "volume": 0.0}


def test_price_and_discount_share_what_they_do_together(prices: Path) -> None:
    """10 -> 4 at half price: first the price, -6 then -2; first the discount, -5 then -3."""
    calls = [use(output_tokens=MILLION)]
    moved = total_effects(side(prices, *calls), side(prices, *calls, as_of=day(4), discount=(Discount(frac=0.5),)))
    assert moved == {"price": -4.5, "policy": -3.5, "mix": 0.0, "volume": 0.0}


def test_a_model_without_a_price_on_one_side_is_left_out_and_named(prices: Path) -> None:
    calls = [use(output_tokens=MILLION), use(day(4), output_tokens=MILLION, model="acme-small")]
    split, lost = effects(side(prices, *calls), side(prices, *calls, as_of=day(2)))
    assert set(split["model"]) == {"acme-large"}
    assert sum(split["cost_before_usd"].to_list()) == 10.0
    assert lost.select("model", "kind", "cost_before_usd", "cost_after_usd").rows() == [
        ("acme-small", "output", 1.0, None)
    ]


@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_the_shapley_value_is_the_mean_over_all_orders(worth: list[float]) -> None:
    def value(chosen: tuple[int, ...]) -> Any:
        return np.array([worth[chosen[0] * 4 + chosen[1] * 2 + chosen[2]]])

    found = [float(each[0]) for each in shapley(value, 3)]

    assert found == pytest.approx(mean_over_orders(value, 3), abs=1e-9)
    assert sum(found) == pytest.approx(worth[7] - worth[0], abs=1e-9)


def mean_over_orders(value: Callable[[tuple[int, ...]], Any], n: int) -> list[float]:
    effects_of: list[list[float]] = [[] for _ in range(n)]
    for order in permutations(range(n)):
        chosen = [0] * n
        for player in order:
            before = float(value(tuple(chosen))[0])
            chosen[player] = 1
            effects_of[player].append(float(value(tuple(chosen))[0]) - before)
    return [sum(each) / len(each) for each in effects_of]


@pytest.fixture(scope="module")
def of_demo() -> Comparison:
    after = load_scenario(as_of="2026-11-01", cache="upper_bound", discount=[{"frac": 0.1}])
    return api.compare(open_store(BUNDLED), scenario=after)


def test_effects_add_up_to_the_difference_for_every_model_and_in_all(of_demo: Comparison) -> None:
    for row in of_demo.by_model().iter_rows(named=True):
        parts = sum(row[f"{name}_usd"] for name in EFFECTS)
        assert parts == pytest.approx(row["cost_after_usd"] - row["cost_before_usd"], abs=1e-9), row
    totals = dict(of_demo.totals.select("side", "priced_usd").iter_rows())
    whole = of_demo.by_model().filter(model="all").row(0, named=True)
    assert totals["after"] - totals["before"] == pytest.approx(whole["change_usd"], abs=1e-9)


def test_the_other_way_round_every_effect_has_the_other_sign() -> None:
    store = open_store(BUNDLED)
    scenario = Scenario(as_of=datetime.fromisoformat("2026-11-01T00:00:00+00:00"), cache="none")
    one, other = (Side(api.reprice(store, scenario=each).tables(), each) for each in (Scenario(), scenario))
    there, back = (frame[0] for frame in (effects(one, other), effects(other, one)))
    for name in EFFECTS:
        assert there[f"{name}_usd"].to_list() == pytest.approx([-usd for usd in back[f"{name}_usd"]], abs=1e-9)


def point(agent: str, x: float | None, y: float = 0.5, **values: Any) -> dict[str, Any]:
    return {
        "benchmark": "b",
        "agent": agent,
        "x": x,
        "x_low": x,
        "x_high": x,
        "y": y,
        "is_higher_better": True,
        **values,
    }


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"x": pl.Float64, "x_low": pl.Float64, "x_high": pl.Float64}
    return frontier_changes(*(pl.DataFrame(rows, schema_overrides=schema) for rows in (before, after)), "staircase")


def test_who_entered_left_stayed_is_gone_or_has_no_place_any_more() -> None:
    before = [point("a", 1), point("b", 2, 0.6), point("c", 3), point("d", 4, 0.7), point("e", 5, 0.8)]
    after = [point("a", 2), point("b", 1, 0.6), point("c", 0.5), point("d", None, 0.7)]
    found = dict(changes(before, after).select("agent", "change").iter_rows())
    assert found == {"a": "left", "b": "stayed", "c": "entered", "d": "not placed", "e": "gone"}


def test_an_order_that_flips_says_where_both_cost_the_same() -> None:
    found = flips(changes([point("a", 1), point("b", 4)], [point("a", 3), point("b", 2)]))
    row = found.row(0, named=True)
    assert (row["agent_a"], row["agent_b"], row["is_certain"]) == ("a", "b", True)
    assert row["crossing_frac"] == pytest.approx(0.75)  # 1 + 0.75 * 2 == 4 - 0.75 * 2


def test_a_flip_names_the_price_at_which_both_cost_the_same(prices: Path) -> None:
    """Large costs 10 a million, then 4; small 1 a million, and uses six times as many: equal at 6, two thirds on."""
    runs = [run(run_id=name[0], agent=name, benchmark="b") for name in ("large", "small")]
    rollouts = [rollout(run_id="l"), rollout(run_id="s")]
    calls = [
        use(run_id="l", rollout_id="l/task/0", output_tokens=MILLION),
        use(day(4), run_id="s", rollout_id="s/task/0", model="acme-small", output_tokens=6 * MILLION),
    ]
    sides = [
        Side(reprice_tables(tables(runs, rollouts, calls), scenario), scenario)
        for scenario in (Scenario(prices=(prices,)), Scenario(prices=(prices,), as_of=day(4)))
    ]
    flipped = pl.DataFrame(
        [("b", "large", "small", 2 / 3)], schema=["benchmark", "agent_a", "agent_b", "crossing_frac"], orient="row"
    )

    found = crossing_prices(*sides, flipped).row(0, named=True)

    assert (found["agent"], found["kind"], found["before_usd_per_mtok"]) == ("large", "output", 10.0)
    assert found["crossing_usd_per_mtok"] == pytest.approx(6.0)


def test_ranges_that_overlap_make_a_flip_uncertain() -> None:
    found = flips(changes([point("a", 1, x_high=5), point("b", 4)], [point("a", 3), point("b", 2)]))
    assert found["is_certain"].to_list() == [False]


def test_the_figure_is_drawn_also_where_nothing_has_a_price(of_demo: Comparison, prices: Path) -> None:
    assert len(draw_comparison(of_demo).axes) == 2
    nothing = side(prices, use(model="no-such-model", output_tokens=7))
    split, lost = effects(nothing, nothing)
    empty = Comparison(of_demo.totals, split, lost, of_demo.frontier, of_demo.flips, of_demo.crossings, ())
    words = [text.get_text() for text in draw_comparison(empty).axes[0].texts]
    assert words == ["nothing has a price above zero on both sides"]


PRICES_WITH_CACHE = PRICES.replace(
    "output_usd_per_mtok = 10.0", "cache_read_usd_per_mtok = 0.5\noutput_usd_per_mtok = 10.0"
)


def notes_of(one: Side, other: Side) -> tuple[str, ...]:
    points = [find("score_vs_cost")(each.priced) for each in (one, other)]
    return compare(one, other, (points[0], points[1])).notes


def test_what_a_trace_leaves_open_gives_the_change_bounds(prices: Path) -> None:
    prices.write_text(PRICES_WITH_CACHE, encoding="utf-8")
    unsplit = dict.fromkeys(("uncached_input_tokens", "cache_read_tokens"))
    calls = [use(input_tokens=MILLION, **unsplit)]

    notes = notes_of(side(prices, *calls), side(prices, *calls, cache="none"))

    assert any("1 run with bounds on both sides, lies between $0.00 and $1.50." in note for note in notes)


def test_traces_without_a_benchmark_in_common_are_said_to_have_none(prices: Path) -> None:
    one, other = side(prices, use(output_tokens=1)), side(prices, use(output_tokens=1))
    runs = other.priced["runs"].with_columns(benchmark=pl.lit("other"))

    notes = notes_of(one, Side({**other.priced, "runs": runs}, other.scenario))

    assert "No benchmark in common: mix and volume are those of different tasks." in notes
