"""The page of headlines: what it says follows from public figures does follow."""

import csv
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import fmean

import pytest
from commands import run_apart, run_command

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "headlines.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def steps() -> Iterator[tuple[str, list[str]]]:
    for block in blocks("console"):
        for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = shown.rstrip("\n").split("\n")
            yield command, lines


def said(number: float, digits: int) -> bool:
    """Whether the page states a number, rounded to these digits."""
    return re.search(rf"(?<![\d,.]){re.escape(f'{number:,.{digits}f}')}(?![\d]|[,.]\d)", PAGE) is not None


def list_price(model: str, kind: str, day: str, folder: Path) -> float:
    """List price in USD per million tokens of a synchronous call on a day."""
    code, out, _ = run_apart(f"evalreplay prices show {model} --on {day} --json", folder)
    assert code == 0
    rows = [row for row in json.loads(out) if row["kind"] == kind and not row.get("is_batch")]
    (price,) = {row["price_usd"] for row in rows if row.get("service_tier") in (None, "standard")}
    return float(price)


def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    names = dict(zip(("suite.csv", "well.csv"), blocks("csv"), strict=True))
    names |= dict(zip(("suite.toml", "well.toml", "h100.toml"), blocks("toml"), strict=True))
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    for command, lines in steps():
        code, printed = run_command(command, tmp_path)
        got = [line.rstrip() for line in printed.rstrip("\n").split("\n")]
        assert (code, got if lines != ["..."] else lines) == (0, lines), command


@pytest.mark.parametrize(
    ("model", "day", "dollars", "price"),
    [
        ("o1", "2025-04-10", 2767.05, 60), ("claude-3-7-sonnet-20250219", "2025-04-10", 1485.35, 15),
        ("o3-mini", "2025-04-10", 344.59, 4.4), ("o1-mini", "2025-04-10", 141.22, 4.4),
        ("o1-mini", "2025-01-30", 141.22, 12), ("gpt-4o", "2025-04-10", 108.85, 10),
        ("claude-3-5-sonnet-20241022", "2025-04-10", 81.41, 15),
    ],
)  # fmt: skip
def test_dollars_of_a_suite_bound_its_output(
    model: str, day: str, dollars: float, price: float, tmp_path: Path
) -> None:
    assert list_price(model, "output", day, tmp_path) == pytest.approx(price)
    assert said(dollars / price, 1)
    assert said(dollars, 2)


def test_o1_spent_most_on_its_output(tmp_path: Path) -> None:
    output_usd = 44 * list_price("o1", "output", "2025-04-10", tmp_path)
    rest_usd = 2767.05 - output_usd
    assert said(output_usd, 0)
    assert said(rest_usd, 2)
    assert said(rest_usd / list_price("o1", "output", "2025-04-10", tmp_path), 1)
    assert said(rest_usd / list_price("o1", "uncached_input", "2025-04-10", tmp_path), 1)


@pytest.mark.parametrize(("kind", "ratio", "digits"), [("uncached_input", 150, 0), ("output", 187.5, 1)])
def test_opus_against_flash(kind: str, ratio: float, digits: int, tmp_path: Path) -> None:
    opus, flash = (
        list_price(model, kind, "2025-08-10", tmp_path) for model in ("claude-opus-4-1-20250805", "gemini-2.0-flash")
    )
    assert opus / flash == pytest.approx(ratio)
    assert said(ratio, digits)


def test_the_dearest_output(tmp_path: Path) -> None:
    o1_pro, gpt_45 = (list_price(name, "output", "2025-03-20", tmp_path) for name in ("o1-pro", "gpt-4.5-preview"))
    assert (o1_pro, gpt_45) == (600, 150)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (580 / 3700, 3), (580 / 3700 * 12_032, 0), (5200 / 12, 0), (2400 / 80, 0), (5200 / 12 / (2400 / 80), 1),
        (40_000 / 21_730, 2), (21_730 / 81, 0), (26_597 - 21_730, 0), (2829 / (40_000 / 21_730), 0), (46_000 / 242, 0),
        (10_926 / 85, 0), (4200 / 540, 1), (3840 * 1.97, 0), (3840 * 3.29, 0), (540 * 1.97, 0), (4200 * 3.29, 0),
        (22_000 - 18_304.16, 0),
    ],
)  # fmt: skip
def test_quotients_of_published_figures(number: float, digits: int) -> None:
    assert said(number, digits)


@pytest.fixture(scope="module")
def exgentic(shared_data: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((shared_data / "exgentic" / "results.csv").read_text("latin-1").splitlines()))


def test_exgentic_adds_up_to_less_than_its_headline(exgentic: list[dict[str, str]]) -> None:
    assert sum(float(row["total_run_cost"]) for row in exgentic) == pytest.approx(18_304.16, abs=0.005)
    assert sum(int(row["total_sessions"]) for row in exgentic) == 13_652
    assert len(exgentic) == len(list(product(*({row[key] for row in exgentic} for key in ("agent", "model", "benchmark")))))  # fmt: skip # noqa: E501


def agent_usd(row: dict[str, str]) -> float:
    return float(row["average_agent_cost"])


def run_usd(row: dict[str, str]) -> float:
    return float(row["total_run_cost"]) / int(row["total_sessions"])


def spreads(rows: list[dict[str, str]], still: tuple[str, ...], *, is_mean: bool, run: bool = False) -> list[float]:
    """Ratios of the dearest to the cheapest, within each group of what is held still, largest first."""
    cost = run_usd if run else agent_usd
    known = [row for row in rows if float(row["total_agent_cost"]) > 0]
    pairs = {(row["agent"], row["model"], "" if is_mean else row["benchmark"]) for row in known}
    cells: dict[tuple[str, ...], list[float]] = {}
    for agent, model, benchmark in pairs:
        same = [row for row in known if (row["agent"], row["model"]) == (agent, model) and benchmark in {"", row["benchmark"]}]  # fmt: skip # noqa: E501
        named = {"agent": agent, "model": model, "benchmark": benchmark}
        cells.setdefault(tuple(named[key] for key in still), []).append(fmean(map(cost, same)))
    return sorted((max(costs) / min(costs) for costs in cells.values()), reverse=True)


@pytest.mark.parametrize(
    ("still", "basis", "place", "digits"),
    [
        (("model", "benchmark"), {}, 0, 1), (("agent", "benchmark"), {}, 0, 0), (("model",), {"is_mean": True}, 0, 1),
        (("agent",), {"is_mean": True}, 0, 1), (("agent",), {"is_mean": True, "run": True}, 0, 1),
        (("agent",), {"is_mean": True, "run": True}, 1, 1), ((), {"is_mean": True}, 0, 1),
    ],
)  # fmt: skip
def test_ways_to_read_33_times(
    exgentic: list[dict[str, str]], still: tuple[str, ...], basis: dict[str, bool], place: int, digits: int
) -> None:
    assert said(spreads(exgentic, still, **{"is_mean": False, **basis})[place], digits)


def test_three_exgentic_rows_tell_no_agent_cost(exgentic: list[dict[str, str]]) -> None:
    assert sum(float(row["total_agent_cost"]) == 0 for row in exgentic) == 3
