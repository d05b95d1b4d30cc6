"""What a cost may be at other prices: draws of price multipliers, costs as parts times multipliers, quantiles by scope.

Tokens stay as recorded; only prices are drawn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from analyzer.tornado.notes import scope_name
from analyzer.tornado.past import past_ratios
from analyzer.tornado.question import SCOPE, Question, ask
from analyzer.words import listed, percent
from pricing.book import PriceBook
from pricing.prepare import books_of
from pricing.rates.terms import Floats
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from traces.errors import UsageError

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
N_DRAWS: Final = 10_000
SD: Final = 0.2
_MOST_SD: Final = 10
"""At a spread of 10 one price in a hundred is more than ten orders of magnitude away: nobody means more."""
_READINGS: Final = ("cost_low_usd", "cost_usd", "cost_high_usd")


@dataclass(frozen=True, slots=True)
class Draws:
    """How the multipliers of prices are drawn, independently for every model, one for all its prices.

    Args:
        sd: Standard deviation of the logarithm of a multiplier; its median is 1.
        sd_by_model: That of single models (provider/model), in its place.
        past_days: Draw the ratios of the book's own prices this many days apart instead; null: log-normal.
        seed: Seed of the draws.
        n_draws: Number of draws.
    """

    sd: float = SD
    sd_by_model: Mapping[str, float] | None = None
    past_days: int | None = None
    seed: int = 0
    n_draws: int = N_DRAWS


@dataclass(frozen=True, slots=True)
class PriceDraws:
    """Distribution of the costs of every scope.

    Args:
        frame: One row per scope and quantile: benchmark, agent and run_id (null: several together), quantile_frac, and
            the cost_usd no higher than which so many draws are (null: some part of the cost is not known), with
            cost_low_usd and cost_high_usd (null: unbounded), the same of the lowest and highest the cost can be.
        scopes: One row per scope: its SCOPE columns, n_runs, base_usd, base_low_usd, base_high_usd, coverage_frac; with
            a budget budget_usd, over_frac, the share of draws that cost more (null: not known), and over_low_frac and
            over_high_frac, its bounds.
        drawn: How multipliers were drawn, seed included.
        notes: How to read it, and what is not known, in words.
    """

    frame: pl.DataFrame
    scopes: pl.DataFrame
    drawn: Draws
    notes: tuple[str, ...]


def montecarlo(  # noqa: PLR0913 - the options of a command
    tables: Mapping[str, pl.DataFrame],
    scenario: Scenario | None = None,
    drawn: Draws | None = None,
    *,
    budget_usd: float | None = None,
    per: str = "total",
    book: PriceBook | None = None,
) -> PriceDraws:
    """Draw prices, and say what a trace would cost at them.

    Args:
        tables: Canonical tables.
        scenario: How it is priced; null: list prices on the day of each call.
        drawn: How multipliers are drawn; null: log-normal with the usual spread.
        budget_usd: A budget for each scope.
        per: "total", "agent" or "run": whose costs.
        book: Prices; null: the package's own with the scenario's files.

    Raises:
        UsageError: on a negative spread or no draws, a spread for a model that is not billed, or another scope.
        AnalysisError: if no price of the book is known so many days apart.
    """
    scenario, drawn = scenario or Scenario(), drawn or Draws()
    books = books_of(scenario, book)["effective"]
    question = ask(tables, checked(scenario, books), per=per, book=book)
    models = [model for model in question.models if model is not None]
    _check(drawn, models)
    ratios = None if drawn.past_days is None else past_ratios(books[0].rows, drawn.past_days)
    costs = _costs(question, multipliers(models, drawn, ratios))
    scopes = question.scopes if budget_usd is None else _over(question.scopes, costs, budget_usd)
    return PriceDraws(_quantiles(question, costs), scopes, drawn, tuple(_notes(question, drawn, ratios)))


def multipliers(models: list[str], drawn: Draws, ratios: Floats | None = None) -> Floats:
    """Multipliers as model x draw.

    Args:
        models: Models, in order: the same order gives the same draws.
        drawn: How they are drawn.
        ratios: Ratios to draw from, with replacement; null: log-normal.
    """
    generator = np.random.default_rng(drawn.seed)
    shape = len(models), drawn.n_draws
    if ratios is not None:
        return generator.choice(ratios, size=shape)
    spreads = np.array([(drawn.sd_by_model or {}).get(model, drawn.sd) for model in models]).reshape(-1, 1)
    return np.exp(spreads * generator.standard_normal(shape))


def _check(drawn: Draws, models: list[str]) -> None:
    own = drawn.sd_by_model or {}
    wrong = next((sd for sd in (drawn.sd, *own.values()) if not 0 <= sd <= _MOST_SD), None)
    if wrong is not None or drawn.n_draws < 1:
        problem = f"{drawn.n_draws} draws with a spread of {drawn.sd if wrong is None else wrong:g}"
        raise UsageError(problem, f"give at least one draw and a spread of at least 0 and at most {_MOST_SD}")
    strange = [model for model in own if model not in models]
    if strange:
        raise UsageError(
            f"a spread for {strange[0]!r}, which is not billed here", f"billed: {listed(models) or 'none'}"
        )


def _costs(question: Question, factors: Floats) -> dict[str, Floats]:
    """Cost of every scope in every draw, as scope x draw, in each reading; nan where it is not known."""
    values = question.counted(question.spots.values(question.scenario))
    is_model = [model is not None for model in question.models]
    known = [question.scopes[name].is_null().to_numpy() for name in ("base_low_usd", "base_usd", "base_high_usd")]
    costs = {}
    for number, name in enumerate(_READINGS):
        parts = question.by_model(values[:, number])[:, is_model]
        costs[name] = np.where(known[number][:, None], np.nan, parts @ factors)
    return costs


def _quantiles(question: Question, costs: Mapping[str, Floats]) -> pl.DataFrame:
    """Nearest-rank quantiles, as those of a card."""
    fracs = pl.DataFrame({"quantile_frac": QUANTILES})
    named = question.scopes.select(SCOPE).join(fracs, how="cross", maintain_order="left_right")
    found = {name: _ranked(draws) for name, draws in costs.items()}
    return named.with_columns(pl.Series(name, values).fill_nan(None) for name, values in found.items())


def _ranked(draws: Floats) -> Floats:
    """Quantiles of every scope, one after the other."""
    ranks = [max(0, int(np.ceil(frac * draws.shape[1])) - 1) for frac in QUANTILES]
    return np.partition(draws, ranks, axis=1)[:, ranks].ravel()


def _over(scopes: pl.DataFrame, costs: Mapping[str, Floats], budget_usd: float) -> pl.DataFrame:
    low, middle, high = ((costs[name] > budget_usd).mean(axis=1) for name in _READINGS)
    is_open, is_unbounded = (np.isnan(costs[name]).any(axis=1) for name in _READINGS[1:])
    return scopes.with_columns(
        pl.lit(float(budget_usd)).alias("budget_usd"),
        pl.Series("over_frac", np.where(is_open, np.nan, middle)).fill_nan(None),
        pl.Series("over_low_frac", low),
        pl.Series("over_high_frac", np.where(is_unbounded, 1.0, high)),
    )


def _notes(question: Question, drawn: Draws, ratios: Floats | None) -> Iterator[str]:
    yield f"Base: {question.scenario.title}."
    yield f"{drawn.n_draws:,} draws, seed {drawn.seed}: one multiplier for all prices of a model, models independent."
    yield _drawn(drawn, ratios)
    yield (
        "Only prices are drawn: tokens stay as recorded, and what other models, tasks or agents would use is not in it."
    )
    unknown = [
        f"{scope_name(row)} ({percent(row['coverage_frac'])} priced)"
        for row in question.scopes.filter(pl.col("base_usd").is_null()).iter_rows(named=True)
    ]
    if unknown:
        yield f"Not priced in full, so that draws give a low bound only, or a range: {listed(unknown)}."


def _drawn(drawn: Draws, ratios: Floats | None) -> str:
    """Say what multipliers are drawn from."""
    if ratios is None:
        spreads = [f"{drawn.sd:g}", *(f"{sd:g} for {model}" for model, sd in (drawn.sd_by_model or {}).items())]
        return f"Multipliers are log-normal with median 1; standard deviation of the logarithm {listed(spreads)}."
    return (
        f"Multipliers are ratios of the book's own prices {drawn.past_days} days apart, every day of every dated price "
        f"once: {ratios.size:,}, {percent(float((ratios != 1).mean()))} of them other than 1."
    )
