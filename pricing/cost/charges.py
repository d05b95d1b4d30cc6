"""Charges priced: quantity times the price per unit in force, for everything that bills and is not a text token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import polars as pl

from pricing.book import PriceBook
from pricing.cost.accelerator_hours import with_accelerator_hours
from pricing.cost.currency import converted
from pricing.moments import END, START
from pricing.names.resolve import resolve_one
from pricing.rates.in_force import PriceRow, Rate, price_rows, unit_rate
from pricing.rates.policy import View, discounts_of, kept_frac
from pricing.scenario import Scenario
from traces.schema import ROLES

_WHAT: Final = ("provider", "model", "kind", "unit")
_OWNERS: Final = {"calls": ("rollout_id", "call_id"), "rollouts": ("rollout_id",), "runs": ("run_id",)}
"""What a charge without a moment takes it from, and the keys they share; the first that has one counts."""


def price_charges(
    tables: Mapping[str, pl.DataFrame],
    scenario: Scenario,
    book: PriceBook,
    exchange: pl.DataFrame | None = None,
    list_book: PriceBook | None = None,
) -> pl.DataFrame:
    """Add cost_pusd, its bounds, list and contracted costs, costs in the currency, and cost_basis to CHARGES.

    A charge without a price, a quantity or a moment, or of more than nine million dollars, has no cost and no upper
    bound; its low bound is 0.

    Args:
        tables: Charges, and the calls, rollouts and runs their moment falls back to.
        scenario: Its moment and discounts count.
        book: Prices.
        exchange: Rates of the currency by day; null: none is asked for.
        list_book: List prices; null: those of the book.
    """
    timed = _with_moment(tables, scenario)
    wanted = timed.select(*_WHAT, "_at").unique()
    whats = wanted.select(_WHAT).unique().rows()
    paid = {what: _tariff(what, book, scenario.hosts) for what in whats}
    listed = paid if list_book is None else {what: _tariff(what, list_book, scenario.hosts) for what in whats}
    rates = [_rates((paid[row[:-1]], listed[row[:-1]]), row[2], row[-1], scenario) for row in wanted.iter_rows()]
    rated = wanted.with_columns(
        pl.Series(f"_{name}", [getattr(each, name) for each in rates], dtype=pl.Float64) for name in _Rates._fields
    )
    joined = timed.join(rated, on=wanted.columns, how="left", nulls_equal=True, maintain_order="left")
    priced = joined.with_columns(**_costs()).with_columns(**_figure()).pipe(with_accelerator_hours, scenario)
    return converted(priced.lazy(), exchange).collect().drop("_at", *(f"_{name}" for name in _Rates._fields))


def counted_charges(charges: pl.DataFrame, calls: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Charges of calls of the roles the scenario counts; those of no call count whatever roles do."""
    if set(scenario.roles) == set(ROLES):
        return charges
    role = pl.col("role").cast(pl.String)
    others = calls.filter(role.is_in(scenario.roles).not_(), pl.col("call_id").is_not_null())
    return charges.join(others, on=_OWNERS["calls"], how="anti", maintain_order="left")


def charged_calls(calls: pl.LazyFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """What charges ask of their calls: CALLS, of those with charges."""
    return calls.join(charges.lazy(), on=_OWNERS["calls"], how="semi").collect(engine="streaming")


class _Rates(NamedTuple):
    """Pico-dollars per unit; null: not known, or (list, contracted) not one figure."""

    low: float | None
    high: float | None
    list: float | None
    contracted: float | None


@dataclass(frozen=True, slots=True)
class _Tariff:
    """Rows of one kind of charge of one model a name meant, from (included) until (excluded)."""

    since: datetime
    until: datetime
    biller: str
    model: str
    rows: Sequence[PriceRow]


def _with_moment(tables: Mapping[str, pl.DataFrame], scenario: Scenario) -> pl.DataFrame:
    if scenario.moment is not None:
        return tables["charges"].with_columns(_at=pl.lit(scenario.moment))
    joined = tables["charges"]
    for name, key in _OWNERS.items():
        stamps = tables[name].select(*key, pl.coalesce("started_at", "ended_at").alias(f"_{name}_at"))
        joined = joined.join(stamps.unique(key), on=key, how="left", maintain_order="left")
    moments = [f"_{name}_at" for name in _OWNERS]
    return joined.with_columns(_at=pl.coalesce("started_at", *moments)).drop(moments)


def _tariff(what: tuple[str | None, ...], book: PriceBook, hosts: Mapping[str, str]) -> list[_Tariff]:
    provider, model, kind, unit = what
    targets = resolve_one(provider, model, book.directory, hosts).drop_nulls("price_model")
    return [_of_target(target, kind, unit, book) for target in targets.iter_rows(named=True)]


def _of_target(target: Mapping[str, Any], kind: str | None, unit: str | None, book: PriceBook) -> _Tariff:
    provider, model = target["price_provider"], target["price_model"]
    rows = book.rows.filter(
        pl.col("region").is_null(), ~pl.col("is_batch"),
        provider=provider, model=model, kind=kind, unit=unit, service_tier="standard",
    )  # fmt: skip
    listed = price_rows(rows.iter_rows(named=True))
    biller = target["biller"] or provider
    return _Tariff(target["alias_from"] or START, target["alias_until"] or END, biller, model, listed)


def _rates(
    tariffs: tuple[Sequence[_Tariff], Sequence[_Tariff]], kind: str, at: datetime | None, scenario: Scenario
) -> _Rates:
    """Rates at a moment, by the tariffs that are paid and those of list prices."""
    (paid, rate), (_, list_rate) = (_in_force(each, at) for each in tariffs)
    listed = _one(list_rate)
    if at is None or paid is None or rate is None:
        return _Rates(None, None, listed, None)

    def kept(view: View) -> float:
        return kept_frac(discounts_of(scenario, view), paid.biller, paid.model, {kind}, at)

    stated = _one(rate)
    contracted = None if stated is None else stated * kept("contracted")
    return _Rates(rate.low * kept("effective"), rate.high * kept("effective"), listed, contracted)


def _in_force(tariffs: Sequence[_Tariff], at: datetime | None) -> tuple[_Tariff | None, Rate | None]:
    tariff = None if at is None else next((each for each in tariffs if each.since <= at < each.until), None)
    return tariff, None if at is None or tariff is None else unit_rate(tariff.rows, at)


def _one(rate: Rate | None) -> float | None:
    """Return the rate where it is one figure."""
    return rate.high if rate is not None and rate.low == rate.high else None


def _costs() -> dict[str, pl.Expr]:
    def cost(rate: str) -> pl.Expr:
        return (pl.col("quantity") * pl.col(rate)).round().cast(pl.Int64, strict=False)

    return {
        "cost_low_pusd": cost("_low").fill_null(0),
        "cost_high_pusd": cost("_high"),
        "list_cost_pusd": cost("_list"),
        "contracted_cost_pusd": cost("_contracted"),
    }


def _figure() -> dict[str, pl.Expr]:
    high, is_one = pl.col("cost_high_pusd"), pl.col("_low") == pl.col("_high")
    unknown = pl.when(pl.col("quantity").is_null()).then(pl.lit("tokens_unknown")).otherwise(pl.lit("price_unknown"))
    known = pl.when(is_one).then(pl.lit("exact")).otherwise(pl.lit("range"))
    return {
        "cost_pusd": pl.when(is_one).then(high),
        "cost_basis": pl.when(high.is_null()).then(unknown).otherwise(known),
    }
