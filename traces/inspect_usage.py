"""Token counts as Inspect writes them, which HAL and Every Eval Ever take over, and what their total proves of them."""

from typing import Final, NamedTuple

import msgspec

from traces.decode import Count, whole


class ModelUsage(msgspec.Struct, gc=False):
    """Tokens as Inspect counts them, of one call or summed."""

    input_tokens: Count = None
    output_tokens: Count = None
    total_tokens: Count = None
    input_tokens_cache_write: Count = None
    input_tokens_cache_read: Count = None
    reasoning_tokens: Count = None
    total_cost: Count = None

    @property
    def cached_tokens(self) -> int:
        """Read from a cache or written to one; 0 where neither is told."""
        return (whole(self.input_tokens_cache_read) or 0) + (whole(self.input_tokens_cache_write) or 0)


class Convention(NamedTuple):
    """Whether cached tokens are left out of the input, and reasoning out of the output."""

    is_cache_outside: bool
    is_reasoning_outside: bool


INSIDE: Final = Convention(is_cache_outside=False, is_reasoning_outside=False)
_CACHE_OUTSIDE: Final = Convention(is_cache_outside=True, is_reasoning_outside=False)
_REASONING_OUTSIDE: Final = Convention(is_cache_outside=False, is_reasoning_outside=True)
_BOTH_OUTSIDE: Final = Convention(is_cache_outside=True, is_reasoning_outside=True)


def proven(usage: ModelUsage) -> Convention | None:
    """Find the one convention the total allows; null: none, or two, or more cached than was sent."""
    sent, total = whole(usage.input_tokens) or 0, whole(usage.total_tokens)
    if total is None:
        return None
    outside = total - sent - (whole(usage.output_tokens) or 0)
    fitting = _fitting(outside, usage.cached_tokens, whole(usage.reasoning_tokens) or 0)
    is_too_much = fitting is not None and not fitting.is_cache_outside and usage.cached_tokens > sent
    return None if is_too_much else fitting


def _fitting(outside: int, cached: int, reasoning: int) -> Convention | None:
    if outside == 0:
        return INSIDE
    if outside == cached:
        return _CACHE_OUTSIDE if cached != reasoning else None
    if outside == reasoning:
        return _REASONING_OUTSIDE
    return _BOTH_OUTSIDE if outside == cached + reasoning else None
