"""Fronts: which loads make one, what lies between two, nothing beyond, and the known ratios of Hopper to Blackwell."""

from dataclasses import replace
from math import log
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from pricing.hardware.front import Front, FrontPoint, front_band, fronts, left_out_errors, pareto
from pricing.hardware.importer import import_rows
from pricing.hardware.ratio import ratios
from pricing.hardware.shelf import Hardware, load_hardware
from pricing.hardware.steffen import interpolated
from tests.hardware_rows import hour, served, tables_of

MAPPING = Path(__file__).parents[2] / "data" / "hardware" / "unified.toml"
SPEEDS = (10.0, 20.0, 40.0, 80.0, 160.0)


def load(tokens_per_s: float, tokens_per_gpu_s: float, **values: object) -> dict[str, object]:
    """One row of 1,000 input and 1,000 output tokens at a speed."""
    stated = {"isl": 1000, "osl": 1000, "tpot_s": 1 / tokens_per_s, "tokens_per_gpu_s": tokens_per_gpu_s}
    return served(**stated, **values)


def front(*points: tuple[float, float]) -> Front:
    table = tables_of([load(*point) for point in points]).serving
    return next(each for each in fronts(table) if each.precision is None)


def test_a_load_is_on_the_front_if_none_at_least_as_fast_gives_more() -> None:
    drawn = front((10, 4000), (20, 2000), (15, 1500), (40, 1000), (40, 900), (20, 2000))
    assert drawn.points == ((10, 4000), (20, 2000), (40, 1000))
    assert len(drawn.measured) == 6


def test_throughput_at_a_measured_speed_is_as_measured_and_is_not_known_beyond() -> None:
    drawn = front((10, 4000), (20, 2000), (40, 1000))
    assert [drawn.tokens_per_gpu_s(x) for x in (10, 20, 40)] == pytest.approx([4000, 2000, 1000])
    assert drawn.tokens_per_gpu_s(9.99) is None
    assert drawn.tokens_per_gpu_s(40.01) is None
    assert (drawn.nearest(9), drawn.nearest(30), drawn.nearest(41)) == (10, 30, 40)


def test_between_two_loads_it_is_a_line() -> None:
    assert front((10, 4000), (20, 2000)).tokens_per_gpu_s(15) == pytest.approx(3000)


def test_dollars_charge_the_whole_hour_to_all_tokens_to_input_or_to_output() -> None:
    usd = front((10, 1000), (20, 500)).usd_per_mtok(10, 3.6)
    assert usd == pytest.approx((1.0, 2.0, 2.0))  # 3.6 million tokens an hour, half of them output
    assert front((10, 1000)).usd_per_mtok(11, 3.6) is None


def test_throughput_that_is_not_stated_follows_from_the_four_that_are() -> None:
    row = served(isl=1000, osl=1001, concurrency=8, n_gpus=2, ttft_s=1.0, tpot_s=0.01)
    (drawn, _) = fronts(tables_of([row]).serving)
    assert drawn.points == ((100.0, pytest.approx(8 * 2001 / (1 + 0.01 * 1000) / 2)),)


def test_rows_that_read_a_cache_make_no_front() -> None:
    assert fronts(tables_of([load(10, 100, cached_frac=0.5)]).serving) == []


def test_each_precision_has_a_front_and_the_best_of_all_another() -> None:
    rows = [load(10, 100), load(10, 150, weights_precision="fp4"), load(10, 80, weights_precision=None)]
    found = fronts(tables_of(rows).serving)
    assert [(each.precision, each.points[0].tokens_per_gpu_s) for each in found] == [
        (None, 150), ("fp4", 150), ("fp8", 100),
    ]  # fmt: skip


def test_only_rows_of_the_label_asked_for_count() -> None:
    rows = [load(10, 100), load(10, 150, speculation="mtp")]
    assert [fronts(tables_of(rows).serving, each)[0].points[0][1] for each in ("any", "none", "mtp")] == [150, 100, 150]


falling = st.lists(st.floats(1, 1e4), min_size=2, max_size=5, unique=True).map(lambda ys: sorted(ys, reverse=True))


@given(falling, st.floats(0, 1), st.floats(0, 1))
def test_an_interpolation_of_falling_values_falls_and_stays_between_its_neighbours(
    ys: list[float], share: float, other: float
) -> None:
    xs = SPEEDS[: len(ys)]
    near, far = sorted(xs[0] + (xs[-1] - xs[0]) * each for each in (share, other))
    before, after = interpolated(xs, ys, min(near, xs[-1])), interpolated(xs, ys, min(far, xs[-1]))
    assert before is not None
    assert after is not None
    assert before >= after * (1 - 1e-9)
    left = max(n for n, x in enumerate(xs) if x <= near)
    assert ys[min(left + 1, len(ys) - 1)] * (1 - 1e-9) <= before <= ys[left] * (1 + 1e-9)


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=1, max_size=12))
def test_no_load_beats_one_on_the_front(pairs: list[tuple[float, float]]) -> None:
    measured = [FrontPoint(*pair) for pair in pairs]
    kept = pareto(measured)
    for x, y in measured:
        assert any(a >= x and b >= y for a, b in kept)
    for a, b in kept:
        assert not any((x > a and y >= b) or (x >= a and y > b) for x, y in measured)


def test_the_error_of_a_load_is_that_of_the_front_without_it() -> None:
    assert left_out_errors(front((10, 4000), (20, 2000), (30, 1000))) == pytest.approx([log(2500 / 2000)])


@pytest.fixture(scope="module")
def bundled() -> Hardware:
    return load_hardware()


def test_another_monotone_interpolation_is_no_better(bundled: Hardware) -> None:
    errors: list[tuple[float, float]] = []
    for each in fronts(bundled.serving):
        for point in each.points[1:-1]:
            xs, ys = zip(*pareto(other for other in each.measured if other != point), strict=True)
            if len(xs) > 2 and xs[0] <= point.tokens_per_s <= xs[-1]:
                other, own = PchipInterpolator(xs, ys)(point[0]), interpolated(xs, ys, point[0])
                errors.append((abs(log(other / point[1])), abs(log((own or 0) / point[1]))))
    pchip, steffen = (pl.Series(each) for each in zip(*errors, strict=True))
    assert len(errors) > 800
    assert steffen.median() == pytest.approx(pchip.median(), abs=0.01)
    assert steffen.quantile(0.9) == pytest.approx(pchip.quantile(0.9), abs=0.02)


def test_the_band_covers_nine_in_ten_loads_of_models_it_has_not_seen(bundled: Hardware) -> None:
    drawn = fronts(bundled.serving)
    n_covered = n = 0
    for model in {each.model for each in drawn}:
        band = log(front_band([each for each in drawn if each.model != model]))
        errors = [error for each in drawn if each.model == model for error in left_out_errors(each)]
        n, n_covered = n + len(errors), n_covered + sum(abs(error) <= band for error in errors)
    assert n_covered / n >= 0.9
    assert front_band(drawn) == pytest.approx(1.415, abs=0.02)


def test_a_ratio_in_dollars_is_that_in_tokens_times_that_of_prices() -> None:
    slow = [load(x, y) for x, y in ((10, 100), (15, 80), (20, 50))]
    fast = [load(x, y, accelerator="b200") for x, y in ((10, 300), (15, 200), (20, 150))]
    hours = [hour(2.0), hour(4.0, accelerator="b200"), hour(9.0, tier="retail")]
    tables = tables_of([*slow, *fast], hours=hours)
    found = ratios(tables, "open-30b", "h200", "b200", (10, 15, 30))
    assert list(found.hours) == ["neocloud"]  # of retail hours one of the two has no price
    best = found.frame.filter(precision_from="any")
    assert best["ratio"].to_list() == [pytest.approx(3), pytest.approx(2.5), None]
    assert best["neocloud_ratio"].to_list() == [pytest.approx(1.5), pytest.approx(1.25), None]
    assert best["why"][2] == "measured on both from 10 to 20 tokens/s: the nearest is 20"
    low, high = best.select("ratio_low", "ratio_high").row(0)
    assert (low, high) == (pytest.approx(3 / found.band**2), pytest.approx(3 * found.band**2))


def _published(shared_data: Path) -> Hardware:
    table = import_rows(shared_data / "hardware" / "inferencex_measured_unified.csv", mapping=MAPPING).frame
    return replace(load_hardware(), serving=table)


class Known(NamedTuple):
    """Ratios of throughput at equal interactivity that are known of the rows of continuous sweeps."""

    model: str
    start: str
    precisions: tuple[str, str]
    speculation: str
    shape: tuple[int, int]
    at: tuple[float, ...]
    ratios: tuple[float, ...]


KNOWN = (
    Known("deepseek-r1", "h200", ("fp8", "fp8"), "none", (1024, 1024), (50, 75, 90), (2.0, 1.5, 1.5)),
    Known("deepseek-r1", "h200", ("fp8", "fp8"), "none", (8192, 1024), (30,), (2.1,)),
    Known("deepseek-r1", "h200", ("fp8", "fp4"), "none", (1024, 1024), (50, 75), (3.64, 3.2)),
    Known("deepseek-r1", "h200", ("fp8", "fp4"), "none", (8192, 1024), (30, 50, 75), (4.7, 3.8, 4.0)),
    Known("gpt-oss-120b", "h100", ("fp4", "fp4"), "any", (8192, 1024), (50, 75, 100), (5.7, 7.1, 8.2)),
    Known("gpt-oss-120b", "h200", ("fp4", "fp4"), "any", (8192, 1024), (50, 75, 100), (5.3, 6.6, 7.6)),
    Known("gpt-oss-120b", "h100", ("fp4", "fp4"), "any", (1024, 1024), (100,), (6.3,)),
)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.model}-{known.start}-{known.precisions[1]}")
def test_rows_of_the_sweeps_give_the_ratios_known_of_them_within_a_tenth(shared_data: Path, known: Known) -> None:
    isl, osl = known.shape
    found = ratios(
        _published(shared_data), known.model, known.start, "b200", known.at,
        isl=isl, osl=osl, speculation=known.speculation,
    )  # fmt: skip
    rows = found.frame.filter(precision_from=known.precisions[0], precision_to=known.precisions[1])
    assert rows["ratio"].to_list() == pytest.approx(list(known.ratios), rel=0.1)


def test_the_bundled_rows_give_other_ratios_for_sparse_models_and_the_known_ones_for_a_dense_one(
    bundled: Hardware,
) -> None:
    def at_50(model: str, start: str, precisions: tuple[str, str], speculation: str = "any") -> list[float]:
        found = ratios(bundled, model, start, "b200", (50,), speculation=speculation).frame
        rows = found.filter(precision_from=precisions[0], precision_to=precisions[1]).drop_nulls("ratio")
        return [round(ratio, 1) for ratio in rows["ratio"]]

    dense = at_50("llama-3.1-70b", "h200", ("fp8", "fp8")), at_50("llama-3.1-70b", "h200", ("any", "any"))
    assert dense == ([2.1, 1.8, 2.0], [3.1, 2.0, 2.7])  # known: 1.8 to 2.2, and 1.9 to 3.1
    (smaller,) = [each for each in at_50("gpt-oss-120b", "h100", ("fp4", "fp4")) if each < 5.6]
    assert smaller == pytest.approx(5.4, abs=0.1)  # the other rows: 5.7
    assert at_50("deepseek-r1", "h200", ("fp8", "fp8"), "none")[0] == pytest.approx(2.1, abs=0.1)
