"""Audits of real runs, and the same figures in plain decimal arithmetic."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analyzer.audit import AuditResult, audit
from pricing.reprice import reprice_tables
from traces.read import read_traces

MILLION = 1_000_000
Tables = dict[str, pl.DataFrame]


def priced(source: Path, store: Path) -> Tables:
    return reprice_tables(read_traces([source], store).tables())


@pytest.fixture(scope="module")
def mini(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return priced(shared_data / "mini_swe_agent" / "run", tmp_path_factory.mktemp("mini") / "store")


@pytest.fixture(scope="module")
def tau2(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return priced(shared_data / "tau2", tmp_path_factory.mktemp("tau2") / "store")


@pytest.fixture(scope="module")
def of_mini(mini: Tables) -> AuditResult:
    return audit(mini)


@pytest.fixture(scope="module")
def of_tau2(tau2: Tables) -> AuditResult:
    return audit(tau2)


def counted(result: AuditResult, level: str, measure: str = "cost_usd") -> dict[str, int]:
    rows = result.rows.filter(level=level, measure=measure)
    return dict(rows.group_by("cause").len().sort("cause").iter_rows())


def dollars(call: dict[str, Any], uncached: str, cached: str, output: str) -> Decimal:
    parts = (
        (call["uncached_input_tokens"], uncached),
        (call["cache_read_tokens"], cached),
        (call["output_tokens"], output),
    )
    return sum((tokens * Decimal(rate) for tokens, rate in parts), Decimal(0)) / MILLION


def test_every_billed_call_agrees_within_a_millionth_of_a_dollar(mini: Tables, of_mini: AuditResult) -> None:
    billed = of_mini.rows.filter(level="call", recorded_basis="recorded")
    assert (billed.height, billed["cause"].unique().to_list()) == (19_584, ["agrees"])
    assert billed.select(pl.col("difference").abs().max()).item() <= 1e-6

    calls = mini["calls"].filter(pl.col("recorded_cost_usd").is_not_null()).iter_rows(named=True)
    off = [abs(dollars(call, "2", "0.20", "12") - Decimal(call["recorded_cost_usd"])) for call in calls]
    assert max(off) <= Decimal("1e-6")


def test_the_agents_own_estimates_follow_from_rates_of_its_own(mini: Tables, of_mini: AuditResult) -> None:
    claimed = of_mini.rows.filter(level="call", recorded_basis="claimed")
    counts = dict(claimed.group_by("cause").len().iter_rows())
    assert counts == {"other_rates": 529, "agrees": 35, "reasoning_place_unknown": 15}
    assert claimed.filter(cause="other_rates")["explanation"].unique().item() == (
        "the source's own rates were input $2, cache read $0.125, output $12, reasoning beyond the output $0 "
        "per million tokens; ours are $2, $0.2, $12, $12"
    )

    calls = list(mini["calls"].filter(provider="google").iter_rows(named=True))
    off = [abs(dollars(call, "2", "0.125", "12") - Decimal(call["claimed_cost_usd"])) for call in calls]
    assert (len(calls), max(off) < Decimal("1e-12")) == (579, True)


def test_their_rollouts_imply_the_same_rates_even_where_no_call_has_an_estimate(
    mini: Tables, of_mini: AuditResult
) -> None:
    without = mini["calls"].with_columns(claimed_cost_usd=pl.lit(None, pl.Float64))
    for result in (of_mini, audit({**mini, "calls": without})):
        assert counted(result, "rollout") == {"agrees": 484, "other_rates": 16}
        of_one = result.rows.filter(level="rollout", cause="other_rates")
        assert "cache read $0.125" in of_one["explanation"][0]
        assert sum(of_one["recorded"].to_list()) == pytest.approx(5.4896, abs=5e-5)
        assert sum(of_one["low"].to_list()) == pytest.approx(5.97, abs=5e-3)
        assert sum(of_one["high"].to_list()) == pytest.approx(6.01, abs=5e-3)


def test_the_score_and_the_number_of_rollouts_agree(of_mini: AuditResult) -> None:
    assert counted(of_mini, "score", "score") == counted(of_mini, "score", "n_rollouts") == {"agrees": 1}
    assert of_mini.rows.filter(measure="score")["recomputed"].item() == 371 / 500
    assert of_mini.is_ok()


def test_a_fabricated_bill_is_unexplained(mini: Tables) -> None:
    noise = 1 + (pl.col("input_tokens") * 7919 % 1000) / 10_000
    calls = mini["calls"].with_columns(recorded_cost_usd=pl.col("recorded_cost_usd") * noise)

    result = audit({**mini, "calls": calls})

    unexplained = counted(result, "call")["unexplained"]
    assert unexplained > 19_000
    assert not result.is_ok()


def test_calls_with_a_known_cache_split_agree_to_the_cent(tau2: Tables, of_tau2: AuditResult) -> None:
    known = tau2["calls"].filter(pl.col("cache_read_tokens").is_not_null(), pl.col("recorded_cost_usd").is_not_null())
    keys = known.select("run_id", "rollout_id", "call_id")
    rows = of_tau2.rows.filter(level="call").join(keys, on=keys.columns, how="semi")
    assert rows["cause"].unique().to_list() == ["agrees"]
    assert sum(rows["recorded"].to_list()) == pytest.approx(14.4432, abs=5e-5)


def test_calls_without_a_cache_split_lie_within_what_it_leaves_open(of_tau2: AuditResult) -> None:
    assert counted(of_tau2, "call") == {
        "agrees": 1686, "cache_split_unknown": 3691, "not_recorded": 257, "region_differs": 314,
    }  # fmt: skip
    assert of_tau2.n_unexplained == 0


def test_bills_a_tenth_above_the_list_price_are_those_of_a_data_zone(tau2: Tables, of_tau2: AuditResult) -> None:
    above = of_tau2.rows.filter(level="call", cause="region_differs")
    assert above["explanation"].unique().item() == "equals these tokens in the region data-zone"
    calls = tau2["calls"].join(above.select("rollout_id", "call_id"), on=["rollout_id", "call_id"], how="semi")
    for row in calls.iter_rows(named=True):
        full = (row["input_tokens"] * Decimal("2.75") + row["output_tokens"] * Decimal(11)) / MILLION
        assert abs(full - Decimal(row["recorded_cost_usd"])) < Decimal("1e-12")


def test_models_without_a_recorded_cost_have_no_row_of_two_unknowns(of_tau2: AuditResult) -> None:
    nothing = pl.col("recorded").is_null() & pl.col("recomputed").is_null()
    assert of_tau2.rows.filter(nothing).is_empty()
