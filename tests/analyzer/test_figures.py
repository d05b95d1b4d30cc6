"""Figures: what is on them, what is said when there is nothing, and equal bytes for equal input."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import frame, rollout, run
from matplotlib.figure import Figure

from analyzer.curves.registry import CurveResult, discover, find
from analyzer.figures import draw, save
from analyzer.frontier import frontier
from analyzer.frontier_kinds import KINDS
from pricing.schema import PRICED_ROLLOUTS, PRICED_RUNS
from traces.errors import UsageError
from traces.schema import TASKS

LONG = "scaffold-with-a-long-name 1.15 + provider/model-name-with-a-date-2026-01-15 (very high effort), revision 3"
SUFFIXES = (".png", ".svg", ".pdf")


def priced(n_agents: int, benchmark: str = "bench", **values: Any) -> dict[str, pl.DataFrame]:
    runs, rollouts = [], []
    for number in range(n_agents):
        usd = 0.01 * 1.3**number
        costs = dict.fromkeys(("cost_usd", "cost_low_usd", "cost_high_usd"), usd)
        owned = {"run_id": f"{benchmark} {number}", "benchmark": benchmark}
        runs.append(run(**owned, agent=f"{LONG} {number}", score_min=0.0, score_max=1.0))
        rollouts += [
            rollout(**owned, task_id=name, score=score, **{**costs, **values})
            for name, score in (("a", 1.0), ("b", number / n_agents), ("c", 0.0))
        ]
    return {
        "runs": frame(PRICED_RUNS, *runs),
        "rollouts": frame(PRICED_ROLLOUTS, *rollouts),
        "tasks": frame(TASKS),
    }


def words(figure: Figure) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def points(tables: dict[str, pl.DataFrame]) -> CurveResult:
    return find("score_vs_cost")(tables)


@pytest.mark.parametrize("name", sorted(discover()))
@pytest.mark.parametrize("n_agents", [0, 1, 25])
def test_every_curve_draws_and_prints_its_assumptions(name: str, n_agents: int) -> None:
    result = find(name)(priced(n_agents, api_s=60.0))
    printed = words(draw(result))
    assert result.notes[0] in printed
    assert ("nothing to draw" in printed) == (n_agents == 0)


@pytest.mark.parametrize("name", ["score_vs_cost", "score_at_budget"])
def test_labels_of_25_long_names_do_not_overlap_and_stay_on_the_sheet(name: str) -> None:
    figure = draw(find(name)(priced(25)))
    labels = [text for text in figure.texts if text.get_text().startswith("scaffold")]
    assert len(labels) == 25
    boxes = [text.get_window_extent() for text in labels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    sheet = figure.bbox
    assert all(sheet.x0 <= box.x0 and box.x1 <= sheet.x1 and sheet.y0 <= box.y0 and box.y1 <= sheet.y1 for box in boxes)


def test_names_without_room_are_counted_under_the_figure() -> None:
    assert "No room to name" in words(draw(find("score_at_budget")(priced(120))))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_frontier_is_drawn_and_named(kind: str) -> None:
    result = points(priced(3))
    assert KINDS[kind] in words(draw(result, frontier(result.frame, kind)))


def test_benchmarks_get_panels_of_their_own() -> None:
    one, other = priced(2), priced(2, "hard")
    tables = {name: pl.concat([one[name], other[name]]) for name in one}
    figure = draw(points(tables))
    assert len(figure.axes) == 2
    assert "Score versus dollars: hard" in words(figure)


def test_points_without_a_place_are_named_not_drawn() -> None:
    printed = words(draw(points(priced(1, cost_usd=None, cost_low_usd=2.0, cost_high_usd=None))))
    assert "nothing to draw: no group has a known place" in printed
    assert f"Not placed, as its US dollars per attempt are not known in full: {LONG} 0 (at least 2)" in printed


def test_groups_of_which_nothing_is_known_are_named_not_drawn() -> None:
    printed = words(draw(find("score_at_budget")(priced(1), axis="tokens")))
    assert f"Not drawn, as nothing is known: {LONG} 0" in printed


def test_a_wide_spread_of_dollars_is_drawn_on_a_log_axis_a_narrow_one_is_not() -> None:
    wide = draw(points(priced(25))).axes[0]
    assert (wide.get_xscale(), wide.get_xlabel()) == ("log", "US dollars per attempt, mean over tasks (log scale)")
    assert (
        draw(find("score_at_budget")(priced(25))).axes[0].get_xlabel() == "Budget per rollout (US dollars, log scale)"
    )
    assert draw(points(priced(3))).axes[0].get_xscale() == "linear"


def test_axes_say_unit_and_direction() -> None:
    tables = priced(2)
    tables["runs"] = tables["runs"].with_columns(is_higher_better=pl.lit(value=False))
    axes = draw(points(tables)).axes[0]
    assert axes.get_xlabel() == "US dollars per attempt, mean over tasks"
    assert axes.get_ylabel() == "Score (lower is better)"


def test_names_with_dollars_and_characters_the_font_lacks_are_printed_plainly() -> None:
    tables = priced(1)
    tables["runs"] = tables["runs"].with_columns(agent=pl.lit("a $1 model_x^2 $ 模型"))
    assert "a $1 model_x^2 $ \ufffd\ufffd" in words(draw(points(tables)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_figure_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}{suffix}"
        save(draw(find("score_at_budget")(priced(3))), path)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_another_suffix_names_those_that_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"use \.png, \.svg, \.pdf"):
        save(draw(points(priced(1))), tmp_path / "figure.gif")


def test_a_frontier_of_steps_is_refused() -> None:
    with pytest.raises(UsageError, match="no points for a frontier"):
        draw(find("score_at_budget")(priced(1)), points(priced(1)).frame)


def test_an_agent_keeps_its_colour_whatever_else_is_drawn() -> None:
    whole = find("score_vs_cost")(priced(5))
    alone = replace(whole, frame=whole.frame.tail(1))
    inks = [draw(result).axes[0].lines[-1].get_color() for result in (whole, alone)]
    assert inks[0] == inks[1] != draw(points(priced(1))).axes[0].lines[-1].get_color()


def test_runs_of_an_agent_share_its_colour_and_differ_in_shape() -> None:
    tables = priced(2)
    tables["runs"] = tables["runs"].with_columns(agent=pl.lit("agent"))
    one, other = draw(find("score_vs_cost")(tables, by="run")).axes[0].lines[-2:]
    assert one.get_color() == other.get_color()
    assert one.get_marker() != other.get_marker()


def test_labels_keep_off_the_bars() -> None:
    figure = draw(points(priced(6, cost_low_usd=0.001)))
    axes = figure.axes[0]
    bars = [line.get_window_extent() for line in axes.lines if len(line.get_xdata()) == 2]
    labels = [text.get_window_extent() for text in figure.texts if text.get_text().startswith("scaffold")]
    assert bars
    assert not any(label.y0 < bar.y0 < label.y1 and label.overlaps(bar) for label in labels for bar in bars)


def test_agents_on_fewer_tasks_say_so_in_their_label() -> None:
    tables = priced(2)
    fewer = (pl.col("run_id") != "bench 1") | (pl.col("task_id") == "a")
    tables["rollouts"] = tables["rollouts"].filter(fewer)
    assert "(1\xa0of\xa03\xa0tasks)" in words(draw(points(tables)))
    assert "(3\xa0of" not in words(draw(points(tables)))


def test_a_benchmark_with_nothing_to_draw_is_named() -> None:
    one, other = priced(2), priced(1, "hard", cost_usd=None, cost_high_usd=None)
    tables = {name: pl.concat([one[name], other[name]]) for name in one}
    assert "Nothing to draw for hard." in words(draw(points(tables)))
