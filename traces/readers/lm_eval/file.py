"""What lm-evaluation-harness writes, as msgspec reads it, and how to tell it: a results file and files of samples."""

import re
from functools import cache
from typing import Any, Final, cast

import msgspec

from traces.decode import Count
from traces.errors import TraceError
from traces.files import peek
from traces.registry import Peek, SourceFile

_RESULTS: Final = re.compile(rb'"results"\s*:\s*\{')
_RESULTS_MARKS: Final = (
    (rb'"versions"', rb'"model_args"'),
    (rb'"model_name_sanitized"', rb'"model_source"'),
    (rb'"n-shot"', rb'"higher_is_better"'),
)
_SAMPLES: Final = tuple(
    map(re.compile, (rb'^\[?\s*\{\s*"doc_id"\s*:', rb'"target"\s*:|"arguments"\s*:', rb'"doc"\s*:'))
)


class Size(msgspec.Struct):
    """Number of samples of a task."""

    effective: Count = None
    original: Count = None


class Config(msgspec.Struct):
    """The model and the settings of the run."""

    model: str | None = None
    model_args: Any = None
    model_num_parameters: Count = None
    model_dtype: str | None = None
    model_revision: str | None = None
    model_sha: str | None = None
    num_fewshot: Count = None
    batch_size: Any = None
    limit: Any = None
    random_seed: Count = None


class Results(msgspec.Struct):
    """One results file; versions before 0.4 have results, versions and config only."""

    results: dict[str, dict[str, Any]] | None = None
    group_subtasks: dict[str, list[str]] | None = None
    versions: dict[str, Any] | None = None
    n_shot: dict[str, Count] | None = msgspec.field(name="n-shot", default=None)
    n_samples: dict[str, Size] | None = msgspec.field(name="n-samples", default=None)
    higher_is_better: dict[str, dict[str, bool | None]] | None = None
    config: Config | None = None
    git_hash: str | None = None
    date: float | None = None
    pretty_env_info: str | None = None
    lm_eval_version: str | None = None
    task_hashes: dict[str, str] | None = None
    model_source: str | None = None
    model_name: str | None = None
    chat_template_sha: str | None = None
    total_evaluation_time_seconds: float | None = None


class Sample(msgspec.Struct):
    """One document by one filter; its metrics are further fields, named in ``metrics``."""

    doc_id: str | int | None = None
    resps: list[Any] | None = None
    filter: str | None = None
    doc_hash: str | None = None
    prompt_hash: str | None = None
    target_hash: str | None = None


@cache
def sample_type(metrics: tuple[str, ...]) -> type[Sample]:
    """Give the type of samples that have these metrics, under ``m0``, ``m1`` and so on."""
    fields: list[Any] = [
        (f"m{number}", Any, msgspec.field(name=name, default=None)) for number, name in enumerate(metrics)
    ]
    return cast("type[Sample]", msgspec.defstruct("SampleWithMetrics", fields, bases=(Sample,)))


def kind(peek: Peek) -> str | None:
    """Name the kind: "results" or "samples"; null: neither."""
    start = peek.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if all(mark.search(start) for mark in _SAMPLES):
        return "samples"
    both = start + b"\n" + peek.end
    is_results = start.startswith(b"{") and _RESULTS.search(start)
    return "results" if is_results and any(all(mark in both for mark in marks) for marks in _RESULTS_MARKS) else None


def is_either(peek: Peek) -> bool:
    """Recognise either file."""
    return kind(peek) is not None


def kind_of(file: SourceFile) -> str | None:
    """Name the kind of a file."""
    try:
        return kind(peek(file.path))
    except TraceError:
        return None
