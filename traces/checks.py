"""What cannot be true becomes unknown and is rejected by name: one list of rules for every reader.

A rule names the columns that stop being known where it is broken. The row stays: a call whose counts make no sense is
still a call, of unknown tokens; dropping it would make its rollout look cheaper.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import polars as pl

from traces.decode import NOT_WHOLE
from traces.registry import Batch
from traces.rejects import RejectLog
from traces.schema import INPUT_PARTS, TABLES

PATH_COLUMN: Final = "_path"
PLACE_COLUMN: Final = "_place"
"""Helper columns a reader may add to any table; they say where a row comes from and are dropped here."""

MOST_TOKENS: Final = 10**11
"""No request or total in the field comes near."""
_MOST_USD: Final = 10**9
_EARLIEST, _LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rule:
    """Columns that become null where ``broken`` holds, and the problem in words (with the columns shown).

    Args:
        columns: Columns that stop being known.
        broken: True where the rule is broken.
        problem: What is wrong, in words.
        shown: Columns whose values, where not 0, are named beside the problem; empty: those that stop being known.
        is_bad: Which of the columns stop being known; null: all.
    """

    columns: tuple[str, ...]
    broken: pl.Expr
    problem: str
    shown: tuple[str, ...] = ()
    is_bad: Callable[[str], pl.Expr] | None = None


def _bounded(columns: Iterable[str], most: float, problem: str) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_between(0, most), problem) for name in columns]


def _finite(columns: Iterable[str]) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_finite(), "not a finite number") for name in columns]


def _plausible_times(columns: Iterable[str]) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_between(_EARLIEST, _LATEST), "not a plausible time") for name in columns]


def _is_not_whole(name: str) -> pl.Expr:
    return (pl.col(name).abs() >= NOT_WHOLE // 2).fill_null(value=False)


def _is_count(name: str) -> pl.Expr:
    return pl.col(name).is_between(0, MOST_TOKENS).fill_null(value=True)


_TOKENS = ("input_tokens", *INPUT_PARTS, "output_tokens", "output_high_tokens", "reasoning_tokens")
_CACHED = INPUT_PARTS[1:]
_IS_MORE_CACHED_THAN_SENT = pl.all_horizontal(
    pl.sum_horizontal(_CACHED) > pl.col("input_tokens"), *map(_is_count, ("input_tokens", *_CACHED))
)
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "calls": (
        Rule(_TOKENS, pl.any_horizontal(map(_is_not_whole, _TOKENS)), "not a whole number", is_bad=_is_not_whole),
        Rule(INPUT_PARTS, _IS_MORE_CACHED_THAN_SENT, "cached parts exceed the input", ("input_tokens", *_CACHED)),
        *_bounded(_TOKENS, MOST_TOKENS, f"a token count must lie between 0 and {MOST_TOKENS:,}"),
        Rule(INPUT_PARTS, pl.sum_horizontal(INPUT_PARTS) > pl.col("input_tokens"), "the parts exceed the input"),
        *_bounded(("latency_s", "ttft_s"), 10**7, "a duration must lie between 0 and 10,000,000 s"),
        *_bounded(("recorded_cost_usd", "claimed_cost_usd"), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("n_requests",), MOST_TOKENS, "a count must be a whole number from 0"),
        *_plausible_times(("started_at", "ended_at")),
    ),
    "rollouts": (
        *_finite(("score",)),
        *_bounded(("wall_s", "model_s", "tool_s", "wait_s"), 10**9, "a duration must lie between 0 and 10**9 s"),
        *_bounded(("recorded_cost_usd",), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("n_calls",), MOST_TOKENS, "a count must be a whole number from 0"),
        *_plausible_times(("started_at", "ended_at")),
    ),
    "runs": (
        *_finite(("recorded_score", "score_min", "score_max")),
        *_bounded(("recorded_cost_usd", "limit_usd"), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("limit_tokens", "limit_turns", "limit_s", "recorded_n_rollouts"), MOST_TOKENS, "must be from 0"),
    ),
    "tasks": (*_bounded(("weight", "human_s", "human_cost_usd"), _MOST_USD, "must be a number from 0"),),
    "scores": (*_finite(("value",)),),
    "charges": (*_bounded(("quantity", "recorded_cost_usd"), 10**15, "must be a number from 0"),),
}  # fmt: skip


def checked(batch: Batch, log: RejectLog) -> dict[str, pl.DataFrame]:
    """Conform a batch to the declared tables; what breaks a rule becomes null and is reported.

    Raises:
        MalformedTraceError: at the first broken rule, if the log stops on errors.
    """
    return {name: _checked_table(name, frame, log) for name, frame in batch.items()}


def _checked_table(name: str, frame: pl.DataFrame, log: RejectLog) -> pl.DataFrame:
    helpers = [column for column in (PATH_COLUMN, PLACE_COLUMN) if column in frame.columns]
    table = TABLES[name]
    conformed = table.conform(frame.drop(helpers))
    if not _is_any_broken(name, conformed):
        return conformed
    for rule in _RULES.get(name, ()):
        broken = conformed.select(rule.broken.fill_null(value=False)).to_series()
        if broken.any():
            _report(name, rule, conformed.with_columns(frame.select(helpers)).filter(broken), log)
            conformed = conformed.with_columns(
                pl.when(~(broken & _is_bad(rule, column))).then(pl.col(column)).alias(column) for column in rule.columns
            )
    return conformed


def _is_any_broken(name: str, frame: pl.DataFrame) -> bool:
    """Look in one pass at all rules that are about something known: nearly every batch breaks none."""
    known = {column.name for column in frame if column.null_count() < frame.height}
    asked = [is_broken for about, is_broken in _questions(name) if not known.isdisjoint(about)]
    return bool(asked) and any(frame.select(asked).row(0))


@cache
def _questions(name: str) -> list[tuple[frozenset[str], pl.Expr]]:
    """For each rule of a table the columns it is about, and whether any row breaks it."""
    return [
        (frozenset(rule.broken.meta.root_names()), rule.broken.any().alias(str(number)))
        for number, rule in enumerate(_RULES.get(name, ()))
    ]


def _is_bad(rule: Rule, column: str) -> pl.Expr:
    return pl.lit(value=True) if rule.is_bad is None else rule.is_bad(column)


def _report(name: str, rule: Rule, rows: pl.DataFrame, log: RejectLog) -> None:
    key = TABLES[name].key
    for row in rows.iter_rows(named=True):
        place = row.get(PLACE_COLUMN) or " ".join(f"{column}={row[column]}" for column in key)
        log.malformed(row.get(PATH_COLUMN) or name, str(place), f"{_values(rule, row)}: {rule.problem}")


def _values(rule: Rule, row: Mapping[str, Any]) -> str:
    """Values that break a rule; of counts that are not whole the names, as the column could not hold the value."""
    names = [name for name in rule.shown if row[name]] or [name for name in rule.columns if row[name] is not None]
    given = {name: row[name] for name in names}
    fractions = [column for column, value in given.items() if isinstance(value, int) and abs(value) >= NOT_WHOLE // 2]
    return ", ".join(fractions or [f"{column}={value}" for column, value in given.items()])
