"""What holds for every history: a cost is that of repricing at its date, effects add up, order is nothing."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run
from histories import agent, fact, followed, output
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from price_rows import day, rows_of
from strategies import books, calls

from analyzer.curves.registry import find
from analyzer.history.compute import history
from analyzer.history.factors import FACTORS, with_effects
from analyzer.history.options import HistoryOptions, HistoryResult
from analyzer.history.tables import COSTS, EFFECTS, HISTORY_TABLES
from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.schema import MODEL_FACTS
from traces.errors import AnalysisError
from traces.schema import CALLS, ROLLOUTS, RUNS, TABLES
from traces.table import violations

SPAN = day(1), day(6)
MODELS = ("acme-large", "acme-small")
DAYS = st.sampled_from([None, *(day(month, 10).date() for month in range(1, 6))])


@st.composite
def own_books(draw: Any) -> PriceBook:
    """Random prices, release days and retirements."""
    facts = [fact(model, draw(DAYS), draw(DAYS)) for model in MODELS]
    return PriceBook(rows_of(*draw(books())), models=frame(MODEL_FACTS, *facts), checked_through=day(6))


@st.composite
def traces(draw: Any) -> dict[str, pl.DataFrame]:
    """Random calls of two agents, of up to two attempts at two tasks."""
    places = [(name, task, number) for name in ("one", "two") for task in ("a", "b") for number in (0, 1)]
    kept = draw(st.lists(st.sampled_from(places), min_size=1, max_size=5, unique=True))
    listed: list[dict[str, Any]] = []
    for name, task, number in kept:
        for one in draw(st.lists(calls(), max_size=2)):
            owner = {"run_id": name, "rollout_id": f"{name}/{task}/{number}"}
            listed.append({**one, **owner, "call_index": len(listed), "call_id": f"c{len(listed):03}"})
    scores, starts = st.sampled_from([None, 0.0, 0.5, 1.0]), st.sampled_from([None, day(3)])
    rollouts = [
        rollout(run_id=name, task_id=task, attempt=number, score=draw(scores), started_at=draw(starts))
        for name, task, number in kept
    ]  # fmt: skip
    runs = [
        run(run_id=name, agent=f"agent {name}", score_min=0.0, score_max=1.0) for name in {name for name, *_ in kept}
    ]
    filled = {"runs": frame(RUNS, *runs), "rollouts": frame(ROLLOUTS, *rollouts), "calls": frame(CALLS, *listed)}
    return {name: filled.get(name, table.empty()) for name, table in TABLES.items()}


def told(tables: dict[str, pl.DataFrame], book: PriceBook) -> HistoryResult:
    priced = reprice_tables(tables, Scenario(), book)
    try:
        return history(priced, Scenario(), SPAN, HistoryOptions(is_retired_kept=True), book)
    except AnalysisError as error:
        assert "no agent could be called" in error.problem  # noqa: PT017 - the only reason there may be
        reject()


def at(result: HistoryResult, moment: Any) -> pl.DataFrame:
    """Cost of every agent at a moment."""
    before = result.runs.filter(pl.col("priced_at") <= moment)
    return before.unique("agent", keep="last", maintain_order=True).sort("agent")


@settings(max_examples=25)
@given(traces(), own_books(), st.sampled_from([day(1, 15), day(2), day(3, 2, 16, 30), day(4), day(5, 20), day(6)]))
def test_the_cost_of_a_date_is_that_of_repricing_at_that_date(
    tables: dict[str, pl.DataFrame], book: PriceBook, moment: Any
) -> None:
    found = at(told(tables, book), moment)

    repriced = reprice_tables(tables, Scenario(as_of=moment), book)
    expected = (
        find("score_vs_cost")(repriced).frame.filter(pl.col("agent").is_in(found["agent"].to_list())).sort("agent")
    )
    for name, axis in zip(COSTS, ("x", "x_low", "x_high"), strict=True):
        assert found[name].is_null().equals(expected[axis].is_null()), name
        assert found[name].fill_null(0).to_list() == pytest.approx(expected[axis].fill_null(0).to_list(), rel=1e-9)
    assert found["score"].to_list() == pytest.approx(expected["y"].to_list(), nan_ok=True)


@settings(max_examples=25)
@given(traces(), own_books())
def test_nothing_is_there_before_its_entry(tables: dict[str, pl.DataFrame], book: PriceBook) -> None:
    result = told(tables, book)
    entered = dict(result.agents.select("agent", "entered_at").iter_rows())
    for name in ("runs", "cheapest", "best"):
        rows = result.tables[name].filter(pl.col("agent").is_not_null()).select("agent", "priced_at").iter_rows()
        assert all(moment >= entered[agent] for agent, moment in rows)


@settings(max_examples=15)
@given(traces(), own_books(), st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(tables: dict[str, pl.DataFrame], book: PriceBook, seed: int) -> None:
    shuffled = {name: rows.sample(fraction=1.0, shuffle=True, seed=seed) for name, rows in tables.items()}
    one, other = told(tables, book), told(shuffled, book)
    for name in HISTORY_TABLES:
        assert_frame_equal(one.tables[name], other.tables[name], check_exact=True)
    assert one.notes == other.notes


@settings(max_examples=15)
@given(traces(), own_books())
def test_the_tables_are_as_declared_and_their_rows_unique(tables: dict[str, pl.DataFrame], book: PriceBook) -> None:
    result = told(tables, book)
    for name, table in HISTORY_TABLES.items():
        declared = result.tables[name].select(table.schema.names())
        assert violations(table, table.conform(declared)) == []


FIGURES = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(FIGURES, FIGURES, FIGURES), min_size=2, max_size=5))
def test_effects_add_up_to_the_change(factors: list[tuple[float, float, float]]) -> None:
    rows = pl.DataFrame(factors, schema=list(FACTORS), orient="row").with_columns(
        benchmark=pl.lit("bench"), agent=pl.int_range(pl.len()),
        mean_cost_usd=pl.col(FACTORS[0]) * pl.col(FACTORS[1]) * pl.col(FACTORS[2]),
    )  # fmt: skip
    found = with_effects(rows, ["benchmark"], ["agent"]).tail(-1)
    scale = rows["mean_cost_usd"].max()
    for row in found.iter_rows(named=True):
        assert sum(row[name] for name in EFFECTS) == pytest.approx(row["change_usd"], abs=1e-9 * float(scale))  # type: ignore[arg-type]


def test_effects_by_hand() -> None:
    """Twice the price and half the turns: no change, and effects of opposite sign, ln 2 times the cost."""
    rows = pl.DataFrame({
        "agent": ["one", "two"], "mean_cost_usd": [8.0, 8.0], "blended_usd_per_mtok": [1.0, 2.0],
        "turn_tokens": [4.0, 4.0], "mean_turns": [2.0, 1.0],
    })  # fmt: skip
    row = with_effects(rows.with_columns(benchmark=pl.lit("bench")), ["benchmark"], ["agent"]).row(1, named=True)
    assert row["change_usd"] == 0
    assert [row[name] for name in EFFECTS] == pytest.approx([5.545177, 0, -5.545177], abs=1e-6)


def test_a_free_model_s_whole_change_is_its_price() -> None:
    rows = pl.DataFrame({
        "agent": ["one", "two"], "mean_cost_usd": [8.0, 0.0], "blended_usd_per_mtok": [1.0, 0.0],
        "turn_tokens": [4.0, 5.0], "mean_turns": [2.0, 7.0],
    })  # fmt: skip
    row = with_effects(rows.with_columns(benchmark=pl.lit("bench")), ["benchmark"], ["agent"]).row(1, named=True)
    assert [row[name] for name in EFFECTS] == [-8.0, 0.0, 0.0]


def test_effects_between_models_are_not_known_where_tokens_are_not() -> None:
    blind = agent("blind", "acme-large", (1.0,), uncached_input_tokens=None, input_tokens=None)
    book = PriceBook(
        rows_of(*output("acme-large", (day(2), 8), (day(4), 4)), *output("acme-small", (day(1), 1))),
        models=frame(MODEL_FACTS, fact("acme-small", date(2026, 1, 1)), fact("acme-large", date(2026, 2, 1))),
        checked_through=day(6),
    )
    rows = followed(book, agent("weak", "acme-small", (0.5,)), blind).best
    assert rows["agent"].to_list() == ["weak", "blind", "blind"]
    assert rows.select(EFFECTS).unique().rows() == [(None, None, None)]
