"""Tokens of a sample, with the convention its total proves: cached tokens inside the input, or beside it."""

from collections.abc import Callable

import msgspec

from traces.decode import whole
from traces.inspect_usage import INSIDE, ModelUsage, proven
from traces.usage import UNKNOWN, TokenCounts

Contradiction = Callable[[str], None]


def sample_counts(usage: ModelUsage | None, library: str | None, report: Contradiction) -> TokenCounts:
    """Token columns of a sample; all 0 is what adapters write where nothing was counted: not known.

    total = input + output proves that the input holds what was cached, total = input + output + cached that it does
    not. HELM's adapter calls an echoed prompt reasoning, which it is not.
    """
    if usage is None:
        return UNKNOWN
    if library == "helm":
        usage = msgspec.structs.replace(usage, reasoning_tokens=None)
    sent, output, total = whole(usage.input_tokens), whole(usage.output_tokens), whole(usage.total_tokens)
    if sent is None or output is None or not (sent or output or total):
        return UNKNOWN
    read, write = whole(usage.input_tokens_cache_read), whole(usage.input_tokens_cache_write)
    reasoning = whole(usage.reasoning_tokens)
    if read is None and write is None and reasoning is None:
        return TokenCounts(sent, output_tokens=output)
    cached, convention = usage.cached_tokens, proven(usage)
    if cached and convention is None:
        report(f"total {total} is neither {sent} + {output} nor that and {cached} cached: its split is not used")
        return UNKNOWN._replace(input_tokens=sent, output_tokens=output, reasoning_tokens=reasoning)
    known = convention or INSIDE
    output += (reasoning or 0) if known.is_reasoning_outside else 0
    if read is None and write is None:
        return UNKNOWN._replace(input_tokens=sent, output_tokens=output, reasoning_tokens=reasoning)
    everything = sent + cached if known.is_cache_outside else sent
    return TokenCounts(everything, everything - cached, read or 0, 0, 0, write or 0, output, reasoning)
