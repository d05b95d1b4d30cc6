"""The run an Inspect log describes: its identity, its limits and settings, and what it claims."""

import json
from collections.abc import Mapping
from datetime import UTC
from hashlib import blake2s
from typing import Any, Final

import polars as pl

from traces.decode import Count, whole
from traces.files import printable
from traces.inspect_usage import ModelUsage
from traces.private import public
from traces.readers.inspect.calls import known_usd
from traces.readers.inspect.file import Header, Results, Spec
from traces.readers.inspect.scores import Chosen, recorded_score
from traces.readers.inspect.times import microseconds, moment
from traces.schema import RUNS

_DIGITS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ID_DIGITS: Final = 22
_MOST_ATTEMPTS: Final = 10**6
_PLAIN: Final = frozenset({
    "system_message", "user_message", "prompt_template", "chain_of_thought", "use_tools", "generate", "multiple_choice",
})  # fmt: skip


def run_id_of(spec: Spec) -> str:
    """Id of the eval; older logs have none, there it is made of what Inspect makes it of."""
    return printable(f"inspect-{spec.eval_id or _made_id(spec)}")


def _made_id(spec: Spec) -> str:
    """Id that Inspect gives an eval without one when it reads it: a hash in base 57, its last 22 digits."""
    created = moment(spec.created)
    at = created.astimezone(UTC).isoformat() if created is not None else spec.created or ""
    content = f"{spec.run_id or ''}{spec.task_id or ''}{at}"
    number = int.from_bytes(blake2s(content.encode("utf-8", "backslashreplace"), digest_size=16).digest())
    digits = ""
    for _ in range(_ID_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def benchmark_of(spec: Spec) -> str | None:
    """Name of the task set, without the package it comes from."""
    return None if spec.task is None else printable(spec.task.rpartition("/")[2])


def run_frame(header: Header, chosen: Chosen, more: Mapping[str, Any]) -> pl.DataFrame:
    """One row for the table of runs; ``more`` holds further columns, and ``settings`` to add."""
    spec, results = header.eval, header.results or Results()
    scaffold, effort = _scaffold(header), _effort(header)
    row = {
        "benchmark": benchmark_of(spec), "scaffold": scaffold, "model": spec.model,
        "reasoning_effort": effort,
        "agent": " + ".join(filter(None, (scaffold, spec.model, effort))) or "unknown",
        "settings": json.dumps({**_settings(header), **more.get("settings", {})}, sort_keys=True),
        **_limits(spec), "submissions_allowed": _attempts(header), "success_rule": "score = 1 (C, yes, true)",
        "source_format": "inspect", "recorded_score": recorded_score(header, chosen),
        "recorded_cost_usd": recorded_usd(header.stats.model_usage),
        "recorded_n_rollouts": whole(
            results.completed_samples if results.completed_samples is not None else results.total_samples
        ),
        **{name: value for name, value in more.items() if name != "settings"},
    }  # fmt: skip
    shown = {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
    schema = {name: dtype for name, dtype in RUNS.schema.items() if name in shown}
    return pl.DataFrame([shown], schema=schema).with_columns(_times(header))


def recorded_usd(usages: Mapping[str, ModelUsage] | None) -> float | None:
    """Dollars Inspect computed over all models; null if it had no price of one of them."""
    costs = [known_usd(usage) for usage in (usages or {}).values()]
    return sum(cost for cost in costs if cost is not None) if costs and None not in costs else None


def _times(header: Header) -> list[pl.Expr]:
    stamps = {"started_at": header.stats.started_at or header.eval.created, "ended_at": header.stats.completed_at}
    moments = {name: moment(stamp) for name, stamp in stamps.items()}
    micros = {name: microseconds(at) if at is not None else None for name, at in moments.items()}
    return [pl.lit(at, pl.Int64).cast(RUNS.schema[name]).alias(name) for name, at in micros.items()]


def _scaffold(header: Header) -> str | None:
    """Name the agent as given, else the solvers of the plan that are not only messages."""
    steps = [step.solver for step in header.plan.steps or () if step.solver]
    return header.eval.solver or " + ".join(step.rpartition("/")[2] for step in steps) or None


def _attempts(header: Header) -> int | None:
    """Answers an agent may submit, where a solver of the plan is told it; a plain generation gives one."""
    steps = header.plan.steps or ()
    told = [(step.params or {}).get(name) for step in steps for name in ("attempts", "max_attempts")]
    numbers = [number for number in told if type(number) is int and 0 < number < _MOST_ATTEMPTS]
    is_plain = bool(steps) and all(step.solver in _PLAIN for step in steps)
    return numbers[0] if numbers else 1 if is_plain else None


def _effort(header: Header) -> str | None:
    for config in (header.plan.config or {}, header.eval.model_generate_config or {}):
        for name in ("reasoning_effort", "effort"):
            if config.get(name) is not None:
                return str(config[name])
        if config.get("reasoning_tokens") is not None:
            return f"reasoning_tokens={config['reasoning_tokens']}"
    return None


def _limits(spec: Spec) -> dict[str, Any]:
    limits = spec.config
    seconds = [limit for limit in (limits.time_limit, limits.working_limit) if limit is not None]
    turns = (limits.turn_limit, limits.message_limit, limits.max_messages)
    return {
        "limit_usd": _float(limits.cost_limit),
        "limit_tokens": whole(limits.token_limit),
        "limit_s": _float(min(seconds, default=None)),
        "limit_turns": whole(next((limit for limit in turns if limit is not None), None)),
    }


def _float(value: Count) -> float | None:
    return None if value is None else float(min(max(value, -1e18), 1e18))


def _settings(header: Header) -> dict[str, Any]:
    spec = header.eval
    return {
        "inspect_ai": (spec.packages or {}).get("inspect_ai"), "status": header.status, "eval_set_id": spec.eval_set_id,
        "inspect_run_id": spec.run_id, "inspect_task_id": spec.task_id, "task_version": spec.task_version,
        "task_args": public(spec.task_args or {}), "solver_args": public(spec.solver_args),
        "generate_config": public({**(spec.model_generate_config or {}), **(header.plan.config or {})}),
        "model_roles": {role: public(_model_of(config)) for role, config in (spec.model_roles or {}).items()},
        "epochs": whole(spec.config.epochs), "dataset": spec.dataset.name,
        "git_commit": spec.revision.commit if spec.revision is not None else None,
    }  # fmt: skip


def _model_of(config: Any) -> Any:
    return config.get("model") if isinstance(config, dict) else config
