"""aider leaderboards: a YAML list of benchmark runs, one total of tokens, dollars and score each."""

import re
from typing import Final

from traces.readers.aider.tables import parse
from traces.registry import Peek, Reader, is_json

_KEYS: Final = tuple(
    re.compile(rb"^[ \t]*(?:- +)?" + key + rb":", re.MULTILINE)
    for key in (b"dirname", b"test_cases", b"edit_format", b"pass_rate_1")
)


def sniff(peek: Peek) -> bool:
    """Recognise a list of runs by the keys every run has, each at the start of a line."""
    return not is_json(peek) and all(key.search(peek.start) for key in _KEYS)


READER = Reader(
    name="aider",
    summary="aider leaderboard files: a YAML list of benchmark runs, one row of totals each.",
    upstream=(
        "Aider-AI/aider aider/website/_data/*.yml up to 5dc9490 (2025-10): edit, refactor, polyglot and smaller boards",
    ),
    token_convention=(
        "prompt_tokens is the sum of LiteLLM's prompt_tokens (cached included; aider adds cache writes where the "
        "provider counts them apart) over all calls of the run; what was cached is not told."
    ),
    blind_spots=(
        "Only totals of a run: no task, no call, no order; boards before May 2025 have no tokens.",
        "A total_cost of 0 is that of a model aider has no price for, or of a free preview: not known.",
        "total_cost is aider's own estimate at LiteLLM's price table, not a bill.",
        "thinking_tokens is a budget that was set, not tokens used; reasoning tokens are not told.",
        "Where a second model edits, the tokens of both are one sum: no model is named for it.",
        "A route that begins with openai/ names a protocol, not who bills.",
        "latency_s is seconds_per_case x test_cases: time in the program, waiting and retries included, tests not.",
        "The benchmark is told by its number of exercises (225, 133, 89); another number leaves it unknown.",
        "The stamp in dirname carries no zone and is taken as UTC.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.reasoning_effort", "runs.settings",
        "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max", "runs.success_rule",
        "runs.started_at", "runs.recorded_score", "runs.recorded_cost_usd", "runs.recorded_n_rollouts",
        "calls.provider", "calls.model", "calls.started_at", "calls.latency_s", "calls.time_basis",
        "calls.input_tokens", "calls.output_tokens", "calls.recorded_cost_usd",
    ),
)  # fmt: skip
