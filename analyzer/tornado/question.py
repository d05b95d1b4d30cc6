"""A priced trace and whose costs are asked for: sums of its spots over all runs, over each agent's, or of each run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from pricing.book import PriceBook
from pricing.rates.terms import Floats
from pricing.scenario import Scenario
from pricing.sweep import Sweep
from pricing.sweep.plan import plan_of
from pricing.sweep.spots import POINT, Spots
from traces.errors import UsageError
from traces.sums import total

Per = Literal["total", "agent", "run"]
SCOPE: Final = ("benchmark", "agent", "run_id")
_KEYS: Final[dict[str, tuple[str, ...]]] = {"total": (), "agent": SCOPE[:2], "run": SCOPE}
"""Columns of ``SCOPE`` that tell the scopes apart; the others are null."""


@dataclass(frozen=True)
class Question:
    """Costs under a scenario, by scope.

    Args:
        spots: Spots of the trace.
        scenario: How it is priced.
        scopes: One row per scope: SCOPE (null: several), n_runs, base_usd (null: some part is not known),
            base_low_usd, base_high_usd (null: unbounded), coverage_frac.
        per: What a scope is.
    """

    spots: Spots
    scenario: Scenario
    scopes: pl.DataFrame
    per: Per

    def usd(self, scenario: Scenario | None = None) -> Floats:
        """Cost of every spot in USD; 0 where its role is not counted, nan where it is not one figure."""
        chosen = scenario or self.scenario
        return self.counted(self.spots.values(chosen)[:, POINT], chosen)

    def counted(self, values: Floats, scenario: Scenario | None = None) -> Floats:
        """Values of the spots whose role a scenario counts, 0 for the others."""
        is_counted = self._roles.is_in((scenario or self.scenario).roles).fill_null(value=True).to_numpy()
        return np.where(is_counted if values.ndim == 1 else is_counted[:, None], values, 0.0)

    def by_scope(self, values: Floats) -> Floats:
        """Sum values of spots by scope; nan counts as nothing."""
        sums: Floats = np.bincount(self._scope, np.nan_to_num(values), self.scopes.height).astype(np.float64)
        return sums

    def by_model(self, values: Floats) -> Floats:
        """Sum values of spots by scope x ``models``; nan counts as nothing."""
        code = self._scope * len(self.models) + self._model
        shape = self.scopes.height, len(self.models)
        sums: Floats = np.bincount(code, np.nan_to_num(values), shape[0] * shape[1]).astype(np.float64)
        return sums.reshape(shape)

    @cached_property
    def models(self) -> list[str | None]:
        """Models that spots are priced as, in order; null: in no book."""
        return self.spots.frame["price_model"].unique().sort().to_list()

    @cached_property
    def base_usd(self) -> Floats:
        """Cost of every spot as the scenario has it."""
        return self.usd()

    @cached_property
    def priced_usd(self) -> Floats:
        """Dollars that are one figure, by scope."""
        return self.by_scope(self.base_usd)

    @cached_property
    def _roles(self) -> pl.Series:
        return self.spots.frame["role"]

    @cached_property
    def _scope(self) -> np.ndarray:
        runs = self.spots.plan.tables["runs"].select("run_id", *SCOPE[:2])
        named = self.spots.frame.select("run_id").join(runs, on="run_id", how="left", maintain_order="left")
        numbered = self.scopes.select(SCOPE).with_row_index("_scope")
        keys = _KEYS[self.per]
        if not keys:
            return np.zeros(named.height, dtype=np.int64)
        found = named.join(
            numbered.select("_scope", *keys), on=keys, how="left", nulls_equal=True, maintain_order="left"
        )
        return found["_scope"].cast(pl.Int64).to_numpy()

    @cached_property
    def _model(self) -> np.ndarray:
        numbers = pl.DataFrame({"price_model": self.models, "_model": range(len(self.models))}, _MODELS)
        return self.spots.frame.join(numbers, on="price_model", how="left", nulls_equal=True, maintain_order="left")[
            "_model"
        ].to_numpy()


_MODELS: Final = {"price_model": pl.String, "_model": pl.Int64}


def ask(
    tables: Mapping[str, pl.DataFrame],
    scenario: Scenario,
    others: Iterable[Scenario] = (),
    *,
    per: str = "total",
    book: PriceBook | None = None,
) -> Question:
    """Price a trace by scope.

    Args:
        tables: Canonical tables.
        scenario: How it is priced, names as the book writes them.
        others: Scenarios that will be asked for as well.
        per: A key of ``Per``.
        book: Prices; null: the package's own with the scenario's files.

    Raises:
        UsageError: on another scope.
    """
    if per not in _KEYS:
        raise UsageError(f"no scope {per!r}", f"known: {', '.join(_KEYS)}")
    plan = plan_of(tables, [scenario, *others], ("run_id",), book)
    costs = Sweep(plan).costs([scenario]).drop("scenario")
    return Question(Spots(plan, scenario), scenario, _scopes(tables["runs"], costs, _KEYS[per]), per)  # type: ignore[arg-type]


def of_scope(frame: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of the scope of a row."""
    return frame.filter(pl.col(name).eq_missing(pl.lit(row[name], pl.String)) for name in SCOPE)


def _scopes(runs: pl.DataFrame, costs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    named = runs.select(SCOPE).cast(pl.String).join(costs, on="run_id", how="left")
    pooled = named.with_columns(pl.lit(None, pl.String).alias(name) for name in SCOPE if name not in keys)
    priced, rows = (total(each) for each in (pl.col("coverage_frac") * pl.col("n_rows"), "n_rows"))
    summed: pl.DataFrame = pooled.group_by(SCOPE).agg(
        n_runs=pl.len(),
        base_usd=total("cost_usd"),
        base_low_usd=total("cost_low_usd"),
        base_high_usd=total("cost_high_usd"),
        coverage_frac=pl.when(rows > 0).then(priced / rows).otherwise(1.0),
    )
    return summed.sort(SCOPE, nulls_last=False)
