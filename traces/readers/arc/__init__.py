"""ARC-AGI results: one submission file a task with every attempt's usage, and the results file that scores them.

A task is a rollout; its attempts at each test pair are its calls. Like ARC itself, the cost counts every attempt, also
those after a right one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from traces.readers.arc.file import is_results
from traces.readers.arc.tables import parse
from traces.registry import Peek, Reader, Source, SourceFile


def _group(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make one unit of the submissions of a folder, and of the results file in it."""
    folders: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        folders[str(file.path.parent)].append(file)
    for members in folders.values():
        name = members[0].name.rpartition("/")[0] or members[0].name
        yield Source(name if len(members) > 1 else members[0].name, tuple(members))


def sniff(seen: Peek) -> bool:
    """Recognise a results file by its totals, a submission by an attempt with its metadata."""
    start = seen.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_submission = start.startswith(b"[") and b'"attempt_1"' in start and b'"metadata"' in start
    return is_submission or (start.startswith(b"{") and is_results(seen))


READER = Reader(
    name="arc",
    summary="ARC-AGI submissions (one file a task, every attempt with its usage), and the results.json with scores.",
    upstream=("arcprize/arc-agi-benchmarking 2025-02 to 2026-07",),
    token_convention=(
        "Chat Completions usage for every provider; no cache split. Reasoning lies outside completion_tokens where "
        "total_tokens adds it."
    ),
    blind_spots=(
        "Costs are ARC's, at the prices in its models.yml, without any cache or batch discount; all attempts count.",
        "Failed attempts are null in the file: what they used is recorded nowhere.",
        "Which edition of ARC-AGI the tasks come from is not in the files.",
        "Without a results file or the flag correct there is no score.",
    ),
    sniff=sniff,
    names=("attempt_1 metadata", "task_results total_attempts"),
    parse=parse,
    group=_group,
    fills=(
        "runs.benchmark", "runs.model", "runs.reasoning_effort", "runs.settings", "runs.submissions_allowed",
        "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule", "runs.started_at",
        "runs.ended_at", "runs.recorded_score", "runs.recorded_cost_usd", "runs.recorded_n_rollouts", "tasks.benchmark",
        "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at",
        "rollouts.wall_s", "rollouts.model_s", "rollouts.time_basis", "rollouts.n_calls", "rollouts.recorded_cost_usd",
        "scores.value", "scores.is_success", "scores.call_index", "calls.call_index", "calls.provider", "calls.model",
        "calls.started_at", "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens",
        "calls.output_tokens", "calls.reasoning_tokens", "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
