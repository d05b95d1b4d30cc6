"""What a history rests on and what is missing in it, in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from analyzer.curves.parts.axes import AXES
from analyzer.curves.parts.coverage import rules, uneven, whose
from analyzer.curves.parts.recorded import left_out
from analyzer.history.availability import skipped_runs
from analyzer.history.options import HistoryOptions
from analyzer.scenario import scenario_notes
from analyzer.words import at_least, listed

if TYPE_CHECKING:
    from analyzer.history.compute import Trace

_BASES: Final = {
    "first_price": "No release date is known; entered with the first dated price",
    "price_window": "No release date is known; entered on the latest day on which the first price can have begun",
    "first_run": "Neither a release date nor an earlier dated price is known; entered with the first run here",
}


def notes_of(
    trace: "Trace", agents: pl.DataFrame, panel: pl.DataFrame, span: tuple[datetime, datetime], options: HistoryOptions
) -> Iterator[str]:
    """Say how costs were computed, when agents came and went, and which have no one cost.

    Args:
        trace: What was followed.
        agents: Agents, with entry and retirement.
        panel: Rows of ``compute.panel_of``.
        span: First and last moment.
        options: What was asked for.
    """
    start, end = span
    yield (
        f"Every rollout as it was recorded, at the prices of each day from {start:%Y-%m-%d} to {end:%Y-%m-%d}; a call "
        "keeps its hour of the week."
    )
    yield from _scenario(trace, end)
    yield "Cost: mean dollars of one attempt at a task, task-weighted, failed attempts included."
    yield from rules(trace.rows, AXES["dollars"], options.chosen)
    yield from uneven(trace.whole, options.chosen)
    yield from _entries(agents, end)
    yield from _retirements(agents, end, options)
    yield from _bounded(panel)
    yield from _skipped(trace)
    yield (
        "Best-scoring agent: cost = turns x tokens per turn x dollars per token; tokens are those of all counted "
        "roles, turns its own. Effects add up to each change (logarithmic mean Divisia index, LMDI-I)."
    )
    if agents["agent"].n_unique() > 1:
        yield "Tokens of different tokenizers are not one unit: between models only the change in dollars compares."
    yield from left_out(trace.tables, AXES["dollars"], options.chosen, is_point=False)


def unreached(cheapest: pl.DataFrame) -> Iterator[str]:
    """Name the scores nobody reached at any moment; rows of CHEAPEST."""
    ever = cheapest.group_by("benchmark", "score_threshold", maintain_order=True).agg(pl.col("is_reached").any())
    rows = ever.filter(~pl.col("is_reached")).select("score_threshold", "benchmark").iter_rows()
    names = [f"{score:g} on {benchmark or 'an unnamed benchmark'}" for score, benchmark in rows]
    if names:
        yield f"Reached by nobody: {listed(names)}."


def _scenario(trace: "Trace", end: datetime) -> Iterator[str]:
    changes = {"as_of": "recorded", **({"name": ""} if trace.scenario.is_unnamed else {})}
    for note in scenario_notes(trace.scenario.model_copy(update=changes)):
        yield note.replace("prices on the day of each call", "prices of each day")
    if trace.scenario.moment is not None:
        yield f"The scenario's own date, {trace.scenario.moment:%Y-%m-%d}, does not count."
    checked = trace.listed.checked_through
    if checked is not None and end > checked:
        yield f"Price files were kept until {checked:%Y-%m-%d}: later prices are the last ones known."


def _skipped(trace: "Trace") -> Iterator[str]:
    """Name the agents with calls the book leaves out: what it counts of them is only a low bound."""
    runs = trace.tables["runs"].filter(pl.col("run_id").is_in(skipped_runs(trace.plan, trace.scenario)))
    names = runs["agent"].unique().sort().to_list()
    if names:
        yield f"The book leaves a model out of every sum, so what it counts is a low bound: {listed(names)}."


def _entries(agents: pl.DataFrame, end: datetime) -> Iterator[str]:
    yield "An agent enters on the day the last of its models was released, and never earlier."
    for basis, words in _BASES.items():
        yield from _dated(agents, pl.col("entry_basis") == basis, words, "entered_at")
    unknown = _names(agents, pl.col("entered_at").is_null())
    if unknown:
        yield f"When it could be called is not known, so it is nowhere: {listed(unknown)}."
    yield from _dated(agents, pl.col("entered_at") > end, "Not there yet", "entered_at")
    early = _names(agents, pl.col("is_called_before"))
    if early:
        yield f"Called here before the release date stated for it, on which it enters all the same: {listed(early)}."


def _retirements(agents: pl.DataFrame, end: datetime, options: HistoryOptions) -> Iterator[str]:
    words = "Retired, but still counted" if options.is_retired_kept else "Retired, and from then on not counted"
    yield from _dated(agents, pl.col("retired_at") <= end, words, "retired_at")


def _bounded(panel: pl.DataFrame) -> Iterator[str]:
    """Name the agents without one cost at any moment, and those without one at some."""
    known = panel.group_by("benchmark", "agent", "run_id", maintain_order=True).agg(
        n=pl.len(), n_known=pl.col("mean_cost_usd").count(), low=pl.col("mean_cost_low_usd").min()
    )
    never = known.filter(pl.col("n_known") == 0).select(whose(panel), "low").iter_rows()
    never_known = [f"{agent} ({at_least('{:.4g}'.format, low)})" if low else agent for agent, low in never]
    if never_known:
        names = listed(never_known)
        yield f"Cost not known in full, so never the cheapest, nor in its range while others reach the score: {names}."
    partly = _names(known, (pl.col("n_known") > 0) & (pl.col("n_known") < pl.col("n")))
    if partly:
        yield f"Without one cost for some of the time (no price in force, or only a window is known): {listed(partly)}."


def _dated(agents: pl.DataFrame, which: pl.Expr, words: str, column: str) -> Iterator[str]:
    rows = agents.filter(which).select(whose(agents), pl.col(column).dt.strftime("%Y-%m-%d"))
    names = [f"{agent} ({day})" for agent, day in rows.iter_rows()]
    if names:
        yield f"{words}: {listed(names)}."


def _names(rows: pl.DataFrame, which: pl.Expr) -> list[str]:
    return rows.filter(which).select(whose(rows)).to_series().to_list()
