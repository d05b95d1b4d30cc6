"""Agents and books for tests of a history: a test names only what it is about."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from builders import call, frame, rollout, run, tables
from price_rows import day, price, rows_of

from analyzer.history.compute import history
from analyzer.history.options import HistoryOptions, HistoryResult
from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.schema import MODEL_FACTS

MILLION = 1_000_000
JULY = day(7)
Row = dict[str, Any]


def agent(  # noqa: PLR0913 - a builder names everything a test may be about
    name: str,
    model: str,
    scores: Sequence[float | None] = (1.0,),
    *,
    turns: int = 1,
    benchmark: str = "bench",
    of_run: Row | None = None,
    **usage: Any,
) -> dict[str, list[Row]]:
    """Give an agent one run with a rollout per score; each turn is a call of a million output tokens on 2 January."""
    run_id = f"run of {name} on {benchmark}"
    owned = {"run_id": run_id, "benchmark": benchmark}
    tasks = [f"task {number}" for number in range(len(scores))]
    used = {"started_at": day(1, 2), "output_tokens": MILLION, **usage}
    return {
        "runs": [run(**owned, agent=name, model=model, score_min=0.0, score_max=1.0, **(of_run or {}))],
        "rollouts": [rollout(**owned, task_id=task, score=score) for task, score in zip(tasks, scores, strict=True)],
        "calls": [
            call(run_id=run_id, rollout_id=f"{run_id}/{task}/0", call_index=turn, model=model, **used)
            for task in tasks
            for turn in range(turns)
        ],
    }


def fact(model: str, release: date | None = None, retired: date | None = None) -> Row:
    """Give a row of MODEL_FACTS."""
    days = {"release_date": release, "retired_date": retired}
    return {"provider": "acme", "model": model, "source": "test", **days}


def output(model: str, *steps: tuple[datetime | None, float], **values: Any) -> list[Row]:
    """Prices of output that follow each other, each from a moment on; input is free."""
    ends = [*(since for since, _ in steps[1:]), None]
    rows = [
        price("output", usd, since, model=model, effective_until=end, **values)
        for (since, usd), end in zip(steps, ends, strict=True)
    ]
    return [*rows, price("uncached_input", 0, steps[0][0], model=model, **values)]


def listed(*rows: Row, facts: Sequence[Row] = (), through: datetime | None = JULY) -> PriceBook:
    """Give a book whose files were kept until July."""
    return PriceBook(rows_of(*rows), models=frame(MODEL_FACTS, *facts), checked_through=through)


def followed(
    book: PriceBook,
    *agents: dict[str, list[Row]],
    start: datetime | None = None,
    end: datetime | None = None,
    scenario: Scenario | None = None,
    **options: Any,
) -> HistoryResult:
    """Follow agents through time."""
    return history(priced(book, *agents), scenario or Scenario(), (start, end), HistoryOptions(**options), book)


def priced(book: PriceBook, *agents: dict[str, list[Row]]) -> dict[str, pl.DataFrame]:
    """Price the runs of agents, each call at its own time."""
    whole: dict[str, list[Row]] = {
        name: [row for each in agents for row in each.get(name, [])]
        for name in ("runs", "rollouts", "calls", "charges")
    }
    return reprice_tables(tables(**whole), Scenario(), book)
