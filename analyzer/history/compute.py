"""The same rollouts priced at every date of the books: a model enters on its release date, never earlier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP, every_attempt, of_chosen_tasks
from analyzer.curves.parts.axes import AXES
from analyzer.curves.parts.coverage import coverage
from analyzer.curves.parts.means import mean_score
from analyzer.curves.registry import Tables
from analyzer.history.along import along
from analyzer.history.attributes import Attributed, attributed, column_of
from analyzer.history.availability import agent_entries, called_models, model_entries
from analyzer.history.costs import ROLLOUT, changes, mean_costs, moments_of, on
from analyzer.history.frontiers import then_and_now
from analyzer.history.leaders import best, best_change, cheapest, thresholds
from analyzer.history.notes import notes_of, unreached
from analyzer.history.options import HistoryOptions, HistoryResult
from analyzer.history.tables import COSTS, HISTORY_TABLES
from pricing.book import PriceBook, load_book
from pricing.moments import START
from pricing.prepare import books_of
from pricing.scenario import Scenario
from pricing.sweep.plan import Plan, plan_of
from traces.errors import AnalysisError, UsageError
from traces.schema import TABLES
from traces.sums import total

_USAGE: Final = ("mean_turns", "mean_tokens")
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Trace:
    """What is followed through time.

    Args:
        rows: Rows of ``attempts``.
        whole: The same before tasks were chosen.
        tables: Priced tables of the agents that are kept.
        plan: Their token sums, on every moment a price changes until the end.
        listed: List prices, and facts of models.
        scenario: How to price; its moment does not count.
    """

    rows: pl.DataFrame
    whole: pl.DataFrame
    tables: Tables
    plan: Plan
    listed: PriceBook
    scenario: Scenario


def history(
    tables: Tables, scenario: Scenario, span: Span, options: HistoryOptions, book: PriceBook | None = None
) -> HistoryResult:
    """Price every rollout at the prices of every day of a span.

    Args:
        tables: Priced tables; the tokens and turns of their rollouts count, not their costs.
        scenario: How to price; every moment of the span takes the place of its own.
        span: First moment (null: the first entry) and last one (null: until when the price files were kept).
        options: What is asked for.
        book: Prices; null: the package's own with the scenario's files.

    Raises:
        UsageError: if the span or an attribute is none.
        AnalysisError: if no agent could be called by the end.
    """
    listed = book or load_book(scenario.prices, scenario.catalogue)
    end = _end(span, listed)
    kept = attributed(tables, options, listed)
    trace = _trace(kept.tables, scenario, end, options, book, listed)
    agents = _agents(trace, kept.release_dates())
    start = _start(span[0], end, agents)
    edges = [*agents["entered_at"], *agents["retired_at"]]
    moments = moments_of(trace.plan, books_of(scenario, book)["effective"], edges, (start, end))
    panel = panel_of(trace, agents, moments, is_retired_kept=options.is_retired_kept)
    return _result(trace, agents, panel, (start, end), options, kept)


def panel_of(trace: Trace, agents: pl.DataFrame, moments: Sequence[datetime], *, is_retired_kept: bool) -> pl.DataFrame:
    """Every agent at every moment from its entry on.

    Returns:
        The columns of an agent, priced_at, its cost, score, is_higher_better, usage, is_retired, and is_callable (it
        counts then).
    """
    costs = mean_costs(trace.plan, trace.scenario, trace.rows, moments, GROUP)
    facts = agents.select(*GROUP, "score", "is_higher_better", "n_tasks", *_USAGE, "entered_at", "retired_at")
    joined = costs.join(facts, on=GROUP, how="left", nulls_equal=True, maintain_order="left")
    entered = joined.filter(pl.col("priced_at") >= pl.col("entered_at"))
    is_retired = (pl.col("priced_at") >= pl.col("retired_at")).fill_null(value=False)
    return entered.with_columns(is_retired=is_retired, is_callable=~is_retired | is_retired_kept)


def _end(span: Span, listed: PriceBook) -> datetime:
    end = span[1] or listed.checked_through
    if end is None:
        raise UsageError("no price file says until when it was checked", "say until when: --to DATE")
    if span[0] is not None and span[0] > end:
        raise UsageError(
            f"from {span[0]:%Y-%m-%d} to {end:%Y-%m-%d}: it ends before it begins", "change --from or --to"
        )
    return end


def _start(start: datetime | None, end: datetime, agents: pl.DataFrame) -> datetime:
    first = min(agents["entered_at"].drop_nulls(), default=None)
    if first is None or first > end:
        when = "when any was released is not known" if first is None else f"the first enters on {first:%Y-%m-%d}"
        raise AnalysisError(f"no agent could be called by {end:%Y-%m-%d}", f"{when}: give a later --to")
    return first if start is None else start


def _trace(  # noqa: PLR0913, PLR0917 - all it is made of
    tables: Tables,
    scenario: Scenario,
    end: datetime,
    options: HistoryOptions,
    book: PriceBook | None,
    listed: PriceBook,
) -> Trace:
    whole = every_attempt(tables, AXES["dollars"], options.chosen)
    rows = of_chosen_tasks(whole, options.chosen)
    canonical = {name: tables.get(name, table.empty()).select(table.schema.names()) for name, table in TABLES.items()}
    plan = plan_of(canonical, [on(scenario, START), on(scenario, end)], ROLLOUT, book)
    return Trace(rows, whole, tables, plan, listed, scenario)


def _agents(trace: Trace, released: pl.DataFrame) -> pl.DataFrame:
    """One row per agent: the declared columns of AGENTS; released: what ``Attributed.release_dates`` returns."""
    usage = trace.tables["rollouts"].select("rollout_id", _turns=AXES["turns"].point, _tokens=AXES["tokens"].point)
    rows = trace.rows.join(usage, on="rollout_id", how="left", maintain_order="left")
    means = rows.group_by(GROUP, maintain_order=True).agg(*mean_score(), *_mean_usage())
    agents = means.join(coverage(rows), on=GROUP, nulls_equal=True, maintain_order="left").rename({"y": "score"})
    runs = _run_starts(trace.tables)
    members = _members(trace).join(runs, left_on="_run_id", right_on="run_id", how="left")
    called = called_models(trace.plan, trace.scenario, trace.listed)
    entries = agent_entries(members, called, model_entries(called, runs, trace.listed, released), GROUP)
    joined = agents.join(entries, on=GROUP, how="left", nulls_equal=True, maintain_order="left")
    return _declared("agents", joined)


def _members(trace: Trace) -> pl.DataFrame:
    """The columns of an agent, and _run_id: each of its runs."""
    owners = trace.tables["rollouts"].select("rollout_id", _run_id="run_id")
    return trace.rows.join(owners, on="rollout_id", how="left").select(*GROUP, "_run_id").unique()


def _mean_usage() -> list[pl.Expr]:
    weight = pl.col("weight")
    return [
        (total(pl.col(f"_{name}") * weight) / weight.sum()).cast(pl.Float64).alias(f"mean_{name}")
        for name in ("turns", "tokens")
    ]


def _run_starts(tables: Tables) -> pl.DataFrame:
    """run_id, started_at: the earliest moment known of each run."""
    stamps = [
        tables[name].select("run_id", started_at=pl.coalesce("started_at", "ended_at"))
        for name in ("runs", "rollouts", "calls")
    ]
    return pl.concat(stamps).group_by("run_id").agg(pl.col("started_at").min())


def _result(  # noqa: PLR0913, PLR0917 - all it is made of
    trace: Trace,
    agents: pl.DataFrame,
    panel: pl.DataFrame,
    span: tuple[datetime, datetime],
    options: HistoryOptions,
    kept: Attributed,
) -> HistoryResult:
    start, end = span
    wanted = thresholds(agents, options.scores)
    named = agents.join(kept.of_agents(_members(trace)), on=GROUP, how="left", nulls_equal=True, maintain_order="left")
    if options.colour is not None:
        column_of(named, "--colour", options.colour)  # an error here, not only once it is drawn
    now = panel.filter("is_callable", pl.col("priced_at") == end)
    leaders = best(panel)
    answers = {
        "runs": changes(panel, GROUP, [*COSTS, "is_retired"]),
        "cheapest": cheapest(panel, wanted),
        "best": leaders,
        "best_change": best_change(leaders),
        "frontier": then_and_now(panel, end),
        "along": along(now, named, wanted, options.axis),
    }
    declared = {name: _declared(name, rows) for name, rows in answers.items()}
    notes = (*notes_of(trace, agents, panel, span, options), *unreached(declared["cheapest"]), *kept.notes)
    label = "Score" if options.measure == "score" else "Share of tasks solved"
    return HistoryResult(start, end, named, **declared, notes=notes, options=options, score_label=label)


def _declared(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    table = HISTORY_TABLES[name]
    return table.sort(table.conform(rows.select(column for column in table.schema if column in rows.columns)))
