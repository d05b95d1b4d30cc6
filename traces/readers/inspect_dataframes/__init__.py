"""Inspect's own dataframes in Parquet files: evals, samples, events and messages, those of one folder together."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from traces.readers.inspect_dataframes.tables import parse
from traces.registry import Peek, Reader, Source, SourceFile

_PARQUET: Final = b"PAR1"
_KINDS: Final = (
    ("eval_id", "sample_id", "epoch", "model_usage"),
    ("eval_id", "sample_id", "epoch", "working_time"),
    ("eval_id", "sample_id", "event_id", "timestamp"),
    ("eval_id", "sample_id", "event_id", "model_event_usage"),
    ("eval_id", "sample_id", "message_id", "tool_call_function"),
    ("eval_id", "run_id", "task_id", "task_name"),
)
"""Columns that tell samples, events, messages and evals."""


def sniff(peek: Peek) -> bool:
    """Recognise a Parquet file by the columns its footer names."""
    if not peek.start.startswith(_PARQUET):
        return False
    end = peek.end if len(peek.start) > len(peek.end) and not peek.start.endswith(peek.end) else peek.start
    footer = end[-int.from_bytes(end[-8:-4], "little") - 8 :]
    if not end.endswith(_PARQUET) or b"eval_id" not in footer:
        return False
    columns = _columns(footer)
    return any(columns.issuperset(kind) for kind in _KINDS)


def _columns(footer: bytes) -> set[str]:
    """Columns a footer names; it also holds values, which may look like names."""
    import polars as pl

    try:
        return set(pl.read_parquet_schema(BytesIO(_PARQUET + footer)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return set()


def group(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make a unit of the files of a folder: what one says of an eval completes what another does."""
    folders: dict[str, list[SourceFile]] = {}
    for file in files:
        folders.setdefault(str(PurePosixPath(file.name).parent), []).append(file)
    return [
        Source(found[0].name if len(found) == 1 else f"{folder}/*.parquet", tuple(found))
        for folder, found in folders.items()
    ]


READER = Reader(
    name="inspect_dataframes",
    summary=(
        "Parquet files of Inspect's dataframes: `samples_df`, `events_df`, `evals_df`, `messages_df`; those of one "
        "folder are read together."
    ),
    upstream=("UKGovernmentBEIS/inspect_ai 0.3.95 to 0.3.285 (inspect_ai.analysis)",),
    token_convention=(
        "As for Inspect logs: proven by the total of each usage, else by the version of Inspect where evals name it."
    ),
    blind_spots=(
        "Without events there are no calls, only totals of a sample by model; without a usage they are unknown.",
        "Without samples a task is named by the unique id of its sample, and every sample is a first attempt.",
        "Without evals the run has no benchmark, no settings and no claims, unless samples repeat them.",
        "What stats exceed the samples by, error retries above all, is in no dataframe: costs are too low by it.",
        "Where spans are left out nothing says that a call was made while scoring.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    group=group,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_tokens", "runs.score_metric",
        "runs.score_min", "runs.score_max", "runs.success_rule", "runs.started_at", "runs.recorded_score",
        "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success",
        "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.model_s", "rollouts.wait_s",
        "rollouts.time_basis", "rollouts.native_id", "scores.scorer", "scores.value", "scores.is_success",
        "calls.call_index",
        "calls.provider", "calls.model", "calls.started_at", "calls.ended_at", "calls.latency_s", "calls.time_basis",
        "calls.input_tokens", "calls.output_tokens", "calls.n_requests",
    ),
)  # fmt: skip
