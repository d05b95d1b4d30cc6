"""One store on several accelerators and its API: each point against a fleet of its own, and the staircase by hand."""

from typing import Any

import polars as pl
import pytest
from builders import run, tables
from fleets import GPT, calls_of, on, rollout_of

from analyzer.figures.hardware_across import draw_across
from analyzer.hardware.across import Across, Choice, across
from analyzer.hardware.fleet import fleet_view
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.errors import PricingError

LOADS = (4, 16)
ALLOWED = Scenario(allow_estimate=True)
PRICES = f"""provider = "acme"
currency = "USD"
source_url = "https://acme.example"
retrieved_date = 2026-01-01
[[price]]
model = "{GPT}"
effective_date = 2025-01-01
uncached_input_usd_per_mtok = 0.15
output_usd_per_mtok = 0.60
"""


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Two rollouts of 9 and 1 s: 3,000 tokens of input at $0.15 a million, 1,200 of output at $0.60."""
    prices = tmp_path_factory.mktemp("prices") / "acme.toml"
    prices.write_text(PRICES, encoding="utf-8")
    rows = [*calls_of("a", 500, 300, provider="acme"), *calls_of("b", 400, provider="acme")]
    traces = tables([run()], [rollout_of("a", 9.0), rollout_of("b", 1.0)], rows)
    return reprice_tables(traces, Scenario(prices=(prices,)))


def compared(priced: dict[str, pl.DataFrame], *accelerators: str, **chosen: Any) -> Across:
    values = {"keys": {"usd_per_gpu_hour": 3.6}, "hosted": ALLOWED, "concurrencies": LOADS, **chosen}
    return across(priced, Choice(accelerators, **values))


def unmeasured(priced: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    open_s = pl.lit(None, pl.Float64)
    return {**priced, "rollouts": priced["rollouts"].with_columns(recorded_s=open_s, recorded_high_s=open_s)}


def test_the_api_is_a_point_of_its_own_as_recorded(priced: dict[str, pl.DataFrame]) -> None:
    """3,000 * 0.15 + 1,200 * 0.60 = 1,170 millionths of a dollar; 9 and 1 s side by side from the same moment."""
    row = compared(priced, "b200").frame.row(0, named=True)
    assert (row["on"], row["basis"], row["evidence"], row["concurrency"]) == ("API", "API price", "recorded", None)
    assert row["cost_usd"] == pytest.approx(0.00117)
    assert (row["rollout_s"], row["elapsed_s"], row["marginal_usd"]) == (5.0, 9.0, None)


def test_every_accelerator_and_load_is_a_fleet_of_its_own(priced: dict[str, pl.DataFrame]) -> None:
    found = compared(priced, "h200", "b200")
    assert found.frame.select("on", "concurrency").rows()[1:] == [("h200", 4), ("h200", 16), ("b200", 4), ("b200", 16)]
    for row in found.frame[1:].iter_rows(named=True):
        view = fleet_view(priced, on(accelerator=row["on"], concurrency=row["concurrency"]))
        point = view.row("tools_least")
        assert row["basis"] == "occupancy"
        assert (row["cost_usd"], row["rollout_s"]) == (point["occupancy_usd"], point["mean_rollout_s"])
        assert (row["cost_low_usd"], row["cost_high_usd"]) == view.bounds("occupancy_usd")
        assert row["marginal_usd"] == point["marginal_usd"]
        for end in ("", "_low", "_high"):
            assert row[f"x{end}"] == row[f"rollout{end}_s"]


@pytest.mark.parametrize("over", ["rollout", "elapsed"])
def test_on_the_staircase_are_the_points_that_none_is_both_cheaper_and_faster_than(
    priced: dict[str, pl.DataFrame], over: Any
) -> None:
    frame = compared(priced, "h100", "h200", "b200", over=over).frame
    points = frame.select("x", "cost_usd").rows()
    for point, is_on in zip(points, frame["is_on_frontier"], strict=True):
        beaten = any(x <= point[0] and usd <= point[1] and (x, usd) != point for x, usd in points)
        assert is_on is not beaten


def test_a_load_no_engine_can_hold_is_named_and_the_others_stand(priced: dict[str, pl.DataFrame]) -> None:
    found = compared(priced, "b200", concurrencies=(16, 10**6))
    assert found.frame["concurrency"].to_list() == [None, 16]
    assert any(note.startswith("No point for b200 at 1000000") and "do not fit" in note for note in found.notes)


def test_an_accelerator_of_which_nothing_can_be_said_is_an_error(priced: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(PricingError, match="no accelerator 'b201'"):
        compared(priced, "b200", "b201")
    with pytest.raises(PricingError, match="an estimate: taken to run like llama"):
        compared(priced, "b200", keys={"like": "llama-3.1-70b"}, hosted=Scenario())
    with pytest.raises(PricingError, match="greater than 0"):
        compared(priced, "b200", keys={"usd_per_gpu_hour": 0})


def test_calls_priced_on_accelerators_are_no_api(priced: dict[str, pl.DataFrame]) -> None:
    hosted = reprice_tables({name: priced[name].select(rows.columns) for name, rows in tables().items()}, on())
    with pytest.raises(PricingError, match="priced on accelerators"):
        compared(hosted, "b200")


def test_a_rollout_without_measured_time_places_the_api_at_what_it_is_at_least(priced: dict[str, pl.DataFrame]) -> None:
    found = compared(unmeasured(priced), "b200")
    row = found.frame.row(0, named=True)
    assert (row["x"], row["x_low"], row["x_high"], row["is_on_frontier"]) == (None, 5.0, None, None)
    assert "API: at least 5 s, so it stands at that, apart from the frontier." in found.notes


def test_the_figure_names_every_accelerator_its_loads_and_what_it_rests_on(priced: dict[str, pl.DataFrame]) -> None:
    figure = draw_across(compared(priced, "h200", "b200"))
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]
    assert names == ["API, as recorded", "h200 (fit)", "b200 (fit)"]
    assert [text.get_text() for text in axes.texts] == ["4", "16", "4", "16"]
    foot = figure.texts[-1].get_text().replace("\n", " ")
    assert "2 rollouts in their recorded order" in foot
    assert "$3.6 per GPU-hour (stated)" in foot
    assert "no other point is both cheaper and faster" in foot


def test_what_is_only_bounded_is_drawn_at_its_bound(priced: dict[str, pl.DataFrame]) -> None:
    (axes,) = draw_across(compared(unmeasured(priced), "b200")).axes
    assert any(line.get_marker() == ">" and list(line.get_xdata()) == [5.0] for line in axes.get_lines())  # type: ignore[arg-type]
