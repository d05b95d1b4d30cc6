"""An autoresearch log as canonical tables: one rollout, its experiments and their running best as scores."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import xxhash

from traces.byte_lines import byte_lines
from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.schema import SCORES

_COLUMNS: Final = frozenset({"commit", "status", "description"})
_LOSS: Final = re.compile(r"(\w+_)?(bpb|loss)")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_KEPT: Final = "keep"
_CRASHED: Final = "crash"
_BENCHMARK: Final = "autoresearch"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row of the log; loss null: it crashed, or none was written."""

    place: str
    commit: str
    loss: float | None
    is_kept: bool


def metric_of(header: Sequence[str]) -> str | None:
    """Name the column of the loss, or null where the header is not that of a log."""
    losses = [name for name in header if _LOSS.fullmatch(name)]
    return losses[0] if header[:1] == ["commit"] and set(header) >= _COLUMNS and len(losses) == 1 else None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a log to its one run and rollout."""
    file = source.files[0]
    metric, experiments = _read(file, log)
    if metric is None or not experiments:
        log.malformed(file.name, "", "no experiment in it")
        return
    told = "\n".join(f"{one.commit} {one.loss} {one.is_kept}" for one in experiments)
    run_id = f"autoresearch-{xxhash.xxh3_128_hexdigest(told.encode())[:12]}"
    rollout_id, bests = f"{run_id}/{metric}/0", _running_best(experiments)
    run = {
        "run_id": run_id, "benchmark": _BENCHMARK, "scaffold": _BENCHMARK, "agent": _BENCHMARK, "score_metric": metric,
        "score_min": 0.0, "is_higher_better": False, "source_format": _BENCHMARK, "source_path": source.name,
        "recorded_n_rollouts": 1,
    }  # fmt: skip
    rollout = {
        "run_id": run_id, "rollout_id": rollout_id, "benchmark": _BENCHMARK, "task_id": metric, "attempt": 0,
        "score": bests[-1],
    }  # fmt: skip
    charge = {
        "run_id": run_id, "rollout_id": rollout_id, "kind": "experiments", "quantity": float(len(experiments)),
        "unit": "experiments",
    }  # fmt: skip
    calls = {
        "run_id": run_id, "rollout_id": rollout_id, "call_id": f"{rollout_id}#untold", "granularity": "rollout",
        "n_requests": None,
    }  # fmt: skip
    scores = _scores(run_id, rollout_id, metric, experiments, bests)
    yield {
        "runs": pl.DataFrame([run]),
        "tasks": pl.DataFrame([{"benchmark": _BENCHMARK, "task_id": metric}]),
        "rollouts": pl.DataFrame([rollout], schema_overrides={"score": pl.Float64}),
        "scores": scores.with_columns(pl.lit(file.name).alias(PATH_COLUMN)),
        "calls": pl.DataFrame([calls], schema_overrides={"n_requests": pl.Int64}),
        "charges": pl.DataFrame([charge]),
    }


def _read(file: SourceFile, log: RejectLog) -> tuple[str | None, list[Experiment]]:
    experiments: list[Experiment] = []
    header: list[str] = []
    for number, line in byte_lines(file, log):
        if number == 1:
            header = log.text(file.name, line).strip().split("\t")
        elif line.strip() and metric_of(header) is not None:
            one = _experiment(line, f"line {number}", header, file.name, log)
            experiments += [one] if one is not None else []
    return metric_of(header), experiments


def _experiment(line: bytes, place: str, header: Sequence[str], path: str, log: RejectLog) -> Experiment | None:
    """Read one row; the description, which comes last, may hold tabs."""
    metric = metric_of(header) or ""
    cells = log.text(path, line).rstrip("\r\n").split("\t", len(header) - 1)
    row = dict(zip(header, cells, strict=False))
    written, status = row.get(metric, "").strip(), row.get("status", "").strip().lower()
    if not status:
        log.malformed(path, place, f"{len(cells)} cells, no status: no whole experiment")
        return None
    if written and _NUMBER.fullmatch(written) is None:
        log.malformed(path, f"{place}.{metric}", f"{written[:40]!r} is not a number")
        written = ""
    loss = float(written) if written else None
    is_known = status != _CRASHED and loss is not None and loss > 0
    return Experiment(place, row["commit"].strip(), loss if is_known else None, status == _KEPT)


def _running_best(experiments: Sequence[Experiment]) -> list[float | None]:
    """The lowest loss of an experiment that was kept, up to and with each; null before the first."""
    best: float | None = None
    bests = []
    for one in experiments:
        if one.is_kept and one.loss is not None:
            best = one.loss if best is None else min(best, one.loss)
        bests.append(best)
    return bests


def _scores(
    run_id: str, rollout_id: str, metric: str, experiments: Sequence[Experiment], bests: Sequence[float | None]
) -> pl.DataFrame:
    """Each experiment's own loss and the running best after it, and the best in the end."""
    rows: list[dict[str, Any]] = []
    for number, (one, best) in enumerate(zip(experiments, bests, strict=True)):
        shared = {"event": "intermediate", "call_index": number, PLACE_COLUMN: one.place}
        rows += [{"metric": metric, "value": one.loss, **shared}, {"metric": f"best_{metric}", "value": best, **shared}]
    rows.append({"metric": f"best_{metric}", "value": bests[-1], "event": "final"})
    schema = {name: SCORES.schema[name] for name in ("metric", "value", "event", "call_index")}
    frame = pl.DataFrame(rows, schema={**schema, PLACE_COLUMN: pl.String})
    return frame.with_columns(run_id=pl.lit(run_id), rollout_id=pl.lit(rollout_id))
