"""Deployments: the cheapest engine that does what was asked, or an error with the nearest that can be done."""

from typing import Any

import pytest

from pricing.hardware.assumptions import unmeasured_concurrency
from pricing.hardware.deploy import names_meant, point_for, points_of
from pricing.hardware.deployment import Deployment
from pricing.hardware.laws import machines_of
from pricing.hardware.point import Point
from pricing.hardware.shelf import Hardware
from pricing.hardware.workload import Workload, workload_of
from tests.builders import call, trace
from tests.hardware_rows import architecture, chip, hour, lawful, tables_of
from traces.errors import PricingError

MEAN = Workload(100, 1000.0, 0.0, 500.0)


def deployed(
    hardware: Hardware | None = None, workload: Workload = MEAN, model: str = "open-30b", **keys: Any
) -> Point:
    asked = Deployment(**{"accelerator": "h200", **keys})
    return point_for(model, asked, workload, machines_of(hardware or tables_of()))


def refusal(**keys: Any) -> PricingError:
    with pytest.raises(PricingError) as raised:
        deployed(**keys)
    return raised.value


def test_a_load_is_taken_as_stated() -> None:
    point = deployed(concurrency=16)
    assert point.placed.load == (16, 1000.0, 500.0, 1250.0)
    assert point.placed.law.basis == "fit"


def test_a_speed_asks_for_the_highest_concurrency_that_gives_it() -> None:
    """The cheapest load: one more request under way would be too slow for all."""
    point = deployed(min_tokens_s=50)
    assert point.placed.tpot_s == pytest.approx(1 / 50)
    law, load = point.placed.law, point.placed.load
    assert law.tpot_s(load._replace(concurrency=load.concurrency + 1)) > 1 / 50


def test_the_speed_asked_for_is_that_of_the_model_not_of_its_stand_in() -> None:
    for keys in ({"like": "open-30b", "like_factor": 2.0}, {"acceptance_length": 2.0}):
        assert deployed(min_tokens_s=50, **keys).seconds[1].step <= 1 / 50 * (1 + 1e-9)
    alone, slower = deployed(min_tokens_s=50), deployed(min_tokens_s=50, like="open-30b", like_factor=2.0)
    assert slower.placed.load.concurrency < alone.placed.load.concurrency


def test_the_first_token_is_asked_for_at_its_percentile() -> None:
    mean = refusal(min_tokens_s=10, max_ttft_s=0.001)
    late = refusal(min_tokens_s=10, max_ttft_s=0.001, percentile="p99")
    least = [float(str(error.hint).split(" s (")[0].split()[-1]) for error in (mean, late)]
    assert least[1] == pytest.approx(5.2 * least[0], rel=0.01)


def test_the_engine_that_takes_the_least_accelerator_time_is_chosen() -> None:
    slow, fast = lawful(framework="slow"), lawful((2e-5, 1e-3, 0.0, 1e-4), ttft_s=0.05, framework="fast")
    assert deployed(tables_of([*slow, *fast]), concurrency=16).placed.law.engine["framework"] == "fast"


def test_engines_without_what_was_asked_are_left_out() -> None:
    slow, fast = lawful(framework="slow"), lawful((2e-5, 1e-3, 0.0, 1e-4), ttft_s=0.05, framework="fast")
    found = deployed(tables_of([*slow, *fast]), concurrency=16, framework="slow")
    assert found.placed.law.engine["framework"] == "slow"


def test_rows_that_do_not_tell_their_speculation_are_not_taken_for_rows_without() -> None:
    plain = lawful()
    untold = lawful((2e-5, 1e-3, 0.0, 1e-4), ttft_s=0.05, speculation="unlabelled")
    best, without = (deployed(tables_of([*plain, *untold]), concurrency=16, speculation=s) for s in ("any", "none"))
    assert best.placed.law.title == "1 x h200 fp8, vllm, speculation not told"
    assert without.placed.law.title == "1 x h200 fp8, vllm"


def test_rows_of_one_shape_scale_a_roofline() -> None:
    rows = [row for row in lawful() if row["isl"] == row["osl"]]
    every = [*rows, *lawful(framework="sglang", model="other")]
    both = [architecture(), architecture(model="other")]
    point = deployed(tables_of(every, architectures=both), concurrency=16)
    assert point.placed.law.basis == "scaled"
    assert "a roofline scaled to them" in point.doubts[0]


def test_without_rows_a_roofline_is_an_estimate_that_says_so() -> None:
    hardware = tables_of(chips=[*chip(), *chip("b200")], hours=[hour(), hour(accelerator="b200")])
    point = deployed(hardware, accelerator="b200", concurrency=16, n_gpus=2)
    assert point.placed.law.basis == "roofline"
    assert point.placed.law.n_rows == 0
    assert point.doubts == ["no measured row of such an engine: a roofline"]


def test_a_closed_model_needs_a_stand_in() -> None:
    error = refusal(model="closed-xl", concurrency=8)
    assert error.hint == 'name a model it is taken to run like: like = "..." (known: open-30b)'
    point = deployed(model="closed-xl", concurrency=8, like="open-30b", like_factor=2.0)
    assert point.doubts == ["taken to run like open-30b"]
    assert "closed-xl like open-30b" in point.title


def test_a_stand_in_is_twice_as_dear_at_a_factor_of_two() -> None:
    one, two = (deployed(model="x", concurrency=8, like="open-30b", like_factor=factor) for factor in (1.0, 2.0))
    assert two.gpu_seconds[1].output == pytest.approx(2 * one.gpu_seconds[1].output)
    assert two.seconds[1].step == pytest.approx(2 * one.seconds[1].step)


@pytest.mark.parametrize(
    ("keys", "problem", "hint"),
    [
        ({"accelerator": "h20", "concurrency": 8}, "no accelerator 'h20'", "closest known: h200"),
        ({"min_tokens_s": 5000}, "no engine gives 5000 tokens/s", "the most that one gives is"),
        ({"min_tokens_s": 10, "max_ttft_s": 0.001}, "the first token within 0.001 s", "the least that one takes is"),
        ({"concurrency": 1e6}, "the caches of 1e+06 requests", "the most that fit are about"),
        ({"concurrency": 8, "like": "opn-30b"}, "no rows of a model 'opn-30b'", "closest known: open-30b"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_the_nearest_that_can(
    keys: dict[str, Any], problem: str, hint: str
) -> None:
    error = refusal(**keys)
    assert problem in error.problem
    assert error.hint is not None
    assert hint in error.hint
    assert error.exit_code == 4


def test_weights_that_do_not_fit_are_told_apart_from_caches_that_do_not() -> None:
    error = refusal(hardware=tables_of(architectures=[architecture(params_b=500.0)]), concurrency=8)
    assert "the weights and the cache of one request do not fit" in error.problem


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"concurrency": 8, "min_tokens_s": 10},
        {"concurrency": 8, "usd_per_gpu_hour": 0},
        {"concurrency": 8, "usd_per_gpu_hour": 2, "price_tier": "spot"},
        {"concurrency": 8, "utilisation_frac": 0},
        {"concurrency": 8, "like_factor": 2},
        {"concurrency": 8, "like": "x", "like_factor_low": 2},
        {"concurrency": 0},
        {"concurrency": float("inf")},
    ],
)
def test_contradictions_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        Deployment(accelerator="h200", **keys)


def test_a_key_means_the_model_whoever_hosts_it() -> None:
    meant = names_meant(["host/Open-30B", "open-30b", "other"], ["open-30b", "*"])
    assert meant == {"open-30b": ["host/Open-30B", "open-30b"], "*": ["other"]}


def test_a_name_written_out_wins_over_the_same_without_its_host() -> None:
    meant = names_meant(["host/open-30b", "open-30b"], ["host/open-30b", "open-30b"])
    assert meant == {"host/open-30b": ["host/open-30b"], "open-30b": ["open-30b"]}


def test_a_key_that_means_no_model_is_an_error() -> None:
    with pytest.raises(PricingError, match="no call of the trace names it"):
        names_meant(["open-30b"], ["open-3b"])


def points(**usage: int) -> list[Point]:
    calls = trace(call(model="open-30b", **usage))["calls"].lazy()
    asked = {"open-30b": Deployment(accelerator="h200", concurrency=8)}
    return points_of(calls, {"open-30b": ["open-30b"]}, asked, machines_of(tables_of()))


def test_within_the_measured_lengths_nothing_is_an_estimate() -> None:
    (point,) = points(uncached_input_tokens=8000, output_tokens=500)
    assert point.coverage.outside_frac == 0
    assert point.doubts == []


@pytest.mark.parametrize(
    "usage",
    [
        {"uncached_input_tokens": 9000, "output_tokens": 500},
        {"uncached_input_tokens": 500, "output_tokens": 9000},
        {"uncached_input_tokens": 500, "cache_read_tokens": 1, "output_tokens": 500},
    ],
)
def test_longer_calls_and_calls_that_read_a_cache_are_estimates_that_must_be_allowed(usage: dict[str, int]) -> None:
    with pytest.raises(PricingError, match="an estimate: 100 % of its tokens") as raised:
        points(**usage)
    assert raised.value.hint is not None
    assert "--allow-estimate" in raised.value.hint


def test_a_speed_is_looked_for_within_the_stated_concurrencies_where_nothing_was_measured() -> None:
    assert deployed(tables_of([]), min_tokens_s=1e-6).placed.load.concurrency == unmeasured_concurrency()[1]


def test_a_total_of_an_unknown_number_of_requests_is_no_call_of_that_length() -> None:
    usage = {"uncached_input_tokens": 1000, "output_tokens": 100}
    whole = {"uncached_input_tokens": 10_000_000, "output_tokens": 1_000_000, "n_requests": None}
    rows = [call(**usage), call(**whole, granularity="run", rollout_id=None, call_id="t", call_index=None)]
    both, total = (trace(*each)["calls"].lazy() for each in (rows, rows[1:]))
    assert workload_of(both) == (1, 1000.0, 0.0, 100.0)
    assert workload_of(total) == (0, 10.0, 0.0, 1.0)
