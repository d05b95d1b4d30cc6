"""Instances of a HELM run: each trial of one is an attempt, with its tokens, its seconds and its metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from traces.decode import whole
from traces.readers.helm.file import InstanceStats, MetricSpec, Perturbation, RequestState, Stat

_NO_SCORES: Final = frozenset({
    "num_references", "num_train_trials", "num_train_instances", "num_instances", "num_prompt_tokens",
    "num_completion_tokens", "num_output_tokens", "num_completions", "estimated_num_tokens_cost",
    "training_co2_cost", "training_energy_cost", "inference_runtime", "inference_denoised_runtime",
    "inference_idealized_runtime", "batch_size", "prompt_truncated", "max_prob", "num_perplexity_tokens", "num_bytes",
})  # fmt: skip
Key = tuple[str, Perturbation | None, int]


@dataclass(slots=True)
class Requests:
    """When the requests of an attempt were made; null: not told."""

    started_at: datetime | None = None
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One instance in one trial: its statistics by name."""

    task_id: str
    instance_id: str
    trial: int
    stats: Mapping[str, Stat]
    requests: Requests
    place: str

    def total(self, *names: str) -> float | None:
        """Sum of the first of the statistics that has a value; null: none has."""
        for stat in (self.stats.get(name) for name in names):
            if stat is not None and stat.count and stat.sum is not None:
                return stat.sum
        return None

    @property
    def split(self) -> str | None:
        """Split of the instance; null: not told."""
        named = (stat.name.split for stat in self.stats.values() if stat.name is not None)
        return next((split for split in named if split), None)

    @property
    def n_requests(self) -> int | None:
        """Requests its tokens were counted over."""
        stat = self.stats.get("num_prompt_tokens")
        return whole(stat.count) or None if stat is not None else None

    @property
    def scores(self) -> dict[str, float]:
        """Mean of each metric."""
        named = {name: stat for name, stat in self.stats.items() if is_score(name) and stat.count}
        return {name: stat.mean for name, stat in named.items() if stat.mean is not None}


def is_score(name: str) -> bool:
    """Whether a statistic measures an answer, not the run."""
    return name not in _NO_SCORES and not name.startswith("finish_reason_")


def attempts(elements: Sequence[InstanceStats], states: Iterable[RequestState]) -> list[Attempt]:
    """Put together what several metrics say of one instance in one trial; the first to name a statistic counts."""
    stats: dict[Key, dict[str, Stat]] = {}
    places: dict[Key, str] = {}
    for number, element in enumerate(elements):
        key = _key(element.instance_id, element.perturbation, element.train_trial_index)
        places.setdefault(key, f"[{number}]")
        own = stats.setdefault(key, {})
        for stat in element.stats or ():
            if stat.key not in own or not own[stat.key].count:
                own[stat.key] = stat
    requests = _requests(states)
    return [
        Attempt(_task_id(key), key[0], key[2], own, requests.get(key, Requests()), places[key])
        for key, own in sorted(stats.items(), key=lambda entry: (_task_id(entry[0]), entry[0][2]))
    ]


def main_metric(specs: Sequence[MetricSpec], found: Sequence[Attempt], chosen: str | None) -> str | None:
    """Name the metric that scores: the chosen one, else the first the run was told to measure, else the first seen."""
    measured = {name: None for attempt in found for name in attempt.scores}
    told = [name for spec in specs for name in _names(spec) if name in measured]
    return next(iter([chosen] if chosen in measured else [*told, *measured]), None)


def _names(spec: MetricSpec) -> list[str]:
    names = (spec.args or {}).get("names")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _requests(states: Iterable[RequestState]) -> dict[Key, Requests]:
    requests: dict[Key, Requests] = {}
    for state in states:
        if state.instance is not None and state.result is not None:
            key = _key(state.instance.id, state.instance.perturbation, state.train_trial_index)
            own = requests.setdefault(key, Requests())
            sent_at = _moment(whole(state.result.request_datetime))
            own.started_at = min(filter(None, (own.started_at, sent_at)), default=None)
            own.is_failed |= state.result.success is False
    return requests


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 2**32 else None


def _key(instance_id: str | None, perturbation: Perturbation | None, trial: float | None) -> Key:
    number = whole(trial) or 0
    return instance_id or "", perturbation, number if 0 <= number < 10**6 else 0


def _task_id(key: Key) -> str:
    """Name the text given: a perturbed instance is another task than the original."""
    instance_id, perturbation, _ = key
    if perturbation is None:
        return instance_id
    parts = (perturbation.name, perturbation.computed_on, perturbation.seed)
    return f"{instance_id}+{'-'.join(str(part) for part in parts if part is not None)}"
