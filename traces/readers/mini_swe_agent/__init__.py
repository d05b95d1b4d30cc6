"""mini-SWE-agent run folders: one trajectory file per task, and whichever score file lies beside them."""

from traces.readers.mini_swe_agent.tables import parse
from traces.readers.mini_swe_agent.verdicts import SCORE_NAMES, group_runs, is_score_file
from traces.registry import Peek, Reader


def sniff(peek: Peek) -> bool:
    """Recognise a trajectory by its format mark at either end, or by the header older versions write."""
    if not peek.start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    return _is_marked(peek.end) or _is_marked(peek.start) or _has_old_header(peek.start)


def _is_marked(part: bytes) -> bool:
    return b'"trajectory_format"' in part and b'"mini-swe-agent' in part


def _has_old_header(start: bytes) -> bool:
    return b'"mini_version"' in start and b'"model_stats"' in start


READER = Reader(
    name="mini_swe_agent",
    summary="mini-SWE-agent run folders: `.traj.json` files (plain, .gz, .zst) and the score file beside them.",
    upstream=("SWE-agent/mini-swe-agent 1.0-1.17 (mini-swe-agent-1)", "2.x (mini-swe-agent-1.1)"),
    token_convention=(
        "Chat Completions usage: prompt_tokens include cached tokens. Where a provider reports more reasoning than "
        "completion in any call, its reasoning lies outside completion_tokens: output gets a low and a high value."
    ),
    blind_spots=(
        "Version 1 stamps a call only when its response was created: call and rollout times are lower bounds.",
        "Calls that failed and were retried are not in the trajectory.",
        "Without a score file beside the trajectories scores are null.",
    ),
    sniff=sniff,
    names=("trajectory_format", "mini_version model_stats"),
    parse=parse,
    group=group_runs,
    is_companion=is_score_file,
    companion_names=SCORE_NAMES,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_usd", "runs.limit_turns",
        "runs.limit_s", "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max",
        "runs.success_rule", "runs.started_at", "runs.ended_at", "runs.recorded_score", "runs.recorded_n_rollouts",
        "tasks.benchmark",
        "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at",
        "rollouts.wall_s", "rollouts.time_basis", "rollouts.n_calls", "rollouts.recorded_cost_usd", "calls.call_index",
        "calls.provider", "calls.upstream_provider", "calls.model", "calls.started_at", "calls.time_basis",
        "calls.input_tokens", "calls.uncached_input_tokens", "calls.cache_read_tokens", "calls.cache_write_5m_tokens",
        "calls.cache_write_1h_tokens", "calls.cache_write_unspecified_tokens", "calls.output_tokens",
        "calls.reasoning_tokens", "calls.n_requests", "calls.recorded_cost_usd", "calls.claimed_cost_usd",
    ),
)  # fmt: skip
