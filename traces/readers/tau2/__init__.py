"""tau2-bench results files: one JSON document per run, its simulations as rollouts, the messages of models as calls."""

import re
from typing import Final

from traces.readers.tau2.folder import group, is_simulation
from traces.readers.tau2.tables import parse
from traces.registry import Peek, Reader


def sniff(peek: Peek) -> bool:
    """Recognise a results file by the keys of its header, wherever it stands, or by those of its first simulation."""
    if not peek.start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    has_header = _INFO.search(peek.start) and b'"agent_info"' in peek.start and b'"user_info"' in peek.start
    is_tail_first = _SIMULATIONS.search(peek.start) and b'"termination_reason"' in peek.start
    return bool(has_header or (is_tail_first and b'"agent_cost"' in peek.start)) or is_simulation(peek)


_INFO: Final = re.compile(rb'"info"\s*:\s*\{')
_SIMULATIONS: Final = re.compile(rb'"simulations"\s*:\s*\[')

READER = Reader(
    name="tau2",
    summary="tau2-bench results: one JSON document per run (plain, .gz, .zst), or its simulations in files beside it.",
    upstream=("sierra-research/tau2-bench 0.1 (2025-07) to 2026-03", "newer fields up to simulation.py at 143a213"),
    token_convention=(
        "usage holds prompt_tokens (cached included) and completion_tokens; a cache split is known only where "
        "raw_data.usage of the provider stands beside it and agrees."
    ),
    blind_spots=(
        "What the judge of natural-language assertions used and cost is recorded nowhere (tau2-bench issue 556).",
        "Nor is what retried simulations used; reviews by a model after the run are not read.",
        "Recorded costs are LiteLLM's, at its own price table (a fine-tuned model at its base's), not a bill.",
        "A cost of 0 for tokens used is that of a model without a price: not known.",
        "Older files time no call: latency_s runs from the message before and is an upper bound.",
        "Stamps carry no zone and are taken as UTC.",
        "limit_turns is max_steps: messages of agent, user and tools, not model calls.",
        "Voice runs keep ticks instead of messages: one total per role, tokens unknown.",
        "Of simulations whose files are not there the index tells reward, cost, time and end, but no call.",
    ),
    sniff=sniff,
    names=(
        "info agent_info user_info",
        "simulations termination_reason agent_cost",
        "task_id start_time termination_reason agent_cost",
    ),
    parse=parse,
    group=group,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_turns",
        "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule",
        "runs.started_at", "runs.ended_at", "tasks.benchmark", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.time_basis",
        "rollouts.recorded_cost_usd", "rollouts.native_id", "scores.value", "scores.is_success", "calls.call_index",
        "calls.provider",
        "calls.model", "calls.started_at", "calls.ended_at", "calls.latency_s", "calls.time_basis",
        "calls.input_tokens", "calls.uncached_input_tokens", "calls.cache_read_tokens", "calls.cache_write_5m_tokens",
        "calls.cache_write_1h_tokens", "calls.cache_write_unspecified_tokens", "calls.output_tokens",
        "calls.service_tier", "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
