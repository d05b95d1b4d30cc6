"""What Inspect's token counts mean: proven by their total where it can be, else by version and provider.

``total_tokens`` says whether ``input_tokens`` holds the cached tokens (total = input + output) or leaves them out
(total = input + output + cached), and whether reasoning lies outside ``output_tokens``.
"""

import operator
import re
from typing import Any, Final, NamedTuple

from traces.decode import whole
from traces.readers.inspect.file import ModelUsage
from traces.usage import UNKNOWN, TokenCounts

_EXCLUSIVE_FROM: Final = (0, 3, 184)
_GOOGLE_EXCLUSIVE_FROM: Final = (0, 3, 208)
_GOOGLE_THOUGHTS_INSIDE_FROM: Final = (0, 3, 285)
_ALWAYS_EXCLUSIVE: Final = frozenset({"anthropic", "bedrock"})

Version = tuple[int, ...]


class Convention(NamedTuple):
    """Whether cached tokens are left out of the input, and reasoning out of the output."""

    is_cache_outside: bool
    is_reasoning_outside: bool


_INSIDE: Final = Convention(is_cache_outside=False, is_reasoning_outside=False)
_SUMS: Final = (
    (_INSIDE, lambda _cached, _reasoning: 0),
    (Convention(is_cache_outside=True, is_reasoning_outside=False), lambda cached, _reasoning: cached),
    (Convention(is_cache_outside=False, is_reasoning_outside=True), lambda _cached, reasoning: reasoning),
    (Convention(is_cache_outside=True, is_reasoning_outside=True), operator.add),
)
"""What lies outside input + output under each convention."""


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
    cached = (read or 0) + (write or 0)
    convention, basis = _INSIDE, "uncached"
    if cached or reasoning:
        convention, basis = _convention(usage, cached, provider, version)
    if out is not None and convention.is_reasoning_outside:
        out += reasoning or 0
    if sent is None or (read is None and write is None):
        return Counted(TokenCounts(sent, output_tokens=out, reasoning_tokens=reasoning), basis)
    total = sent + cached if convention.is_cache_outside else sent
    return Counted(TokenCounts(total, total - cached, read or 0, 0, 0, write or 0, out, reasoning), basis)


def _convention(usage: ModelUsage, cached: int, provider: str | None, version: Version) -> tuple[Convention, str]:
    """Find the one reading the total allows; of several, or none, the one of the version and provider."""
    reasoning, total = whole(usage.reasoning_tokens) or 0, whole(usage.total_tokens)
    if total is not None:
        outside = total - (whole(usage.input_tokens) or 0) - (whole(usage.output_tokens) or 0)
        fits = [convention for convention, sum_of in _SUMS if outside == sum_of(cached, reasoning)]
        if not cached or not reasoning:  # what is not there is neither inside nor outside
            fits = [fit for fit in fits if (cached or not fit[0]) and (reasoning or not fit[1])]
        if len(fits) == 1:
            return fits[0], ("exclusive" if fits[0].is_cache_outside else "inclusive") if cached else "uncached"
    return _expected(usage, cached, provider, version), "assumed" if cached else "uncached"


def _expected(usage: ModelUsage, cached: int, provider: str | None, version: Version) -> Convention:
    is_google = provider in {"google", "vertex"}
    since = _GOOGLE_EXCLUSIVE_FROM if is_google else _EXCLUSIVE_FROM
    is_more_cached_than_sent = cached > (whole(usage.input_tokens) or 0)
    is_cache_outside = provider in _ALWAYS_EXCLUSIVE or version >= since or is_more_cached_than_sent
    is_thought_more_than_said = (whole(usage.reasoning_tokens) or 0) > (whole(usage.output_tokens) or 0)
    return Convention(is_cache_outside, is_thought_more_than_said or (is_google and _is_before_thoughts(version)))


def _is_before_thoughts(version: Version) -> bool:
    return bool(version) and version < _GOOGLE_THOUGHTS_INSIDE_FROM
