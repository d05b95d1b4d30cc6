"""Who calls a model in an Inspect log: by the role a task gives the call, else by what the log says of the model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from traces.readers.inspect.file import Header, Results

_JUDGES: Final = frozenset({"grader", "judge", "scorer", "evaluator", "verifier", "rater", "critic"})
_USERS: Final = frozenset({"user", "simulator", "customer"})
_AGENTS: Final = frozenset({"agent", "solver", "assistant", "main", "default", "model", "target", "policy"})
_WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Roles:
    """Roles of calls.

    Args:
        by_model: Role of a model that the log tells one of; a model may be named without its provider.
        judging: Names of roles that scorers call.
    """

    by_model: Mapping[str, str]
    judging: frozenset[str] = frozenset()

    def of_model(self, model: str) -> str:
        """Role of all calls of a model: other than the log's own, what nothing is told of is other."""
        return self.by_model.get(model) or self.by_model.get(model.partition("/")[2]) or "other"

    def of_call(self, role: str | None, model: str | None, *, is_scoring: bool = False) -> str:
        """Role of one call; one while scoring is a judge's."""
        if is_scoring or role in self.judging:
            return "judge"
        if role is None:
            return "judge" if self.of_model(model or "") == "judge" else "agent"
        return _role_of(role)


def roles_of(header: Header) -> Roles:
    """Roles a log tells: that of the eval's model, of named roles, of totals, and of models scorers are given."""
    spec, named, stats = header.eval, header.eval.model_roles or {}, header.stats
    options = [(scorer.options or {}) for scorer in spec.scorers or ()] + list(_params(header.results or Results()))
    told = [pair for given in options for pair in _strings(given)]
    asked = {name for key, name in told if "role" in key and "model" in key}
    judging = frozenset(asked | {role for role in named if _role_of(role) == "judge"})
    graders = {name for key, name in told if "model" in key and "role" not in key}
    graders |= {name for key, name in _strings(spec.task_args or {}) if "model" in key and _JUDGES & _words(key)}
    by_role = {
        model: "judge" if role in judging else _role_of(role)
        for role, config in named.items()
        for model in _models(config)
    }
    used = (stats.model_usage or {}).items()
    by_usage = {
        model: _role_of(role) for role, usage in (stats.role_usage or {}).items() for model, own in used if own == usage
    }
    own = {spec.model: "agent"} if spec.model is not None else {}
    return Roles({**by_usage, **dict.fromkeys(sorted(graders), "judge"), **by_role, **own}, judging)


def _params(results: Results) -> Iterator[dict[str, Any]]:
    yield from (score.params for score in results.scores or () if score.params)
    if results.scorer is not None and results.scorer.params:
        yield results.scorer.params


def _role_of(role: str) -> str:
    """Role of a caller by the name a task gives it."""
    words = _words(role)
    if words & _JUDGES:
        return "judge"
    if words & _USERS:
        return "user"
    return "agent" if not role.strip() or role.strip().lower() in _AGENTS else "other"


def _words(name: str) -> set[str]:
    return set(_WORD.findall(name.lower()))


def _models(config: Any) -> Iterator[str]:
    for model in config if isinstance(config, list) else [config]:
        name = model.get("model") if isinstance(model, dict) else model
        if isinstance(name, str):
            yield name


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Texts in a setting, each with the name it stands under, at any depth."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, str(name).lower())
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, key)
