"""Harbor trial results and ATIF trajectories: a job folder is a unit, a trial and the trajectories in it a rollout."""

from traces.readers.harbor.group import group, is_job, is_trajectory, is_trial
from traces.readers.harbor.tables import parse
from traces.registry import Peek, Reader


def sniff(peek: Peek) -> bool:
    """Recognise a trial result by its keys, an ATIF document by its version."""
    if not peek.start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    return is_trajectory(peek) or is_trial(peek)


READER = Reader(
    name="harbor",
    summary="Harbor job folders (one result.json a trial, and the trajectories beside it) and ATIF trajectories alone.",
    upstream=("harbor-framework/harbor 0.1-0.25 (TrialResult)", "ATIF v1.0-v1.8"),
    token_convention=(
        "prompt_tokens and n_input_tokens include cached tokens and cache writes; these show only in metrics.extra, "
        "and are unknown without it. A trajectory that has more cached than sent, or whose total_tokens add the cache, "
        "left it out. Steps that exceed the totals are read as repeats or as running totals if they then add up."
    ),
    blind_spots=(
        "Costs are the agent's own or LiteLLM's estimate, not a bill: claimed_cost_usd of calls.",
        "A step is stamped once: no latency of a call is known.",
        "0 tokens in and out is written by agents that do not count: not known.",
        "Without totals a step that has no metrics goes unseen; with them its usage is a residual.",
        "Tokens of the verifier (a judge model) are recorded nowhere.",
        "Trajectories without a trial have no score, and their session stands for the task.",
        "Running totals are recognised only where the trajectory or the trial states totals.",
    ),
    sniff=sniff,
    names=("schema_version", "task_name trial_name agent_info"),
    parse=parse,
    group=group,
    is_companion=is_job,
    companion_names=("n_total_trials stats",),
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings", "runs.limit_s",
        "runs.submissions_allowed", "runs.score_metric", "runs.success_rule", "runs.started_at", "runs.ended_at",
        "runs.limit_turns", "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success",
        "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.time_basis",
        "rollouts.recorded_cost_usd", "rollouts.native_id", "scores.value", "scores.is_success", "calls.call_index",
        "calls.provider",
        "calls.model", "calls.started_at", "calls.time_basis", "calls.input_tokens", "calls.uncached_input_tokens",
        "calls.cache_read_tokens", "calls.cache_write_5m_tokens", "calls.cache_write_1h_tokens",
        "calls.cache_write_unspecified_tokens", "calls.output_tokens", "calls.n_requests", "calls.claimed_cost_usd",
        "calls.reasoning_tokens", "calls.service_tier",
    ),
)  # fmt: skip
