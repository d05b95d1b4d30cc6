"""What an importer of hardware tables is, and how it is found: every module in ``pricing/hardware/importers`` with one.

An importer recognises a source by its content and turns it into rows of one hardware table. What cannot become a row
is counted by reason: nothing is dropped unseen.
"""

import csv
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from pricing.book.foreign import Foreign, read_foreign
from pricing.hardware.rows import sound
from pricing.hardware.schema import HARDWARE_TABLES
from traces.errors import PricingError, StoreError, nearest

_SHAPE_ERRORS: Final = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, OSError)
_HEADER_CHARS: Final = 100_000
_DROPPED: Final = pl.Schema({"reason": pl.String, "n": pl.Int64})


@dataclass(frozen=True)
class Imported:
    """Rows of one hardware table, and what was left out.

    Args:
        table_name: The table the rows are of.
        frame: The rows, conformed.
        dropped: Reason and n, one row per reason: rows of the source that are none of the table.
        notes: What was corrected or assumed, each in a sentence.
    """

    table_name: str
    frame: pl.DataFrame
    dropped: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importer:
    """A foreign format: how to recognise it, and how it becomes rows.

    Args:
        name: Name of the format.
        summary: One sentence: what it recognises.
        upstream: Versions of the source it was written against.
        sniff: True if the content is this format.
        parse: Makes the rows of a source.
    """

    name: str
    summary: str
    upstream: tuple[str, ...]
    sniff: Callable[[Foreign], bool]
    parse: Callable[[Foreign], Imported]


@cache
def discover() -> Mapping[str, Importer]:
    """All importers by name."""
    package = importlib.import_module("pricing.hardware.importers")
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    found = [module.IMPORTER for module in modules if hasattr(module, "IMPORTER")]
    return {importer.name: importer for importer in sorted(found, key=lambda one: one.name)}


def import_rows(path: Path, kind: str | None = None, mapping: Path | None = None) -> Imported:
    """Import a foreign table of measured loads or prices of accelerator-hours.

    Args:
        path: File, folder or zip.
        kind: Name of the importer; default: the one that recognises the content.
        mapping: TOML file that says which of its columns is which of ours; the importer is then "mapped".

    Raises:
        PricingError: if the source or mapping cannot be read, none recognises it, or no row is left.
    """
    if mapping is not None or kind == "mapped":
        return _mapped(path, kind, mapping)
    source = read_foreign(path)
    importer = _recognise(source) if kind is None else _named(kind)
    try:
        imported = importer.parse(source)
    except (*_SHAPE_ERRORS, StoreError, pl.exceptions.PolarsError) as error:
        problem = f"{path}: not the shape the importer {importer.name} knows: {error!r}"
        raise PricingError(problem, f"it was written against {'; '.join(importer.upstream)}") from error
    return _some_rows(path, imported)


def settle(
    table_name: str, frame: pl.DataFrame, dropped: Sequence[tuple[str, int]] = (), notes: Sequence[str] = ()
) -> Imported:
    """Conform rows and leave out, counted, those that break a rule of their table.

    Args:
        table_name: The table the rows are of.
        frame: Rows with some or all of its columns.
        dropped: Reasons and counts of what was left out before.
        notes: What was corrected or assumed before.
    """
    table = HARDWARE_TABLES[table_name]
    kept, unsound = sound(table, table.conform(frame))
    before = pl.DataFrame([one for one in dropped if one[1]], schema=_DROPPED, orient="row")
    return Imported(table_name, kept, pl.concat([before, unsound.match_to_schema(_DROPPED)]), tuple(notes))


def csv_header(source: Foreign) -> set[str]:
    """Names of the columns of a CSV; none for a folder."""
    return set(next(csv.reader(source.text[:_HEADER_CHARS].splitlines()[:1]), []))


def write_rows(imported: Imported, path: Path) -> None:
    """Write imported rows as a file that load_hardware reads: CSV, or Parquet by its ending.

    Raises:
        PricingError: if it cannot be written.
    """
    try:
        if path.suffix == ".parquet":
            imported.frame.write_parquet(path, compression="zstd", statistics=False)
        else:
            imported.frame.write_csv(path)
    except OSError as error:
        raise PricingError(f"{path}: {error}", "give a path that can be written") from error


def _mapped(path: Path, kind: str | None, mapping: Path | None) -> Imported:
    from pricing.hardware.importers.mapped import import_mapped

    if mapping is None or kind not in {None, "mapped"}:
        problem = "the importer mapped needs a mapping" if mapping is None else f"the importer {kind} takes no mapping"
        raise PricingError(f"{path}: {problem}", "give the importer mapped and a TOML file, or neither")
    return _some_rows(path, import_mapped(path, mapping))


def _some_rows(path: Path, imported: Imported) -> Imported:
    if imported.frame.height:
        return imported
    reasons = "; ".join(f"{n} rows: {reason}" for reason, n in imported.dropped.head(3).iter_rows())
    raise PricingError(f"{path}: no row of it is one of {imported.table_name}", reasons or "the source is empty")


def _named(kind: str) -> Importer:
    known = discover()
    if kind not in known:
        raise PricingError(f"no importer {kind!r} of hardware tables", nearest(kind, [*known, "mapped"]))
    return known[kind]


def _recognise(source: Foreign) -> Importer:
    for importer in discover().values():
        with suppress(*_SHAPE_ERRORS, pl.exceptions.PolarsError):  # what breaks a look at it is another format
            if importer.sniff(source):
                return importer
    known = "; ".join(f"{one.name}: {one.summary}" for one in discover().values())
    raise PricingError(
        f"{source.path}: no importer of hardware tables recognises it", f"{known}; mapped: with a mapping"
    )
