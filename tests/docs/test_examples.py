"""What the pages show is what the program does: examples are run, output is compared."""

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from commands import run_command

from analyzer.curves.registry import Curve
from analyzer.tour import BUNDLED
from docs.generate import page_files
from pricing.book.price_check import read_checked
from pricing.priced_store import reprice_store
from traces import read as reading
from traces.read import read_traces
from traces.store import open_store

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def steps(page: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of a page's console blocks, in order, each with the lines shown below it."""
    for block in blocks(page, "console"):
        for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = shown.rstrip("\n").split("\n")
            yield command, [line.rstrip() for line in lines]


def shown_files(page: str) -> dict[str, str]:
    return page_files((ROOT / page).read_text(encoding="utf-8"))


def put(files: Mapping[str, str], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(("page", "n_least"), [
    ("README.md", 4), ("docs/tutorial.md", 10), ("docs/howto.md", 10), ("docs/books.md", 8), ("docs/price-files.md", 2),
    ("docs/hardware.md", 3),
])  # fmt: skip
def test_every_command_of_a_page_prints_what_the_page_shows(page: str, n_least: int, tmp_path: Path) -> None:
    shutil.copytree(BUNDLED, tmp_path / "store")
    put(shown_files(page), tmp_path)
    n_run = 0
    for command, lines in steps(page):
        code, printed = run_command(command, tmp_path)
        got = [line.rstrip() for line in printed.rstrip("\n").split("\n")]
        if lines[-1] == "...":
            lines, got = lines[:-1], got[: len(lines) - 1]  # noqa: PLW2901 - the page shows the start only
        while lines and not lines[-1]:
            lines.pop()
        assert (code, got) == (0, lines), command
        n_run += 1
    assert n_run >= n_least


COMMANDS = [
    (page, command)
    for page in (
        "README.md",
        *(f"docs/{name}.md" for name in ("howto", "books", "adding", "scenarios", "mapping", "hardware")),
    )
    for command in re.findall(r"^    (evalreplay .+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
]
FOREIGN_MAP = "model_prices_and_context_window.json"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything the pages name: traces, stores, files of the user."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(BUNDLED, folder / "store")
    shutil.copytree(ROOT / "tests" / "data" / "mini_swe_agent" / "run", folder / "runs")
    shutil.copy(ROOT / "tests" / "data" / "prices" / "litellm.json", folder / FOREIGN_MAP)
    for page in ("mapping", "price-files", "adding", "scenarios", "howto", "books", "hardware"):
        put(shown_files(f"docs/{page}.md"), folder)
    put({"what-if.toml": blocks("docs/scenarios.md", "toml")[0], "models.csv": MODELS}, folder)
    for command in (
        "evalreplay reprice store/ -o priced/",
        "evalreplay read runs/ -o read/",
        "evalreplay reprice read/ -o checked/",
        "evalreplay prices import post.csv --as post-2025",
        f"evalreplay prices import {FOREIGN_MAP} --as litellm-2026-11",
    ):
        assert run_command(command, folder)[0] == 0, command
    return folder


MODELS = "model,openness,parameters\nopenai/gpt-oss-120b,open,117\ngpt-4.1,closed,\nclaude-sonnet-4-5,closed,\n"
REPLACED = (
    (r" +#.*$", ""),  # a remark
    (r" > \S+$", ""),  # into a file
    (r"\bFILE(?:\.\.\.)?(?= )", "calls.csv tasks.jsonl"),
    (r"calls\.csv tasks\.jsonl(?= --suggest)", "calls.csv"),
    (r"(?<= )calls\.csv(?= --mapping)", "calls.csv tasks.jsonl"),
    (r"verify priced/ --inputs traces/", "verify checked/ --inputs runs/"),
    (r"(prices import .*)$", r"\1 --force"),
    (r"as-(?:published|theirs)/(?= priced)", "store/"),
)


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=lambda value: value.replace("evalreplay ", ""))
def test_every_other_command_of_the_docs_runs(page: str, command: str, prepared: Path, tmp_path: Path) -> None:
    command = re.sub(r" -o \S+", f" -o {tmp_path / 'written'}", command)
    for pattern, instead in REPLACED:
        command = re.sub(pattern, instead, command)
    code, printed = run_command(command, prepared)
    assert code == 0, f"{page}: {command}\n{printed}"


def test_the_tutorial_takes_about_ten_commands() -> None:
    assert 10 <= len(list(steps("docs/tutorial.md"))) <= 14


def example(language: str, number: int = 0) -> str:
    return blocks("docs/adding.md", language)[number]


def module(name: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (folder / f"{name}.py").write_text(source)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, loaded)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_reader_of_the_docs_reads_its_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = module("puzzle_log", example("python"), tmp_path, monkeypatch).READER
    monkeypatch.setattr(reading, "discover", lambda: {reader.name: reader})
    (tmp_path / "log.jsonl").write_text(example("jsonl"))
    (tmp_path / "expected.csv").write_text(example("csv"))
    calls = read_traces([tmp_path / "log.jsonl"], tmp_path / "store").table("calls")
    expected = pl.read_csv(tmp_path / "expected.csv")
    assert calls.select(expected.columns).rows() == expected.rows()


def test_the_reader_of_the_docs_lists_a_broken_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = module("puzzle_log", example("python"), tmp_path, monkeypatch).READER
    monkeypatch.setattr(reading, "discover", lambda: {reader.name: reader})
    (tmp_path / "log.jsonl").write_text(example("jsonl") + '{"task": "maze"}\n')
    options = reading.ReadOptions(on_error="skip")
    rejects = read_traces([tmp_path / "log.jsonl"], tmp_path / "store", options).table("rejects")
    assert rejects["place"].to_list() == ["line 5"]


def test_the_price_file_of_the_docs_is_one(tmp_path: Path) -> None:
    (tmp_path / "my_prices.toml").write_text(example("toml"))
    rows = read_checked(tmp_path / "my_prices.toml").rows.filter(kind="output").sort("effective_from")
    assert rows["price_pusd"].to_list() == [15_000_000, 10_000_000]
    assert rows["effective_until"].to_list() == [rows["effective_from"][1], None]


def test_the_complete_price_file_of_the_docs_has_every_table(tmp_path: Path) -> None:
    put(shown_files("docs/price-files.md"), tmp_path)
    file = read_checked(tmp_path / "acme.toml")
    assert all(file.tables[name] for name in ("price", "model", "cache", "region"))
    rows = file.rows
    assert rows["kind"].unique().sort().to_list() == [
        "cache_read", "cache_write_5m", "output", "uncached_input", "web_search",
    ]  # fmt: skip
    assert rows.filter(pl.col("is_batch")).height == rows.filter(pl.col("hours_utc").is_not_null()).height == 2
    assert rows["min_input_tokens"].max() == 200_000


def test_the_python_lines_about_books_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALREPLAY_CACHE", str(tmp_path / ".cache"))
    shutil.copytree(BUNDLED, "store")
    put(shown_files("docs/books.md"), tmp_path)
    exec(blocks("docs/books.md", "python")[0], {})  # noqa: S102 - the page's own lines


def test_the_curve_of_the_docs_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = module("score_vs_turns", example("python", 1), tmp_path, monkeypatch).CURVE
    assert isinstance(curve, Curve)
    priced = reprice_store(open_store(BUNDLED), tmp_path / "priced")
    frame = curve(priced.tables()).frame.filter(pl.col("benchmark") == "swe-bench")
    assert frame["x"].to_list() == pytest.approx([20_163 / 500])


def test_the_scenario_of_the_docs_loads(tmp_path: Path) -> None:
    from pricing.scenario import load_scenario

    (tmp_path / "today.toml").write_text(blocks("docs/scenarios.md", "toml")[0])
    scenario = load_scenario(tmp_path / "today.toml")
    assert (scenario.roles, scenario.batch.share_frac, scenario.batch.turnaround_s) == (("agent",), 0.8, 3600)
    assert [entry.to for entry in scenario.substitute] == ["gpt-5-mini"]
    assert [entry.frac for entry in scenario.discount] == [0.15]


def test_the_python_lines_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = blocks("README.md", "python")[0].replace("er.read(", "read(")
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.delitem(sys.modules, "evalreplay", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALREPLAY_CACHE", str(tmp_path / ".cache"))
    shutil.copytree(BUNDLED, "store")
    exec(code, {"read": lambda _runs, store: open_store(Path(store))})  # noqa: S102 - the page's own lines
    assert (tmp_path / "budget.png").stat().st_size > 10_000
