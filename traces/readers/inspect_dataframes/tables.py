"""Inspect dataframes to canonical tables: their rows become the logs they were made from, then are read as such."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import polars.selectors as cs

from traces.files import printable
from traces.parquet import DAMAGED, parquet_source
from traces.readers.inspect.container import Log, Placed
from traces.readers.inspect.file import Event, Sample
from traces.readers.inspect.tables import log_batches
from traces.readers.inspect_dataframes.events import (
    CALL_COLUMN,
    EVENT_COLUMNS,
    answer_columns,
    event_of,
)
from traces.readers.inspect_dataframes.headers import HEADER_COLUMNS, header_of
from traces.readers.inspect_dataframes.values import fitted, parsed
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog

_SAMPLE_COLUMNS: Final = (
    "id", "epoch", "model_usage", "total_time", "working_time", "error", "limit", "started_at", "completed_at",
)  # fmt: skip
_IDS: Final = ("eval_id", "sample_id")
_DETAILS: Final = ("_answer", "_explanation", "_metadata", "_reason")
_SCORE: Final = "score_"


@dataclass(frozen=True, slots=True)
class _Table:
    """A Parquet file: its rows, and which columns it has."""

    name: str
    rows: pl.LazyFrame
    columns: Sequence[str]

    @property
    def is_of_events(self) -> bool:
        return "event_id" in self.columns

    @property
    def is_of_samples(self) -> bool:
        return "sample_id" in self.columns and "event_id" not in self.columns and "message_id" not in self.columns

    def of_eval(self, eval_id: str, columns: Iterable[str], more: Sequence[pl.Expr] = ()) -> list[dict[str, Any]]:
        """Rows of one eval, of the columns that are there."""
        chosen = [name for name in dict.fromkeys(columns) if name in self.columns]
        wanted = self.rows.filter(pl.col("eval_id") == eval_id).select(*chosen, *more)
        return wanted.with_columns(cs.float().fill_nan(None)).collect(engine="streaming").to_dicts()


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the dataframes of a folder to batches, eval by eval, as far as the pages of the files are whole."""
    try:
        yield from _evals(source, log)
    except DAMAGED as error:
        log.malformed(source.name, "", f"a damaged Parquet file: {str(error).splitlines()[0]}")


def _evals(source: Source, log: RejectLog) -> Iterator[Batch]:
    tables = [table for file in source.files if (table := _opened(file, log)) is not None]
    found = [table.rows.select("eval_id") for table in tables]
    eval_ids = pl.concat(found).unique().collect()["eval_id"].drop_nulls().sort().to_list() if found else []
    for eval_id in eval_ids:
        header = header_of(eval_id, _told(tables, eval_id))
        if header.eval.model is None:
            header.eval.model = _model(tables, eval_id)
        opened = Log(header, header.status != "started", _samples(tables, eval_id, log))
        for batch in log_batches(opened, source.name, source.choices.scorer, log):
            yield {name: _named(name, frame) for name, frame in batch.items()}


def _named(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(source_format=pl.lit("inspect_dataframes")) if table == "runs" else frame


def _opened(file: SourceFile, log: RejectLog) -> _Table | None:
    try:
        rows = pl.scan_parquet(parquet_source(file), glob=False)
        columns = rows.collect_schema().names()
        rows = rows.with_columns(pl.col(name).cast(pl.String) for name in _IDS if name in columns)
        rows.select("eval_id").collect()  # damage shows when pages are read
    except DAMAGED as error:
        log.malformed(file.name, "", f"no readable Parquet file: {str(error).splitlines()[0]}")
        return None
    return _Table(file.name, rows, columns)


def _told(tables: Sequence[_Table], eval_id: str) -> dict[str, Any]:
    """First value of every header column over all tables, those of evals first."""
    told: dict[str, Any] = {}
    for table in sorted(tables, key=lambda table: "sample_id" in table.columns):
        names = [name for name in HEADER_COLUMNS if name in table.columns and name not in told]
        names = names if "sample_id" not in table.columns else [name for name in names if name not in _SAMPLE_COLUMNS]
        rows = table.rows.filter(pl.col("eval_id") == eval_id)
        first = rows.select(pl.col(name).drop_nulls().first() for name in names).collect().to_dicts()
        told |= {name: value for name, value in first[0].items() if value is not None} if first else {}
    return told


def _model(tables: Sequence[_Table], eval_id: str) -> str | None:
    """First model that a sample or an event names, where no eval does."""
    for table in tables:
        for row in table.of_eval(eval_id, ["model_usage", "model_event_model"]):
            usages = parsed(row.get("model_usage"))[0]
            model = next(iter(usages), None) if isinstance(usages, dict) else row.get("model_event_model")
            if isinstance(model, str):
                return model
    return None


def _samples(tables: Sequence[_Table], eval_id: str, log: RejectLog) -> Iterator[Placed]:
    """Samples of an eval with their events; those that only events or messages name come last."""
    events = _events(tables, eval_id, log)
    listed = [table for table in tables if table.is_of_samples]
    for table in listed:
        scores = _score_columns(table.columns)
        for row in table.of_eval(eval_id, ["sample_id", *_SAMPLE_COLUMNS, *scores]):
            place = f"{table.name} sample_id={row['sample_id']}"
            yield place, _sample(row, scores, events.pop(row["sample_id"], None), place, log)
    spoken = [table for table in tables if "message_id" in table.columns and not listed]
    named = {row["sample_id"] for table in spoken for row in table.of_eval(eval_id, ["sample_id"])}
    for sample_id in sorted({*events, *named} - {None}):
        yield f"sample_id={sample_id}", Sample(id=sample_id, uuid=sample_id, events=events.get(sample_id))


def _events(tables: Sequence[_Table], eval_id: str, log: RejectLog) -> dict[Any, list[Event]]:
    """Events by sample, in their order."""
    found: dict[Any, list[Event]] = {}
    for table in tables:
        if table.is_of_events:
            more = answer_columns() if CALL_COLUMN in table.columns else []
            for number, row in enumerate(table.of_eval(eval_id, ["sample_id", *EVENT_COLUMNS], more)):
                event, problems = event_of(row)
                for problem in problems:
                    log.malformed(table.name, f"row {number} of {printable(eval_id)}", problem)
                found.setdefault(row["sample_id"], []).append(event)
    return found


def _sample(
    row: Mapping[str, Any], scores: Mapping[str, str], events: list[Event] | None, place: str, log: RejectLog
) -> Sample:
    usages, broken = parsed(row.get("model_usage"))
    named = {name: row.get(name) for name in _SAMPLE_COLUMNS if row.get(name) not in (None, "")}
    given = {name: {"value": _value(row[column])} for column, name in scores.items() if row[column] is not None}
    own = {"id": row["sample_id"], **named, "uuid": row["sample_id"], "model_usage": usages, "scores": given}
    sample, problems = fitted(own, Sample)
    for problem in [*broken, *problems]:
        log.malformed(place, "", problem)
    sample.events = events
    return sample


def _score_columns(columns: Sequence[str]) -> dict[str, str]:
    """Columns that hold a score, with its name; those beside it hold its answer and explanation."""
    named = [name for name in columns if name.startswith(_SCORE) and not name.startswith("score_headline_")]
    details = {f"{name}{end}" for name in named for end in _DETAILS}
    return {name: name.removeprefix(_SCORE) for name in named if name not in details}


def _value(value: Any) -> Any:
    """Value of a score; several are written as JSON."""
    several = parsed(value)[0] if isinstance(value, str) and value.startswith(("{", "[")) else None
    return value if several is None else several
