"""The figure of a history: what is on it, what is said when there is nothing, and equal bytes for equal input."""

from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from histories import agent, fact, followed, listed, output
from matplotlib.figure import Figure
from price_rows import day

from analyzer.figures import save
from analyzer.figures.history import draw_history
from analyzer.history.options import HistoryResult
from traces.errors import UsageError

N_MODELS = 25
BOOK = listed(
    *(row for n in range(N_MODELS) for row in output(f"acme-{n}", (day(1), 1.3**n), (day(3), 1.2**n))),
    facts=[
        fact(f"acme-{n}", date(2026, 1, 1 + n), date(2026, 5, 1) if n == 1 else None) for n in range(N_MODELS)
    ],
)  # fmt: skip
FACTS = "model,openness,parameters\n" + "".join(
    f"acme-{n},{'open' if n % 2 else 'closed'},{7 * 2**n}\n" for n in range(20)
)


def told(n_agents: int, **options: Any) -> HistoryResult:
    agents = [agent(f"loop + acme-{n}", f"acme-{n}", (1.0, n / N_MODELS)) for n in range(n_agents)]
    return followed(BOOK, *agents, end=day(7), **options)


def words(figure: Figure) -> str:
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return " ".join(text.get_text().replace("\n", " ") for text in texts)


@pytest.mark.parametrize("n_agents", [1, 3, 25])
def test_a_history_draws_both_sides_of_the_smile_every_run_and_its_assumptions(n_agents: int) -> None:
    result = told(n_agents)
    figure = draw_history(result)
    assert len(figure.axes) == 4
    printed = words(figure)
    assert result.notes[0][:60] in printed
    for head in ("Cheapest cost of reaching a score", "Best-scoring agent", "and its factors", "Cost of every agent"):
        assert head in printed


def test_axes_say_their_unit_and_dollars_are_on_a_log_scale() -> None:
    figure = draw_history(told(5))
    cheapest, best, factors, runs = figure.axes
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    assert {axes.get_ylabel() for axes in (cheapest, best, runs)} == {"US dollars per attempt (log scale)"}
    assert "the first (log scale)" in factors.get_ylabel()


def test_names_leave_out_what_all_agents_share() -> None:
    printed = words(draw_history(told(3)))
    assert "(every agent: loop)" in printed
    assert "loop + acme-2" not in printed.partition("Every rollout")[0]


def test_a_retired_agent_is_marked() -> None:
    figure = draw_history(told(3))
    assert "acme-1 (retired 2026-05-01)" in words(figure)
    dashes = [line.get_linestyle() for line in figure.axes[3].lines if line.get_linewidth() < 1]
    assert "--" in dashes


def test_the_split_names_each_factor_with_its_dollars() -> None:
    printed = words(draw_history(told(3)))
    for factor in ("dollars per token", "tokens per turn", "turns"):
        assert f"{factor} \N{MULTIPLICATION SIGN}" in printed
    assert "USD)" in printed


@pytest.mark.parametrize("n_agents", [3, 25])
def test_names_do_not_overlap_and_stay_on_the_sheet(n_agents: int) -> None:
    figure = draw_history(told(n_agents))
    boxes = [text.get_window_extent() for text in figure.texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)


def test_a_benchmark_without_any_known_cost_says_so() -> None:
    result = followed(BOOK, agent("odd", "no-such-model"))
    printed = words(draw_history(result))
    for why in ("no cost of reaching a score is known", "no cost of a best-scoring agent", "no cost of any agent"):
        assert why in printed


def test_a_cost_of_nothing_has_room_on_the_log_scale() -> None:
    book = listed(*output("acme-free", (day(1), 0)), *output("acme-1", (day(1), 2)))
    figure = draw_history(followed(book, agent("free", "acme-free"), agent("paid", "acme-1", (0.5,))))
    assert figure.axes[3].get_yscale() == "symlog"
    assert figure.axes[3].get_ylim()[0] == 0


def test_benchmarks_get_blocks_of_their_own() -> None:
    both = followed(BOOK, agent("one", "acme-0"), agent("one", "acme-0", benchmark="hard"))
    figure = draw_history(both)
    assert len(figure.axes) == 8
    assert "over time: hard" in words(figure)


def test_an_attribute_colours_agents_and_has_a_key(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(FACTS)
    printed = words(draw_history(told(25, attributes=tmp_path / "facts.csv", colour="openness")))
    assert "■ openness: closed" in printed
    assert "■ open" in printed
    assert "■ not known" in printed
    ranges = words(draw_history(told(20, attributes=tmp_path / "facts.csv", colour="parameters")))
    assert "■ parameters: 7 to 224" in ranges


def test_too_many_values_cannot_be_told_apart_by_colour() -> None:
    with pytest.raises(UsageError, match="--colour models: 25 values, of which 7 can be told apart"):
        draw_history(told(25, colour="models"))


def test_an_attribute_takes_the_place_of_time(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(FACTS)
    figure = draw_history(told(25, attributes=tmp_path / "facts.csv", axis="parameters"))
    assert [axes.get_xlabel() for axes in figure.axes] == ["parameters (log scale)"] * 2
    assert "Score and cost by parameters" in words(figure)
    dated = draw_history(told(5, axis="entered_at"))
    assert dated.axes[0].get_xlabel() == "entered_at"


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_history_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(draw_history(told(3)), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
