"""OpenHands index: the scores of one agent on several benchmarks, and its instances where they are listed.

The lists of instances lie in a folder beside the scores, one file a benchmark that is named by the file.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count
from traces.document import read_document
from traces.files import peek
from traces.registry import Batch, Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import digest, frame_of, known_usd, reported_moment
from traces.schema import CALLS, ROLLOUTS, RUNS, TASKS

Row = dict[str, Any]
_SAME: Final = 1e-6
_ROUNDED_SCORE: Final = 0.0006  # published as per cent with one digit
_ROUNDED_USD: Final = 0.006  # published in cents


class Score(msgspec.Struct):
    """Score on one benchmark, in per cent; the mean cost was first called cost_per_problem."""

    benchmark: str | None = None
    score: float | None = None
    metric: str | None = None
    cost_per_instance: Count = None
    cost_per_problem: Count = None
    average_runtime: Count = None
    agent_version: str | None = None
    acp_agent_name: str | None = None
    acp_agent_version: str | None = None
    submission_time: str | None = None

    @property
    def mean_usd(self) -> float | None:
        """Published mean cost of an instance; 0 is that of an agent that does not tell: not known."""
        return known_usd(self.cost_per_problem if self.cost_per_instance is None else self.cost_per_instance)

    @property
    def scaffold(self) -> str | None:
        """Agent of another maker that OpenHands ran, from April 2026 on."""
        return " ".join(filter(None, (self.acp_agent_name, self.acp_agent_version))) or None


class Instance(msgspec.Struct, gc=False):
    """One instance of a benchmark."""

    cost: Count = None
    resolved: bool | None = None


class Metadata(msgspec.Struct):
    """Who was scored."""

    agent_name: str | None = None
    agent_version: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class _Listed:
    """Instances of a benchmark, the file they are in, and whether their costs are costs of their own."""

    file: SourceFile
    instances: Mapping[str, Instance]
    costs: Mapping[str, float | None]


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the folder of an agent to a run for each benchmark."""
    scores, listed, metadata = _read(source, log)
    for name in sorted({*scores, *listed}):
        score, found = scores.get(name, Score(name)), listed.get(name)
        run_id = f"openhands-index-{_digest(score, metadata, found)}"
        rows = _rows(run_id, name, metadata.model, found)
        run = _run_row(run_id, score, metadata, found)
        if found is not None:
            _compare(run, score, found, log)
        if not rows["calls"]:
            total = {"call_id": f"{run_id}#total", "granularity": "run", "n_requests": None, "model": metadata.model}
            rows["calls"] = [{"run_id": run_id, **total, PATH_COLUMN: source.name}]
        tables = {table.name: table for table in (TASKS, ROLLOUTS, CALLS)}
        yield {"runs": _run_frame(run, score, source, log)} | {
            name: frame_of(tables[name], part) for name, part in rows.items() if part
        }


def _read(source: Source, log: RejectLog) -> tuple[dict[str, Score], dict[str, _Listed], Metadata]:
    scores: dict[str, Score] = {}
    listed: dict[str, _Listed] = {}
    for file in source.files:
        if _is_scores(peek(file.path)):
            for number, score in enumerate(read_document(file, list[Score], log) or ()):
                if score.benchmark is None:
                    log.malformed(file.name, f"[{number}]", "no benchmark")
                elif scores.setdefault(score.benchmark, score) is not score:
                    log.contradiction(
                        file.name, f"[{number}]", f"a second score on {score.benchmark}; the first counts"
                    )
        else:
            instances = read_document(file, dict[str, Instance], log) or {}
            name = file.path.name.split(".json")[0]
            listed[name] = _Listed(file, instances, _costs(instances, file, log))
    metadata = next((read_document(file, Metadata, log) for file in source.companions), None)
    return scores, listed, metadata or Metadata()


def _digest(score: Score, metadata: Metadata, found: _Listed | None) -> str:
    instances = sorted(found.instances.items()) if found else []
    verdicts = [(name, instance.resolved, instance.cost) for name, instance in instances]
    published = (score.benchmark, score.score, score.mean_usd, score.submission_time)
    return digest([repr((metadata.agent_name, metadata.model, published, verdicts))])


def _costs(instances: Mapping[str, Instance], file: SourceFile, log: RejectLog) -> Mapping[str, float | None]:
    """Cost by instance; 0 is not known, and one cost for all instances is a mean that was written to each."""
    costs = {name: known_usd(instance.cost) for name, instance in instances.items()}
    distinct = {cost for cost in costs.values() if cost is not None}
    if len(costs) > 1 and len(distinct) == 1 and None not in costs.values():
        log.contradiction(file.name, "cost", f"every instance costs {distinct.pop()}: a mean, not their costs")
        return dict.fromkeys(costs)
    return costs


def _rows(run_id: str, benchmark: str, model: str | None, found: _Listed | None) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    if found is None:
        return rows
    for task_id, instance in sorted(found.instances.items()):
        rollout_id, cost = f"{run_id}/{task_id}/0", found.costs[task_id]
        key = {"run_id": run_id, "rollout_id": rollout_id, PATH_COLUMN: found.file.name, PLACE_COLUMN: task_id}
        score = None if instance.resolved is None else float(instance.resolved)
        attempt = {"benchmark": benchmark, "task_id": task_id, "attempt": 0, "recorded_cost_usd": cost}
        total = {"call_id": f"{rollout_id}#total", "granularity": "rollout", "n_requests": None, "model": model}
        rows["tasks"].append({"benchmark": benchmark, "task_id": task_id})
        rows["rollouts"].append({**key, **attempt, "score": score, "is_success": instance.resolved})
        rows["calls"].append({**key, **total, "claimed_cost_usd": cost})
    return rows


def _run_row(run_id: str, score: Score, metadata: Metadata, found: _Listed | None) -> Row:
    version = score.agent_version or metadata.agent_version
    scaffold = " ".join(filter(None, (metadata.agent_name, version, score.scaffold))) or None
    n, mean = len(found.instances) if found else None, score.mean_usd
    told = {"metric": score.metric, "mean_cost_usd": mean, "mean_runtime_s": score.average_runtime or None}
    return {
        "run_id": run_id, "benchmark": score.benchmark, "scaffold": scaffold, "model": metadata.model,
        "agent": " + ".join(filter(None, (scaffold, metadata.model))) or "unknown",
        "settings": json.dumps(told, sort_keys=True), "score_metric": score.metric, "score_min": 0.0, "score_max": 1.0,
        "success_rule": "resolved", "source_format": "openhands_index",
        "recorded_score": None if score.score is None else score.score / 100, "recorded_n_rollouts": n,
        "recorded_cost_usd": None if mean is None or n is None else mean * n,
    }  # fmt: skip


def _compare(run: Row, score: Score, found: _Listed, log: RejectLog) -> None:
    """Report published figures that the listed instances do not give, or give by construction alone."""
    resolved = [instance.resolved for instance in found.instances.values()]
    mean = sum(map(bool, resolved)) / len(resolved) if resolved else None
    stated, name = run["recorded_score"], found.file.name
    if mean is not None and stated is not None and None not in resolved and abs(mean - stated) > _ROUNDED_SCORE:
        log.contradiction(name, "resolved", f"published score {stated:.4f}, the instances give {mean:.4f}")
    costs, stated_usd = list(found.costs.values()), score.mean_usd
    known = [cost for cost in costs if cost is not None]
    if stated_usd is None or not known:
        return
    means = [sum(known) / n for n in sorted({len(known), len(costs)})]  # some means leave out what is not known
    if any(abs(mean_usd - stated_usd) <= _SAME for mean_usd in means) and len(set(known)) > 1:
        log.contradiction(name, "cost", "costs add up to the published mean exactly: scaled to it, no evidence for it")
    elif all(abs(mean_usd - stated_usd) > _ROUNDED_USD for mean_usd in means):
        log.contradiction(name, "cost", f"published mean ${stated_usd:.4f}, the instances give ${means[0]:.4f}")


def _run_frame(run: Row, score: Score, source: Source, log: RejectLog) -> pl.DataFrame:
    file = SourceFile(source.files[0].path, source.name)
    at = reported_moment(score.submission_time, file, "submission_time", log)
    return frame_of(RUNS, [{**run, "ended_at": at.at, "source_path": source.name}], source.name)


def _is_scores(seen: Peek) -> bool:
    start = seen.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    has_cost = b'"cost_per_instance"' in start or b'"cost_per_problem"' in start or b'"average_runtime"' in start
    return start.startswith(b"[") and b'"benchmark"' in start and b'"score"' in start and has_cost


def sniff(seen: Peek) -> bool:
    """Recognise scores by their mean costs, a list of instances by its first entry."""
    return _is_scores(seen) or _INSTANCES.match(seen.start) is not None


_INSTANCES: Final = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"[^"]+"\s*:\s*\{(?=[^{}]*"cost"\s*:)(?=[^{}]*"resolved"\s*:)\s*"(?:cost|resolved)"\s*:'
)


def _is_metadata(seen: Peek) -> bool:
    return b'"agent_name"' in seen.start and b'"openness"' in seen.start


def _group(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put lists of instances with the scores one folder up, if these are there."""
    homes = {str(file.path.parent) for file in files if _is_scores(peek(file.path))}
    folders: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        above = str(file.path.parent.parent)
        folders[above if above in homes else str(file.path.parent)].append(file)
    for folder, members in folders.items():
        beside = tuple(file for file in companions if str(file.path.parent) == folder)
        yield Source(members[-1].name, tuple(members), beside)


READER = Reader(
    name="openhands_index",
    summary="OpenHands index: scores.json of an agent, metadata.json, and its instance_results folder.",
    upstream=("OpenHands/openhands-index-results 2025-11 to 2026-07",),
    token_convention="No tokens: scores, costs and mean runtimes only.",
    blind_spots=(
        "Runtime is a mean of the benchmark, kept in settings; no instance has a time.",
        "A cost of 0 is that of an agent that does not tell it, one cost for all instances a mean: not known.",
        "Which benchmark a list of instances belongs to is told by the name of its file alone.",
        "Costs scaled to the published mean are listed in rejects, and kept.",
    ),
    sniff=sniff,
    names=("benchmark score", "cost resolved"),
    parse=parse,
    group=_group,
    is_companion=_is_metadata,
    companion_names=("agent_name openness",),
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.success_rule", "runs.ended_at", "runs.recorded_score", "runs.recorded_cost_usd",
        "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success",
        "rollouts.recorded_cost_usd", "calls.model", "calls.claimed_cost_usd",
    ),
)  # fmt: skip
