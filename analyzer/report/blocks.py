"""What the page is made of: tables of ready-made cells, and charts with their words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analyzer.report.words import count
from analyzer.words import NOT_KNOWN

MAX_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the number it sorts by (null: sorts last), where it links to, and its key in the charts."""

    text: str
    sort: float | None = None
    link: str | None = None
    key: int | None = None

    @property
    def head(self) -> str:
        """Text before the first bracket."""
        return self.text.partition(" (")[0]

    @property
    def aside(self) -> str:
        """What stands in brackets at the end: a range, a share."""
        return self.text.partition(" (")[2].removesuffix(")")


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell drawn as a stacked bar: name of each segment and its share of the width, 0 to 1."""

    segments: tuple[tuple[str, float], ...]
    text: str
    sort: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, the unit under it, and whether it holds numbers or sentences."""

    label: str
    unit: str = ""
    is_number: bool = False
    is_prose: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading; benchmarks are never mixed in one group."""

    title: str | None
    rows: tuple[tuple[Cell | Bar, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; n_more counts the rows left out, empty says what it means that there are none."""

    caption: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    empty: str = "none"
    n_more: int = 0

    @property
    def n_rows(self) -> int:
        """Rows shown."""
        return sum(len(group.rows) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its SVG and the words under it."""

    title: str
    svg: str
    remarks: tuple[str, ...] = field(default=())


def table(  # noqa: PLR0913 - a caption, columns, rows and what to say without any
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[dict[str, Any]],
    cells: Callable[[dict[str, Any]], tuple[Cell | Bar, ...]],
    *,
    by: str | None = None,
    empty: str = "none",
) -> Table:
    """Make a table of at most MAX_ROWS rows, in groups by a column where one is named; the rest is counted."""
    kept = list(rows)
    shown = kept[:MAX_ROWS]
    titles = list(dict.fromkeys(name(row[by]) for row in shown)) if by else [None]
    groups = (
        Group(title, tuple(cells(row) for row in shown if by is None or name(row[by]) == title)) for title in titles
    )
    return Table(caption, tuple(columns), tuple(groups), empty, len(kept) - len(shown))


def name(benchmark: str | None) -> str:
    """Name of a benchmark as it is printed."""
    return benchmark or "unnamed benchmark"


def number(value: float | None) -> Cell:
    """Count in a cell."""
    return Cell(NOT_KNOWN if value is None else count(value), value)
