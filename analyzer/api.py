"""The Python interface: each command as one function, on raw traces, a store or a priced store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from analyzer.audit import TOLERANCE, AuditResult
from analyzer.audit import audit as audit_tables
from analyzer.audit.scenarios import as_billed
from analyzer.card import cards
from analyzer.compare import Comparison
from analyzer.compare import compare as compare_sides
from analyzer.compare.classes import Side
from analyzer.curves.registry import CurveResult, find
from analyzer.dry_run import DryRun, dry_run
from analyzer.frontier import frontier as mark_frontier
from analyzer.history.options import HistoryOptions, HistoryResult
from analyzer.prices.coverage import evidence
from analyzer.query import query
from analyzer.scenario import deployment_notes, scenario_notes
from analyzer.session import Paths, Progress, as_priced, as_store
from analyzer.summary import Summary, summarise
from analyzer.tornado import Draws, PriceDraws, Tornado
from analyzer.tornado import montecarlo as draw_prices
from analyzer.tornado import tornado as move_levers
from analyzer.verify import Verification, verify_store
from pricing.book import load_book
from pricing.moments import Moment, as_moment
from pricing.priced_store import reprice_store, scenario_of
from pricing.scenario import Scenario, load_scenario
from traces.errors import AnalysisError, UsageError
from traces.read import ReadOptions, read_traces
from traces.schema import TABLES
from traces.store import Store

CLOCKS = {"cost": "score_vs_cost", "time": "score_vs_time"}


def read(paths: Paths, output: Path | str | None = None, *, progress: Progress | None = None, **options: Any) -> Store:
    """Read raw traces into a store; options are those of ``ReadOptions``. Without an output: into the cache."""
    chosen = ReadOptions(**options)
    if output is None:
        return as_store(paths, chosen, progress)
    places = [paths] if isinstance(paths, Path | str) else paths
    if isinstance(places, Store):
        raise UsageError("a store is not read again", "open it with open_store")
    return read_traces([Path(place) for place in places], Path(output), chosen, progress)


def reprice(
    source: Paths, output: Path | str | None = None, *, scenario: Scenario | Path | None = None, **options: Any
) -> Store:
    """Price a trace or a store; options are the keys of a scenario. Without an output: into the cache."""
    chosen = _scenario(scenario, options)
    if output is None:
        return as_priced(source, chosen)
    return reprice_store(as_store(source), Path(output), chosen)


def _scenario(scenario: Scenario | Path | None, options: Mapping[str, Any]) -> Scenario:
    """Resolve a scenario, a file with keys on top, or keys alone.

    Raises:
        UsageError: if keys are given beside a scenario that is made already.
    """
    if isinstance(scenario, Scenario):
        if options:
            hint = "scenario.model_copy(update=...) changes one; or name a file, or keys alone"
            raise UsageError(f"a Scenario and keys beside it: {', '.join(options)}", hint)
        return scenario
    return load_scenario(scenario, **options)


def preview(source: Paths, scenario: Scenario | Path | None = None, **options: Any) -> DryRun:
    """List what pricing under a scenario would change, against how the source is priced now; nothing is written.

    A source that is not priced yet is compared with list prices on the day of each call.
    """
    after = _scenario(scenario, options)
    store = as_store(source)
    before = scenario_of(store) if store.manifest.get("kind") == "priced" else Scenario()
    return dry_run(traces_of(store), before, after)


def traces_of(store: Store) -> dict[str, pl.DataFrame]:
    """Give the canonical tables of a store, without the columns pricing adds."""
    return {name: store.scan_raw(name).select(table.schema.names()).collect() for name, table in TABLES.items()}


def coverage(source: Paths, scenario: Scenario | None = None) -> pl.DataFrame:
    """Say by what kind of evidence calls are priced; see ``analyzer.prices.coverage.evidence``."""
    return evidence(as_priced(source, scenario).table("calls"))


def show(source: Paths) -> Summary:
    """Sum up what a store holds: runs, attempts, tokens, dates, coverage, rejects."""
    return summarise(as_store(source))


def audit(source: Paths, tolerance: float | None = None) -> AuditResult:
    """Compare recomputed with recorded dollars and scores, with the causes that can be proven.

    Raises:
        AnalysisError: if the store was priced under a scenario that is not what was billed.
    """
    store = as_priced(source)
    scenario = as_billed(scenario_of(store))
    chosen = TOLERANCE if tolerance is None else tolerance
    return audit_tables(store.tables(), tolerance=chosen, book=load_book(scenario.prices, scenario.catalogue))


def card(source: Paths, *, benchmark: Sequence[str] = ()) -> pl.DataFrame:
    """Give the budget statement beside each score, one row per run."""
    store = as_priced(source)
    notes = deployment_notes(store.manifest)
    return cards(of_benchmarks(store.tables(), benchmark), scenario_of(store), notes=notes)


def curve(name: str, source: Paths, *, benchmark: Sequence[str] = (), **options: str) -> CurveResult:
    """Compute a curve; options are those ``evalreplay curves`` lists for it."""
    store = as_priced(source)
    tables = store.tables()
    result = find(name)(of_benchmarks(tables, benchmark), **options).among(tables["runs"]["agent"])
    stated = (*scenario_notes(scenario_of(store)), *deployment_notes(store.manifest))
    return replace(result, notes=(*stated, *result.notes))


def frontier(
    source: Paths, kind: str = "staircase", *, clock: str = "cost", benchmark: Sequence[str] = (), **options: str
) -> pl.DataFrame:
    """Mark the agents no other beats, per benchmark; clock: "cost" or "time"."""
    if clock not in CLOCKS:
        raise UsageError(f"no clock {clock!r}", f"known: {', '.join(CLOCKS)}")
    return mark_frontier(curve(CLOCKS[clock], source, benchmark=benchmark, **options).frame, kind)


def compare(  # noqa: PLR0913 - the options of a command
    before: Paths,
    after: Paths | None = None,
    *,
    scenario: Scenario | Path | None = None,
    kind: str = "staircase",
    benchmark: Sequence[str] = (),
    tasks: str = "own",
) -> Comparison:
    """Compare two priced traces, or one with itself under a scenario; see ``Comparison``.

    Args:
        before: A; priced at list prices on the day of each call where it is not priced yet.
        after: B; null: A again.
        scenario: How B is priced; null: as it is.
        kind: Definition of the frontier.
        benchmark: Only these benchmarks.
        tasks: "own" or "common", as curves take it.
    """
    chosen = load_scenario(scenario) if isinstance(scenario, Path) else scenario
    stores = as_priced(before), as_priced(before if after is None else after, chosen)
    sides = [Side(of_benchmarks(store.tables(), benchmark), scenario_of(store)) for store in stores]
    one, other = (find(CLOCKS["cost"])(side.priced, tasks=tasks) for side in sides)
    found = compare_sides(sides[0], sides[1], (one, other), kind)
    codes = sorted({side.scenario.currency.code for side in sides if side.scenario.currency is not None})
    in_dollars = f"All amounts here are US dollars; those in {' and '.join(codes)} are in the priced tables."
    return replace(found, notes=(*found.notes, *([in_dollars] if codes else [])))


def history(
    source: Paths,
    start: Moment | None = None,
    end: Moment | None = None,
    *,
    benchmark: Sequence[str] = (),
    scenario: Scenario | None = None,
    **options: Any,
) -> HistoryResult:
    """Price the same rollouts at every date: each run, the cheapest cost of a score, the best agent, the frontier.

    Without a start: from the first entry of an agent; without an end: until when the price files were kept. Options
    are those of ``HistoryOptions``.
    """
    from analyzer.history.compute import history as price_history

    chosen = HistoryOptions(**options)
    first = None if start is None else as_moment("from", start)
    last = None if end is None else as_moment("to", end)
    store = as_priced(source, scenario)
    return price_history(of_benchmarks(store.tables(), benchmark), scenario_of(store), (first, last), chosen)


def tornado(  # noqa: PLR0913 - the options of a command
    source: Paths,
    *,
    by: float = 0.1,
    span: tuple[Moment, Moment] | None = None,
    per: str = "total",
    benchmark: Sequence[str] = (),
    scenario: Scenario | Path | None = None,
    **options: Any,
) -> Tornado:
    """Say what moves a cost: every price and policy as a lever; see ``Tornado``.

    Args:
        source: Traces or a store; priced as it is, or at list prices on the day of each call.
        by: Share prices are moved by.
        span: First and last moment: prices are moved over what they were in between instead.
        per: Whose costs: "total", "agent" or "run".
        benchmark: Only these benchmarks.
        scenario: How to price instead.
        **options: Keys of a scenario.
    """
    tables, base = _question(source, benchmark, scenario, options)
    moments = span and (as_moment("range", span[0]), as_moment("range", span[1]))
    return move_levers(tables, base, by_frac=by, span=moments, per=per)


def montecarlo(  # noqa: PLR0913 - the options of a command
    source: Paths,
    draws: Draws | None = None,
    *,
    budget_usd: float | None = None,
    per: str = "total",
    benchmark: Sequence[str] = (),
    scenario: Scenario | Path | None = None,
    **options: Any,
) -> PriceDraws:
    """Draw prices and say what a trace would cost at them; see ``PriceDraws``. Arguments as those of ``tornado``."""
    tables, base = _question(source, benchmark, scenario, options)
    return draw_prices(tables, base, draws, budget_usd=budget_usd, per=per)


def _question(
    source: Paths, benchmark: Sequence[str], scenario: Scenario | Path | None, options: dict[str, Any]
) -> tuple[dict[str, pl.DataFrame], Scenario]:
    """Canonical tables, and how they are priced: as asked for, as the store is, or by default."""
    store = as_store(source)
    tables = of_benchmarks(traces_of(store), benchmark)
    if isinstance(scenario, Scenario):
        return tables, scenario
    if scenario is None and not options and store.manifest.get("kind") == "priced":
        return tables, scenario_of(store)
    return tables, load_scenario(scenario, **options)


def report(source: Paths, output: Path | str) -> Path:
    """Write the report as one HTML file; under a scenario that is not what was billed it says why there is no audit."""
    from analyzer.report.render import render

    store = as_priced(source)
    tables, scenario = store.tables(), scenario_of(store)
    book = load_book(scenario.prices, scenario.catalogue)
    audited: AuditResult | AnalysisError
    try:
        as_billed(scenario)
        audited = audit_tables(tables, book=book)
    except AnalysisError as error:
        audited = error
    Path(output).write_text(render(tables, store.manifest, audited, book), encoding="utf-8")
    return Path(output)


def sql(source: Paths, statement: str) -> pl.DataFrame:
    """Answer a SQL question on the tables of a store."""
    return query(as_store(source), statement)


def verify(source: Paths, inputs: Path | str | None = None, **options: Any) -> Verification:
    """Hash store and inputs again, read and price again, and say whether the numbers still hold.

    Options are those of ``ReadOptions``, where they are not to be as they were when the store was read.
    """
    return verify_store(as_store(source), None if inputs is None else Path(inputs), options)


def of_benchmarks(tables: dict[str, pl.DataFrame], benchmarks: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Keep the runs of the named benchmarks; none named: all.

    Raises:
        UsageError: if a benchmark is not there.
    """
    if not benchmarks:
        return tables
    known = tables["runs"]["benchmark"].unique().sort().to_list()
    strange = [name for name in benchmarks if name not in known]
    if strange:
        raise UsageError(f"no benchmark {strange[0]!r} here", f"there are: {', '.join(map(str, known))}")
    run_ids = tables["runs"].filter(pl.col("benchmark").is_in(list(benchmarks)))["run_id"].to_list()
    kept = {
        name: frame.filter(pl.col("run_id").is_in(run_ids))
        for name, frame in tables.items()
        if "run_id" in frame.columns
    }
    return {**tables, **kept, "tasks": tables["tasks"].filter(pl.col("benchmark").is_in(list(benchmarks)))}
