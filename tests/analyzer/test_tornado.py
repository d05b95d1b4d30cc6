"""What moves a cost: by hand on a small trace, equal to repricing at changed prices, and adding up on real ones."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, rollout, run, tables, trace
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import day, price, rows_of
from strategies import SCENARIOS, books, calls, traces

from analyzer import api
from analyzer.figures import save
from analyzer.figures.tornado import draw_tornado
from analyzer.tornado import Tornado, tornado
from analyzer.tour import BUNDLED
from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount, Substitute
from pricing.schema import REGION_MULTIPLIERS
from traces.errors import UsageError
from traces.store import open_store

MILLION = 1_000_000
ROWS = (
    price("uncached_input", 2, day(1), effective_until=day(3)), price("uncached_input", 1, day(3)),
    price("cache_read", 0.5), price("output", 10), price("uncached_input", 1, is_batch=True),
    price("output", 5, is_batch=True), price("uncached_input", 4, service_tier="priority"),
    price("output", 20, service_tier="priority"), price("uncached_input", 3, model="acme-small"),
    price("output", 3, model="acme-small"),
)  # fmt: skip
BOOK = PriceBook(rows_of(*ROWS))
AGENT = call(uncached_input_tokens=MILLION, cache_read_tokens=2 * MILLION, output_tokens=MILLION // 10)
USER = call(uncached_input_tokens=MILLION // 2, role="user")
SMALL = call(uncached_input_tokens=MILLION, model="acme-small")


def moved(*listed: dict[str, Any], scenario: Scenario | None = None, **options: Any) -> Tornado:
    return tornado(trace(*listed or (AGENT, USER)), scenario, book=options.pop("book", BOOK), **options)


def row_of(found: Tornado, lever: str) -> dict[str, Any]:
    return found.frame.filter(lever=lever).row(0, named=True)


def ends(found: Tornado, lever: str) -> tuple[Any, ...]:
    row = row_of(found, lever)
    changes = [
        None if row[name] is None else round(row[name], 6) for name in ("change_at_low_usd", "change_at_high_usd")
    ]
    return row["low_setting"], row["high_setting"], *changes


def test_a_price_moves_the_cost_by_its_share() -> None:
    """2 + 1 + 1 for the agent, 1 for the user: 3 of the 5 dollars are uncached input."""
    found = moved()
    row = row_of(found, "price of uncached input, acme/acme-large")
    assert found.scopes["base_usd"].to_list() == [5.0]
    assert (row["lever_type"], row["price_model"], row["kind"]) == ("price", "acme/acme-large", "uncached_input")
    assert ends(found, row["lever"]) == ("-10 %", "+10 %", -0.3, 0.3)
    assert (row["cost_at_low_usd"], row["cost_at_high_usd"]) == pytest.approx((4.7, 5.3))
    assert (row["swing_usd"], row["elasticity"], row["known_frac"]) == pytest.approx((0.6, 0.6, 1.0))
    prices = found.frame.filter(lever_type="price")
    assert dict(zip(prices["kind"], prices["elasticity"].round(9), strict=True)) == {
        "uncached_input": 0.6, "cache_read": 0.2, "output": 0.2,
    }  # fmt: skip


def test_the_widest_lever_comes_first() -> None:
    swings = moved().frame["swing_usd"].to_list()
    assert swings == sorted(swings, reverse=True)
    assert moved().widest(2).frame.height == 2


def test_policies_go_to_their_other_settings() -> None:
    """Without a cache 2 million tokens cost 2 instead of 0.50 each; the user's dollar goes with the user."""
    found = moved()
    assert ends(found, "prompt cache")[1:] == ("none", 0.0, 3.0)
    assert ends(found, "calls of the role user") == ("not counted", "counted", -1.0, 0.0)
    assert ends(found, "contract discount, everything") == ("10 % off", "none", -0.5, 0.0)
    assert ends(moved(USER), "batch share") == ("100 %", "as recorded", -0.5, 0.0)
    assert ends(moved(USER), "service tier priority") == ("as recorded", "every call", 0.0, 1.0)
    assert "calls of the role user" not in moved(USER, scenario=Scenario(roles=("agent",))).frame["lever"]


def test_a_conversation_that_only_grows_could_have_read_what_it_sent_before() -> None:
    """Of the second call a million could come from the cache, at 0.50 instead of 2."""
    found = moved(call(uncached_input_tokens=MILLION), call(uncached_input_tokens=MILLION, output_tokens=1000))
    assert ends(found, "prompt cache") == ("all it could hold", "as recorded", -1.5, 0.0)


def test_a_policy_of_the_scenario_moves_both_ways() -> None:
    half = Scenario(batch=Batch(share_frac=0.5), discount=(Discount(frac=0.25, provider="acme"),))
    found = moved(USER, scenario=half)
    assert found.scopes["base_usd"].to_list() == [0.5625]
    assert ends(found, "batch share") == ("100 %", "0 %", -0.1875, 0.1875)
    assert ends(found, "contract discount, acme") == ("35 % off", "15 % off", -0.075, 0.075)
    tier = moved(USER, scenario=Scenario(service_tier="priority"))
    assert ends(tier, "service tier standard") == ("every call", "priority", -1.0, 0.0)
    uncached = moved(AGENT, scenario=Scenario(cache="none"))
    assert ends(uncached, "prompt cache") == ("as recorded", "none", -3.0, 0.0)


def test_a_substitute_is_a_lever_and_so_is_what_it_is_taken_to_need() -> None:
    other = Substitute(
        model="acme-large",
        to="acme-small",
        to_provider="acme",
        tokens_factor=2,
        tokens_factor_low=1,
        tokens_factor_high=4,
    )
    found = moved(USER, scenario=Scenario(substitute=(other,)))
    assert ends(found, "acme-large priced as") == ("as itself", "acme-small", -2.0, 0.0)
    assert ends(found, "tokens of acme-small per token of acme-large") == ("1", "4", -1.5, 3.0)
    assert ends(found, "price of uncached input, acme/acme-small") == ("-10 %", "+10 %", -0.3, 0.3)


def test_regions_in_which_all_cost_the_same_are_one_lever() -> None:
    factors = [
        {"provider": "acme", "region": name, "models": None, "multiplier": factor, "source": "test"}
        for name, factor in (("eu", 1.1), ("jp", 1.1), ("us", 1.2), ("home", 1.0))
    ]
    own = PriceBook(rows_of(*ROWS), regions=REGION_MULTIPLIERS.conform(pl.DataFrame(factors)))
    found = moved(USER, book=own)
    assert ends(found, "region eu, jp") == ("as recorded", "every call", 0.0, 0.1)
    assert ends(found, "region us") == ("as recorded", "every call", 0.0, 0.2)
    assert any("would change nothing" in note and "region home" in note for note in found.notes)


def test_a_batch_without_a_price_is_said_to_be_unknown() -> None:
    found = moved(SMALL)
    assert ends(found, "batch share") == ("as recorded", "100 %", None, None)
    assert row_of(found, "batch share")["swing_usd"] is None
    assert found.frame["lever"][-1] == "batch share"
    assert any(note.startswith("Not known, as no such price is listed") for note in found.notes)


def test_half_a_price_where_none_is_listed_is_flagged() -> None:
    found = moved(SMALL, scenario=Scenario(unlisted_tiers="half"))
    assert ends(found, "batch share") == ("100 %", "as recorded", -1.5, 0.0)
    assert row_of(found, "batch share")["is_assumed"]
    assert "Assumed at half the standard price where none is listed: batch share; service tier flex." in found.notes
    listed = moved(USER, scenario=Scenario(unlisted_tiers="half"))
    assert not row_of(listed, "batch share")["is_assumed"]


def test_a_dear_tier_that_is_not_listed_is_not_taken_to_cost_half() -> None:
    half = Scenario(unlisted_tiers="half", batch=Batch(share_frac=0.5))
    assert (
        "service tier priority"
        not in moved(USER, SMALL, scenario=half).frame.filter(pl.col("known_frac") == 1)["lever"]
    )


def test_a_lever_listed_for_some_models_only_moves_those_and_says_so() -> None:
    found = moved(USER, SMALL)
    row = row_of(found, "batch share")
    assert (row["change_at_low_usd"], row["known_frac"], row["cost_at_low_usd"]) == pytest.approx((-0.5, 0.25, None))
    assert any("batch share (of 25 % of the dollars)" in note for note in found.notes)


def test_a_cost_that_is_not_known_in_full_has_levers_of_its_priced_part_with_coverage() -> None:
    found = moved(USER, call(model="no-such-model", output_tokens=7))
    scope = found.scopes.row(0, named=True)
    names = ("base_usd", "base_low_usd", "base_high_usd", "coverage_frac", "priced_usd")
    assert [scope[name] for name in names] == [None, 1.0, None, 0.5, 1.0]
    row = row_of(found, "price of uncached input, acme/acme-large")
    assert (row["change_at_high_usd"], row["elasticity"], row["cost_at_high_usd"]) == pytest.approx((0.1, 1.0, None))
    assert any("levers are those of the priced part: all runs (50 %)" in note for note in found.notes)


def test_without_anything_priced_there_is_no_lever_and_a_note() -> None:
    found = moved(call(model="no-such-model", output_tokens=7))
    assert found.frame.is_empty()
    assert any("nothing of it has a price above zero: all runs" in note for note in found.notes)


def test_a_trace_without_calls_or_without_runs_has_no_levers() -> None:
    for given_tables, said in (
        (tables([run()], [rollout()]), "nothing here has a price above zero"),
        (tables(), "there are no runs"),
    ):
        found = tornado(given_tables, book=BOOK)
        assert found.frame.is_empty()
        assert said in words(found)


def test_prices_move_over_what_they_were() -> None:
    """Uncached input cost 2 until March and 1 since; output never changed."""
    found = moved(span=(day(1), day(6)))
    assert ends(found, "price of uncached input, acme/acme-large") == ("on 2026-03-01", "as priced", -1.5, 0.0)
    assert row_of(found, "price of uncached input, acme/acme-large")["elasticity"] == pytest.approx(0.6)
    assert "price of output, acme/acme-large" not in found.frame["lever"]
    assert any("would change nothing" in note and "price of output" in note for note in found.notes)


def test_each_agent_and_each_run_has_its_own() -> None:
    runs = [run(), run(run_id="other"), run(run_id="third", agent="b")]
    rollouts = [rollout(run_id=each["run_id"]) for each in runs]
    listed = [
        {**USER, "run_id": each["run_id"], "rollout_id": f"{each['run_id']}/task/0", "call_id": each["run_id"]}
        for each in runs
    ]
    given_tables = tables(runs, rollouts, listed)
    per_agent = tornado(given_tables, per="agent", book=BOOK)
    assert per_agent.scopes.select("benchmark", "agent", "run_id", "n_runs", "base_usd").rows() == [
        ("bench", "agent", None, 2, 2.0), ("bench", "b", None, 1, 1.0),
    ]  # fmt: skip
    of_b = per_agent.frame.filter(agent="b", lever="batch share")
    assert of_b["swing_usd"].to_list() == [0.5]
    per_run = tornado(given_tables, per="run", book=BOOK)
    assert per_run.scopes["run_id"].to_list() == ["other", "run", "third"]


@settings(max_examples=20)
@given(
    books(), st.lists(calls(), min_size=1, max_size=8), st.sampled_from(SCENARIOS), st.randoms(use_true_random=False)
)
def test_elasticities_add_up_to_one_and_the_order_of_rows_changes_nothing(
    prices: list[Any], listed: list[Any], scenario: Scenario, order: Any
) -> None:
    own = PriceBook(rows_of(*prices))
    given_tables = traces(listed)
    found = tornado(given_tables, scenario, book=own)
    parts = found.frame.filter(lever_type="price")["elasticity"].to_list()
    assert sum(parts) == pytest.approx(1.0) if found.scopes["priced_usd"].item() > 0 else parts == []

    order.shuffle(shuffled := list(range(given_tables["calls"].height)))
    again = tornado({**given_tables, "calls": given_tables["calls"][shuffled]}, scenario, book=own)
    assert again.frame.select(pl.col(pl.Float64).round(9)).equals(found.frame.select(pl.col(pl.Float64).round(9)))


def test_twice_the_move_is_twice_the_swing() -> None:
    one, two = (
        moved(by_frac=by).frame.filter(lever_type="price").sort("lever")["swing_usd"].to_list() for by in (0.2, 0.4)
    )
    assert two == pytest.approx([2 * swing for swing in one])


@pytest.mark.parametrize("lever", ["uncached_input", "cache_read", "output"])
def test_the_cost_at_a_price_is_what_repricing_at_that_price_gives(lever: str) -> None:
    dearer = [{**row, "price_pusd": round(1.3 * row["price_pusd"])} if row["kind"] == lever else row for row in ROWS]
    repriced = reprice_tables(trace(AGENT, USER), Scenario(), PriceBook(rows_of(*dearer)))["runs"]["cost_usd"].item()
    row = moved(by_frac=0.3).frame.filter(kind=lever).row(0, named=True)
    assert row["cost_at_high_usd"] == pytest.approx(repriced)


@pytest.mark.parametrize(
    ("lever", "scenario"),
    [
        ("prompt cache", Scenario(cache="none")),
        ("service tier priority", Scenario(service_tier="priority")),
        ("calls of the role user", Scenario(roles=("agent", "judge", "other"))),
        ("batch share", Scenario(batch=Batch(share_frac=1))),
    ],
)
def test_the_cost_at_a_policy_is_what_repricing_under_it_gives(lever: str, scenario: Scenario) -> None:
    repriced = reprice_tables(trace(AGENT, USER), scenario, BOOK)["runs"]["cost_usd"].item()
    row = row_of(moved(), lever)
    assert repriced in (pytest.approx(row["cost_at_low_usd"]), pytest.approx(row["cost_at_high_usd"]))


@pytest.mark.parametrize("by", [0.0, -0.1, 1.1])
def test_a_move_that_is_no_share_is_refused(by: float) -> None:
    with pytest.raises(UsageError, match="not a share"):
        moved(by_frac=by)


def test_a_range_that_ends_before_it_begins_and_an_unknown_scope_are_refused() -> None:
    with pytest.raises(UsageError, match="earlier date first"):
        moved(span=(day(6), day(1)))
    with pytest.raises(UsageError, match="known: total, agent, run"):
        moved(per="task")


@cache
def bundled(per: str) -> Tornado:
    return api.tornado(open_store(BUNDLED), per=per)


def test_on_the_bundled_runs_the_elasticities_of_every_agent_add_up_to_one() -> None:
    found = bundled("agent")
    sums = found.frame.filter(lever_type="price").group_by("benchmark", "agent").agg(one=pl.col("elasticity").sum())
    assert sums["one"].to_list() == pytest.approx([1.0] * found.scopes.height)


def test_the_cache_carries_the_bundled_swe_bench_run() -> None:
    """Without a cache its 230.50 dollars were 732.82: the two figures ``reprice`` gives."""
    row = bundled("agent").frame.filter(benchmark="swe-bench", lever="prompt cache").row(0, named=True)
    assert (round(row["cost_at_high_usd"], 2), row["high_setting"]) == (732.82, "none")


def test_a_priced_store_is_asked_as_it_was_priced(tmp_path: Path) -> None:
    priced = api.reprice(BUNDLED, tmp_path / "priced", cache="none")
    assert "all input uncached" in api.tornado(priced).notes[0]
    assert "all input uncached" not in api.tornado(priced, as_of="2026-11-01").notes[0]


def test_days_of_a_range_are_dates_in_python() -> None:
    found = api.tornado(BUNDLED, span=(date(2025, 1, 1), date(2026, 11, 1)), benchmark=["swe-bench"])
    assert "from 2025-01-01 to 2026-11-01" in found.notes[1]


def words(found: Tornado, **options: Any) -> str:
    figure = draw_tornado(found, **options)
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return " ".join(text.get_text().replace("\n", " ") for text in texts)


def test_the_figure_names_levers_and_labels_base_and_ends_in_dollars() -> None:
    printed = words(moved())
    assert "What moves the cost: all runs" in printed
    assert "base $5.00" in printed
    assert "$4.70" in printed
    assert "price of uncached input" in printed
    assert "acme/acme-large: -10 % … +10 %" in printed
    assert "not counted … counted" in printed


def test_the_figure_says_what_it_leaves_out_and_when_there_is_nothing() -> None:
    assert "levers of less swing not drawn" in words(moved(), n_levers=2)
    assert "nothing here has a price above zero" in words(moved(call(model="no-such-model", output_tokens=7)))
    assert "cheaper agents not drawn" in words(bundled("agent"))
    assert "priced part $271.49" in words(bundled("total"))


def test_the_labels_of_a_figure_stay_on_the_sheet() -> None:
    figure = draw_tornado(bundled("total"))
    sheet = figure.bbox
    boxes = [text.get_window_extent() for axes in figure.axes for text in axes.texts]
    assert all(sheet.x0 <= box.x0 and box.x1 <= sheet.x1 for box in boxes)


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        save(draw_tornado(moved()), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
