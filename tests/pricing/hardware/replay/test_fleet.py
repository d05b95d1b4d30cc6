"""Hours and dollars of a fleet: every accelerator for as long as it is held, split among rollouts to the last unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replays import chains, hardware, on, spans, staged, whole

from pricing.hardware.replay.fleet import Fleet, fleet_costs, shares_pusd
from traces.errors import PricingError

USD = 10**12
PRICES = (Decimal("1.5"), Decimal(2), Decimal(3))
TWO_NODES = Fleet(2, 8, 64, PRICES, startup_s=600, idle_s=300)
AN_HOUR = chains([[([3600.0], 0.0)], [([1800.0], 0.0)]])


def test_all_accelerators_are_paid_from_start_up_to_the_end() -> None:
    """16 for 1.25 hours: 20 hours, at 1.5, 2 and 3 dollars."""
    costs = fleet_costs(on(AN_HOUR), TWO_NODES, marginal_gpu_s=7200.0).row(0, named=True)
    assert (costs["elapsed_s"], costs["held_s"], costs["gpu_s"]) == (3600, 4500, 20 * 3600)
    assert [costs[name] for name in ("cost_low_pusd", "cost_pusd", "cost_high_pusd")] == [30 * USD, 40 * USD, 60 * USD]
    assert (costs["busy_frac"], costs["mean_load"], costs["peak_load"]) == (0.1, 1.5, 2)


def test_as_many_rollouts_run_as_the_fleet_serves_requests() -> None:
    slots = TWO_NODES.slots(None)
    assert (slots.n_slots, slots.n_engines, slots.most_in_flight) == (128, 2, 128)
    assert TWO_NODES.slots(None, n_slots=5).n_slots == 5


def test_without_a_high_reading_only_the_low_one_has_a_cost() -> None:
    unknown = staged(hardware(spans("a", (0, 1)), None), [whole("a", 0, 1)])
    costs = fleet_costs(on(unknown), TWO_NODES)
    assert costs["reading"].to_list() == ["low", "high"]
    assert costs["cost_pusd"].to_list() == [16 * 900 * 2 * USD // 3600, None]
    assert costs["busy_frac"].to_list() == [None, None]


@settings(max_examples=30)
@given(
    st.floats(0.001, 1e6), st.integers(1, 100), st.integers(1, 72), st.decimals("0.01", "99", places=4),
    st.sampled_from([0.0, 61.5]),
)  # fmt: skip
def test_dollars_are_those_of_a_second_computation(
    need_s: float, n_replicas: int, n_gpus: int, usd: Decimal, startup_s: float
) -> None:
    fleet = Fleet(n_replicas, n_gpus, 1, (usd, usd, usd), startup_s)
    cost = fleet_costs(on(chains([[([need_s], 0.0)]])), fleet)["cost_pusd"][0]
    seconds = Decimal(round((need_s + startup_s) * 10**6)) / 10**6
    assert abs(cost - seconds * n_replicas * n_gpus / 3600 * usd * USD) <= Decimal("0.5000001")


@settings(max_examples=50)
@given(st.integers(0, 10**18), st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_shares_add_up_to_the_last_unit_and_follow_the_gpu_seconds(cost_pusd: int, gpu_s: list[float]) -> None:
    shares = shares_pusd(cost_pusd, gpu_s)
    weights = [Fraction(round(seconds * 10**9)) for seconds in gpu_s]
    if sum(weights) == 0:
        assert shares == [None] * len(gpu_s)
        return
    known = [share for share in shares if share is not None]
    assert sum(known) == cost_pusd
    exact = [cost_pusd * weight / sum(weights) for weight in weights]
    assert all(abs(share - part) <= 1 for share, part in zip(known, exact, strict=True))


def test_where_gpu_seconds_of_one_are_not_known_no_share_is() -> None:
    assert shares_pusd(100, [1.0, None]) == [None, None]
    assert shares_pusd(100, [1.0, 0.0, 2.0]) == [33, 0, 67]


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_gpu_seconds_that_cannot_be_are_refused(seconds: float) -> None:
    with pytest.raises(PricingError, match="GPU-seconds of a rollout"):
        shares_pusd(100, [seconds])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n_replicas": 0}, "n_replicas of the fleet is 0"),
        ({"concurrency": 0}, "concurrency of the fleet is 0"),
        ({"startup_s": -1.0}, "startup_s of the fleet is -1"),
        ({"idle_s": float("nan")}, "idle_s of the fleet is nan"),
        ({"usd_per_gpu_hour": (Decimal(0), Decimal(2), Decimal(3))}, "USD per GPU-hour are 0, 2, 3"),
        ({"usd_per_gpu_hour": (Decimal(2), Decimal(1), Decimal(3))}, "USD per GPU-hour are 2, 1, 3"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    usual = {"n_replicas": 1, "n_gpus": 8, "concurrency": 64, "usd_per_gpu_hour": PRICES}
    with pytest.raises(PricingError, match=words):
        Fleet(**{**usual, **values})  # type: ignore[arg-type]
