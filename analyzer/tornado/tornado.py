"""What moves a cost: every price and policy of a priced trace as a lever, widest first, per scope."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from analyzer.tornado.lever import LEAST_FRAC, Lever
from analyzer.tornado.notes import notes_of
from analyzer.tornado.policies import policies
from analyzer.tornado.policy_levers import policy_levers, unassumed
from analyzer.tornado.price_levers import past_price_levers, price_levers
from analyzer.tornado.question import SCOPE, Question, ask
from pricing.book import PriceBook
from pricing.moments import written
from pricing.prepare import books_of
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from pricing.sweep.moved import Span
from pricing.sweep.offers import offers_of
from traces.errors import UsageError

BY_FRAC: Final = 0.1
_LEVER: Final = {
    "lever": pl.String,
    "lever_type": pl.String,
    "price_model": pl.String,
    "kind": pl.String,
    "base_setting": pl.String,
    "low_setting": pl.String,
    "high_setting": pl.String,
    "change_at_low_usd": pl.Float64,
    "change_at_high_usd": pl.Float64,
    "swing_usd": pl.Float64,
    "elasticity": pl.Float64,
    "known_frac": pl.Float64,
    "is_assumed": pl.Boolean,
}
_COLUMNS: Final = (
    *SCOPE, "lever", "lever_type", "price_model", "kind", "base_setting", "low_setting", "high_setting",
    "change_at_low_usd", "change_at_high_usd", "cost_at_low_usd", "cost_at_high_usd", "swing_usd", "elasticity",
    "known_frac", "is_assumed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tornado:
    """Levers of a cost.

    Args:
        frame: One row per scope and lever that moves it, widest swing first, those of unknown swing last: benchmark,
            agent and run_id (null: several together); lever, lever_type (price or policy), price_model and kind (null:
            a policy); base_setting, low_setting and high_setting, of which one may be the base; change_at_low_usd and
            change_at_high_usd, of the part that is known (null: the lever's prices are not listed); cost_at_low_usd
            and cost_at_high_usd (null: some part of the cost, there or in the base, is not known); swing_usd;
            elasticity (per cent of cost per per cent of price; of all prices they add up to 1; null: a policy);
            known_frac, the share of the priced dollars the changes are known of; is_assumed: some price is assumed.
        scopes: One row per scope: its SCOPE columns, n_runs, base_usd (null: some part is not known), base_low_usd,
            base_high_usd (null: unbounded), coverage_frac, and priced_usd, the part that has one figure.
        notes: How to read it, what is left out and what is not known, in words.
    """

    frame: pl.DataFrame
    scopes: pl.DataFrame
    notes: tuple[str, ...]

    def widest(self, n_levers: int) -> "Tornado":
        """Keep the widest levers of every scope, and those not known as long as there is room for them."""
        return replace(self, frame=self.frame.filter(pl.int_range(pl.len()).over(SCOPE) < n_levers))


def tornado(  # noqa: PLR0913 - the options of a command
    tables: Mapping[str, pl.DataFrame],
    scenario: Scenario | None = None,
    *,
    by_frac: float = BY_FRAC,
    span: Span | None = None,
    per: str = "total",
    book: PriceBook | None = None,
) -> Tornado:
    """Move every price and every policy of a priced trace, one at a time.

    Args:
        tables: Canonical tables.
        scenario: How it is priced; null: list prices on the day of each call.
        by_frac: Share prices are moved by, and percentage points discounts are.
        span: Move prices over what they were in it instead.
        per: "total", "agent" or "run": whose costs.
        book: Prices; null: the package's own with the scenario's files.

    Raises:
        UsageError: if the share is not above 0 and at most 1, the span ends before it begins, or on another scope.
    """
    if not 0 < by_frac <= 1:
        raise UsageError(f"prices moved by {by_frac:g}: not a share", "give a number above 0 and at most 1")
    if span and span[0] > span[1]:
        raise UsageError(f"a range from {written(span[0])} to {written(span[1])}", "give the earlier date first")
    scenario = scenario or Scenario()
    base = checked(scenario, books_of(scenario, book)["effective"])
    roles = tables["calls"]["role"].cast(pl.String).unique().sort().to_list()
    chosen = policies(base, offers_of(tables, base, book), roles, by_frac)
    others = [other for policy in chosen for _, other in policy.ends]
    others += [other for policy in chosen for other in unassumed(policy)]
    question = ask(tables, base, others, per=per, book=book)
    prices = price_levers(question, by_frac) if span is None else past_price_levers(question, span)
    levers = [*prices, *policy_levers(question, chosen)]
    scopes = question.scopes.with_columns(priced_usd=pl.Series(question.priced_usd))
    frame = _frame(question, levers, scopes)
    moving = set(frame["lever"])
    still = [lever for lever in levers if lever.name not in moving]
    return Tornado(frame, scopes, tuple(notes_of(question, frame, scopes, still, _moved(by_frac, span))))


def _moved(by_frac: float, span: Span | None) -> str:
    if span is None:
        return (
            f"Prices are moved by {100 * by_frac:.4g} % down and up, one at a time; policies to their other settings."
        )
    days = " to ".join(map(written, span))
    return f"Prices are moved over what they were from {days}, one at a time; policies to their other settings."


def _frame(question: Question, levers: Sequence[Lever], scopes: pl.DataFrame) -> pl.DataFrame:
    names = scopes.select(SCOPE).rows()
    rows = [(*names[scope], *row.values()) for scope in range(len(names)) for row in _rows(question, levers, scope)]
    frame = pl.DataFrame(rows, schema={**dict.fromkeys(SCOPE, pl.String), **_LEVER}, orient="row")
    based = frame.join(scopes.select(*SCOPE, "base_usd"), on=SCOPE, how="left", nulls_equal=True)
    is_whole = pl.col("known_frac") == 1
    costs = {
        f"cost_at_{end}_usd": pl.when(is_whole).then(pl.col("base_usd") + pl.col(f"change_at_{end}_usd"))
        for end in ("low", "high")
    }
    is_unknown = pl.col("swing_usd").is_null()
    ordered = based.with_columns(**costs).sort(
        *SCOPE, is_unknown, -pl.col("swing_usd"), "lever", nulls_last=False, maintain_order=True
    )
    return ordered.select(_COLUMNS)


def _rows(question: Question, levers: Sequence[Lever], scope: int) -> Iterator[dict[str, Any]]:
    """Rows of the levers that move one scope, or of which it is not known whether they do."""
    priced = question.priced_usd[scope]
    for lever in levers:
        settings = lever.settings(scope)
        low, high = (pick(settings, key=lambda each: each[1]) for pick in (min, max))
        swing = high[1] - low[1]
        is_moved = swing > LEAST_FRAC * priced
        if not is_moved and (lever.is_optional or not lever.is_unknown(scope)):
            continue
        ends = (
            (low[0], high[0], low[1], high[1], swing) if is_moved else (lever.base, lever.ends[-1].setting, *[None] * 3)
        )
        share = min(float(end.known_frac[scope]) for end in lever.ends)
        part = None if lever.part_usd is None else float(lever.part_usd[scope]) / priced
        is_assumed = any(bool(end.is_assumed[scope]) for end in lever.ends)
        kind = "policy" if part is None else "price"
        values = (lever.name, kind, lever.price_model, lever.kind, lever.base, *ends, part, share, is_assumed)
        yield dict(zip(_LEVER, values, strict=True))
