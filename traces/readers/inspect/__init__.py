"""Inspect AI logs: one JSON document or one zip archive per eval, samples as rollouts, model events as calls."""

import re
from typing import Final

from traces.readers.inspect.tables import parse
from traces.registry import Peek, Reader

_FIRST: Final = re.compile(
    rb'\{\s*"(?:version|status|eval|plan|results|stats|error|invalidated|samples|reductions|location|etag|tags|metadata)"'
)
"""A log begins with a key of its own; the manifest of a folder of logs (logs.json) with the name of one."""
_EVAL: Final = re.compile(rb'"eval"\s*:\s*\{')
_STATUS: Final = re.compile(rb'"status"\s*:\s*"(?:started|success|cancelled|error)"')
_ZIP_MAGIC: Final = b"PK\x03\x04"


def sniff(peek: Peek) -> bool:
    """Recognise a document by its first keys, an archive by the members every log has."""
    if peek.start.startswith(_ZIP_MAGIC):
        return _has(peek, b"_journal/start.json") or (_has(peek, b"header.json") and _has(peek, b"samples/"))
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_log = _FIRST.match(start) and _EVAL.search(start) and _STATUS.search(start)
    return bool(is_log) and b'"dataset"' in start and (b'"task_id"' in start or b'"run_id"' in start)


def _has(peek: Peek, name: bytes) -> bool:
    return name in peek.start or name in peek.end


READER = Reader(
    name="inspect",
    summary=(
        "Inspect AI logs: `.json` and `.eval` (members deflated or zstd, samples whole or in chunks), finished or not."
    ),
    upstream=("UKGovernmentBEIS/inspect_ai 0.3.8 (2024-05) to 0.3.285 (log versions 1 and 2)",),
    token_convention=(
        "Proven per call: total_tokens = input + output says cached tokens are inside input_tokens, = input + output + "
        "cached that they are outside; the same shows whether reasoning lies outside output_tokens. Where the total "
        "says neither, cached tokens are outside for Anthropic, from 0.3.184 for all and from 0.3.208 for Google. How "
        "many calls are proven is in runs.settings.token_convention."
    ),
    blind_spots=(
        (
            "A log does not hold the calls of attempts that failed and were made again (from 2026 it may): what stats "
            "exceed the samples by is one residual row per model of the run; of an eval that was resumed it may belong "
            "to an earlier log."
        ),
        "Requests a provider refused are rows without tokens and not billed; cancelled ones have unknown tokens.",
        "Cache writes have a duration only where the provider's own answer was logged.",
        "Before roles were logged, calls while scoring or of a scorer's model are the judge's, others the agent's.",
        "Logs older than 0.3.71 stamp only when a call was made or came back: its times are lower bounds.",
        (
            "Scores that are neither numbers nor C, I, P, N, yes, no, true, false are null; so are NaN, which is "
            "Inspect's mark of a sample that was not scored."
        ),
        "limit_turns is turn_limit, else message_limit, which counts messages.",
        "Of the tools a provider runs itself only Anthropic's searches are read, where its answer was logged.",
    ),
    sniff=sniff,
    names=("eval status dataset task_id", "eval status dataset run_id"),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings", "runs.limit_tokens",
        "runs.limit_turns", "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max",
        "runs.success_rule", "runs.started_at", "runs.ended_at", "runs.recorded_score", "runs.recorded_n_rollouts",
        "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.started_at",
        "rollouts.ended_at", "rollouts.wall_s", "rollouts.model_s", "rollouts.tool_s", "rollouts.wait_s",
        "rollouts.time_basis", "rollouts.native_id", "scores.scorer", "scores.value", "scores.is_success",
        "calls.call_index",
        "calls.provider", "calls.model", "calls.started_at", "calls.ended_at", "calls.latency_s", "calls.time_basis",
        "calls.input_tokens", "calls.uncached_input_tokens", "calls.cache_read_tokens", "calls.cache_write_5m_tokens",
        "calls.cache_write_1h_tokens", "calls.cache_write_unspecified_tokens", "calls.output_tokens",
        "calls.reasoning_tokens", "calls.service_tier", "calls.n_requests",
    ),
)  # fmt: skip
