"""Cost of a call: its usage terms times their rates, as one expression over columns.

Three figures: the point takes the dearest reading of the tokens (all input uncached where the split is not known,
reasoning beside the output where it may lie outside), the low value the cheapest reading at the lowest rates, the high
value the dearest at the highest. Where the rates of the point are not one figure, it is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from pricing.cost.facts import Facts
from pricing.cost.products import Products
from pricing.cost.terms import ZERO, UsageTerms
from pricing.rates.rate_facts import MOST_PUSD, RateFacts, most_pusd
from traces.schema import INPUT_PARTS

PARTS: Final = {
    "uncached_input": ("uncached_input",),
    "cache_read": ("cache_read",),
    "cache_write": ("cache_write_5m", "cache_write_1h", "cache_write_unspecified"),
    "visible_output": ("visible_output", "enclosed_reasoning"),
    "reasoning": ("reasoning", "outside_reasoning"),
    "request": ("request",),
}
"""Parts of the point, and the terms of each."""
VIEWS: Final = {"list_cost_pusd": "list.", "contracted_cost_pusd": "contracted."}
_USAGE: Final = frozenset((*INPUT_PARTS, "input_tokens", "output_tokens", "reasoning_tokens"))


@dataclass(frozen=True, slots=True)
class Costs:
    """How costs are computed.

    Args:
        steps: Steps of ``with_columns`` over calls joined with their rates.
        given: Columns that, by the facts, follow from the others: in every row, and in sums of rows as well.
        known: Columns without a null.
        has_skipped: Some calls count as unpriced though they cost nothing.
    """

    steps: list[dict[str, pl.Expr]]
    given: Mapping[str, pl.Expr] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    has_skipped: bool = False


def cost_columns(facts: Facts, rates: RateFacts, thresholds: tuple[int, ...] = (), *, has_open: bool = False) -> Costs:
    """Give the steps that add cost_pusd, its low, high and parts, the costs of other views, and cost_basis.

    Args:
        facts: Facts of the calls.
        rates: Facts of their rates.
        thresholds: Input tokens above which tokens have a price of their own.
        has_open: The column is_cache_open says of which calls a cache policy leaves only bounds.
    """
    terms = UsageTerms(facts, not _is_without_fees(rates), thresholds)
    is_wide = most_pusd(facts, rates) > MOST_PUSD
    products = Products(terms.all(), rates, len(thresholds), is_wide=is_wide)
    if _is_plain(facts, rates, products):
        return _plain(products)
    return _general(terms, products, has_open=has_open)


def _is_plain(facts: Facts, rates: RateFacts, products: Products) -> bool:
    """Tell whether tokens and rates are known and single, and nothing can be read in two ways."""
    views = ["", *(view for view in VIEWS.values() if _is_apart(rates, view))]
    return (
        facts.known >= _USAGE
        and "output_high_tokens" in facts.absent
        and facts.is_true("is_billed")
        and (_is_without_fees(rates) or "n_requests" in facts.known)
        and all(products.is_known(view) and products.is_single(view) for view in views)
        and not (rates.is_what_if or rates.is_skipped)
    )


def _is_apart(rates: RateFacts, view: str) -> bool:
    """Tell whether a view has rates of its own."""
    return f"{view}request" in rates.terms


def _is_without_fees(rates: RateFacts) -> bool:
    """Tell whether no request costs anything in any view: a fee that is taken off whole still has a list price."""
    return all(f"{view}request" in rates.free for view in ("", *VIEWS.values()) if not view or _is_apart(rates, view))


def _plain(products: Products) -> Costs:
    """Everything is known: one figure, the sum of its parts."""
    parts = {f"{name}_cost_pusd": products.part(terms, "point") for name, terms in PARTS.items()}
    priced = {name: part for name, part in parts.items() if part is not None}
    cost = pl.sum_horizontal(*priced, ZERO)
    views = {name: products.total("point", view) for name, view in VIEWS.items() if _is_apart(products.rates, view)}
    given = {name: ZERO for name, part in parts.items() if part is None}
    given |= dict.fromkeys(("cost_pusd", "cost_low_pusd", "cost_high_pusd", *(VIEWS.keys() - views.keys())), cost)
    known = frozenset((*priced, *views, "cost_pusd"))
    return Costs([priced | views, given, {"cost_basis": pl.lit("exact")}], given, known)


def _general(terms: UsageTerms, products: Products, *, has_open: bool) -> Costs:
    facts, rates = terms.facts, products.rates

    def billed(cost: pl.Expr) -> pl.Expr:
        cost = cost if facts.is_true("is_billed") else pl.when("is_billed").then(cost).otherwise(ZERO)
        return pl.when("is_skipped").then(ZERO).otherwise(cost) if rates.is_skipped else cost

    figures = {
        "cost_low_pusd": billed(products.known_total("low")),
        "cost_high_pusd": billed(products.total("high")),
        "_point": billed(products.total("point")),
        "_point_low": billed(products.total("point_low")),
    }
    parts = {f"{name}_cost_pusd": billed(_part(name, terms, products)) for name in PARTS}
    apart = {name: billed(_figure(products, view)) for name, view in VIEWS.items() if _is_apart(rates, view)}
    same = {name: pl.col("cost_pusd") for name in VIEWS if name not in apart}
    basis = {"cost_basis": _basis(facts, rates, has_open=has_open)}
    cost: dict[str, pl.Expr] = {"cost_pusd": pl.when(pl.col("cost_basis") != "range").then("_point")}
    return Costs([figures | parts | apart, basis, cost, same], has_skipped=rates.is_skipped)


def _figure(products: Products, view: str) -> pl.Expr:
    """Cost at the rates of a view where it is one figure."""
    low, high = products.total("point_low", view), products.total("point", view)
    return high if products.is_single(view) else pl.when(low == high).then(high)


def _part(name: str, terms: UsageTerms, products: Products) -> pl.Expr:
    """Part of the point where it is one figure; null where it is not told apart."""
    high = products.part(PARTS[name], "point")
    high = ZERO if high is None else high
    low = products.part(PARTS[name], "point_low")
    part = high if products.is_single() or low is None else pl.when(low == high).then(high)
    is_told = terms.told(name)
    return part if is_told is None else pl.when(is_told).then(part)


def _basis(facts: Facts, rates: RateFacts, *, has_open: bool) -> pl.Expr:
    """Say what kind of figure it is; "range" where the rate is not one figure."""
    low, high = pl.col("cost_low_pusd"), pl.col("cost_high_pusd")
    basis = pl.when(low < high).then(pl.lit("upper_bound")).otherwise(pl.lit("exact"))
    if rates.is_what_if:
        basis = pl.when("is_what_if").then(pl.lit("what_if")).otherwise(basis)
    is_range = pl.col("_point_low") < pl.col("_point")
    is_range = is_range | (pl.col("is_cache_open") & (low < high)) if has_open else is_range
    basis = pl.when(is_range).then(pl.lit("range")).otherwise(basis)
    basis = pl.when(high.is_null()).then(pl.lit("price_unknown")).otherwise(basis)
    if not facts.known.issuperset((*INPUT_PARTS, "output_tokens", "n_requests")):
        basis = pl.when(high.is_null() & _is_usage_unknown(rates)).then(pl.lit("tokens_unknown")).otherwise(basis)
    if rates.is_skipped:
        basis = pl.when("is_skipped").then(pl.lit("skipped")).otherwise(basis)
    if not facts.is_true("is_billed"):
        basis = pl.when("is_billed").then(basis).otherwise(pl.lit("not_billed"))
    return basis


def _is_usage_unknown(rates: RateFacts) -> pl.Expr:
    is_split_unknown = pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)
    unknown = (pl.col("input_tokens").is_null() & is_split_unknown) | pl.col("output_tokens").is_null()
    if "request" in rates.free:
        return unknown
    return unknown | (pl.col("n_requests").is_null() & (pl.col("request_high") != 0))
