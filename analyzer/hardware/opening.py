"""The hardware tables a question is asked of: the bundled ones, and the user's files over or instead of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pricing.hardware.importer import Imported, import_rows
from pricing.hardware.shelf import Hardware, load_hardware, with_rows
from pricing.hardware.table_file import read_table
from traces.errors import PricingError


@dataclass(frozen=True)
class Opened:
    """Hardware tables, and what is to be said of the files among them.

    Args:
        hardware: The tables.
        notes: What was left out of the user's files or corrected in them, each in a sentence.
    """

    hardware: Hardware
    notes: tuple[str, ...] = ()


def open_tables(files: Sequence[Path] = (), mapping: Path | None = None, *, is_alone: bool = False) -> Opened:
    """Load the hardware tables.

    Args:
        files: Files of the user: tables in our own columns, or anything an importer reads.
        mapping: Which of their columns is which of ours; null: they are recognised by their content.
        is_alone: Whether the measured loads are those of the files alone, without the bundled ones.

    Raises:
        PricingError: if a file cannot be read or is not recognised, or there are no files to be alone.
    """
    if is_alone and not files:
        raise PricingError("no measured loads: the bundled ones are left out, no others are named", "add --rows FILE")
    hardware, notes = load_hardware(), []
    if is_alone:
        hardware = replace(hardware, serving=hardware.serving.clear())
    for path in files:
        read = read_user_table(path, mapping)
        hardware = with_rows(hardware, path, read.table_name, read.frame)
        notes += list(import_notes(path, read))
    return Opened(hardware, tuple(notes))


def read_user_table(path: Path, mapping: Path | None = None) -> Imported:
    """Read a file of the user: by a mapping, as a table in our own columns, or by the importer that recognises it.

    Raises:
        PricingError: if none can read it; of a file no importer recognises, what keeps it from being a table of ours.
    """
    if mapping is not None:
        return import_rows(path, mapping=mapping)
    try:
        name, frame = read_table(path)
    except PricingError as own:
        try:
            return import_rows(path)
        except PricingError as foreign:
            is_unknown = foreign.problem.endswith("recognises it")
            raise (own if is_unknown else foreign) from foreign
    return Imported(name, frame, pl.DataFrame(schema={"reason": pl.String, "n": pl.Int64}))


def import_notes(path: Path, imported: Imported) -> Iterator[str]:
    """What was left out of a file, by reason, and what was corrected or assumed."""
    for reason, n in imported.dropped.iter_rows():
        yield f"{path.name}: left out {n:,}: {reason}"
    yield from (f"{path.name}: {note}" for note in imported.notes)
