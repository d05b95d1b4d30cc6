"""Which entries of the boards are the same run: boards repeat runs under other names."""

from collections.abc import Iterator, Sequence
from typing import Final

import xxhash

from traces.files import printable
from traces.readers.swebench_leaderboards.file import Run
from traces.rejects import RejectLog

_ROUNDED: Final = 0.005
"""Scores are in percent, with two decimals at most."""


def named_runs(runs: Sequence[Run], path: str, log: RejectLog) -> Iterator[tuple[str, Run]]:
    """Give each run once, with its id; a copy is listed, and a contradiction where it states another score."""
    seen: dict[tuple[object, ...], tuple[str, Run]] = {}
    for run in runs:
        marks = list(_marks(run))
        found = next((seen[mark] for mark in marks if mark in seen), None)
        if found is not None:
            _report(run, *found, path, log)
        named = found or (_run_id(run), run)
        seen |= {mark: named for mark in marks if mark not in seen}
        if found is None:
            yield named


def _marks(run: Run) -> Iterator[tuple[object, ...]]:
    """What no two runs on one benchmark share: id, folder, trajectories; score, day and model together."""
    result = run.result
    yield "id", _run_id(run)
    if result.folder:
        yield run.benchmark, "folder", result.folder
    if isinstance(result.trajs, str) and result.trajs:
        yield run.benchmark, "trajs", result.trajs.rstrip("/")
    if result.name and result.date and result.resolved is not None:
        yield run.benchmark, "score", result.resolved, result.date, result.name.rpartition(" + ")[2]


def _run_id(run: Run) -> str:
    """Name a run by its instances, else by its folder: no other run has them."""
    if not run.instances:
        return f"{run.benchmark}-{printable(run.result.folder or run.result.name or '')}"
    told = "\n".join(
        f"{task} {one.resolved} {one.cost_usd} {one.n_calls}" for task, one in sorted(run.instances.items())
    )
    return f"swe-bench-{xxhash.xxh3_128_hexdigest(told.encode())[:12]}"


def _report(run: Run, run_id: str, first: Run, path: str, log: RejectLog) -> None:
    log.duplicate(path, run.place, run_id, f"the same run as {first.place}")
    scores = (run.result.resolved, first.result.resolved)
    if None not in scores and abs(scores[0] - scores[1]) > _ROUNDED:  # type: ignore[operator]
        log.contradiction(path, run.place, f"{scores[0]} % resolved here, {scores[1]} % in {first.place}")
