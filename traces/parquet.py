"""Parquet tables of records: told by the column names at their end, read a row at a time."""

import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

import polars as pl

from traces.errors import UnreadableError
from traces.files import content
from traces.registry import Peek, SourceFile

DAMAGED: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises of a damaged Parquet file, wherever in it the damage lies."""
_MAGIC: Final = b"PAR1"
_ROWS_PER_BATCH: Final = 20_000


def has_columns(peek: Peek, names: Iterable[str]) -> bool:
    """Tell whether the content is Parquet whose footer, as far as it was seen, names these columns."""
    is_parquet = peek.start.startswith(_MAGIC) and peek.end.endswith(_MAGIC)
    return is_parquet and all(name.encode() in peek.end for name in names)


def parquet_rows(file: SourceFile, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the rows of a table, each with those of the named columns that it has.

    Raises:
        UnreadableError: if the file cannot be read or is no whole Parquet file.
    """
    try:
        table = pl.scan_parquet(parquet_source(file), glob=False)
        columns = table.collect_schema()
        wanted = [name for name in names if name in columns]
        n_rows = table.select(pl.len()).collect().item()
        for start in range(0, n_rows, _ROWS_PER_BATCH):
            yield from table.select(wanted).slice(start, _ROWS_PER_BATCH).collect().iter_rows(named=True)
    except DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableError(f"{file.path}: damaged Parquet file ({reason})", "fetch it again") from error


def parquet_source(file: SourceFile) -> Any:
    """Give the path of a Parquet file, to be read where it lies, or the content of a compressed one."""
    with file.path.open("rb") as raw:
        is_plain = raw.read(len(_MAGIC)) == _MAGIC
    if is_plain:
        return file.path
    with content(file.path) as whole:
        return io.BytesIO(bytes(whole))
