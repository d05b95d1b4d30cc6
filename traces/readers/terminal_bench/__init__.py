"""Terminal-Bench 1.x runs: the results file of a run or those of its trials, and the metadata beside them."""

import re
from typing import Final

from traces.readers.terminal_bench.file import group_runs
from traces.readers.terminal_bench.tables import parse
from traces.registry import Peek, Reader

_TRIAL: Final = tuple(re.compile(rb'"%s"\s*:' % key) for key in (b"trial_name", b"task_id", b"instruction"))
_RESULT: Final = re.compile(rb'"(is_resolved|failure_mode|total_input_tokens|parser_results)"\s*:')
_METADATA: Final = tuple(re.compile(rb'"%s"\s*:' % key) for key in (b"agent_name", b"n_concurrent_trials"))

_LOCK: Final = tuple(re.compile(rb'"%s"\s*:' % key) for key in (b"lockfile_version", b"run_config"))


def sniff(peek: Peek) -> bool:
    """Recognise a trial, alone or as the first of a run, by its keys; its instruction may be long."""
    is_trial = peek.start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    has_result = _RESULT.search(peek.start) or _RESULT.search(peek.end)
    return is_trial and has_result is not None and all(key.search(peek.start) for key in _TRIAL)


def is_metadata(peek: Peek) -> bool:
    """Recognise a run's metadata or its lock: which agent, which model, which tasks."""
    return any(all(key.search(peek.start) for key in keys) for keys in (_METADATA, _LOCK))


READER = Reader(
    name="terminal_bench",
    summary="Terminal-Bench 1.x: results.json of a run, or those of its trials, with the run's metadata beside them.",
    upstream=("terminal-bench 0.1 to 0.2.18", "runs of laude-institute/terminal-bench-leaderboard at 8e1925a"),
    token_convention=(
        "total_input_tokens and total_output_tokens are sums of LiteLLM's prompt and completion tokens, or of a local "
        "counter; what was cached is not told; 0 is not known."
    ),
    blind_spots=(
        "Most installed agents report 0 tokens, and so does a trial that timed out: a mean over known ones is too low.",
        "Both levels have one file name: where the run's file lists a trial, the trial's own file is not read again.",
        "No model call is listed; latency_s of the total is the agent's time, tools and waiting included.",
        "agent_timeout ends the agent, not the trial: its tests still count.",
        "A trial without a verdict counts as failed upstream; here its score is not known.",
        "Without run_metadata.json or tb.lock the agent and the model are not known.",
        "Where these name no model, runs of an agent on several models go by one name.",
    ),
    sniff=sniff,
    names=("trial_name task_id instruction",),
    parse=parse,
    group=group_runs,
    is_companion=is_metadata,
    companion_names=("agent_name n_concurrent_trials", "lockfile_version run_config"),
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_s",
        "runs.submissions_allowed",
        "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule", "runs.started_at",
        "runs.ended_at", "runs.recorded_score", "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark",
        "rollouts.score", "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s",
        "rollouts.time_basis", "rollouts.native_id", "scores.value", "scores.is_success", "calls.provider",
        "calls.model", "calls.started_at",
        "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.output_tokens",
    ),
)  # fmt: skip
