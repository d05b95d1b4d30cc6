"""SWE-bench leaderboards: the site's JSON of all boards, and Parquet tables of its per-instance details."""

import re
from typing import Final

from traces.parquet import has_columns
from traces.readers.swebench_leaderboards.file import embedded
from traces.readers.swebench_leaderboards.tables import parse
from traces.registry import Peek, Reader

_COLUMNS: Final = ("model", "task", "cost", "api_calls", "resolved")
_BOARDS: Final = re.compile(rb'^\s*(?:\{\s*"leaderboards"\s*:\s*)?\[\s*\{')
_RESULTS: Final = re.compile(rb'"results"\s*:\s*\[')
_DETAILS: Final = re.compile(rb'^\s*\{\s*"[^"\\]+__[^"\\]+-\d+"\s*:\s*\{[^{}]*\}')
_ENTRY: Final = re.compile(rb'"(per_instance_details|instance_cost|os_system|trajs)"\s*:')


def sniff(peek: Peek) -> bool:
    """Recognise a list of boards of results by the keys only they have, or details of instances by their names."""
    start = peek.start.removeprefix(b"\xef\xbb\xbf")
    boards = embedded(start) if start.lstrip().startswith(b"<") else start
    is_boards = all(pattern.search(boards) for pattern in (_BOARDS, _RESULTS, _ENTRY))
    first = _DETAILS.match(start)
    is_details = first is not None and b'"api_calls"' in first[0] and b'"resolved"' in first[0]
    return is_boards or is_details or has_columns(peek, _COLUMNS)


READER = Reader(
    name="swebench_leaderboards",
    summary=(
        "SWE-bench leaderboards: leaderboards.json of the site, alone or in its page, or per-instance details of one "
        "run as JSON, of many as a Parquet table."
    ),
    upstream=("SWE-bench/swe-bench.github.io data/leaderboards.json 2025-06 to 2026-10",),
    token_convention="No tokens: dollars and number of calls of each instance, or of the run alone.",
    blind_spots=(
        "A run on several boards counts once: same folder, trajectories or details, or same score, day and model.",
        "A published score the verdicts of the instances do not give is a contradiction in rejects; both stand.",
        "The published cost must be the sum of the per-instance ones, else it is a contradiction too.",
        "Zero dollars of a run that made calls, and zero calls in all of a run, are not known.",
        "Only mini-SWE-agent (bash-only) runs have dollars, calls and verdicts of instances, the others a score alone.",
        "No stop reason, except where a Parquet table says hit_limit; no clock; date is the day of the submission.",
        "Runs on several models name none; per-instance details on their own name neither agent nor model.",
    ),
    sniff=sniff,
    names=(
        "api_calls resolved",
        "results per_instance_details",
        "results instance_cost",
        "results os_system",
        "results trajs",
    ),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings",
        "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule",
        "runs.recorded_score", "runs.recorded_cost_usd", "runs.recorded_n_rollouts", "tasks.benchmark",
        "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.n_calls", "rollouts.recorded_cost_usd",
        "calls.model", "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
