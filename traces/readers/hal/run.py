"""The run of a HAL upload: its id, settings and what HAL claims for it."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from traces.private import public
from traces.readers.hal.calls import Request
from traces.readers.hal.file import Config
from traces.readers.hal.inspect_log import graded
from traces.readers.hal.load import Upload
from traces.readers.hal.roles import agent_model, bare
from traces.schema import RUNS

_MICRO: Final = 1_000_000
_STARTED: Final = re.compile(r"_(1[67]\d{8})(?:_|$)")
"""Seconds since 1970 at the end of a run id: when the harness started the run."""
_MODEL_SUFFIX: Final = re.compile(r"\s*\(.*\)\s*$")
_EFFORTS: Final = ("reasoning_effort", "model.reasoning_effort", "thinking")
_COST_LIMIT: Final = re.compile(r"(?:^|[._])cost_limit$")
_STEPS_LIMIT: Final = re.compile(r"(?:^|[._])max_steps$")
_MOST: Final = 1e12
_DATE_CHARS: Final = 10


def run_id_of(upload: Upload) -> str:
    """Name the run by HAL's own id, else by what the file says of it."""
    if upload.config.run_id:
        return f"hal-{upload.config.run_id}"
    import xxhash

    rest, verdicts = upload.rest, upload.evaluation.verdicts
    said = (upload.config, rest.results, rest.total_usage, sorted(upload.tasks))
    ids = sorted({call.id for call in upload.calls if call.id})
    parts = msgspec.json.encode(said) + repr((ids, verdicts)).encode("utf-8", "surrogatepass")
    return f"hal-{xxhash.xxh3_128_hexdigest(parts)[:12]}"


def benchmark_of(config: Config) -> str | None:
    """Name of the benchmark; HAL writes Inspect's with the package before it, and its site without."""
    return (config.benchmark_name or "").rpartition("/")[2] or None


class Start(NamedTuple):
    """When a run started, in microseconds (null: not known); assumed: only its day is known, taken as UTC."""

    us: int | None
    is_assumed: bool


def start_of(config: Config, requests: Sequence[Request] = ()) -> Start:
    """When a run started: its id or its first call says, else the day it was worked up."""
    stamps = [one.started_us for one in requests if one.started_us is not None]
    named = _STARTED.search(config.run_id or "")
    stamps += [] if named is None else [int(named[1]) * _MICRO]
    if stamps:
        return Start(min(stamps), is_assumed=False)
    day = _day_us(config.date)
    return Start(day, is_assumed=day is not None)


def _day_us(date: str | None) -> int | None:
    try:
        day = datetime.fromisoformat((date or "")[:_DATE_CHARS]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return round(day.timestamp()) * _MICRO


def run_frame(upload: Upload, run_id: str, path: str, requests: Sequence[Request], *, is_doubled: bool) -> pl.DataFrame:
    """One row of ``runs``."""
    config, results = upload.config, upload.rest.results
    ends = [one.ended_us for one in requests if one.ended_us is not None]
    scaffold, model, effort = _scaffold(config), _model(upload, requests), _effort(config)
    row = {
        "run_id": run_id, "benchmark": benchmark_of(config), "scaffold": scaffold, "model": model,
        "reasoning_effort": effort, "agent": _agent(config, scaffold, model, effort),
        "limit_usd": _limit(config, _COST_LIMIT), "limit_turns": math.floor(_limit(config, _STEPS_LIMIT) or 0) or None,
        "settings": json.dumps(_settings(upload, is_doubled=is_doubled), sort_keys=True),
        "score_metric": upload.evaluation.metric, "score_min": 0.0, "score_max": 1.0,
        "success_rule": upload.evaluation.rule, "started_at": start_of(config, requests).us,
        "ended_at": max(ends, default=None), "source_format": "hal", "source_path": path,
        "recorded_score": _score(upload), "recorded_cost_usd": _cost(upload),
        "recorded_n_rollouts": len({*map(str, results.successful_tasks or ()), *map(str, results.failed_tasks or ())})
        or None,
    }  # fmt: skip
    schema = {name: pl.Int64 if name.endswith("_at") else RUNS.schema[name] for name in row}
    return pl.DataFrame([row], schema=schema)


def _scaffold(config: Config) -> str | None:
    """Program around the model: HAL's name of an agent carries its model in brackets."""
    name = _MODEL_SUFFIX.sub("", config.agent_name or "") or None
    return " ".join(filter(None, (name, config.agent_version))) or None


def _model(upload: Upload, requests: Sequence[Request]) -> str | None:
    asked = agent_model(upload.config)
    used = Counter(one.model for one in requests if one.model)
    recorded = list(upload.rest.total_usage or ())
    return asked or next((model for model, _ in used.most_common(1)), None) or (recorded[0] if recorded else None)


def _effort(config: Config) -> str | None:
    settings = (config.agent_args or {}).get
    return next((str(settings(name)) for name in _EFFORTS if settings(name) is not None), None)


def _agent(config: Config, scaffold: str | None, model: str | None, effort: str | None) -> str:
    named = bare(model) or ""
    has_model = bool(_MODEL_SUFFIX.search(config.agent_name or "")) or (named and named in (config.agent_name or ""))
    if config.agent_name and has_model:
        return config.agent_name
    return " + ".join(filter(None, (scaffold, model, effort))) or "unknown"


def _limit(config: Config, name: re.Pattern[str]) -> float | None:
    """Limit among the agent's arguments, which the command line may have left as text; 0: none."""
    for key, value in (config.agent_args or {}).items():
        limit = graded(value) if name.search(key) else None
        if limit is not None and 0 < limit < _MOST:
            return limit
    return None


def _settings(upload: Upload, *, is_doubled: bool) -> dict[str, Any]:
    """Settings that are no column; of the agent's arguments those that hold no secret."""
    config, arguments = upload.config, upload.config.agent_args or {}
    commit = upload.rest.git_info.commit if upload.rest.git_info is not None else None
    return {
        "agent_args": public(arguments),
        "date": config.date, "git_commit": commit, "prompt_sensitivity": config.prompt_sensitivity,
        "is_doubling_suspected": is_doubled,
    }  # fmt: skip


def _score(upload: Upload) -> float | None:
    """Score HAL claims, in the order its site falls back; no score fits a scale of 0 to 1 that is not on it."""
    results = upload.rest.results
    stated = (
        results.accuracy, results.overall_accuracy, results.average_correctness, results.success_rate,
        results.average_score,
    )  # fmt: skip
    return next((float(score) for score in stated if score is not None), None)


def _cost(upload: Upload) -> float | None:
    """Dollars HAL claims; 0 is that of models its price table does not have: not known."""
    stated = (upload.rest.results.total_cost, upload.rest.total_cost)
    return next((float(cost) for cost in stated if cost), None)
