"""Two priced traces compared: the change of cost split into its causes, and what it does to every conclusion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from analyzer.compare.classes import Side
from analyzer.compare.crossings import crossing_prices
from analyzer.compare.effects import EFFECTS, effects
from analyzer.compare.orders import flips, frontier_changes
from analyzer.curves.registry import CurveResult
from analyzer.words import counted, listed, percent
from traces.sums import total

RULE: Final = "Shapley value"
_AMOUNTS: Final = ("cost_before_usd", *(f"{name}_usd" for name in EFFECTS), "cost_after_usd")
_CHANGES: Final = {
    "entered": "entered the frontier",
    "left": "left the frontier",
    "gone": "of the frontier before not there after",
    "not placed": "without a place after, as cost or score is not known",
}
_FIGURES: Final = ("cost_usd", "cost_low_usd", "cost_high_usd")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What lies between A and B.

    Args:
        totals: Row before and row after: scenario, n_runs, cost_usd (null: some part is not known), its low and high
            (null: unbounded), coverage_frac, and priced_usd, the part that is split.
        effects: One row per provider, model and kind (what is priced): cost_before_usd, price_usd, policy_usd, mix_usd,
            volume_usd, cost_after_usd; the four add up to the difference.
        lost: Classes both sides use and only one has a price of: they are not split.
        frontier: What ``orders.frontier_changes`` returns.
        flips: What ``orders.flips`` returns.
        crossings: What ``crossings.crossing_prices`` returns.
        notes: How to read it, and what is not known, in words.
    """

    totals: pl.DataFrame
    effects: pl.DataFrame
    lost: pl.DataFrame
    frontier: pl.DataFrame
    flips: pl.DataFrame
    crossings: pl.DataFrame
    notes: tuple[str, ...]

    def by_model(self) -> pl.DataFrame:
        """Effects summed over the kinds of usage of each model, dearest change first, with a row of all of them."""
        key = ["provider", "model"]
        models = self.effects.group_by(key).agg(total(name) for name in _AMOUNTS)
        models = models.filter(pl.any_horizontal(pl.col(_AMOUNTS) != 0))
        change = (pl.col("cost_after_usd") - pl.col("cost_before_usd")).alias("change_usd")
        ordered = models.with_columns(change).sort(change.abs(), *key, descending=[True, False, False])
        whole = self.effects.select(
            pl.lit(None, pl.String).alias("provider"), pl.lit("all").alias("model"), *(total(name) for name in _AMOUNTS)
        )
        return pl.concat([ordered, whole.with_columns(change)])


def compare(before: Side, after: Side, points: tuple[CurveResult, CurveResult], kind: str = "staircase") -> Comparison:
    """Compare two priced traces, or one under two scenarios.

    Args:
        before: Priced tables and scenario of A.
        after: Priced tables and scenario of B.
        points: Score versus cost of both.
        kind: Definition of the frontier.
    """
    split, lost = effects(before, after)
    changes = frontier_changes(points[0].frame, points[1].frame, kind)
    flipped = flips(changes)
    totals = pl.concat([_totals(before, "before", split), _totals(after, "after", split)])
    crossings = crossing_prices(before, after, flipped)
    notes = (*_notes(totals, changes), *_between(before, after), *_left_out(lost), *_in_common(before, after))
    return Comparison(totals, split, lost, changes, flipped, crossings, notes)


def _totals(side: Side, end: str, split: pl.DataFrame) -> pl.DataFrame:
    runs = side.priced["runs"]
    n_rows = pl.col("n_priced_calls") + pl.col("n_unpriced_calls")
    shown = runs.select(
        pl.lit(end).alias("side"),
        pl.lit(side.scenario.title).alias("scenario"),
        pl.len().alias("n_runs"),
        *(total(name) for name in _FIGURES),
        coverage_frac=(pl.col("n_priced_calls").sum() / n_rows.sum()).fill_nan(1.0),
    )
    priced = sum(split[f"cost_{end}_usd"].to_list())
    return shown.with_columns(priced_usd=pl.lit(float(priced)))


def _between(before: Side, after: Side) -> Iterator[str]:
    """Say what the change can be where the trace leaves a cost open: of runs with an upper bound on both sides."""
    ends = [side.priced["runs"].select("run_id", *_FIGURES[1:]) for side in (before, after)]
    runs = ends[0].join(ends[1], on="run_id", suffix="_after").drop_nulls()
    low, high = "cost_low_usd", "cost_high_usd"
    least = sum((runs[f"{low}_after"] - runs[high]).to_list())
    most = sum((runs[f"{high}_after"] - runs[low]).to_list())
    if runs.height and least < most:
        yield (
            "The split takes the dearest reading of what a trace leaves open (input whose cache split is not known is "
            f"uncached). The change itself, of {counted(runs.height, 'run')} with bounds on both sides, lies between "
            f"${least:,.2f} and ${most:,.2f}."
        )


def _in_common(before: Side, after: Side) -> Iterator[str]:
    benchmarks = [set(side.priced["runs"]["benchmark"].to_list()) for side in (before, after)]
    if not benchmarks[0] & benchmarks[1]:
        yield "No benchmark in common: mix and volume are those of different tasks."


def _left_out(lost: pl.DataFrame) -> Iterator[str]:
    """Name the models both sides use and only one has a price of."""
    for end, other in (("before", "after"), ("after", "before")):
        rows = lost.filter(pl.col(f"cost_{end}_usd").is_not_null())
        if rows.height:
            usd = sum(rows[f"cost_{end}_usd"].to_list())
            names = listed(rows["model"].fill_null("unnamed").unique().sort().to_list())
            yield f"Not split, as there is no price {other}: {names}, ${usd:,.2f} {end}."


def _notes(totals: pl.DataFrame, changes: pl.DataFrame) -> Iterator[str]:
    yield (
        f"Split by the {RULE}: the mean over all orders of switching price, policy, mix and volume from before to "
        "after; the four add up to the change."
    )
    yield (
        "price: the price list, its day and the days of the calls; policy: how prices apply (cache, batch, tier, "
        "region, discount, model priced as); mix: what is used per token; volume: tokens."
    )
    for row in totals.iter_rows(named=True):
        if row["cost_usd"] is None or row["coverage_frac"] < 1:
            known = percent(row["coverage_frac"])
            yield f"Only what has one price is split: {row['side']} {known} of the calls, ${row['priced_usd']:,.2f}."
    for change, words in _CHANGES.items():
        names = changes.filter(change=change)["agent"].to_list()
        if names:
            yield f"{counted(len(names), 'agent')} {words}: {listed(names)}."
