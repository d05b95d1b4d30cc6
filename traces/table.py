"""What a declared table is: typed columns that say what null means, and the checks a frame must pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl

from traces.errors import StoreError


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name carries the unit, its doc says what null means. Repeated: few distinct values, many rows."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    doc: str
    nullable: bool = True
    default: object = None
    values: tuple[str, ...] | None = None
    is_repeated: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its columns in order and the key its rows are unique and sorted by."""

    name: str
    key: tuple[str, ...]
    doc: str
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pl.Schema:
        """Polars schema, columns in declared order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @cached_property
    def repeated(self) -> tuple[str, ...]:
        """Columns stored as categories, for speed; whoever reads the table sees their declared type."""
        return tuple(column.name for column in self.columns if column.is_repeated)

    def empty(self) -> pl.DataFrame:
        """Frame with every column and no row."""
        return pl.DataFrame(schema=self.schema)

    def with_columns(self, doc: str, *columns: Column) -> "Table":
        """Return the same table and key with columns added at the end."""
        return Table(self.name, self.key, doc, self.columns + columns)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Bring a partial frame to the declared columns: absent ones become null (or their default).

        Raises:
            StoreError: on an undeclared column or a value that does not fit its type.
        """
        present = frozenset(frame.columns)
        unknown = present - self.schema.keys()
        if unknown:
            raise StoreError(f"table {self.name}: undeclared columns {sorted(unknown)}")
        try:
            return frame.select(self._conforming(present))
        except pl.exceptions.PolarsError as error:
            raise StoreError(f"table {self.name}: {error}") from error

    @cached_property
    def _conforming(self) -> Callable[[frozenset[str]], list[pl.Expr]]:
        """By the columns a frame has: those of a reader have the same ones file after file."""
        return cache(lambda present: [_conformed(column, present) for column in self.columns])

    def sort(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sort by the key, nulls first, so that equal content gives equal bytes."""
        return frame.sort(self.key or frame.columns, nulls_last=False, maintain_order=True)


def _conformed(column: Column, present: frozenset[str]) -> pl.Expr:
    if column.name not in present:
        return pl.lit(column.default, dtype=column.dtype).alias(column.name)
    values = pl.col(column.name).cast(column.dtype)
    return values if column.nullable else values.fill_null(pl.lit(column.default, dtype=column.dtype))


def violations(table: Table, frame: pl.DataFrame) -> list[str]:
    """Name every broken rule of a conformed frame: nulls, values outside their list, repeated keys."""
    return [*_null_violations(table, frame), *_value_violations(table, frame), *_key_violations(table, frame)]


def _null_violations(table: Table, frame: pl.DataFrame) -> Iterable[str]:
    for column in table.columns:
        n_null = 0 if column.nullable else frame[column.name].null_count()
        if n_null:
            yield f"{table.name}.{column.name}: {n_null} nulls where a value is required"


def _value_violations(table: Table, frame: pl.DataFrame) -> Iterable[str]:
    for column in table.columns:
        if column.values is not None:
            strange = frame[column.name].drop_nulls().unique().to_list()
            strange = sorted(set(strange) - set(column.values))
            if strange:
                yield f"{table.name}.{column.name}: {strange} not among {list(column.values)}"


def _key_violations(table: Table, frame: pl.DataFrame) -> Iterable[str]:
    if table.key and frame.height != frame.select(pl.struct(table.key).n_unique()).item():
        yield f"{table.name}: key {table.key} is not unique"
