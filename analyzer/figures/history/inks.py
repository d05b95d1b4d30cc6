"""Colours of agents in a history: their own, as in every figure, or that of an attribute, with its key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.figures.styles import GREY, LineStyle, colour, dash, fewer_tasks, marker
from analyzer.history.attributes import column_of
from traces.errors import UsageError

_MOST_VALUES: Final = 7
_N_RANGES: Final = 4
_JOINT: Final = " + "
Who = tuple[str | None, str | None, str | None]
"""Benchmark, agent and run."""


@dataclass(frozen=True, slots=True)
class Inks:
    """Colour, dash and marker of every agent.

    Args:
        numbers: Number of the agent, and of its run among those of the agent: they differ in dash and marker only.
        inks: Colour of each.
        names: Name of each, without what all of its benchmark begin with; with its run if it has several, and with the
            number of its tasks if these are fewer than the benchmark has.
        key: What the colours of an attribute mean; empty: every agent has its own.
    """

    numbers: Mapping[Who, tuple[int, int]]
    inks: Mapping[Who, str]
    names: Mapping[Who, str]
    key: tuple[tuple[str, str], ...] = ()

    def dash(self, who: Who) -> LineStyle:
        """Line style of an agent."""
        return dash(sum(self.numbers[who]))

    def marker(self, who: Who) -> str:
        """Marker of an agent."""
        return marker(sum(self.numbers[who]))


def inks_of(agents: pl.DataFrame, attribute: str | None) -> Inks:
    """Give every agent its colour; those without a value of the attribute are grey.

    Raises:
        UsageError: if there is no such attribute, or it has more values than colours can be told apart.
    """
    whom: list[Who] = list(agents.select(GROUP).iter_rows())
    numbers, names = _numbers(whom), _names(agents, whom)
    if attribute is None:
        return Inks(numbers, {who: colour(numbers[who][0]) for who in whom}, names)
    labels, values = _labels(column_of(agents, "--colour", attribute))
    if len(values) > _MOST_VALUES:
        problem = f"--colour {attribute}: {len(values)} values, of which {_MOST_VALUES} can be told apart by colour"
        raise UsageError(problem, "narrow it down with --where")
    inks = {value: colour(number) for number, value in enumerate(values)}
    key = [(f"{attribute}: {value}" if not number else value, inks[value]) for number, value in enumerate(values)]
    key += [("not known", GREY)] if None in labels else []
    chosen = {who: inks.get(label or "", GREY) for who, label in zip(whom, labels, strict=True)}
    return Inks(numbers, chosen, names, tuple(key))


def shared_start(agents: Iterable[str | None]) -> str:
    """What the names of all agents begin with, up to a "+" between scaffold and model; empty: nothing, or only one."""
    names = sorted({agent or "" for agent in agents})
    parts = zip(*(name.split(_JOINT)[:-1] for name in names), strict=False)
    shared = [first for first, *others in takewhile(lambda part: len(set(part)) == 1, parts)]
    return "".join(f"{part}{_JOINT}" for part in shared) if len(names) > 1 else ""


def _names(agents: pl.DataFrame, whom: Sequence[Who]) -> dict[Who, str]:
    sizes = agents.select("n_tasks", "n_benchmark_tasks").iter_rows()
    return {who: f"{_name(who, whom)}{fewer_tasks(*size)}" for who, size in zip(whom, sizes, strict=True)}


def _name(who: Who, whom: Sequence[Who]) -> str:
    start = shared_start(agent for benchmark, agent, _ in whom if benchmark == who[0])
    n_runs = sum(each[:2] == who[:2] for each in whom)
    name = (who[1] or "").removeprefix(start)
    return f"{name}, {who[2]}" if n_runs > 1 else name


def _numbers(whom: Sequence[Who]) -> dict[Who, tuple[int, int]]:
    names = sorted({agent or "" for _, agent, _ in whom})
    seen: dict[tuple[str | None, str | None], int] = {}
    numbers: dict[Who, tuple[int, int]] = {}
    for who in whom:
        numbers[who] = names.index(who[1] or ""), seen.get(who[:2], 0)
        seen[who[:2]] = seen.get(who[:2], 0) + 1
    return numbers


def _labels(values: pl.Series) -> tuple[list[str | None], list[str]]:
    """Value of every agent in words, and all values in order; many numbers or dates become ranges, by rank."""
    values = values.cast(pl.Date) if values.dtype == pl.Datetime else values
    known = values.drop_nulls().unique().sort()
    if len(known) <= _MOST_VALUES or not (values.dtype.is_numeric() or values.dtype == pl.Date):
        return [None if value is None else _words(value) for value in values], [_words(value) for value in known]
    ends = [known[round(part * (len(known) - 1) / _N_RANGES)] for part in range(_N_RANGES + 1)]
    words = [f"{_words(low)} to {_words(high)}" for low, high in pairwise(ends)]
    return [None if value is None else words[_place(value, ends)] for value in values], words


def _place(value: object, ends: Sequence[object]) -> int:
    """Number of the range a value lies in."""
    return next(number for number, high in enumerate(ends[1:]) if value <= high)  # type: ignore[operator]


def _words(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
