"""Published figures of the bundled runs, recomputed from the tables that come with the package."""

import polars as pl
import pytest

from analyzer.audit import audit
from analyzer.tour import BUNDLED
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.store import open_store
from traces.sums import known_total

MINI = pl.col("agent").str.starts_with("mini-SWE-agent")


@pytest.fixture(scope="module")
def traces() -> dict[str, pl.DataFrame]:
    return open_store(BUNDLED).tables()


@pytest.fixture(scope="module")
def priced(traces: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return reprice_tables(traces)


def run_of(tables: dict[str, pl.DataFrame], condition: pl.Expr, name: str) -> pl.DataFrame:
    return tables[name].join(tables["runs"].filter(condition).select("run_id"), on="run_id", how="semi")


def test_the_bundle_is_small() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) < 3_000_000


def test_mini_swe_agent_solves_371_of_500_at_its_published_cost(traces: dict[str, pl.DataFrame]) -> None:
    rollouts = run_of(traces, MINI, "rollouts")
    assert (rollouts.height, rollouts["is_success"].sum()) == (500, 371)
    assert rollouts.select(known_total("recorded_cost_usd")).item() == pytest.approx(229.978759475, abs=1e-9)


def test_every_billed_call_is_reproduced_within_a_millionth_of_a_dollar(priced: dict[str, pl.DataFrame]) -> None:
    calls = run_of(priced, MINI, "calls")
    billed = calls.filter(pl.col("recorded_cost_usd").is_not_null())
    assert (calls.height, billed.height) == (20_163, 19_584)
    assert (billed["cost_usd"] - billed["recorded_cost_usd"]).abs().max() <= 1e-6
    assert billed.select(known_total("recorded_cost_usd")).item() == pytest.approx(224.48920460, abs=1e-8)


def test_the_second_provider_has_a_range_as_its_reasoning_lies_outside(priced: dict[str, pl.DataFrame]) -> None:
    other = run_of(priced, MINI, "calls").filter(pl.col("recorded_cost_usd").is_null())
    outside = other.filter(pl.col("reasoning_tokens") > pl.col("output_tokens"))
    bounds = other.select(known_total("cost_low_usd"), known_total("cost_high_usd")).row(0)
    assert (other.height, outside.height) == (579, 20)
    assert bounds == (pytest.approx(5.970123), pytest.approx(6.012687))


def test_without_a_cache_it_would_have_cost_three_times_as_much(traces: dict[str, pl.DataFrame]) -> None:
    row = run_of(reprice_tables(traces, Scenario(cache="none")), MINI, "runs").row(0, named=True)
    assert (round(row["cost_low_usd"], 2), round(row["cost_high_usd"], 2)) == (732.78, 732.82)


PUBLISHED = (
    ("llm_agent + claude-sonnet-4-5", "tau2-bench/airline", 50, 0.72, 14.4432, 0.6047),
    ("llm_agent + azure/gpt-4o-2024-11-20", "tau2-bench/airline", 50, 0.46, 4.2033, 0.7898),
    ("llm_agent + gpt-5.4", "tau2-bench/airline", 50, 0.56, 2.2906, 0.5409),
    ("llm_agent + gpt-4.1", "tau2-bench/airline", 20, 0.50, 0.7833, 0.2279),
    ("llm_agent + gpt-4.1", "tau2-bench/retail", 40, 0.85, 1.8886, 0.4870),
)


@pytest.mark.parametrize("published", PUBLISHED)
def test_tau2_runs_keep_their_published_scores_and_costs(
    traces: dict[str, pl.DataFrame], published: tuple[str, str, int, float, float, float]
) -> None:
    agent, benchmark, n_rollouts, score, agent_usd, user_usd = published
    chosen = (pl.col("agent") == agent) & (pl.col("benchmark") == benchmark)
    rollouts, calls = (run_of(traces, chosen, name) for name in ("rollouts", "calls"))
    spent = [calls.filter(role=role).select(known_total("recorded_cost_usd")).item() for role in ("agent", "user")]
    assert (rollouts.height, rollouts["score"].mean()) == (n_rollouts, pytest.approx(score))
    assert spent == [pytest.approx(agent_usd, abs=1e-4), pytest.approx(user_usd, abs=1e-4)]


def test_calls_without_usage_are_unknown_not_free(priced: dict[str, pl.DataFrame]) -> None:
    calls = run_of(priced, pl.col("agent").str.contains("gpt-oss-120b"), "calls")
    silent = calls.filter(role="agent")
    assert (silent.height, silent["input_tokens"].null_count(), silent["cost_usd"].null_count()) == (887, 887, 887)


def test_four_trials_are_four_attempts(traces: dict[str, pl.DataFrame]) -> None:
    attempts = run_of(traces, pl.col("agent").str.starts_with("llm_agent_solo"), "rollouts").group_by("task_id").len()
    assert attempts["len"].to_list() == [4] * 5


def test_every_difference_from_what_was_recorded_has_a_proven_cause(priced: dict[str, pl.DataFrame]) -> None:
    assert audit(priced).n_unexplained == 0
