"""Totals of a run that HAL recorded beside its calls: checked against them; what they hold more is a row of its own.

HAL counted in three ways, told apart by which of them gives its total of the calls: prompt_tokens with cache reads
(from 2025-09-22), without (from 2025-09-08), and with reads and writes (before).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.readers.hal.calls import Role
from traces.readers.hal.doubling import multiple
from traces.readers.hal.file import RecordedUsage
from traces.readers.hal.roles import bare
from traces.readers.hal.run import Start
from traces.readers.hal.usage import inspect_counts
from traces.rejects import RejectLog
from traces.usage import TOKEN_SCHEMA, TokenCounts

_SCHEMA: Final = {
    "call_id": pl.String, "role": pl.String, "model": pl.String, "started_at": pl.Int64, "time_basis": pl.String,
    "is_tz_assumed": pl.Boolean, "is_residual": pl.Boolean, "n_requests": pl.Int64, "granularity": pl.String,
    "recorded_cost_usd": pl.Float64, PLACE_COLUMN: pl.String, **TOKEN_SCHEMA,
}  # fmt: skip
_WRITES: Final = ("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_unspecified_tokens")
_FRESH_ONLY_FROM, _FRESH_ONLY_UNTIL = "2025-09-08", "2025-09-22"


Counted = tuple[str | None, TokenCounts]
"""A model and tokens."""
Listed = Callable[[], Iterable[Counted]]
Report = Callable[[str, str], None]
"""Takes a model and what is wrong with its total."""


@dataclass(frozen=True, slots=True)
class Total:
    """Tokens by one model over the whole run; residual: beyond the calls that are listed."""

    model: str | None
    counts: TokenCounts
    is_residual: bool
    cost_usd: float | None = None


def totals(recorded: Mapping[str, TokenCounts], own: Iterable[Counted], listed: Listed, report: Report) -> list[Total]:
    """Give what the recorded totals hold beyond the calls; a total that contradicts them is reported.

    Args:
        recorded: Tokens by model, as HAL or Inspect adds them up.
        own: Model and tokens of the requests.
        listed: Gives the same of all calls, those that contain others among them: HAL adds up all.
        report: Takes the model and what is wrong with its total.
    """
    by_model, strays = _assigned(recorded, own)
    if _is_sum(recorded.values(), [*chain.from_iterable(by_model.values()), *strays]):
        return []
    found, is_mixed = [], bool(strays)
    for model, calls in by_model.items():
        all_calls = partial(_listed_of, recorded, model, listed)
        rest, is_short = _rest(recorded[model], calls, all_calls, partial(report, model))
        is_mixed |= is_short
        found += [] if rest is None else [Total(model, rest, is_residual=True)]
    for model in (model for model in recorded if model not in by_model):
        if is_mixed:
            report(model, "its calls may be listed under another model: not added")
        elif any(recorded[model]):
            found.append(Total(model, recorded[model], is_residual=bool(by_model)))
    return found


def _assigned(
    recorded: Mapping[str, TokenCounts], calls: Iterable[Counted]
) -> tuple[dict[str, list[TokenCounts]], list[TokenCounts]]:
    """Tokens of calls by the recorded model they belong to, and of those that belong to none of several."""
    by_name: dict[str | None, list[TokenCounts]] = defaultdict(list)
    for model, counts in calls:
        by_name[model].append(counts)
    by_model: dict[str, list[TokenCounts]] = defaultdict(list)
    strays: list[TokenCounts] = []
    for name, parts in by_name.items():
        model = _recorded_as(name, recorded)
        (strays if model is None else by_model[model]).extend(parts)
    return dict(by_model), strays


def _recorded_as(name: str | None, recorded: Iterable[str]) -> str | None:
    """Name HAL records a call's model under: the answer's, while later files keep the one asked for."""
    known = {bare(model): model for model in recorded}
    own = bare(name)
    alike = [model for one, model in known.items() if own and one and (one.startswith(own) or own.startswith(one))]
    if own in known:
        return known[own]
    return alike[0] if len(alike) == 1 else None


def _listed_of(recorded: Mapping[str, TokenCounts], model: str, listed: Listed) -> Sequence[TokenCounts]:
    return _assigned(recorded, listed())[0].get(model, ())


def total_counts(usage: RecordedUsage, date: str | None, model: str | None) -> TokenCounts:
    """Tokens of a recorded total; without cache fields HAL left the split out."""
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return inspect_counts(usage)
    prompt, output = whole(usage.prompt_tokens), whole(usage.completion_tokens)
    read, write = whole(usage.cache_read_input_tokens), whole(usage.cache_creation_input_tokens)
    if prompt is None or read is None:
        return TokenCounts(prompt, output_tokens=output)
    write = write or 0
    uncached = prompt if read > prompt or _is_fresh_only(date, model) else prompt - read
    return TokenCounts(uncached + read + write, uncached, read, 0, 0, write, output)


def _is_fresh_only(date: str | None, model: str | None) -> bool:
    """Tell whether HAL's prompt_tokens held no cache reads: of Anthropic's models, for two weeks."""
    return "claude" in (model or "").lower() and _FRESH_ONLY_FROM <= (date or "")[:10] < _FRESH_ONLY_UNTIL


def _rest(
    total: TokenCounts, own: Sequence[TokenCounts], listed: Callable[[], Sequence[TokenCounts]],
    report: Callable[[str], None],
) -> tuple[TokenCounts | None, bool]:  # fmt: skip
    """Compare a total with its calls; give what it holds more (null: nothing known), and whether it holds less."""
    if any(counts.input_tokens is None or counts.output_tokens is None for counts in own):
        report("some of its calls state no usage: its total cannot be told apart from theirs")
        return None, False
    if _is_sum([total], own):
        return None, False
    recorded, counted, every = _sums([total]), _sums(own), listed()
    said = f"total_usage says {recorded['input']:,} in, {recorded['output']:,} out, its requests "
    said += f"{counted['input']:,} in, {counted['output']:,} out"
    times = multiple(recorded, {name: counted[name] for name in ("input", "output")})
    if times is not None or _is_sum([total], every):
        report(f"{said}: calls were added to those inside them{f', {times} times over' if times else ''}")
        return None, False
    rest = _minus(total, every)
    if (rest.input_tokens or 0) < 0 or (rest.output_tokens or 0) < 0:
        report(f"{said}: less than was listed")
        return None, True
    report(f"{said}: the rest is calls that are not listed")
    return rest, False


def _is_sum(totals_: Iterable[TokenCounts], parts: Sequence[TokenCounts]) -> bool:
    """Tell whether totals are the sum of parts in one of the ways HAL counted over time."""
    recorded, counted = _sums(totals_), _sums(parts)
    without_writes = counted["input"] - counted["writes"]
    ways = {counted["input"], without_writes, without_writes - counted["reads"]}
    return bool(parts) and recorded["input"] in ways and recorded["output"] == counted["output"]


def _sums(counted: Iterable[TokenCounts]) -> dict[str, int]:
    parts = list(counted)
    writes = (getattr(counts, name) for counts in parts for name in _WRITES)
    return {
        "input": sum(counts.input_tokens or 0 for counts in parts),
        "output": sum(counts.output_tokens or 0 for counts in parts),
        "reads": sum(counts.cache_read_tokens or 0 for counts in parts),
        "writes": sum(count or 0 for count in writes),
    }


def _minus(total: TokenCounts, own: Sequence[TokenCounts]) -> TokenCounts:
    parts = [
        None if value is None or None in of_calls else value - sum(of_calls)
        for value, of_calls in zip(total, zip(*own, strict=True), strict=True)
    ]
    rest = TokenCounts(*parts)
    is_split = all(part is not None and part >= 0 for part in rest[1:6])
    return rest if is_split else TokenCounts(rest.input_tokens, output_tokens=rest.output_tokens)


def total_frame(found: Iterable[Total], run_id: str, role: Role, start: Start, path: str) -> pl.DataFrame:
    """Totals as rows of ``calls`` that belong to the run."""
    rows = [
        (
            f"{run_id}#{'rest' if total.is_residual else 'total'}/{total.model or ''}", role(total.model), total.model,
            start.us, None if start.us is None else "lower_bound", start.is_assumed, total.is_residual, None,
            "run", total.cost_usd, f"total_usage.{total.model}", *total.counts,
        )
        for total in found
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return table.with_columns(pl.lit(path).alias(PATH_COLUMN))


def recorded_counts(usage: Mapping[str, RecordedUsage] | None, date: str | None) -> dict[str, TokenCounts]:
    """Tokens of each recorded total; date: day the run was worked up, which tells how HAL then counted."""
    return {model: total_counts(counts, date, model) for model, counts in (usage or {}).items()}


def reporter(name: str, log: RejectLog) -> Report:
    """Report a model and what is wrong with its total as a contradiction."""

    def report(model: str, problem: str) -> None:
        log.contradiction(name, f"total_usage.{model}", problem)

    return report
