"""OpenHands evaluation output: one JSON record a line, the files of a folder read together."""

from typing import Final

from traces.readers.mini_swe_agent.verdicts import SCORE_NAMES, is_score_file
from traces.readers.openhands.tables import group, parse
from traces.registry import Peek, Reader


def sniff(peek: Peek) -> bool:
    """Recognise a record by its result beside its settings, or beside what it used."""
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{") or b'"instance_id"' not in start or b'"test_result"' not in start:
        return False
    return any(key in start + peek.end for key in _KEYS)


_KEYS: Final = (b'"agent_class"', b'"max_iterations"', b'"accumulated_cost"', b'"total_cost_usd"', b'"git_patch"')


READER = Reader(
    name="openhands",
    summary="OpenHands evaluation output: output.jsonl, those of critic attempts and with verdicts, one record a line.",
    upstream=("All-Hands-AI/OpenHands 0.9-0.62 evaluation", "OpenHands/benchmarks 1.0-1.19"),
    token_convention=(
        "prompt_tokens as LiteLLM counts: the cache included, unless a call of the model has more of it than sent. "
        "No cached token in any call of a record is not told apart from a provider that reports none: split unknown."
    ),
    blind_spots=(
        "Costs are LiteLLM's estimate at its own price table: claimed_cost_usd of calls.",
        "LiteLLM left cache writes out of prompt_tokens until 2025; where they stay below it, nothing shows.",
        "A record of 0 tokens and dollars is that of an agent that does not count: not known.",
        "Records without metrics (the first of version 1) give their calls by the ids of responses, of unknown tokens.",
        "Calls that failed and were retried are not in the metrics, nor are instances run again after an error.",
        "Rollout times are those of the first and the last event, without a zone: lower bounds, taken as UTC.",
        "With several critic attempts only instances that failed were tried again.",
    ),
    sniff=sniff,
    names=("instance_id test_result",),
    parse=parse,
    group=group,
    is_companion=is_score_file,
    companion_names=SCORE_NAMES,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings", "runs.limit_turns",
        "runs.submissions_allowed", "runs.score_metric", "runs.success_rule", "runs.started_at", "runs.ended_at",
        "runs.recorded_score", "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.time_basis",
        "rollouts.recorded_cost_usd", "calls.call_index", "calls.provider", "calls.model", "calls.started_at",
        "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.uncached_input_tokens",
        "calls.cache_read_tokens", "calls.cache_write_5m_tokens", "calls.cache_write_1h_tokens",
        "calls.cache_write_unspecified_tokens", "calls.output_tokens", "calls.n_requests", "calls.claimed_cost_usd",
        "calls.reasoning_tokens",
    ),
)  # fmt: skip
