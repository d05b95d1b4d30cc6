"""Which rates apply where: the price keys of a trace on a lattice of places, and the rates of its cells as a table.

A rate has four readings (``terms.READINGS``); they differ where only a window is known for a change, where tokens can
be read in two ways, and for totals whose requests cannot be placed in a bucket or slot.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from pricing.book import PriceBook
from pricing.moments import END, START, midnight
from pricing.rates.alike import alike
from pricing.rates.key import Key
from pricing.rates.keys import KEY_COLUMNS, price_keys
from pricing.rates.lattice import Lattice, Seen, breaks_within, first_interval, slots_of
from pricing.rates.listed import Lister, Place
from pricing.rates.policy import View, applied, discounts_of, policy_of
from pricing.rates.terms import term_rates
from pricing.scenario import Scenario
from traces.schema import UTC_TIME

PLACE: Final = ("key", "interval", "bucket", "slot")
Cells = pl.DataFrame
"""Columns of ``PLACE``, one row per cell."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates of cells; cells between which nothing that their key depends on changes share a row.

    Args:
        cells: Columns of ``PLACE`` and row, the number of their rates.
        rows: row, key, and the rates and what else is said of them.
    """

    cells: pl.DataFrame
    rows: pl.DataFrame


_MAX_CODE: Final = 1 << 12


@dataclass(frozen=True)
class Grid:
    """Where the calls of a trace are priced, and by what.

    Args:
        keys: KEY_COLUMNS -> key, price_model (null: no such model in the book). Its text columns give the numbers
            that place calls, so it must live as long as a query is run.
        lattice: Places calls can have.
        views: How the keys are billed, by view; those that do not differ from "effective" are left out.
        scenario: What is changed.
    """

    keys: pl.DataFrame
    lattice: Lattice
    views: Mapping[View, Sequence[Key]]
    scenario: Scenario

    def all_cells(self) -> Cells:
        """Every cell a call can lie in."""
        grid = np.meshgrid(*self._axes(), indexing="ij")
        return pl.DataFrame({name: axis.ravel() for name, axis in zip(PLACE, grid, strict=True)}, schema=_CELLS)

    @property
    def n_cells(self) -> int:
        """Number of cells a call can lie in."""
        return math.prod(map(len, self._axes()))

    def _axes(self) -> tuple[Sequence[int], ...]:
        lattice = self.lattice
        return range(self.keys.height), lattice.intervals, range(lattice.n_buckets), range(lattice.n_slots)

    def rates(self, cells: Cells) -> RateTable:
        """Give the rates of every term and reading, price_from, price_evidence, is_what_if and is_skipped of cells.

        Rates of a view other than "effective" are named ``<view>.<term>_<reading>``. Null: not known.
        """
        distinct, numbers = self._alike(cells)
        listers = {id(keys): Lister(keys, self.lattice) for keys in self.views.values()}
        columns: dict[str, pl.Series] = {}
        for view, keys in self.views.items():
            columns |= self._rates_of(view, listers[id(keys)], distinct)
        caches = self._caches(distinct) if self.scenario.cache == "upper_bound" else {}
        rows = distinct.select("key").with_columns(**columns, **self._flags(distinct), **caches)
        return RateTable(cells.with_columns(row=numbers), rows.with_row_index("row"))

    def cache_rules(self, cells: Cells) -> RateTable:
        """What the cache of each cell's provider holds; see ``cost.cache.with_full_cache``."""
        distinct, numbers = self._alike(cells)
        rows = distinct.select("key").with_columns(**self._caches(distinct))
        return RateTable(cells.with_columns(row=numbers), rows.with_row_index("row"))

    def _alike(self, cells: Cells) -> tuple[Cells, pl.Series]:
        """Distinct cells by their rates, and for each cell the number of its own."""
        ways = list(zip(*self.views.values(), strict=True))
        same = alike(ways, self.lattice, discount_moments(self.scenario))
        at = {name: cells[name].to_numpy() for name in PLACE}
        firsts = cells.with_columns(
            pl.Series(name, getattr(same, name)[at["key"], at[name]], dtype=pl.UInt32) for name in PLACE[1:]
        )
        rows = firsts.unique(maintain_order=True).with_row_index("row")
        numbered = firsts.join(rows, on=PLACE, how="left", maintain_order="left")
        return rows.drop("row"), numbered["row"]

    def _flags(self, cells: Cells) -> dict[str, pl.Series]:
        keys = self.views["effective"]
        return {
            name: pl.Series([getattr(keys[key], name) for key in cells["key"]], dtype=pl.Boolean)
            for name in ("is_what_if", "is_skipped")
        }

    def _caches(self, cells: Cells) -> dict[str, pl.Series]:
        keys = self.views["effective"]
        moments = [
            (keys[key], self.lattice.moment(interval) or START) for key, interval in cells.select(PLACE[:2]).iter_rows()
        ]
        stretches = [(key.at(moment), moment) for key, moment in moments]
        rules = [stretch.cache(moment) if stretch else (0, math.nan) for stretch, moment in stretches]
        writes = [stretch is not None and stretch.bills_writes for stretch, _ in stretches]
        return {
            "cache_min_tokens": pl.Series([least for least, _ in rules], dtype=pl.Int64),
            "cache_ttl_s": pl.Series([ttl_s for _, ttl_s in rules], dtype=pl.Float64).fill_nan(None),
            "bills_writes": pl.Series(writes, dtype=pl.Boolean),
        }

    def _rates_of(self, view: View, lister: Lister, cells: Cells) -> dict[str, pl.Series]:
        places = [lister.at(*address) for address in cells.iter_rows()]
        moments = [(key, self.lattice.moment(interval)) for key, interval in cells.select(PLACE[:2]).iter_rows()]
        n_above = len(self.lattice.above)
        policy = policy_of(lister.keys, moments, discounts_of(self.scenario, view), n_above)
        listed = np.stack([place.rates for place in places]) if places else np.empty((0, *lister.shape))
        found = term_rates(applied(listed, policy), n_above)
        prefix = "" if view == "effective" else f"{view}."
        rates = {
            f"{prefix}{term}_{reading}": _whole(values)
            for term, readings in found.items()
            for reading, values in readings.items()
        }
        return rates | (_evidence(places) if view == "effective" else {})


def rate_grid(
    pairs: pl.DataFrame,
    books: Mapping[View, Sequence[PriceBook]],
    seen: Seen,
    scenario: Scenario,
) -> Grid:
    """Build the grid for the price keys of a trace.

    Args:
        pairs: Distinct KEY_COLUMNS of the calls.
        books: Prices of each view that is wanted; "effective" always is.
        seen: What is known of all calls.
        scenario: How to price.
    """
    distinct = {tuple(map(id, listed)): listed for listed in books.values()}
    found = {name: price_keys(pairs, listed, scenario) for name, listed in distinct.items()}
    keys = {view: found[tuple(map(id, listed))][1] for view, listed in books.items()}
    frame = next(iter(found.values()))[0]
    changes = discount_moments(scenario)
    lattice = lattice_of(chain.from_iterable(keys.values()), seen, changes)
    labels = [key.price_model for key in keys["effective"]]
    named = frame.with_columns(pl.Series("price_model", labels, dtype=pl.String))
    return Grid(coded(named), lattice, keys, scenario)


def lattice_of(keys: Iterable[Key], seen: Seen, changes: Iterable[datetime]) -> Lattice:
    """Where the prices of keys change while calls are made, and further moments that tell intervals apart."""
    listed = list(keys)
    rows = [row for key in listed for stretch in key.stretches for rows in stretch.rows for row in rows]
    moments = {moment for key in listed for moment in key.moments} | set(changes)
    breaks = breaks_within(moments, seen)
    return Lattice(
        breaks,
        tuple(sorted({row.series.min_input_tokens for row in rows} - {0})),
        slots_of({(row.series.weekdays, row.series.hours_utc) for row in rows}),
        tuple(sorted({row.series.min_input_tokens for row in rows if not row.series.is_whole_request})),
        first_interval(breaks, seen),
        seen.is_timed,
        seen.is_single,
    )


def discount_moments(scenario: Scenario) -> set[datetime]:
    """Moments at which a discount begins or ends."""
    ends = ((each.effective_date, each.until_date) for each in scenario.discount)
    return {midnight(day, START) for day in chain.from_iterable(ends)} - {START, END}


def _whole(values: np.ndarray) -> pl.Series:
    return pl.Series(values).fill_nan(None).cast(pl.Int64)


def _evidence(places: Sequence[Place]) -> dict[str, pl.Series]:
    return {
        "price_from": pl.Series([place.since for place in places], dtype=UTC_TIME),
        "price_evidence": pl.Series([place.evidence for place in places], dtype=pl.String),
    }


def coded(keys: pl.DataFrame) -> pl.DataFrame:
    """Number the texts of the keys: by their category, which calls may carry already, where these are few."""
    texts = [name for name in KEY_COLUMNS if name != "is_batch"]
    numbered = keys.with_columns(pl.col(texts).cast(pl.Categorical))
    return numbered.with_columns(
        keys[name].cast(pl.Enum(keys[name].unique().drop_nulls().sort()))
        for name in texts
        if (numbered.select(pl.col(name).to_physical().max()).item() or 0) >= _MAX_CODE
    )


_CELLS: Final = pl.Schema(dict.fromkeys(PLACE, pl.UInt32))
