"""The scores of an Inspect sample as numbers, and which of several is the score of the rollout."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from traces.readers.inspect.file import Header, Metric, Results, Sample

_LETTERS: Final = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS: Final = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_OVERALL: Final = ("accuracy", "mean")


class Scored(NamedTuple):
    """One score: who gave it, what it is called, its value (null: not scored), and whether it is right or wrong."""

    scorer: str
    metric: str
    value: float | None
    is_verdict: bool


class Chosen(NamedTuple):
    """Which score is that of a rollout: by scorer and name; null: any."""

    scorer: str | None
    metric: str | None

    def of(self, scores: list[Scored]) -> Scored | None:
        """Find the score that is meant; null: the rollout has none of that name."""
        if self == _ANY:
            return scores[0] if scores else None
        fitting = (score for score in scores if self._fits(score))
        return next(fitting, None)

    def _fits(self, score: Scored) -> bool:
        names = {score.scorer, score.metric, f"{score.scorer}/{score.metric}", f"{score.scorer}.{score.metric}"}
        if self.scorer is None:
            return self.metric in names
        return self.metric == score.metric and self.scorer in {score.scorer, score.metric}


_ANY: Final = Chosen(None, None)


def scores_of(sample: Sample) -> list[Scored]:
    """All scores of a sample in their order; one of several values gives one score each."""
    given = dict(sample.scores or {})
    if sample.score is not None:  # the first versions had a single, nameless one
        given.setdefault("score", sample.score)
    return [scored for name, score in given.items() if score is not None for scored in named_values(name, score.value)]


def named_values(scorer: str, value: Any) -> Iterator[Scored]:
    """Give the numbers of a score: one, or those of its parts."""
    if isinstance(value, dict):
        parts = [(str(name), part) for name, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{scorer}[{number}]", part) for number, part in enumerate(value)]
    else:
        parts = [(scorer, value)]
    for name, part in parts:
        yield Scored(scorer, name, number_of(part), isinstance(part, bool) or part in _LETTERS)


def number_of(value: Any) -> float | None:
    """Value as Inspect's own metrics take it; what they cannot take is not known, where they would count 0."""
    if isinstance(value, str):
        return _number_of_text(value)
    if isinstance(value, int | float):
        number = float(min(max(value, -1e300), 1e300))
        return number if math.isfinite(number) else None
    return None


def _number_of_text(text: str) -> float | None:
    named = _LETTERS.get(text, _WORDS.get(text.lower()))
    if named is not None:
        return named
    try:
        return number_of(float(text))
    except ValueError:
        return None


def chosen_score(header: Header, scorer: str | None) -> Chosen:
    """Choose the score a user names, else the one the log names first."""
    if scorer is not None:
        return Chosen(None, scorer)
    for score in (header.results or Results()).scores or ():
        if score.name is not None:
            return Chosen(score.scorer or score.name, score.name)
    return _ANY


def recorded_score(header: Header, chosen: Chosen) -> float | None:
    """Figure the log claims for the chosen score: its accuracy or mean, else its first metric."""
    results = header.results or Results()
    for score in results.scores or ():
        named = Scored(score.scorer or score.name or "", score.name or "", None, is_verdict=False)
        if chosen == _ANY or chosen.of([named]) is not None:
            return _overall(score.metrics or {})
    return _overall(results.metrics or {}) if results.scores is None else None


def _overall(metrics: Mapping[str, Metric | None]) -> float | None:
    names = [*(name for name in _OVERALL if name in metrics), *metrics]
    metric = metrics[names[0]] if names else None
    return number_of(metric.value) if metric is not None else None
