"""Totals of an Inspect log that exceed the calls listed: rows of what a sample or the whole log used besides them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from traces.decode import Count, whole
from traces.inspect_usage import ModelUsage
from traces.readers.inspect.calls import biller_of, known_usd
from traces.readers.inspect.made import Row
from traces.readers.inspect.roles import Roles
from traces.readers.inspect.usage import Version, counted

_COUNTS: Final = (
    "input_tokens", "output_tokens", "total_tokens", "input_tokens_cache_write", "input_tokens_cache_read",
    "reasoning_tokens",
)  # fmt: skip
_SPENT: Final = ("input_tokens", "output_tokens", "input_tokens_cache_write", "input_tokens_cache_read")
_LEAST_USD: Final = 1e-9


def summed(usages: Iterable[tuple[str, ModelUsage]]) -> dict[str, ModelUsage]:
    """Sum usages by model; a count is known if any of its parts is, as Inspect sums."""
    by_model: dict[str, list[ModelUsage]] = {}
    for model, usage in usages:
        by_model.setdefault(model, []).append(usage)
    return {model: parts[0] if len(parts) == 1 else _added(parts) for model, parts in by_model.items()}


def exceeding(total: Mapping[str, ModelUsage], parts: Mapping[str, ModelUsage]) -> dict[str, ModelUsage]:
    """What totals exceed the sums of their parts by; models that do not exceed them are left out."""
    rests = {model: _rest(usage, parts.get(model)) for model, usage in total.items()}
    return {model: rest for model, rest in rests.items() if rest is not None}


def falling_short(total: Mapping[str, ModelUsage], parts: Mapping[str, ModelUsage]) -> list[str]:
    """Models whose parts add up to more than the total."""
    return [
        model
        for model, usage in parts.items()
        if model in total and any(_minus(getattr(total[model], name), getattr(usage, name)) < 0 for name in _SPENT)
    ]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose totals: of a rollout, or where that is null of the run; by which version; who calls which model."""

    rollout_id: str | None
    version: Version
    roles: Roles


def total_rows(usages: Mapping[str, ModelUsage], whose: Whose, place: str, *, is_residual: bool) -> Iterator[Row]:
    """Rows for the table of calls, one per model."""
    rollout_id = whose.rollout_id
    for model, usage in usages.items():
        biller = biller_of(model)
        tokens = counted(usage, biller.provider, whose.version).tokens
        call_id = f"{rollout_id or 'stats'}#{'rest' if is_residual else 'total'}/{model}"
        yield (
            rollout_id, None, call_id, whose.roles.of_model(model), *biller, None, None, None, None, *tokens, None,
            None, True, "run" if rollout_id is None else "rollout", None, is_residual, False, known_usd(usage), place,
        )  # fmt: skip


def _added(parts: list[ModelUsage]) -> ModelUsage:
    costs = [part.total_cost for part in parts if part.total_cost is not None]
    counts = {name: _sum_of([getattr(part, name) for part in parts]) for name in _COUNTS}
    return ModelUsage(**counts, total_cost=sum(costs) if len(costs) == len(parts) else None)


def _sum_of(counts: list[Count]) -> int | None:
    known = [whole(count) or 0 for count in counts if count is not None]
    return sum(known) if known else None


def _rest(total: ModelUsage, parts: ModelUsage | None) -> ModelUsage | None:
    if parts is None:
        return total if any(whole(getattr(total, name)) for name in _SPENT) else None
    rests = [_minus(getattr(total, name), getattr(parts, name)) for name in _SPENT]
    return _less(total, parts) if min(rests) >= 0 and max(rests) > 0 else None


def _minus(total: Count, part: Count) -> int:
    return (whole(total) or 0) - (whole(part) or 0)


def _less(total: ModelUsage, part: ModelUsage) -> ModelUsage:
    counts = {
        name: None if getattr(total, name) is None else _minus(getattr(total, name), getattr(part, name))
        for name in _COUNTS
    }
    usd = None if total.total_cost is None or part.total_cost is None else total.total_cost - part.total_cost
    return ModelUsage(**counts, total_cost=usd if usd is not None and usd > _LEAST_USD else None)
