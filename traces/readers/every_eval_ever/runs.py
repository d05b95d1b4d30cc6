"""Aggregates to runs: one run per evaluation named in the file, its other metrics kept in the settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import xxhash

from traces.decode import whole
from traces.files import printable
from traces.readers.every_eval_ever.file import (
    Aggregate,
    Detailed,
    GenerationArgs,
    GenerationConfig,
    Library,
    Limits,
    Metric,
    Model,
    Result,
    ScoreDetails,
    Source,
    Uncertainty,
)

Row = dict[str, Any]
_COSTS: Final = ("total_run_cost", "total_cost_usd", "total_cost")
_AGENTS: Final = ("agent_name", "agent", "agent_framework", "scaffold")
_NAMES: Final = frozenset({"", "unknown", "none"})


@dataclass(slots=True)
class Evaluation:
    """One evaluation of an aggregate: its results by metric, in the file's order; or of a model's samples alone."""

    evaluation_id: str
    name: str
    model_id: str | None = None
    aggregate: Aggregate = field(default_factory=Aggregate)
    results: list[Result] = field(default_factory=list)
    run_id: str = field(init=False)
    """Id from the source's own: what both files name; samples alone may name no more than a file."""
    metrics: dict[str | None, str] = field(default_factory=dict)
    """Names of metrics found before, by the id of a result."""

    def __post_init__(self) -> None:
        key = "\n".join(filter(None, (self.evaluation_id, self.name, self.model_id))).encode("utf-8", "replace")
        self.run_id = f"eee-{xxhash.xxh3_128_hexdigest(key)[:12]}"

    @property
    def library(self) -> str | None:
        """Program that ran it."""
        return (self.aggregate.eval_library or Library()).name

    def metric_of(self, result_id: str | None) -> str:
        """Name of the metric of a result; to be asked when all results are known."""
        if result_id not in self.metrics:
            named = (each for each in self.results if result_id and each.evaluation_result_id == result_id)
            found = next(named, None)
            self.metrics[result_id] = _metric_name(found) if found else result_id or "score"
        return self.metrics[result_id]


def evaluations(aggregate: Aggregate) -> dict[str, Evaluation]:
    """Evaluations of a file by name."""
    found: dict[str, Evaluation] = {}
    for result in aggregate.evaluation_results or ():
        result.source_data = aggregate.source_data if result.source_data is None else result.source_data
        name = result.evaluation_name or result.source.dataset_name or "unnamed"
        own = found.setdefault(name, Evaluation(aggregate.evaluation_id or "", name, None, aggregate))
        own.results.append(result)
    return found


def run_row(evaluation: Evaluation, scorer: str | None, source_path: str, *, is_alone: bool) -> Row:
    """Map an evaluation to its run; dollars are those of the file, so of an evaluation only where it is alone."""
    aggregate, result = evaluation.aggregate, _chosen(evaluation, scorer)
    model, metric = aggregate.model_info or Model(), result.metric_config or Metric()
    details, args = model.additional_details or {}, _args(result)
    limits = args.eval_limits or Limits()
    name, scaffold, effort = model.id or evaluation.model_id or model.name, _first(details, _AGENTS), _effort(result)
    return {
        "run_id": evaluation.run_id, "benchmark": printable(evaluation.name),
        "scaffold": scaffold or _program(evaluation),
        "model": name, "reasoning_effort": effort,
        "agent": " + ".join(filter(None, (scaffold, name, effort))) or "unknown",
        "settings": json.dumps(_settings(evaluation, result, scorer), sort_keys=True),
        "limit_tokens": _positive(limits.token_limit), "limit_s": _positive(limits.time_limit),
        "submissions_allowed": _positive(args.max_attempts), "score_metric": _metric_name(result),
        "score_min": _bound(metric.min_score), "score_max": _bound(metric.max_score),
        "is_higher_better": not metric.lower_is_better,
        "started_at": moment(result.evaluation_timestamp or aggregate.evaluation_timestamp),
        "source_format": "every_eval_ever", "source_path": source_path,
        "recorded_score": (result.score_details or ScoreDetails()).score,
        "recorded_cost_usd": _cost_usd(result, details) if is_alone else None,
        "recorded_n_rollouts": _n_rollouts(evaluation, result),
    }  # fmt: skip


def moment(stamp: str | None) -> datetime | None:
    """Moment of seconds since 1970 written as text, or of an ISO stamp; null: neither."""
    if stamp is None:
        return None
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _chosen(evaluation: Evaluation, scorer: str | None) -> Result:
    named = [each for each in evaluation.results if scorer in {_metric_name(each), each.evaluation_result_id}]
    return next(iter([*named, *evaluation.results]), Result())


def _metric_name(result: Result) -> str:
    metric = result.metric_config or Metric()
    return metric.metric_name or metric.metric_id or result.evaluation_result_id or "score"


def _args(result: Result) -> GenerationArgs:
    return (result.generation_config or GenerationConfig()).generation_args or GenerationArgs()


def _effort(result: Result) -> str | None:
    more = (result.generation_config or GenerationConfig()).additional_details or {}
    effort = more.get("reasoning_effort")
    return str(effort) if effort else None


def _program(evaluation: Evaluation) -> str | None:
    library = evaluation.aggregate.eval_library or Library()
    parts = (part for part in (library.name, library.version) if part and part.lower() not in _NAMES)
    return " ".join(parts) or None


def _settings(evaluation: Evaluation, result: Result, scorer: str | None) -> Row:
    aggregate, args = evaluation.aggregate, _args(result)
    source = aggregate.source_metadata or Source()
    others = {_metric_name(each): (each.score_details or ScoreDetails()).score for each in evaluation.results}
    settings = {
        "evaluation_id": evaluation.evaluation_id, "schema_version": aggregate.schema_version,
        "source": source.source_name, "source_type": source.source_type,
        "evaluator": source.evaluator_relationship,
        "dataset": result.source.dataset_name, "temperature": args.temperature,
        "max_tokens": args.max_tokens, "reasoning": args.reasoning, "scores": others if len(others) > 1 else None,
        "scorer": scorer if scorer in {_metric_name(result), result.evaluation_result_id} else None,
    }  # fmt: skip
    return {name: value for name, value in settings.items() if value is not None}


def _cost_usd(result: Result, details: Mapping[str, Any]) -> float | None:
    """Dollars an adapter noted, as text rounded to cents; 0 is that of a source that knew none."""
    noted = _first((result.score_details or ScoreDetails()).details or {}, _COSTS) or _first(details, _COSTS)
    return _bound(noted) or None


def _first(details: Mapping[str, Any], names: Sequence[str]) -> str | None:
    values = (printable(str(details[name])) for name in names if _is_plain(details.get(name)))
    return next((value for value in values if value.lower() not in _NAMES), None)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _bound(value: Any) -> float | None:
    """Number of a figure that may be text; null: none, or without bound."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 10**15 else None


def _positive(limit: Any) -> int | None:
    number = whole(limit)
    return number if number is not None and number > 0 else None


def _n_rollouts(evaluation: Evaluation, result: Result) -> int | None:
    """Samples the score is of, as the uncertainty counts or the dataset lists them, else the file of a lone result."""
    details = result.score_details or ScoreDetails()
    own = whole((details.uncertainty or Uncertainty()).num_samples)
    if own is None and result.source.sample_ids:
        own = len(result.source.sample_ids)
    if own is None and len(evaluation.aggregate.evaluation_results or ()) == 1:
        own = whole((evaluation.aggregate.detailed_evaluation_results or Detailed()).total_rows)
    return own
