"""HAL uploads: one JSON document per run, as it is or encrypted in a zip archive."""

import re
from typing import Final

from traces.readers.hal.documents import first_member
from traces.readers.hal.sealed import is_sealed
from traces.readers.hal.tables import parse
from traces.registry import Peek, Reader

_KEY: Final = re.compile(rb'[{,]\s*"(raw_eval_results|raw_logging_results|total_usage)"\s*:')
_HEAD: Final = re.compile(rb'\s*\{\s*"(?:config|metadata|results|raw_|total_|task_|git_|agent_hash|wall_)')
_CONFIG: Final = (b'"agent_name"', b'"benchmark_name"', b'"run_id"')


def sniff(peek: Peek) -> bool:
    """Recognise an upload by its keys, one in an archive by how its first member starts, unpacked."""
    member = first_member(peek.start)
    start = peek.start if member is None else member
    start = start.removeprefix(b"\xef\xbb\xbf")
    if is_sealed(start):
        return True
    return bool(_HEAD.match(start)) and _has_keys(start, peek.end if member is None else b"")


def _has_keys(start: bytes, end: bytes) -> bool:
    keys = {found[1] for part in (start, end) for found in _KEY.finditer(part)}
    return (
        bool(keys - {b"total_usage"})
        or (bool(keys) and _is_config(start))
        or (_is_config(start) and b'"results"' in start)
    )


def _is_config(start: bytes) -> bool:
    return all(key in start for key in _CONFIG)


READER = Reader(
    name="hal",
    summary=(
        "HAL uploads: `*_UPLOAD.json` of every version (slim list, Weave calls, calls by task, Inspect log), plain or "
        "encrypted in the zip archives of the public dataset."
    ),
    upstream=(
        "princeton-pli/hal-harness 2024-12 to 16bb03e (2026-07-01)",
        "weave 0.51.34 (call dumps)",
        "reliability fixtures of hal-harness CI",
    ),
    token_convention=(
        "Usage of each client as its API writes it: prompt_tokens include cached tokens, Anthropic's and Bedrock's "
        "input_tokens do not, Inspect's are told by total_tokens. HAL's own totals are checked against the calls."
    ),
    blind_spots=(
        "Without parents (before 2025-02, from 2026-04) calls may be counted twice: such runs are flagged.",
        "HAL's costs are at its own prices, cache writes at those of reads, unknown models at nothing: 0 is not known.",
        "Calls that failed without usage are taken for not billed and left out with a count.",
        "Files of 2026-04 and later keep one model per task: a side model's calls go by the name of the main one.",
        "Of AssistantBench only exact matches are known by task, of SciCode only the steps that passed.",
        "A simulated user that is the same model as the agent counts as the agent; if no call is its, all are other.",
        "Calls of Inspect-run benchmarks are totals per sample.",
        "Of several prompt variations of a task it is not told which call belongs to which.",
    ),
    sniff=sniff,
    names=("encrypted_data", "salt", "raw_eval_results", "raw_logging_results", "agent_name benchmark_name run_id"),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings", "runs.score_metric",
        "runs.score_min", "runs.score_max", "runs.success_rule", "runs.started_at", "runs.ended_at",
        "runs.recorded_score", "runs.recorded_cost_usd", "runs.recorded_n_rollouts", "tasks.benchmark",
        "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at",
        "rollouts.wall_s", "rollouts.time_basis", "rollouts.n_calls", "rollouts.recorded_cost_usd", "scores.scorer",
        "scores.value", "scores.is_success", "calls.call_index", "calls.provider", "calls.model", "calls.started_at",
        "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.uncached_input_tokens",
        "calls.cache_read_tokens", "calls.cache_write_5m_tokens", "calls.cache_write_1h_tokens",
        "calls.cache_write_unspecified_tokens", "calls.output_tokens", "calls.reasoning_tokens", "calls.service_tier",
        "calls.n_requests", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
