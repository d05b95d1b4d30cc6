"""What a curve is, and how curves are found: every module in ``analyzer/curves`` that defines ``CURVE``."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import polars as pl

from traces.errors import UsageError

Tables = Mapping[str, pl.DataFrame]
"""Priced frames by table name (``pricing.schema.PRICED_TABLES``)."""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice a curve offers; the first one is the default."""

    name: str
    choices: tuple[str, ...]
    doc: str

    @property
    def default(self) -> str:
        """The choice taken when none is named."""
        return self.choices[0]


@dataclass(frozen=True, slots=True)
class CurveResult:
    """A curve as one tidy table and everything a reader of it must know.

    Args:
        curve: Name of the curve.
        title: What is drawn, in a few words.
        frame: One row per group and x. Columns of every curve: curve, benchmark, agent, run_id (null: several runs),
            x, x_low, x_high, y, y_low, y_high, n_rollouts, n_tasks, n_benchmark_tasks (tasks any agent of the
            benchmark attempted), known_frac. A null x or y is not known, its bounds are beside it; a null bound is
            unbounded.
        x_label: Meaning of x, with its unit.
        y_label: Meaning of y.
        notes: Every assumption and every count of what is missing, in words.
        form: ``steps``: y holds from its x to the next; ``points``: one point per group.
        agents: Every agent the tables hold, in order: its place gives an agent the same colour in every figure.
    """

    curve: str
    title: str
    frame: pl.DataFrame
    x_label: str
    y_label: str
    notes: tuple[str, ...]
    form: Literal["steps", "points"]
    agents: tuple[str, ...] = ()

    def among(self, agents: Iterable[str]) -> "CurveResult":
        """Return the same curve as one of these agents, drawn or not."""
        return replace(self, agents=tuple(sorted(set(agents))))


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: called with priced tables and chosen options it gives a ``CurveResult``."""

    name: str
    summary: str
    source: str
    options: tuple[Option, ...]
    compute: Callable[[Tables, Mapping[str, str]], CurveResult]

    def __call__(self, tables: Tables, **chosen: str) -> CurveResult:
        """Compute the curve; options not named take their default.

        Raises:
            UsageError: on an option or a choice the curve does not have.
            AnalysisError: if the tables cannot answer.
        """
        return self.compute(tables, self._complete(chosen)).among(tables["runs"]["agent"])

    def _complete(self, chosen: Mapping[str, str]) -> dict[str, str]:
        known = {option.name: option for option in self.options}
        strange = sorted(set(chosen) - set(known))
        if strange:
            raise UsageError(f"curve {self.name}: no option {', '.join(strange)}", f"it has: {', '.join(known)}")
        for name, choice in chosen.items():
            if choice not in known[name].choices:
                hint = f"choose one of: {', '.join(known[name].choices)}"
                raise UsageError(f"curve {self.name}: {name}={choice!r} is not a choice", hint)
        return {name: chosen.get(name, option.default) for name, option in known.items()}


@cache
def discover() -> dict[str, Curve]:
    """All curves by name."""
    package = importlib.import_module("analyzer.curves")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    curves = [getattr(importlib.import_module(f"analyzer.curves.{name}"), "CURVE", None) for name in modules]
    return {curve.name: curve for curve in curves if isinstance(curve, Curve)}


def find(name: str) -> Curve:
    """Return the curve of this name.

    Raises:
        UsageError: if there is none.
    """
    curves = discover()
    if name not in curves:
        raise UsageError(f"no curve {name!r}", f"known curves: {', '.join(curves)}")
    return curves[name]
