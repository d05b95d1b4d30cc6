from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from builders import call, charge, rollout, run, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.audit import AuditResult, audit
from pricing.book import PriceBook
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.schema import PRICES, REGION_MULTIPLIERS

YEARS = {year: datetime(year, 1, 1, tzinfo=UTC) for year in (2023, 2024, 2025, 2026)}
KINDS = ("uncached_input", "cache_read", "output")
NOW = (2, 1, 10)  # USD per million tokens of KINDS in 2026, when the builders' calls are made
SPLIT_UNKNOWN = dict.fromkeys(
    ("uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
     "cache_write_unspecified_tokens")
)  # fmt: skip


def prices(provider: str, since: int | None, until: int | None, *usd: int) -> list[dict[str, Any]]:
    shared = {
        "provider": provider, "model": "acme-large", "layer": "user", "date_basis": "announcement", "source": "test",
        "effective_from": YEARS.get(since or 0), "effective_until": YEARS.get(until or 0),
    }  # fmt: skip
    return [{**shared, "kind": kind, "price_pusd": price * 10**6} for kind, price in zip(KINDS, usd, strict=True)]


ROWS = [
    *prices("acme", 2023, 2024, 8, 4, 60),
    *prices("acme", 2024, 2025, 5, 3, 30),
    *prices("acme", 2025, 2026, 3, 2, 20),
    *prices("acme", 2026, None, *NOW),
    *prices("beta", 2023, None, 4, 1, 15),
]
BOOK = PriceBook(
    PRICES.conform(pl.DataFrame(ROWS, schema_overrides={"effective_from": PRICES.schema["effective_from"]}))
)

MILLION = 1_000_000


def audited(scenario: Scenario | None = None, tolerance: float = 1e-4, **parts: Any) -> AuditResult:
    parts.setdefault("runs", [run()])
    parts.setdefault("rollouts", [rollout()] if "calls" in parts else [])
    return audit(reprice_tables(tables(**parts), scenario, BOOK), tolerance, BOOK)


def causes(result: AuditResult, level: str) -> list[str]:
    return result.rows.filter(level=level, measure="cost_usd")["cause"].to_list()


def told(result: AuditResult, level: str) -> str:
    return str(result.rows.filter(level=level, measure="cost_usd")["explanation"][0])


def calls_at(rates: tuple[float, float, float], n: int = 9, **values: Any) -> list[dict[str, Any]]:
    """Calls of independent usage, recorded at these rates for uncached input, cache read and output."""
    used = [(1000 + 37 * i * i, 500 + 11 * i**3, 90 + 7 * i) for i in range(n)]
    return [
        call(
            call_index=index, uncached_input_tokens=counts[0], cache_read_tokens=counts[1], output_tokens=counts[2],
            recorded_cost_usd=sum(count * rate for count, rate in zip(counts, rates, strict=True)) / MILLION,
        ) | values
        for index, counts in enumerate(used)
    ]  # fmt: skip


def test_a_recorded_cost_within_the_tolerance_agrees() -> None:
    result = audited(calls=[call(output_tokens=MILLION, recorded_cost_usd=10.0009)])

    assert causes(result, "call") == ["agrees"]
    assert result.is_ok()


def test_a_recorded_cost_beyond_the_tolerance_is_unexplained() -> None:
    result = audited(calls=[call(output_tokens=MILLION, recorded_cost_usd=10.002)])

    assert causes(result, "call") == ["unexplained"]
    assert told(result, "call") == "no cause proven: recomputed as $10.0"
    assert (result.n_unexplained, result.is_ok(), result.is_ok(tolerance=0.01)) == (1, False, True)


def test_the_share_of_dollars_left_unexplained_decides_not_the_number_of_differences() -> None:
    costs = [11.0, *[10.0] * 99]  # one dollar of 1001 has no cause
    calls = [call(call_index=i, output_tokens=MILLION, recorded_cost_usd=usd) for i, usd in enumerate(costs)]

    assert (audited(calls=calls).n_unexplained, audited(calls=calls).is_ok()) == (1, False)
    assert audited(calls=calls, tolerance=0.001).is_ok()


def test_a_figure_above_a_range_counts_by_what_it_lies_above_it() -> None:
    row = call(uncached_input_tokens=None, input_tokens=None, output_tokens=MILLION, recorded_cost_usd=13.0)
    result = audited(calls=[row])
    open_row = result.rows.filter(level="call").with_columns(
        cause=pl.lit("unexplained"), is_explained=pl.lit(value=False), high=pl.lit(12.0)
    )

    assert not AuditResult(open_row, result.summary, 0.01).is_ok()
    assert AuditResult(open_row, result.summary, 0.01).is_ok(tolerance=0.1)


def test_an_unexplained_number_of_rollouts_fails_whatever_the_tolerance() -> None:
    result = audited(runs=[run(recorded_n_rollouts=2)], rollouts=[rollout()], calls=[call(output_tokens=1)])

    assert not result.is_ok(tolerance=1e9)


def test_the_tolerance_is_that_of_the_user() -> None:
    assert causes(audited(tolerance=0.1, calls=[call(output_tokens=MILLION, recorded_cost_usd=10.5)]), "call") == [
        "agrees"
    ]


def test_the_difference_is_recomputed_minus_recorded() -> None:
    row = (
        audited(calls=[call(output_tokens=MILLION, recorded_cost_usd=8.0)]).rows.filter(level="call").row(0, named=True)
    )

    assert (row["recorded"], row["recomputed"], row["difference"], row["relative_difference"]) == (8.0, 10.0, 2.0, 0.25)


def test_what_is_known_on_one_side_only_is_counted_and_on_neither_left_out() -> None:
    result = audited(
        calls=[
            call(call_index=0, output_tokens=MILLION),
            call(call_index=1, output_tokens=None, recorded_cost_usd=4.0),
            call(call_index=2, output_tokens=None),
        ]
    )

    assert causes(result, "call") == ["not_recorded", "tokens_unknown"]
    assert result.is_ok()
    counted = result.summary.filter(level="call").select("cause", "n", "recorded", "recomputed").rows()
    assert counted == [("tokens_unknown", 1, 4.0, None), ("not_recorded", 1, None, 10.0)]


def test_a_claim_of_the_agents_own_program_is_compared_where_nothing_was_billed_and_labelled() -> None:
    result = audited(calls=[call(output_tokens=MILLION, claimed_cost_usd=10.0)])

    assert result.rows.filter(level="call")["recorded_basis"].to_list() == ["claimed"]


def test_the_summary_keeps_what_is_claimed_apart_from_what_is_recorded() -> None:
    recorded, claimed = ({f"{kind}_cost_usd": 10.0} for kind in ("recorded", "claimed"))
    calls = [call(call_index=i, output_tokens=MILLION, **known) for i, known in enumerate([recorded, claimed, claimed])]

    summary = audited(calls=calls).summary.filter(level="call")

    assert summary.select("recorded_basis", "cause", "n", "recorded").rows() == [
        ("recorded", "agrees", 1, 10.0),
        ("claimed", "agrees", 2, 20.0),
    ]


def test_a_total_below_what_is_known_to_be_used_is_unexplained_though_tokens_are_unknown() -> None:
    calls = [call(call_index=0, output_tokens=MILLION), call(call_index=1, output_tokens=None)]

    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=9.0)]), "rollout") == ["unexplained"]
    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=11.0)]), "rollout") == ["tokens_unknown"]


def test_calls_the_trace_does_not_hold_are_named() -> None:
    result = audited(calls=[call(output_tokens=MILLION)], rollouts=[rollout(n_calls=2, recorded_cost_usd=12.0)])

    assert causes(result, "rollout") == ["calls_missing"]


def test_calls_missing_beside_other_roles_the_scenario_leaves_out_are_named_too() -> None:
    calls = [call(call_index=0, output_tokens=MILLION), call(call_index=1, role="user", output_tokens=MILLION)]
    totals = [rollout(n_calls=3, recorded_cost_usd=25.0)]

    assert causes(audited(Scenario(roles=("agent",)), calls=calls, rollouts=totals), "rollout") == ["calls_missing"]


def test_a_rollout_of_charges_alone_lacks_no_call() -> None:
    result = audited(charges=[charge(rollout_id="run/task/0", recorded_cost_usd=0.01)], rollouts=[
        rollout(recorded_cost_usd=0.01)])  # fmt: skip

    assert causes(result, "rollout") == ["price_unknown"]


def test_an_unknown_cache_split_explains_what_lies_between_all_and_nothing_cached_and_no_more() -> None:
    unsplit = {**SPLIT_UNKNOWN, "input_tokens": MILLION, "output_tokens": 0}

    assert causes(audited(calls=[call(**unsplit, recorded_cost_usd=1.5)]), "call") == ["cache_split_unknown"]
    assert causes(audited(calls=[call(**unsplit, recorded_cost_usd=0.9)]), "call") == ["unexplained"]
    assert causes(audited(calls=[call(**unsplit, recorded_cost_usd=2.1)]), "call") == ["unexplained"]


def test_reasoning_that_may_lie_outside_the_output_explains_what_lies_between() -> None:
    unclear = {"output_tokens": MILLION, "output_high_tokens": 2 * MILLION, "reasoning_tokens": MILLION}

    assert causes(audited(calls=[call(**unclear, recorded_cost_usd=10.0)]), "call") == ["reasoning_place_unknown"]
    assert causes(audited(calls=[call(**unclear, recorded_cost_usd=20.5)]), "call") == ["unexplained"]


def test_a_model_without_a_price_and_a_price_not_yet_in_force_are_told_apart() -> None:
    of_2020 = datetime(2020, 1, 1, tzinfo=UTC)
    unknown = audited(calls=[call(model="acme-xl", output_tokens=1, recorded_cost_usd=1.0)])
    early = audited(calls=[call(started_at=of_2020, output_tokens=1, recorded_cost_usd=1.0)])

    assert (causes(unknown, "call"), causes(early, "call")) == (["price_unknown"], ["price_not_in_force"])
    assert told(unknown, "call") == "no price known for acme/acme-xl"
    assert told(early, "call") == "no price in force then for acme/acme-large"


def test_the_price_of_another_day_is_named_with_its_day() -> None:
    result = audited(calls=calls_at((3, 2, 20)))

    assert causes(result, "call") == ["price_of_another_day"] * 9
    assert told(result, "call") == "equals these tokens at the price of 2025-01-01"


def test_the_nearest_of_several_days_is_named() -> None:
    only_output = call(output_tokens=1000, recorded_cost_usd=0.03)

    assert told(audited(calls=[only_output]), "call") == "equals these tokens at the price of 2024-01-01"


def test_the_price_of_another_provider_of_the_model_is_named() -> None:
    result = audited(calls=calls_at((4, 1, 15)))

    assert causes(result, "call") == ["provider_differs"] * 9
    assert told(result, "call") == "equals these tokens at beta"


def test_the_price_of_another_region_is_named() -> None:
    in_data_zone = {"provider": "acme", "region": "data-zone", "multiplier": 1.1, "source": "test"}
    book = PriceBook(BOOK.rows, regions=REGION_MULTIPLIERS.conform(pl.DataFrame([in_data_zone])))
    calls = calls_at((2.2, 1.1, 11))

    result = audit(reprice_tables(tables(runs=[run()], rollouts=[rollout()], calls=calls), None, book), book=book)

    assert causes(result, "call") == ["region_differs"] * 9
    assert told(result, "call") == "equals these tokens in the region data-zone"


def test_a_price_that_fits_a_few_of_many_by_chance_proves_nothing() -> None:
    odd = [
        row | {"recorded_cost_usd": row["recorded_cost_usd"] * (1.1 + 0.01 * i)} for i, row in enumerate(calls_at(NOW))
    ]
    by_chance = call(call_index=9, output_tokens=1000, recorded_cost_usd=0.03)

    assert causes(audited(calls=[*odd, by_chance]), "call") == ["unexplained"] * 10


def test_rates_that_reproduce_every_figure_are_the_sources_own() -> None:
    result = audited(calls=calls_at((2, 0.125, 10)))

    assert causes(result, "call") == ["other_rates"] * 9
    assert told(result, "call") == (
        "the source's own rates were input $2, cache read $0.125, output $10 per million tokens; ours are $2, $1, $10"
    )


def test_reasoning_priced_apart_is_found() -> None:
    calls = [row | {"reasoning_tokens": 3 + i % 4} for i, row in enumerate(calls_at((2, 1, 10)))]
    for row in calls:
        row["recorded_cost_usd"] += row["reasoning_tokens"] * 30 / MILLION

    assert "visible output $10, reasoning $40" in told(audited(calls=calls), "call")


def test_one_figure_the_rates_do_not_reproduce_disproves_them() -> None:
    *others, last = calls_at((2, 0.125, 10))
    result = audited(calls=[*others, last | {"recorded_cost_usd": last["recorded_cost_usd"] * 1.001}])

    assert causes(result, "call") == ["unexplained"] * 9


def test_as_many_figures_as_rates_prove_nothing() -> None:
    assert causes(audited(calls=calls_at((2, 0.125, 10), n=5)), "call") == ["unexplained"] * 5


def test_the_same_usage_seen_again_proves_no_rates() -> None:
    one = [call(call_index=i, uncached_input_tokens=MILLION, recorded_cost_usd=7.77) for i in range(9)]
    patterns = [(1000, 500, 0.012), (9000, 100, 0.064)] * 3
    two = [
        call(call_index=i, uncached_input_tokens=sent, output_tokens=got, recorded_cost_usd=usd)
        for i, (sent, got, usd) in enumerate(patterns)
    ]

    assert causes(audited(calls=one), "call") == ["unexplained"] * 9
    assert causes(audited(calls=two), "call") == ["unexplained"] * 6


def test_the_same_usage_seen_again_proves_no_rates_where_the_split_is_unknown() -> None:
    one = [
        call(call_index=i, **SPLIT_UNKNOWN, input_tokens=MILLION, output_tokens=0, recorded_cost_usd=7.77)
        for i in range(9)
    ]

    assert causes(audited(calls=one), "call") == ["unexplained"] * 9


def test_usage_in_one_proportion_cannot_tell_rates_apart() -> None:
    same = [
        call(call_index=i, uncached_input_tokens=700 * i, output_tokens=100 * i, recorded_cost_usd=0.0091 * i)
        for i in range(1, 10)
    ]

    assert causes(audited(calls=same), "call") == ["unexplained"] * 9


def test_rates_without_a_cache_are_found_where_the_split_is_unknown_and_cover_only_what_they_reproduce() -> None:
    full = [row | SPLIT_UNKNOWN | {"cache_read_tokens": None} for row in calls_at((2.2, 2.2, 11), n=12)]
    cached = [row | {"recorded_cost_usd": row["recorded_cost_usd"] * 0.8} for row in full[:3]]
    result = audited(calls=[*cached, *full[3:]])

    assert sorted(causes(result, "call")) == ["cache_split_unknown"] * 3 + ["other_rates"] * 9
    assert result.rows.filter(cause="other_rates")["explanation"][0] == (
        "the source's own rates were input $2.2, output $11 per million tokens; ours are $2, $10 "
        "(nothing read from a cache)"
    )


def test_totals_of_rollouts_imply_rates_too() -> None:
    calls = [
        row | {"rollout_id": f"run/task-{i}/0", "recorded_cost_usd": None} for i, row in enumerate(calls_at((2, 1, 10)))
    ]
    doubled = [row["uncached_input_tokens"] * 4 + row["cache_read_tokens"] + row["output_tokens"] * 10 for row in calls]
    totals = [rollout(task_id=f"task-{i}", recorded_cost_usd=usd / MILLION) for i, usd in enumerate(doubled)]

    result = audited(calls=calls, rollouts=totals)

    assert causes(result, "rollout") == ["other_rates"] * 9
    assert "input $4, cache read $1, output $10" in told(result, "rollout")


def test_a_total_is_explained_by_its_calls_where_each_of_them_is() -> None:
    calls = calls_at((3, 2, 20))
    total = sum(row["recorded_cost_usd"] for row in calls)
    result = audited(calls=calls, rollouts=[rollout(recorded_cost_usd=total)], runs=[run(recorded_cost_usd=total)])

    assert causes(result, "rollout") == causes(result, "run") == ["explained_by_parts"]
    assert told(result, "rollout") == "the sum of the differences of its parts: price_of_another_day"
    assert result.is_ok()


def test_a_total_is_not_explained_by_calls_that_are_not() -> None:
    calls = [call(output_tokens=MILLION, recorded_cost_usd=12.0)]

    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=12.0)]), "rollout") == ["unexplained"]


def test_a_total_above_its_calls_is_unexplained_where_the_source_counts_no_more_of_them() -> None:
    calls = [call(output_tokens=MILLION, recorded_cost_usd=10.0)]

    for total in (rollout(recorded_cost_usd=50.0), rollout(recorded_cost_usd=50.0, n_calls=1)):
        result = audited(calls=calls, rollouts=[total])
        assert causes(result, "rollout") == ["unexplained"]
        assert not result.is_ok()


def test_a_run_above_its_rollouts_is_a_residual_only_where_the_source_counts_more_of_them() -> None:
    parts = {
        "calls": [call(output_tokens=MILLION, recorded_cost_usd=10.0)], "rollouts": [rollout(recorded_cost_usd=10.0)]
    }  # fmt: skip

    counted = audited(runs=[run(recorded_cost_usd=10.75, recorded_n_rollouts=2)], **parts)
    assert causes(counted, "run") == ["residual"]
    assert told(counted, "run") == (
        "the source counts more rollouts than were seen, and records $0.75 more than theirs"
    )
    for claims in ({"recorded_n_rollouts": 1}, {}):
        assert causes(audited(runs=[run(recorded_cost_usd=10.75, **claims)], **parts), "run") == ["unexplained"]


def test_a_residual_row_is_a_residual() -> None:
    row = call(output_tokens=None, is_residual=True, granularity="rollout", n_requests=None, recorded_cost_usd=0.5)

    assert causes(audited(calls=[row]), "call") == ["residual"]


def test_a_total_that_contradicts_its_residual_row_is_unexplained() -> None:
    calls = [
        call(call_index=0, output_tokens=MILLION, recorded_cost_usd=10.0),
        call(call_index=1, output_tokens=None, is_residual=True, granularity="rollout", recorded_cost_usd=0.5),
    ]

    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=10.5)]), "rollout") == ["residual"]
    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=99.0)]), "rollout") == ["unexplained"]


def test_unknown_tokens_or_prices_do_not_explain_a_total_that_is_not_the_sum_of_its_recorded_calls() -> None:
    for unknown in ({"output_tokens": None}, {"model": "acme-xl", "output_tokens": 1}):
        calls = [
            call(call_index=0, output_tokens=MILLION, recorded_cost_usd=10.0),
            call(call_index=1, recorded_cost_usd=2.0, **unknown),
        ]
        sums = {usd: causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=usd)]), "rollout")[0]
                for usd in (12.0, 99.0)}  # fmt: skip
        assert sums == {12.0: causes(audited(calls=calls), "call")[1], 99.0: "unexplained"}


def test_a_claim_of_the_agents_own_program_binds_no_total() -> None:
    calls = [
        call(call_index=0, output_tokens=MILLION, claimed_cost_usd=10.0),
        call(call_index=1, output_tokens=None, claimed_cost_usd=2.0),
    ]

    assert causes(audited(calls=calls, rollouts=[rollout(recorded_cost_usd=15.0)]), "rollout") == ["tokens_unknown"]


def test_charges_are_compared_and_belong_to_their_rollout() -> None:
    searches = [charge(rollout_id="run/task/0", recorded_cost_usd=0.01)]
    calls = [call(output_tokens=MILLION, recorded_cost_usd=10.0)]
    result = audited(calls=calls, charges=searches, rollouts=[rollout(recorded_cost_usd=10.01)])

    assert causes(result, "charge") == ["price_unknown"]
    assert causes(result, "rollout") == ["price_unknown"]


def test_a_recorded_total_is_compared_with_all_roles_whatever_the_scenario_counts() -> None:
    calls = [call(call_index=0, output_tokens=MILLION), call(call_index=1, role="user", output_tokens=MILLION)]
    scenario = Scenario(roles=("agent",))
    result = audited(
        scenario, calls=calls, rollouts=[rollout(recorded_cost_usd=20.0)], runs=[run(recorded_cost_usd=20.0)]
    )

    assert causes(result, "rollout") == causes(result, "run") == ["agrees"]
    assert told(result, "run").endswith("(all roles compared; the scenario counts fewer)")


def test_the_worst_comes_first_and_what_is_unexplained_before_it() -> None:
    unsplit = {**SPLIT_UNKNOWN, "input_tokens": 10 * MILLION}
    result = audited(
        calls=[
            call(call_index=0, **unsplit, recorded_cost_usd=11.0),
            call(call_index=1, output_tokens=MILLION, recorded_cost_usd=11.0),
            call(call_index=2, output_tokens=MILLION, recorded_cost_usd=13.0),
            call(call_index=3, output_tokens=MILLION, recorded_cost_usd=10.0),
        ]
    )

    assert result.worst(9)["difference"].to_list() == [-3.0, -1.0, 9.0]
    assert result.worst(1)["cause"].to_list() == ["unexplained"]


def test_an_empty_trace_audits_to_nothing() -> None:
    result = audited(runs=[])

    assert (result.rows.height, result.summary.height, result.n_unexplained, result.is_ok()) == (0, 0, 0, True)


counts = st.integers(0, 10**6)


@given(
    st.lists(st.tuples(counts, counts, counts, st.sampled_from(("1", "1.00005", "0.5", "1.5"))), min_size=1, max_size=9)
)
@settings(max_examples=20)
def test_agreement_is_what_decimal_arithmetic_says(usage: list[tuple[int, int, int, str]]) -> None:
    exact = [
        sum((Decimal(n * rate) for n, rate in zip(row[:3], NOW, strict=True)), Decimal(0)) / MILLION for row in usage
    ]
    recorded = [cost * Decimal(row[3]) for cost, row in zip(exact, usage, strict=True)]
    calls = [
        call(call_index=i, uncached_input_tokens=row[0], cache_read_tokens=row[1], output_tokens=row[2],
             recorded_cost_usd=float(recorded[i]))
        for i, row in enumerate(usage)
    ]  # fmt: skip

    rows = audited(calls=calls).rows.filter(level="call")

    slack = [max(Decimal("1e-6"), amount * Decimal("1e-4")) for amount in recorded]
    agrees = [abs(a - b) <= c for a, b, c in zip(exact, recorded, slack, strict=True)]
    assert [cause == "agrees" for cause in rows["cause"]] == agrees
