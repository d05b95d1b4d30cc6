"""What cannot be true becomes unknown and is rejected by name: one list of rules for every reader.

A rule names the columns that stop being known where it is broken. The row stays: a call whose counts make no sense is
still a call, of unknown tokens; dropping it would make its rollout look cheaper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from traces.registry import Batch
from traces.rejects import RejectLog
from traces.schema import INPUT_PARTS, TABLES

PATH_COLUMN: Final = "_path"
PLACE_COLUMN: Final = "_place"
"""Helper columns a reader may add to any table; they say where a row comes from and are dropped here."""

_MOST_TOKENS: Final = 10**11  # no request or total in the field comes near; the product with any price fits 64 bits
_MOST_USD: Final = 10**9
_EARLIEST, _LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rule:
    """Columns that become null where ``broken`` holds, and the problem in words (with the columns shown)."""

    columns: tuple[str, ...]
    broken: pl.Expr
    problem: str


def _bounded(columns: Iterable[str], most: float, problem: str) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_between(0, most), problem) for name in columns]


def _finite(columns: Iterable[str]) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_finite(), "not a finite number") for name in columns]


def _plausible_times(columns: Iterable[str]) -> list[Rule]:
    return [Rule((name,), ~pl.col(name).is_between(_EARLIEST, _LATEST), "not a plausible time") for name in columns]


_TOKENS = ("input_tokens", *INPUT_PARTS, "output_tokens", "output_high_tokens", "reasoning_tokens")
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "calls": (
        *_bounded(_TOKENS, _MOST_TOKENS, f"a token count must lie between 0 and {_MOST_TOKENS:,}"),
        Rule(INPUT_PARTS, pl.sum_horizontal(INPUT_PARTS) > pl.col("input_tokens"), "cached parts exceed the input"),
        *_bounded(("latency_s", "ttft_s"), 10**7, "a duration must lie between 0 and 10,000,000 s"),
        *_bounded(("recorded_cost_usd", "claimed_cost_usd"), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("n_requests",), _MOST_TOKENS, "a count must not be negative"),
        *_plausible_times(("started_at", "ended_at")),
    ),
    "rollouts": (
        *_finite(("score",)),
        *_bounded(("wall_s", "model_s", "tool_s", "wait_s"), 10**9, "a duration must lie between 0 and 10**9 s"),
        *_bounded(("recorded_cost_usd",), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("n_calls",), _MOST_TOKENS, "a count must not be negative"),
        *_plausible_times(("started_at", "ended_at")),
    ),
    "runs": (
        *_finite(("recorded_score", "score_min", "score_max")),
        *_bounded(("recorded_cost_usd", "limit_usd"), _MOST_USD, "a cost must be a number of dollars from 0"),
        *_bounded(("limit_tokens", "limit_turns", "limit_s", "recorded_n_rollouts"), _MOST_TOKENS, "is negative"),
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
    for rule in _RULES.get(name, ()):
        broken = conformed.select(rule.broken.fill_null(value=False)).to_series()
        if broken.any():
            _report(name, rule, conformed.with_columns(frame.select(helpers)).filter(broken), log)
            conformed = conformed.with_columns(
                pl.when(~broken).then(pl.col(column)).alias(column) for column in rule.columns
            )
    return conformed


def _report(name: str, rule: Rule, rows: pl.DataFrame, log: RejectLog) -> None:
    key = TABLES[name].key
    for row in rows.iter_rows(named=True):
        place = row.get(PLACE_COLUMN) or " ".join(f"{column}={row[column]}" for column in key)
        values = ", ".join(f"{column}={row[column]}" for column in rule.columns if row[column] is not None)
        log.malformed(row.get(PATH_COLUMN) or name, str(place), f"{values}: {rule.problem}")
