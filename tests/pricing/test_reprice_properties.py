"""Every price computed twice: the expressions against one call at a time in Decimal, over random usage and books."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from decimal_rates import TOKEN_KINDS, Row
from decimal_reference import PARTS, SUMMED_PARTS, Cost, add_up, coverage, price_call, usd
from hypothesis import given, settings
from hypothesis import strategies as st
from price_rows import day, price, rows_of
from strategies import A_MOMENT, books, calls, charges, moment_of, traces

from pricing.book import PriceBook, load_book
from pricing.cost.facts import Facts, facts_of
from pricing.names.resolve import resolve_one
from pricing.prepare import prepare
from pricing.reprice import call_table, reprice_tables
from pricing.scenario import Scenario
from traces.schema import CALLS, ROLES

# What the reference says


def expected(listed: pl.DataFrame, prices: Sequence[Row], **kwargs: Any) -> dict[str, Cost]:
    rows = listed.rows(named=True)
    return {row["call_id"]: price_call(row, prices, moment_of(row), **kwargs) for row in rows}


def shown(cost: Cost) -> Row:
    parts = {f"{name}_cost_usd": usd(part) for name, part in cost.parts.items()}
    return {"cost_usd": usd(cost.cost), "cost_low_usd": usd(cost.low), "cost_high_usd": usd(cost.high), **parts}


def found(row: Mapping[str, Any]) -> Row:
    names = ("cost_usd", "cost_low_usd", "cost_high_usd", *(f"{part}_cost_usd" for part in SUMMED_PARTS))
    return {name: row[name] for name in names}


def assert_as_expected(priced: Mapping[str, pl.DataFrame], costs: Mapping[str, Cost]) -> None:
    for row in priced["calls"].iter_rows(named=True):
        assert found(row) == shown(costs[row["call_id"]]), row
        assert row["cost_basis"] == costs[row["call_id"]].basis, row


# The properties


@settings(max_examples=60)
@given(books(), st.lists(calls(), min_size=1, max_size=25))
def test_every_call_costs_what_the_reference_says(prices: list[Row], listed: list[Row]) -> None:
    book = PriceBook(rows_of(*prices))

    priced = reprice_tables(traces(listed), book=book)

    assert_as_expected(priced, expected(priced["calls"], book.rows.rows(named=True)))


@settings(max_examples=25)
@given(
    books(), st.lists(calls(), max_size=12), st.lists(charges(), max_size=4, unique_by=lambda row: row["resource"]),
    st.sampled_from([None, 1, 20]), st.sampled_from([ROLES, ("agent",)]),
)  # fmt: skip
def test_rollouts_and_runs_are_the_sums_of_the_reference(
    prices: list[Row], listed: list[Row], charged: list[Row], n_calls: int | None, roles: tuple[Any, ...]
) -> None:
    book = PriceBook(rows_of(*prices, price("web_search", 10_000, day(2), unit="search")))
    given_tables = traces(listed, charged, n_calls=n_calls)

    priced = reprice_tables(given_tables, Scenario(roles=roles), book)

    costs = expected(priced["calls"], book.rows.rows(named=True))
    rows = priced["calls"].rows(named=True)
    whole: list[tuple[list[tuple[Cost, int]], int]] = []
    for each in [*priced["rollouts"].iter_rows(named=True), None]:
        rollout_id = None if each is None else each["rollout_id"]
        own = [row for row in rows if row["rollout_id"] == rollout_id]
        seen = sum(1 if row["n_requests"] is None else row["n_requests"] for row in own)
        bills = [charge_cost(row) for row in charged if row["rollout_id"] == rollout_id]
        weighted = [(costs[row["call_id"]], max(row["n_requests"] or 1, 1)) for row in own if row["role"] in roles]
        everything = [*weighted, *((bill, 1) for bill in bills)]
        counted = [cost for cost, _ in everything]
        is_unseen = not own and not bills and each is not None
        n_stated = None if each is None else each["n_calls"]
        n_missing = int(is_unseen) if n_stated is None else max(n_stated - seen, 0)
        whole.append((everything, n_missing))
        if each is not None:
            assert found(each) == shown(add_up(counted, n_missing)), each
            assert each["coverage_frac"] == coverage(everything, n_missing)
            assert each["n_priced_calls"] == sum(n for cost, n in weighted if cost.cost is not None)
    everything, n_missing = [cost for costs, _ in whole for cost in costs], sum(n for _, n in whole)
    counted = [cost for cost, _ in everything]
    of_run = priced["runs"].row(0, named=True)
    assert found(of_run) == shown(add_up(counted, n_missing))
    assert of_run["coverage_frac"] == coverage(everything, n_missing)


def charge_cost(row: Row) -> Cost:
    """Two searches at a cent each, from February on."""
    moment = row["started_at"] or (day(1) if row["rollout_id"] == "run/task/1" else day(3))
    none: dict[str, Decimal | None] = dict.fromkeys(SUMMED_PARTS, Decimal(0))
    if row["quantity"] is None or moment < day(2):
        return Cost(None, Decimal(0), None, "price_unknown", none)
    cost = Decimal(row["quantity"]) * 10**10
    return Cost(cost, cost, cost, "exact", none)


def _targets(provider: str | None, model: str | None) -> list[Row]:
    return resolve_one(provider, model, load_book().directory).rows(named=True)


REAL = [("deepseek", "deepseek-chat"), ("deepseek", "deepseek-reasoner"), ("deepseek", "deepseek-v4-flash")]
REAL += [("anthropic", "claude-sonnet-4-20250514"), (None, "claude-3-5-sonnet"), (None, "gemini/gemini-2.5-pro")]
REAL += [("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), (None, "o3"), ("openrouter", "google/gemini-3-pro-preview")]


@st.composite
def real_calls(draw: Any) -> Row:
    """Draw a call of a model we ship prices of, at or around a moment at which one of them changes."""
    provider, model = draw(st.sampled_from(REAL))
    near = draw(st.sampled_from([-A_MOMENT, timedelta(0), timedelta(hours=9), timedelta(hours=-3), timedelta(days=11)]))
    size = draw(st.sampled_from([0, 150_000, 199_999, 200_000, 200_001, 300_000]))
    moment = draw(st.sampled_from(_real_changes())) + near
    drawn = draw(calls()) | {"provider": provider, "model": model, "started_at": moment}
    extra = {name: 0 for name in ("uncached_input_tokens", "input_tokens") if drawn[name] is None}
    return drawn | {} if extra else drawn | _grown(drawn, size)


def _grown(row: Row, size: int) -> Row:
    return {name: row[name] + size for name in ("uncached_input_tokens", "input_tokens")}


def _real_changes() -> list[datetime]:
    models = {target["price_model"] for pair in REAL for target in _targets(*pair)}
    rows = load_book().rows.filter(pl.col("model").is_in(models), pl.col("effective_from").is_not_null())
    return sorted(set(rows["effective_from"].to_list()) | {day(10, 22, year=2024)})


@settings(max_examples=25)
@given(st.lists(real_calls(), min_size=1, max_size=25))
def test_every_call_costs_what_the_reference_says_with_the_prices_we_ship(listed: list[Row]) -> None:
    prices = load_book().rows.filter(pl.col("kind").is_in([*TOKEN_KINDS, "request"])).rows(named=True)
    wanted = {target["price_model"] for pair in REAL for target in _targets(*pair)}

    priced = reprice_tables(traces(listed))

    own = [row for row in prices if row["model"] in wanted]
    assert_as_expected(priced, expected(priced["calls"], own, targets=_targets))


@settings(max_examples=12)
@given(books(), st.lists(calls(), min_size=1, max_size=12), st.integers(2, 7))
def test_prices_times_k_give_costs_times_k(prices: list[Row], listed: list[Row], k: int) -> None:
    dearer = [{**row, "price_pusd": row["price_pusd"] * k} for row in prices]

    once, times = (reprice_tables(traces(listed), book=PriceBook(rows_of(*rows))) for rows in (prices, dearer))

    money = pl.col("^.*cost.*_usd$").exclude("recorded_cost_usd", "claimed_cost_usd")
    for name in ("calls", "rollouts", "runs"):
        expect = once[name].select((money * 1e12).round() * k)
        assert expect.equals(times[name].select((money * 1e12).round())), name


@settings(max_examples=12)
@given(books(), st.lists(calls(), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_calls_and_prices_changes_nothing(prices: list[Row], listed: list[Row], order: Any) -> None:
    given_tables = traces(listed)
    shuffled = order.sample(prices, len(prices))
    calls_shuffled = given_tables["calls"].sample(fraction=1, shuffle=True, seed=order.randrange(99))

    one = reprice_tables(given_tables, book=PriceBook(rows_of(*prices)))
    other = reprice_tables({**given_tables, "calls": calls_shuffled}, book=PriceBook(rows_of(*shuffled)))

    assert all(one[name].equals(other[name]) for name in one)


@settings(max_examples=20)
@given(books(), st.lists(calls(), min_size=1, max_size=12), st.sampled_from(["as_recorded", "none"]))
def test_low_cost_and_high_are_in_order_and_parts_add_up(prices: list[Row], listed: list[Row], cache: Any) -> None:
    priced = reprice_tables(traces(listed), Scenario(cache=cache), PriceBook(rows_of(*prices)))

    for name in ("calls", "rollouts", "runs"):
        for row in priced[name].iter_rows(named=True):
            assert row["cost_low_usd"] is not None
            if row["cost_high_usd"] is not None:
                assert row["cost_low_usd"] <= row["cost_high_usd"]
            if row["cost_usd"] is not None:
                assert row["cost_low_usd"] <= row["cost_usd"] <= row["cost_high_usd"]
    for row in priced["calls"].iter_rows(named=True):
        parts = [row[f"{part}_cost_usd"] for part in SUMMED_PARTS]
        if row["cost_usd"] is not None and None not in parts:
            assert round(sum(parts) * 1e12) == round(row["cost_usd"] * 1e12)


@settings(max_examples=20)
@given(books(), st.lists(calls(), min_size=1, max_size=8), st.integers(0, 2**10))
def test_what_is_known_of_columns_changes_no_figure(prices: list[Row], listed: list[Row], forget: int) -> None:
    plain = [row | {"is_billed": True, "granularity": "call"} if forget % 2 else row for row in listed]
    given_tables, book = traces(plain), PriceBook(rows_of(*prices))
    lazy = {name: table.lazy() for name, table in given_tables.items()}
    facts = facts_of(given_tables["calls"])

    priced = [
        call_table(lazy["calls"], prepare(lazy, Scenario(), known, book)).collect()
        for known in (facts, _forgotten(facts, forget), Facts(facts.n_rows, frozenset(), frozenset(), {}, {}))
    ]

    assert priced[0].equals(priced[1])
    assert priced[0].equals(priced[2])


def _forgotten(facts: Facts, bits: int) -> Facts:
    kept = {name for number, name in enumerate(CALLS.schema) if not bits >> (number % 10) & 1}
    lowest, highest = ({name: end[name] for name in kept if name in end} for end in (facts.lowest, facts.highest))
    return replace(facts, known=facts.known & kept, absent=facts.absent & kept, lowest=lowest, highest=highest)


@settings(max_examples=8)
@given(books(), st.lists(calls(), min_size=2, max_size=12))
def test_a_call_costs_the_same_whatever_other_calls_lie_beside_it(prices: list[Row], listed: list[Row]) -> None:
    book = PriceBook(rows_of(*prices))

    together = reprice_tables(traces(listed), book=book)["calls"]

    alone = [reprice_tables(traces([row]), book=book)["calls"].row(0, named=True) for row in listed]
    by_id = {row["call_id"]: row for row in together.iter_rows(named=True)}
    for number, row in enumerate(alone):
        assert found(row) == found(by_id[f"c{number:03}"])
        assert row["cost_basis"] == by_id[f"c{number:03}"]["cost_basis"]


@settings(max_examples=20)
@given(st.lists(calls(), min_size=1, max_size=8))
def test_no_usage_costs_nothing_whatever_the_price(listed: list[Row]) -> None:
    nothing = dict.fromkeys((*(f"{part}_tokens" for part in PARTS), "input_tokens", "output_tokens"), 0)
    empty = [row | nothing | {"reasoning_tokens": 0, "output_high_tokens": None} for row in listed]

    priced = reprice_tables(traces(empty), book=PriceBook(rows_of(price("output", 3, day(3)))))

    assert priced["calls"]["cost_usd"].to_list() == [0.0] * len(listed)
