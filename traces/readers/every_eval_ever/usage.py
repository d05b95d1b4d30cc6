"""Tokens of a sample, with the convention its total proves: cached tokens inside the input, or beside it."""

from collections.abc import Callable

from traces.decode import whole
from traces.readers.every_eval_ever.file import TokenUsage
from traces.usage import UNKNOWN, TokenCounts

Contradiction = Callable[[str], None]


def sample_counts(usage: TokenUsage | None, library: str | None, report: Contradiction) -> TokenCounts:
    """Token columns of a sample; all 0 is what adapters write where nothing was counted: not known.

    total = input + output proves that the input holds what was cached, total = input + output + cached that it does
    not. HELM's adapter calls an echoed prompt reasoning, which it is not.
    """
    usage = usage or TokenUsage()
    sent, output, total = whole(usage.input_tokens), whole(usage.output_tokens), whole(usage.total_tokens)
    if sent is None or output is None or not (sent or output or total):
        return UNKNOWN
    reasoning = None if library == "helm" else whole(usage.reasoning_tokens)
    read, write = whole(usage.input_tokens_cache_read), whole(usage.input_tokens_cache_write)
    if read is None and write is None:
        is_outside = bool(reasoning) and total == sent + output + (reasoning or 0)
        return TokenCounts(sent, None, None, None, None, None, output + (reasoning or 0) * is_outside, reasoning)
    cached = (read or 0) + (write or 0)
    inside, extra = _reading(sent, output, total, cached, reasoning or 0)
    if inside is None:
        report(f"total {total} is neither {sent} + {output} nor that and {cached} cached: its split is not used")
        return UNKNOWN._replace(input_tokens=sent, output_tokens=output, reasoning_tokens=reasoning)
    everything = sent if inside else sent + cached
    return TokenCounts(everything, everything - cached, read or 0, 0, 0, write or 0, output + extra, reasoning)


def _reading(sent: int, output: int, total: int | None, cached: int, reasoning: int) -> tuple[bool | None, int]:
    """Whether cached tokens lie inside the input (null: the total fits neither), and reasoning outside the output."""
    if cached == 0:
        return True, reasoning if total == sent + output + reasoning else 0
    for extra in (0, reasoning):
        if total == sent + output + extra and cached <= sent:
            return True, extra
        if total == sent + output + extra + cached:
            return False, extra
    return None, 0
