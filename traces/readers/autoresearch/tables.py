"""An autoresearch log as canonical tables: one rollout, its experiments and their running best as scores."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import gt, lt
from typing import Any, Final

import polars as pl
import xxhash

from traces.byte_lines import byte_lines
from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.schema import SCORES

_COLUMNS: Final = frozenset({"commit", "status", "description"})
_LOSS: Final = re.compile(r"(\w+_)?(bpb|loss|ppl|perplexity|nll|rmse|mse|mae|mape|wer|cer|err|error|latency(_m?s)?)")
_NUMBER: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_NOTHING: Final = frozenset({"", "-", "na", "n/a", "none", "?"})
_KEPT: Final = frozenset({"keep", "kept", "baseline"})
_CRASHED: Final = frozenset({"crash", "crashed", "error", "timeout"})
_BENCHMARK: Final = "autoresearch"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row of the log; value null: it crashed, or none was written."""

    place: str
    commit: str
    value: float | None
    is_kept: bool


def metric_of(header: Sequence[str]) -> str | None:
    """Name the column of the metric, the one after the commit; null where the header is not that of a log."""
    is_log = header[:1] == ["commit"] and set(header) >= _COLUMNS and len(set(header)) == len(header)
    return header[1] if is_log and header[1] and header[1] not in _COLUMNS else None


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map a log to its one run and rollout."""
    file = source.files[0]
    metric, experiments = _read(file, log)
    if metric is None or not experiments:
        log.malformed(file.name, "", "no experiment in it")
        return
    told = "\n".join(f"{one.commit} {one.value} {one.is_kept}" for one in experiments)
    run_id = f"autoresearch-{xxhash.xxh3_128_hexdigest(told.encode())[:12]}"
    is_higher_better = _is_higher_better(metric, experiments)
    rollout_id, bests = f"{run_id}/{metric}/0", _running_best(experiments, max if is_higher_better else min)
    run = {
        "run_id": run_id, "benchmark": _BENCHMARK, "scaffold": _BENCHMARK, "agent": _BENCHMARK, "score_metric": metric,
        "score_min": 0.0 if _is_loss(metric) else None, "is_higher_better": is_higher_better,
        "source_format": _BENCHMARK, "source_path": source.name, "recorded_n_rollouts": 1,
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
        "runs": pl.DataFrame([run], schema_overrides={"score_min": pl.Float64}),
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
    is_number = _NUMBER.fullmatch(written) is not None
    if not is_number and written.lower() not in _NOTHING:
        log.malformed(path, f"{place}.{metric}", f"{written[:40]!r} is not a number")
    value = float(written) if is_number else None
    is_known = status not in _CRASHED and value is not None and (value > 0 or not _is_loss(metric))
    return Experiment(place, row["commit"].strip(), value if is_known else None, status in _KEPT)


def _is_loss(metric: str) -> bool:
    """Tell by its name a metric that is better the lower it is, and never 0 in earnest."""
    return _LOSS.fullmatch(metric.lower()) is not None


def _is_higher_better(metric: str, experiments: Sequence[Experiment]) -> bool:
    """Direction of a metric: a loss falls; of others what was kept tells, as it is kept for being better."""
    kept = [one.value for one in experiments if one.is_kept and one.value is not None]
    n_rises, n_falls = (sum(op(now, then) for then, now in pairwise(kept)) for op in (gt, lt))
    return not _is_loss(metric) and n_rises >= n_falls


def _running_best(experiments: Sequence[Experiment], better: Callable[[float, float], float]) -> list[float | None]:
    """The best value of an experiment that was kept, up to and with each; null before the first."""
    best: float | None = None
    bests = []
    for one in experiments:
        if one.is_kept and one.value is not None:
            best = one.value if best is None else better(best, one.value)
        bests.append(best)
    return bests


def _scores(
    run_id: str, rollout_id: str, metric: str, experiments: Sequence[Experiment], bests: Sequence[float | None]
) -> pl.DataFrame:
    """Each experiment's own value and the running best after it, and the best in the end."""
    rows: list[dict[str, Any]] = []
    for number, (one, best) in enumerate(zip(experiments, bests, strict=True)):
        shared = {"event": "intermediate", "call_index": number, PLACE_COLUMN: one.place}
        rows += [
            {"metric": metric, "value": one.value, **shared},
            {"metric": f"best_{metric}", "value": best, **shared},
        ]
    rows.append({"metric": f"best_{metric}", "value": bests[-1], "event": "final"})
    schema = {name: SCORES.schema[name] for name in ("metric", "value", "event", "call_index")}
    frame = pl.DataFrame(rows, schema={**schema, PLACE_COLUMN: pl.String})
    return frame.with_columns(run_id=pl.lit(run_id), rollout_id=pl.lit(rollout_id))
