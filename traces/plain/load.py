"""Plain tables (CSV, TSV, JSONL, Parquet, XLSX) as frames of text: wanted columns only, each row with its place.

Columns of nested objects are named by dotted paths. What a table cannot tell is null; nothing is converted here.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import polars as pl

from traces.errors import TraceError
from traces.parquet import DAMAGED
from traces.plain.blocks import DAMAGE, head, opened
from traces.plain.text import Layout, json_frames, json_names, separated_frames, separated_header
from traces.registry import SourceFile
from traces.rejects import RejectLog

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

_COMPRESSED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


def column_names(file: SourceFile, layout: Layout) -> list[str]:
    """Names of a table's columns, dotted where nested; of JSONL those of its first 4 MiB; none in an empty file.

    Raises:
        TraceError: if it is no table.
    """
    kind = _kind(file)
    if kind == "empty":
        return []
    if kind == "jsonl":
        return json_names(file, layout)
    if kind == "separated":
        return separated_header(file, layout).names
    schema = _parquet(file)[1] if kind == "parquet" else _sheet(file, layout)[1].schema
    return [name for top, dtype in schema.items() for name in _dotted(top, dtype)]


def load(file: SourceFile, wanted: Sequence[str], layout: Layout, log: RejectLog) -> pl.DataFrame:
    """Wanted columns as text, with ``_path`` and ``_place``; a column the file lacks is null.

    Records that cannot be read are reported to the log and left out. Moments become ISO 8601, booleans true or false.

    Raises:
        TraceError: if it is no table.
        MalformedTraceError: at the first bad record, if the log stops at errors.
    """
    n_rejects, kind = len(log.rows), _kind(file)
    schema = dict.fromkeys([*wanted, "_place"], pl.String)
    parts = (part.select(list(schema)) for part in _frames(kind, file, wanted, layout, log))
    rows = pl.concat([pl.DataFrame(schema=schema), *parts])
    if rows.is_empty() and len(log.rows) == n_rejects:
        log.malformed(file.name, "", "it is empty" if kind == "empty" else "it has no rows")
    return rows.with_columns(pl.lit(file.name).alias("_path"))


def first_rows(file: SourceFile, wanted: Sequence[str], layout: Layout) -> pl.DataFrame:
    """Return the first rows of a table as ``load`` does; bad records are passed over."""
    rows = next(_frames(_kind(file), file, wanted, layout, RejectLog(None, "skip")), None)
    return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String)) if rows is None else rows


def _kind(file: SourceFile) -> str:
    start = head(file)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if b"\0" in start:
        raise TraceError(f"{file.name}: it is no table (binary content)", "CSV, TSV, JSONL, Parquet and XLSX are read")
    first = start.lstrip()[:1]
    if first == b"[":
        raise TraceError(f"{file.name}: one JSON array, not one object per line", "convert it with: jq -c '.[]' FILE")
    return {b"": "empty", b"{": "jsonl"}.get(first, "separated")


def _frames(
    kind: str, file: SourceFile, wanted: Sequence[str], layout: Layout, log: RejectLog
) -> Iterator[pl.DataFrame]:
    if kind == "jsonl":
        yield from json_frames(file, wanted, layout, log)
    elif kind == "separated":
        yield from separated_frames(file, wanted, layout, log)
    elif kind == "parquet":
        yield _parquet_rows(file, wanted)
    elif kind == "xlsx":
        yield _sheet_rows(file, wanted, layout)


def _parquet(file: SourceFile) -> tuple[pl.LazyFrame, pl.Schema]:
    with file.path.open("rb") as start:
        is_compressed = start.read(4).startswith(_COMPRESSED)
    with _damage(file):
        rows = pl.scan_parquet(io.BytesIO(_whole(file)) if is_compressed else file.path, glob=False)
        return rows.with_row_index("_row", offset=1), rows.collect_schema()


def _parquet_rows(file: SourceFile, wanted: Sequence[str]) -> pl.DataFrame:
    rows, schema = _parquet(file)
    with _damage(file):
        return rows.select(*_texts(schema, wanted), pl.format("row {}", "_row").alias("_place")).collect()


def _whole(file: SourceFile) -> bytes:
    try:
        with opened(file) as stream:
            return stream.read()
    except DAMAGE as error:
        raise TraceError(f"{file.name}: the compressed file is damaged ({error})", "fetch it again") from error


@contextmanager
def _damage(file: SourceFile) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        raise TraceError(f"{file.name}: a damaged Parquet file ({error})", "fetch it again") from error


def _sheet(file: SourceFile, layout: Layout) -> tuple[str, pl.DataFrame]:
    """Return the sheet's name and its rows; cells of mixed types are text."""
    try:
        import fastexcel
    except ImportError as error:
        problem = f"{file.name}: reading XLSX needs the package fastexcel"
        raise TraceError(problem, "pip install 'evalreplay[excel]'") from error
    book = _whole(file)
    try:
        names = fastexcel.read_excel(book).sheet_names
        name = layout.sheet or names[0]
        if name not in names:
            raise TraceError(f"{file.name}: no sheet {name!r}", f"its sheets: {', '.join(names)}")
        rows = pl.read_excel(
            io.BytesIO(book), sheet_name=name, drop_empty_rows=False, raise_if_empty=False, infer_schema_length=None
        )
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        raise TraceError(f"{file.name}: a damaged XLSX file ({error})", "save it again, or export it as CSV") from error
    return name, rows


def _sheet_rows(file: SourceFile, wanted: Sequence[str], layout: Layout) -> pl.DataFrame:
    name, rows = _sheet(file, layout)
    numbered = rows.with_row_index("_row", offset=2).filter(~pl.all_horizontal(pl.exclude("_row").is_null()))
    place = pl.format("row {} of sheet {}", "_row", pl.lit(name)).alias("_place")
    return numbered.select(*_texts(rows.schema, wanted), place)


def _dotted(name: str, dtype: pl.DataType) -> list[str]:
    if not isinstance(dtype, pl.Struct):
        return [name]
    return [inner for field in dtype.fields for inner in _dotted(f"{name}.{field.name}", _made(field.dtype))]


def _texts(schema: pl.Schema, wanted: Sequence[str]) -> list[pl.Expr]:
    return [_text_at(path, schema).alias(path) for path in wanted]


def _text_at(path: str, schema: pl.Schema) -> pl.Expr:
    """Text of a column, by its full name or else down the dotted path; null where it does not exist."""
    if path in schema:
        return _as_text(pl.col(path), schema[path])
    top, *steps = path.split(".")
    values, dtype = pl.col(top), schema.get(top)
    for step in steps:
        fields = {field.name: _made(field.dtype) for field in dtype.fields} if isinstance(dtype, pl.Struct) else {}
        values, dtype = values.struct.field(step), fields.get(step)
        if dtype is None:
            break
    return pl.lit(None, pl.String) if dtype is None else _as_text(values, dtype)


def _made(dtype: "DataTypeClass | pl.DataType") -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _as_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        zone = "" if dtype.time_zone is None else "Z"
        utc = values if dtype.time_zone is None else values.dt.convert_time_zone("UTC")
        return utc.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.6f{zone}")
    if isinstance(dtype, pl.Duration):
        return (values.dt.total_microseconds() / 1_000_000).cast(pl.String)
    if dtype.is_nested() or isinstance(dtype, pl.Binary):
        return pl.when(values.is_not_null()).then(pl.lit("(not one value)"))
    return values.cast(pl.String)
