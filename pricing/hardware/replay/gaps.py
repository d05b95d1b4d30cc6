"""Seconds a trace tells of calls, of stages and between them, each with what it is at least and at most."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pricing.hardware.replay.grouping import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Trace:
    """Arrays of a trace, by call, stage and rollout; not a number: not known."""

    call_row: IntArray
    first_call: IntArray
    stage_row: IntArray
    is_aggregate: BoolArray
    calls: dict[str, FloatArray]
    rollouts: dict[str, FloatArray]
    basis: npt.NDArray[np.object_]
    n_missing: IntArray

    @cached_property
    def n_rollouts(self) -> int:
        """Number of rollouts."""
        return len(self.basis)

    @cached_property
    def n_aggregate(self) -> IntArray:
        """Totals among the calls, by rollout."""
        return np.bincount(self.call_row, self.is_aggregate, self.n_rollouts).astype(np.int64)

    @cached_property
    def n_in_stage(self) -> IntArray:
        """Calls by stage."""
        return np.diff(np.append(self.first_call, len(self.call_row)))

    @cached_property
    def is_timed(self) -> BoolArray:
        """Whether every call of a rollout that is not a total has a stamp, and there is one, by rollout."""
        is_call = ~self.is_aggregate
        n_calls = np.bincount(self.call_row, is_call, self.n_rollouts)
        n_untimed = np.bincount(self.call_row, is_call & np.isnan(self.calls["start_us"]), self.n_rollouts)
        is_timed: BoolArray = (n_calls > 0) & (n_untimed == 0)
        return is_timed

    @cached_property
    def is_chained(self) -> BoolArray:
        """Whether some call of a stage began after another had ended, by stage."""
        if (self.n_in_stage == 1).all():
            return np.zeros(len(self.first_call), dtype=np.bool_)
        ends = np.where(np.isnan(self.calls["end_us"]), np.inf, self.calls["end_us"])
        is_late: BoolArray = self.longest(self.calls["start_us"]) >= np.minimum.reduceat(ends, self.first_call)
        return is_late & (self.n_in_stage > 1)

    def longest(self, values: FloatArray) -> FloatArray:
        """Highest value of the calls of each stage; not a number where one is not known."""
        return longest_of(values, self.first_call)

    def per_rollout(self, values: FloatArray) -> FloatArray:
        """Sum of values by stage over the stages of each rollout; not a number where one is not known."""
        return np.asarray(np.bincount(self.stage_row, values, self.n_rollouts), dtype=np.float64)


def longest_of(values: FloatArray, first: IntArray) -> FloatArray:
    """Highest value of each stage, given its first call; not a number where one is not known."""
    return values if len(first) == len(values) else np.maximum.reduceat(values, first)


@dataclass(frozen=True)
class Gaps:
    """Recorded seconds; not a number: not known, or not bounded.

    Args:
        call_low_s: A call lasted at least this, by call.
        call_high_s: And at most this.
        span_s: From the start of a stage to that of the next, or to the end of the rollout, by stage.
        tool_low_s: Tool time after a stage at least, by stage.
        tool_high_s: And at most.
        lead_s: Before the first stage, as recorded, by rollout.
        lead_low_s: Of which tool time at least.
        lead_high_s: And at most.
    """

    call_low_s: FloatArray
    call_high_s: FloatArray
    span_s: FloatArray
    tool_low_s: FloatArray
    tool_high_s: FloatArray
    lead_s: FloatArray
    lead_low_s: FloatArray
    lead_high_s: FloatArray


def gaps_of(trace: Trace) -> Gaps:
    """Tell seconds apart by stamps where every call has one, by totals of the rollout elsewhere."""
    if trace.is_timed.all():
        return _narrowed(trace, _by_stamps(trace))
    stamped, even = _by_stamps(trace), _by_totals(trace)
    is_timed = {"c": trace.is_timed[trace.call_row], "s": trace.is_timed[trace.stage_row], "r": trace.is_timed}
    kinds = {"call_low_s": "c", "call_high_s": "c", "span_s": "s", "tool_low_s": "s", "tool_high_s": "s"}
    both = {
        name: np.where(is_timed[kinds.get(name, "r")], getattr(stamped, name), getattr(even, name))
        for name in Gaps.__dataclass_fields__
    }
    return _narrowed(trace, Gaps(**both))


def _by_stamps(trace: Trace) -> Gaps:
    starts, row = trace.calls["start_us"], trace.stage_row
    begins = starts[trace.first_call]
    following = _following(trace, begins)
    is_total = trace.is_aggregate
    high_s = trace.calls["high_s"]
    until_next_s = np.maximum(np.repeat(following, trace.n_in_stage) - starts, 0) / 1e6
    high_s = np.where(is_total, 0, np.where(np.isnan(high_s), until_next_s, high_s))
    low_s = np.where(is_total, 0, trace.calls["low_s"])
    ends = np.where(np.isnan(trace.calls["end_us"]), starts + high_s * 1e6, trace.calls["end_us"])
    last_end = trace.longest(ends)
    is_total_stage = is_total[trace.first_call]
    span_s = np.where(is_total_stage, 0, _seconds(begins, np.where(np.isnan(following), last_end, following)))
    is_measured = trace.calls["low_s"] == trace.calls["high_s"]
    held_s = np.where(is_measured, np.fmax(low_s, _seconds(starts, trace.calls["end_us"])), low_s)
    tool_high_s = np.where(np.isnan(following), np.nan, np.maximum(span_s - trace.longest(held_s), 0))
    hides_calls = (trace.n_aggregate > 0) | (trace.n_missing > 0)
    is_loose = hides_calls[row] | ((trace.basis == "upper_bound")[row] & (_next_row(row) != row))
    tool_low_s = np.where(is_loose, 0, np.nan_to_num(_seconds(last_end, following)))
    lead_s = _seconds(trace.rollouts["start_us"], _first(trace, begins))
    is_loose_lead = hides_calls | (trace.basis == "upper_bound") | np.isnan(lead_s)
    return Gaps(
        call_low_s=low_s,
        call_high_s=high_s,
        span_s=np.nan_to_num(span_s),
        tool_low_s=np.where(is_total_stage, 0, tool_low_s),
        tool_high_s=np.where(is_total_stage, 0, tool_high_s),
        lead_s=np.nan_to_num(lead_s),
        lead_low_s=np.where(is_loose_lead, 0, lead_s),
        lead_high_s=lead_s,
    )


def _following(trace: Trace, begins: FloatArray) -> FloatArray:
    """Give the start of the next stage in the rollout, or the end of the rollout."""
    row = trace.stage_row
    is_last = (_next_row(row) != row) | np.append(trace.is_aggregate[trace.first_call][1:], True)[: len(row)]
    return np.where(is_last, trace.rollouts["end_us"][row], np.append(begins[1:], np.nan)[: len(row)])


def _next_row(row: IntArray) -> IntArray:
    return np.append(row[1:], -1)[: len(row)]


def _first(trace: Trace, begins: FloatArray) -> FloatArray:
    first = np.full(trace.n_rollouts, np.nan)
    np.fmin.at(first, trace.stage_row, begins)
    return first


def _seconds(start_us: FloatArray, end_us: FloatArray) -> FloatArray:
    seconds: FloatArray = np.maximum(end_us - start_us, 0) / 1e6
    return seconds


def _by_totals(trace: Trace) -> Gaps:
    """Spread what the totals of a rollout leave over its stages of unknown length, and its tool time over all."""
    row, wall_s, model_s = trace.call_row, trace.rollouts["wall_s"], trace.rollouts["model_s"]
    is_unknown = np.isnan(trace.calls["high_s"])
    longest_s = trace.longest(trace.calls["high_s"])
    known_s = trace.per_rollout(np.nan_to_num(longest_s))
    n_unknown = np.maximum(trace.per_rollout(np.isnan(longest_s)), 1)
    in_calls_s = np.maximum(np.where(np.isnan(model_s), wall_s, model_s) - known_s, 0) / n_unknown
    high_s = np.where(is_unknown, in_calls_s[row], trace.calls["high_s"])
    low_s = np.where(is_unknown & ~np.isnan(model_s)[row], high_s, trace.calls["low_s"])
    longest_s = trace.longest(high_s)
    n_stages = np.bincount(trace.stage_row, minlength=trace.n_rollouts)
    share = 1 / np.maximum(n_stages, 1)
    least_s = np.nan_to_num(np.maximum(wall_s - trace.per_rollout(longest_s), 0) * share)
    most_s = np.maximum(wall_s - trace.per_rollout(trace.longest(low_s)), 0) * share
    least_s = np.where((trace.n_missing > 0) | (trace.basis == "upper_bound"), 0, least_s)
    lead_s = np.where(n_stages == 0, wall_s, 0)
    lead_low_s = np.where((trace.n_missing > 0) | (trace.basis == "upper_bound"), 0, np.nan_to_num(lead_s))
    spread_s = np.maximum(wall_s - trace.per_rollout(longest_s), 0) * share
    span_s = np.nan_to_num(longest_s + spread_s[trace.stage_row])
    return Gaps(
        call_low_s=low_s,
        call_high_s=high_s,
        span_s=span_s,
        tool_low_s=least_s[trace.stage_row],
        tool_high_s=most_s[trace.stage_row],
        lead_s=np.nan_to_num(lead_s),
        lead_low_s=lead_low_s,
        lead_high_s=lead_s,
    )


def _narrowed(trace: Trace, gaps: Gaps) -> Gaps:
    """Where the rollout tells its tool time, take that: every gap at the same place between its bounds."""
    wall_s, model_s, tool_s = (trace.rollouts[name] for name in ("wall_s", "model_s", "tool_s"))
    wait_s = np.nan_to_num(trace.rollouts["wait_s"])
    rest_s = np.where(trace.basis == "measured", np.maximum(wall_s - model_s - wait_s, 0), np.nan)
    told_s = np.where(trace.n_missing > 0, np.nan, np.where(np.isnan(tool_s), rest_s, tool_s))
    if np.isnan(told_s).all():
        return gaps
    least_s = trace.per_rollout(gaps.tool_low_s) + gaps.lead_low_s
    most_s = trace.per_rollout(gaps.tool_high_s) + gaps.lead_high_s
    n_stages = np.bincount(trace.stage_row, minlength=trace.n_rollouts)
    width_s = np.where(most_s > least_s, most_s - least_s, np.nan)
    place = np.clip((told_s - least_s) / width_s, 0, 1)
    evenly_s = np.where(np.isnan(most_s), told_s / np.maximum(n_stages, 1), np.nan)
    of_stage, stage_s = place[trace.stage_row], evenly_s[trace.stage_row]
    tool = _between(gaps.tool_low_s, gaps.tool_high_s, of_stage, stage_s)
    lead = _between(gaps.lead_low_s, gaps.lead_high_s, place, np.where(np.isnan(evenly_s), np.nan, 0))
    return replace(gaps, tool_low_s=tool[0], tool_high_s=tool[1], lead_low_s=lead[0], lead_high_s=lead[1])


def _between(
    low_s: FloatArray, high_s: FloatArray, place: FloatArray, stated_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Take the place between low and high, or what is stated; where neither is known, keep both."""
    inside = np.where(np.isnan(place), stated_s, low_s + place * (high_s - low_s))
    return np.where(np.isnan(inside), low_s, inside), np.where(np.isnan(inside), high_s, inside)
