"""What dataframes tell of an eval, as the header of its log: a value is taken from the first row that has it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from traces.readers.inspect.file import Dataset, EvalScore, Header, Limits, Metric, Results, Revision, Spec, Stats
from traces.readers.inspect_dataframes.values import number_of, object_of, parsed, text_of

_TEXTS: Final = ("run_id", "task_id", "eval_set_id", "solver", "model")
_LIMITS: Final = tuple(field.name for field in msgspec.structs.fields(Limits))
_OBJECTS: Final = ("packages", "model_generate_config", "model_roles")
HEADER_COLUMNS: Final = (
    "eval_id", *_TEXTS, *_LIMITS, *_OBJECTS, "created", "task_name", "task_version", "dataset_name", "dataset_samples",
    "dataset_sample_ids", "git_commit", "status", "total_samples", "completed_samples", "score_headline_name",
    "score_headline_score", "score_headline_metric", "score_headline_value",
)  # fmt: skip


def header_of(eval_id: str, told: Mapping[str, Any]) -> Header:
    """Header of a log, as far as the columns tell it."""
    created = told.get("created")
    spec = Spec(
        eval_id=eval_id,
        created=created.isoformat() if isinstance(created, datetime) else text_of(created),
        task=text_of(told.get("task_name")),
        task_version=text_of(told.get("task_version")),
        dataset=_dataset(told),
        config=Limits(**{name: number_of(told.get(name)) for name in _LIMITS}),
        revision=Revision(text_of(told.get("git_commit"))),
    )
    for name in _TEXTS:
        setattr(spec, name, text_of(told.get(name)))
    for name in _OBJECTS:
        setattr(spec, name, object_of(told.get(name)))
    return Header(status=text_of(told.get("status")), eval=spec, results=_results(told), stats=Stats())


def _dataset(told: Mapping[str, Any]) -> Dataset:
    ids = parsed(told.get("dataset_sample_ids"))[0]
    names = [name for name in ids if isinstance(name, str | int)] if isinstance(ids, list) else None
    return Dataset(text_of(told.get("dataset_name")), number_of(told.get("dataset_samples")), names)


def _results(told: Mapping[str, Any]) -> Results:
    """Claims of the eval: its headline figure, where the columns have one."""
    scorer, score = text_of(told.get("score_headline_name")), text_of(told.get("score_headline_score"))
    metric, value = text_of(told.get("score_headline_metric")), number_of(told.get("score_headline_value"))
    headline = EvalScore(score or scorer, scorer, {metric: Metric(value)} if metric is not None else None)
    return Results(
        number_of(told.get("total_samples")),
        number_of(told.get("completed_samples")),
        [headline] if headline.name is not None else None,
    )
