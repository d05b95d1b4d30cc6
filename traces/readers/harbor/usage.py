"""The model calls an ATIF trajectory stands for: which steps are calls, and what their counters mean.

Most agents write the usage of a call beside its step. Some write running totals, or repeat the counters of a call at
every step that came of it: the totals of the trajectory tell which.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from traces.decode import Count, whole
from traces.readers.harbor.file import Extra, FinalMetrics, Metrics, Step, Totals, Trajectory

_NO_EXTRA: Final = Extra()
_COUNTERS: Final = ("prompt", "completion", "read", "write", "write_5m", "write_1h", "reasoning", "cost_usd")


class Used(NamedTuple):
    """Usage of a call or a total; null: not told. ``is_inside``: whether prompt counts cached tokens too."""

    prompt: Count = None
    completion: Count = None
    read: Count = None
    write: Count = None
    write_5m: Count = None
    write_1h: Count = None
    reasoning: Count = None
    cost_usd: Count = None
    is_inside: bool = True


class Call(NamedTuple):
    """A step that stands for one or more calls; used is null where the step does not say."""

    step: Step
    place: str
    used: Used | None


class Reading(NamedTuple):
    """Calls of a trajectory, and how its counters had to be read to agree with its totals (null: as written)."""

    calls: Sequence[Call]
    remark: str | None = None


def documents(trajectory: Trajectory) -> Iterator[Trajectory]:
    """Give a trajectory and those embedded in it, each once."""
    yield trajectory
    for nested in trajectory.subagent_trajectories or ():
        yield from documents(nested)


def reading(trajectory: Trajectory, most: Used | None, place: str = "") -> Reading:
    """Read the calls of a trajectory, without those embedded in it.

    Args:
        trajectory: Trajectory.
        most: Totals its steps cannot exceed; null: not known.
        place: Place of the trajectory in its file.
    """
    calls = list(_own_calls(trajectory, place))
    if most is None or _fits(calls, most):
        return Reading(calls)
    once = [*calls[:1], *(call for before, call in pairwise(calls) if not _same(before, call))]
    if _sums_to(once, most):
        return Reading(once, "steps repeat the counters of the step before; each was counted once")
    steps = _differences(calls)
    if steps is not None and _sums_to(steps, most):
        return Reading(steps, "step metrics are running totals; their differences were counted")
    return Reading([], "step metrics exceed the totals, and are neither repeats nor running totals; the totals count")


def final(metrics: FinalMetrics | None) -> Used | None:
    """Totals a trajectory states; null where it states none."""
    if metrics is None or (not metrics.total_prompt_tokens and not metrics.total_completion_tokens):
        return None
    extra = metrics.extra or _NO_EXTRA
    is_inside = not _exceeds(metrics.total_cached_tokens, metrics.total_prompt_tokens)
    return Used(
        metrics.total_prompt_tokens, metrics.total_completion_tokens, metrics.total_cached_tokens,
        extra.total_cache_creation_input_tokens, reasoning=extra.total_reasoning_output_tokens,
        cost_usd=metrics.total_cost_usd, is_inside=is_inside,
    )  # fmt: skip


def reported(totals: Totals | None) -> Used | None:
    """Totals an agent reports; 0 tokens in and out is how agents that do not count write it: not known."""
    if totals is None or (not totals.n_input_tokens and not totals.n_output_tokens):
        return None
    is_inside = not _exceeds(totals.n_cache_tokens, totals.n_input_tokens)
    return Used(
        totals.n_input_tokens, totals.n_output_tokens, totals.n_cache_tokens,
        cost_usd=totals.cost_usd, is_inside=is_inside,
    )  # fmt: skip


def rest(most: Used, calls: Sequence[Used | None]) -> Used | None:
    """What totals exceed the calls by: all, if there are no calls; null: nothing, or it cannot be told."""
    if not calls:
        return most
    prompt, completion, read, cost_usd = (
        _difference(getattr(most, name), [getattr(used or Used(), name) for used in calls])
        for name in ("prompt", "completion", "read", "cost_usd")
    )
    if not prompt and not completion:
        return None
    return Used(prompt, completion, read, cost_usd=cost_usd, is_inside=most.is_inside)


def _own_calls(trajectory: Trajectory, place: str) -> Iterator[Call]:
    """Steps that are calls. One without metrics is a call only where it says so, or nothing has metrics."""
    steps = [
        (number, step)
        for number, step in enumerate(trajectory.steps or ())
        if step.source in {"agent", "assistant"} and not step.is_copied_context and step.llm_call_count != 0
    ]
    counts_inside = not any(_is_outside(step.metrics) for _, step in steps if step.metrics is not None)
    for number, step in steps:
        used = _used(step.metrics, is_inside=counts_inside)
        if used is not None or step.llm_call_count:
            yield Call(step, f"{place}steps[{number}]", used)


def _used(metrics: Metrics | None, *, is_inside: bool) -> Used | None:
    if metrics is None or (metrics.prompt_tokens is None and metrics.completion_tokens is None):
        return None
    extra = metrics.extra or _NO_EXTRA
    write = (
        extra.cache_creation_input_tokens if extra.cache_creation_input_tokens is not None else extra.cache_write_tokens
    )
    by_duration = extra.cache_creation
    reasoning = extra.reasoning_output_tokens if extra.reasoning_tokens is None else extra.reasoning_tokens
    return Used(
        metrics.prompt_tokens, metrics.completion_tokens, metrics.cached_tokens, write,
        by_duration.ephemeral_5m_input_tokens if by_duration else None,
        by_duration.ephemeral_1h_input_tokens if by_duration else None,
        reasoning, metrics.cost_usd, is_inside,
    )  # fmt: skip


def _is_outside(metrics: Metrics) -> bool:
    """Tell whether a step proves that its prompt leaves cached tokens out, as in drafts of the format."""
    extra, prompt, read = metrics.extra or _NO_EXTRA, whole(metrics.prompt_tokens), whole(metrics.cached_tokens)
    if not prompt or not read:
        return bool(read) and prompt == 0
    outside = prompt + read + (whole(extra.cache_creation_input_tokens) or 0)
    is_total_outside = extra.total_tokens == outside + (whole(metrics.completion_tokens) or 0)
    return read > prompt or is_total_outside


def _exceeds(part: Count, total: Count) -> bool:
    return part is not None and total is not None and part > total


def _fits(calls: Sequence[Call], most: Used) -> bool:
    sums = _sums(calls)
    return all(total is None or (whole(total) or 0) >= part for part, total in zip(sums, most[:2], strict=True))


def _sums_to(calls: Sequence[Call], most: Used) -> bool:
    return _sums(calls) == (whole(most.prompt), whole(most.completion))


def _sums(calls: Sequence[Call]) -> tuple[int, int]:
    used = [call.used for call in calls if call.used is not None]
    return sum(whole(one.prompt) or 0 for one in used), sum(whole(one.completion) or 0 for one in used)


def _same(before: Call, call: Call) -> bool:
    return before.used is not None and before.used == call.used


def _differences(calls: Sequence[Call]) -> list[Call] | None:
    """Calls whose counters are differences to the one before, without those in which nothing rose; null: they fall."""
    steps, previous = [], Used()
    for call in calls:
        now = call.used or previous
        rises = [_rise(getattr(now, name), getattr(previous, name)) for name in _COUNTERS]
        risen = Used._make([*rises, now.is_inside])
        if any((getattr(risen, name) or 0) < 0 for name in _COUNTERS):
            return None
        if risen.prompt or risen.completion:
            steps.append(call._replace(used=risen))
        previous = now
    return steps


def _rise(now: Count, then: Count) -> Count:
    return None if now is None else now - (then or 0)


def _difference(total: Count, parts: Sequence[Count]) -> Count:
    known = [part for part in parts if part is not None]
    return None if total is None or len(known) < len(parts) else total - sum(known)
