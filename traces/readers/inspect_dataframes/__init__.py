"""Inspect's own dataframes in Parquet files: evals, samples, events and messages, those of one folder together."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from traces.readers.inspect_dataframes.tables import parse
from traces.registry import Peek, Reader, Source, SourceFile

_PARQUET: Final = b"PAR1"
_KINDS: Final = (
    (b"eval_id", b"sample_id", b"epoch", b"model_usage"),
    (b"eval_id", b"sample_id", b"epoch", b"working_time"),
    (b"eval_id", b"sample_id", b"event_id", b"timestamp"),
    (b"eval_id", b"sample_id", b"event_id", b"model_event_usage"),
    (b"eval_id", b"sample_id", b"message_id", b"tool_call_function"),
    (b"eval_id", b"run_id", b"task_id", b"task_name"),
)
"""Columns that tell samples, events, messages and evals."""


def sniff(peek: Peek) -> bool:
    """Recognise a Parquet file by the columns its footer names."""
    if not peek.start.startswith(_PARQUET):
        return False
    end = peek.end if len(peek.start) > len(peek.end) and not peek.start.endswith(peek.end) else peek.start
    footer = end[-int.from_bytes(end[-8:-4], "little") - 8 :]
    return end.endswith(_PARQUET) and any(all(name in footer for name in kind) for kind in _KINDS)


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
    fills=("runs", "tasks", "rollouts", "scores", "calls"),
    sniff=sniff,
    parse=parse,
    group=group,
)
