"""Parquet tables of records: told by the column names at their end, read a row at a time."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import polars as pl

from traces.errors import UnreadableError
from traces.files import content
from traces.registry import Peek, SourceFile

DAMAGED: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises of a damaged Parquet file, wherever in it the damage lies."""
_MAGIC: Final = b"PAR1"
_ROWS_PER_BATCH: Final = 20_000
_ROWS_PER_ARROW_BATCH: Final = 100
_ELEMENT: Final = re.compile(r"\.list\.(?:element|item)\.|\.bag\.array_element\.|\.list\.array\.")


def has_columns(peek: Peek, names: Iterable[str]) -> bool:
    """Tell whether the content is Parquet whose footer, as far as it was seen, names these columns."""
    end = peek.start if peek.start.endswith(peek.end) else peek.end  # of a small file the start is all of it
    if not (peek.start.startswith(_MAGIC) and end.endswith(_MAGIC)):
        return False
    footer = end[-int.from_bytes(end[-8:-4], "little") - 8 :]
    return all(name.encode() in footer for name in names)


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
        raise _damaged(file, error) from error


def _damaged(file: SourceFile, error: BaseException) -> UnreadableError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableError(f"{file.path}: damaged Parquet file ({reason})", "fetch it again")


def parquet_source(file: SourceFile) -> Any:
    """Give the path of a Parquet file, to be read where it lies, or the content of a compressed one."""
    with file.path.open("rb") as raw:
        is_plain = raw.read(len(_MAGIC)) == _MAGIC
    if is_plain:
        return file.path
    with content(file.path) as whole:
        return io.BytesIO(bytes(whole))


def arrow_rows(file: SourceFile, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Give the rows of a table of nested columns, each with those of the named parts that it has.

    The others are not read: of records with their messages that is nearly all.

    Args:
        file: The table.
        paths: Names of columns, or of parts of one ("spans.*.name": the name of each of a list of structs).

    Raises:
        UnreadableError: if the file cannot be read or is no whole Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(parquet_source(file)) as table:
            parts = [table.schema.column(number).path for number in range(len(table.schema))]
            wanted = [part for part in parts if _ELEMENT.sub(".*.", part) in paths or part.partition(".")[0] in paths]
            for batch in table.iter_batches(_ROWS_PER_ARROW_BATCH, columns=wanted):
                yield from batch.to_pylist()
    except (pa.ArrowException, *DAMAGED, ValueError) as error:
        raise _damaged(file, error) from error
