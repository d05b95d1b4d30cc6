"""Rows of a unit that repeat a key: a safety net under every reader, so that a key names one row."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from traces.rejects import RejectLog
from traces.schema import TASKS
from traces.table import Table

_NUMBER: Final = "_number"


@dataclass(frozen=True, slots=True)
class RepeatLog:
    """Reports rows of a unit whose key is that of the row before: identical ones as copies, others as malformed."""

    unit: str
    log: RejectLog

    def repeated(self, rows: pl.LazyFrame, table: Table) -> list[int]:
        """Give the numbers of the rows, in a frame sorted by key, that repeat the key of the row before.

        Tasks may repeat: every batch may name its own, and they are merged over the whole store.
        """
        if table is TASKS:
            return []
        numbered, is_same = rows.with_row_index(_NUMBER), _is_same(table)
        repeats = numbered.filter(is_same).select(_NUMBER).collect(engine="streaming")[_NUMBER].to_list()
        if repeats:
            around = sorted({*repeats, *(number - 1 for number in repeats)})
            self._report(numbered.filter(pl.col(_NUMBER).is_in(around)).drop(_NUMBER).collect(), table)
        return repeats

    def _report(self, rows: pl.DataFrame, table: Table) -> None:
        first: dict[str, Any] = {}
        for row in rows.iter_rows(named=True):
            if any(first.get(name, self) != row[name] for name in table.key):
                first = row
                continue
            place = " ".join(f"{name}={row[name]}" for name in table.key if row[name] is not None)
            differing = [name for name in row if row[name] != first[name]]
            if differing:
                reason = f"a second row of this key in {table.name}, with another {', '.join(differing)}"
                self.log.malformed(self.unit, place, reason)
            else:
                kept = row["rollout_id"] if row.get("rollout_id") else row["run_id"]
                self.log.duplicate(self.unit, place, kept, f"the same row of {table.name} twice")


def has_repeats(frame: pl.DataFrame, table: Table) -> bool:
    """Tell whether a frame in memory, sorted by key, repeats a key that ``RepeatLog`` reports."""
    return table is not TASKS and frame.height > 1 and bool(frame.select(_is_same(table).any()).item())


def _is_same(table: Table) -> pl.Expr:
    return pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in table.key)


def without(rows: pl.LazyFrame, numbers: list[int]) -> pl.LazyFrame:
    """Rows but those of these numbers."""
    return rows.with_row_index(_NUMBER).filter(~pl.col(_NUMBER).is_in(numbers)).drop(_NUMBER)
