"""What Inspect's token counts mean: proven by their total where it can be, else by version and provider.

``total_tokens`` says whether ``input_tokens`` holds the cached tokens (total = input + output) or leaves them out
(total = input + output + cached), and whether reasoning lies outside ``output_tokens``.
"""

import re
from typing import Any, Final, NamedTuple

from traces.decode import whole
from traces.inspect_usage import INSIDE, Convention, ModelUsage, proven
from traces.usage import UNKNOWN, TokenCounts

_EXCLUSIVE_FROM: Final = (0, 3, 184)
_GOOGLE_EXCLUSIVE_FROM: Final = (0, 3, 208)
_GOOGLE_THOUGHTS_INSIDE_FROM: Final = (0, 3, 285)
_ALWAYS_EXCLUSIVE: Final = frozenset({"anthropic", "bedrock"})

Version = tuple[int, ...]


class Counted(NamedTuple):
    """Token columns of a usage, and how their meaning is known: exclusive, inclusive, uncached or assumed."""

    tokens: TokenCounts
    basis: str


_NOTHING: Final = Counted(UNKNOWN, "none")


def version_of(packages: dict[str, Any] | None) -> Version:
    """Version of Inspect that wrote a log; empty: not known."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", str((packages or {}).get("inspect_ai", "")))
    return tuple(map(int, found.groups())) if found else ()


def counted(usage: ModelUsage | None, provider: str | None, version: Version) -> Counted:
    """Token columns of a usage; without cache counts the split is not known, without a usage nothing is."""
    if usage is None:
        return _NOTHING
    sent, out, reasoning = whole(usage.input_tokens), whole(usage.output_tokens), whole(usage.reasoning_tokens)
    read, write = whole(usage.input_tokens_cache_read), whole(usage.input_tokens_cache_write)
    cached, convention, basis = usage.cached_tokens, INSIDE, "uncached"
    if cached or reasoning:
        fitting = proven(usage)
        convention = fitting or _expected(usage, cached, provider, version)
        if cached:
            basis = "assumed" if fitting is None else "exclusive" if fitting.is_cache_outside else "inclusive"
        if out is not None and convention.is_reasoning_outside:
            out += reasoning or 0
    if sent is None or (read is None and write is None):
        return Counted(TokenCounts(sent, output_tokens=out, reasoning_tokens=reasoning), basis)
    total = sent + cached if convention.is_cache_outside else sent
    return Counted(TokenCounts(total, total - cached, read or 0, 0, 0, write or 0, out, reasoning), basis)


def _expected(usage: ModelUsage, cached: int, provider: str | None, version: Version) -> Convention:
    is_google = provider in {"google", "vertex"}
    since = _GOOGLE_EXCLUSIVE_FROM if is_google else _EXCLUSIVE_FROM
    is_more_cached_than_sent = cached > (whole(usage.input_tokens) or 0)
    is_cache_outside = provider in _ALWAYS_EXCLUSIVE or version >= since or is_more_cached_than_sent
    is_thought_more_than_said = (whole(usage.reasoning_tokens) or 0) > (whole(usage.output_tokens) or 0)
    return Convention(is_cache_outside, is_thought_more_than_said or (is_google and _is_before_thoughts(version)))


def _is_before_thoughts(version: Version) -> bool:
    return bool(version) and version < _GOOGLE_THOUGHTS_INSIDE_FROM
