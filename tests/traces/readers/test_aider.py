"""aider reader: boards of totals per run, each rule shown on a row built for it; real boards give their sums."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from board_files import Tables, assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.aider import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "aider"


def row(**values: Any) -> str:
    given = {
        "dirname": "2025-05-25-19-57-20--large-diff", "test_cases": 225, "model": "large", "edit_format": "diff",
        "pass_rate_1": 32.9, "pass_rate_2": 70.7, "pass_num_2": 159, "total_tests": 225, "versions": "0.83.3.dev",
        "command": "aider --model large", "date": "2025-05-25", "seconds_per_case": 42.5, "total_cost": 68.6253,
        "prompt_tokens": 2671437, "completion_tokens": 380717, **values,
    }  # fmt: skip
    lines = [f"{key}: {value}" for key, value in given.items() if value is not None]
    return "- " + "\n  ".join(lines) + "\n\n"


def read(folder: Path, *rows: str, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, "".join(rows), on_error)


def call(folder: Path, **values: Any) -> dict[str, Any]:
    return read(folder, row(**values))[0]["calls"].row(0, named=True)


def run(folder: Path, **values: Any) -> dict[str, Any]:
    return read(folder, row(**values))[0]["runs"].row(0, named=True)


def test_rows_of_a_real_board_give_the_tables_beside_them() -> None:
    tables, log = read_files(READER, [DATA / "board.yml"])
    assert_golden(tables, DATA, "board")
    assert log.rows == []


@pytest.mark.parametrize(
    ("name", "counts", "total_usd"), [("polyglot", (69, 51, 23), 1252.15), ("edit", (98, 30, 0), None)]
)
def test_real_boards_give_their_sums(
    shared_data: Path, name: str, counts: tuple[int, int, int], total_usd: float | None
) -> None:
    tables, log = read_files(READER, [shared_data / "aider" / f"{name}_leaderboard.yml"])
    costs = tables["runs"]["recorded_cost_usd"].drop_nulls()
    moved = ["a run of aider-polyglot on a board of aider-edit: its 225 exercises tell"] if name == "edit" else []
    assert [each["reason"] for each in log.rows] == moved
    assert (tables["runs"].height, len(costs), tables["calls"]["input_tokens"].count()) == counts
    assert total_usd is None or sum(costs) == pytest.approx(total_usd, abs=0.005)
    assert READER.sniff(peek(shared_data / "aider" / f"{name}_leaderboard.yml"))


def test_a_run_is_one_total_of_an_unknown_number_of_calls(tmp_path: Path) -> None:
    total = call(tmp_path)
    assert (total["granularity"], total["n_requests"], total["rollout_id"]) == ("run", None, None)
    assert (total["input_tokens"], total["output_tokens"], total["cache_read_tokens"]) == (2671437, 380717, None)
    assert (total["latency_s"], total["time_basis"]) == (9562.5, "upper_bound")


@pytest.mark.parametrize("cost", ["0.0", "0", None, "~"])
def test_a_cost_of_zero_is_unknown(tmp_path: Path, cost: str | None) -> None:
    assert run(tmp_path, total_cost=cost)["recorded_cost_usd"] is None
    assert call(tmp_path, total_cost=cost)["recorded_cost_usd"] is None


def test_a_budget_of_thinking_tokens_is_a_setting_not_usage(tmp_path: Path) -> None:
    assert run(tmp_path, thinking_tokens=32000)["reasoning_effort"] == "32000 thinking tokens"
    assert call(tmp_path, thinking_tokens=32000)["reasoning_tokens"] is None


@pytest.mark.parametrize("values", [{"reasoning_effort": "high"}, {"command": "aider --reasoning-effort high"}])
def test_the_effort_is_that_of_the_row_or_of_its_command(tmp_path: Path, values: dict[str, str]) -> None:
    assert run(tmp_path, **values)["reasoning_effort"] == "high"


@pytest.mark.parametrize(
    ("command", "provider", "model"),
    [
        ("aider --model openrouter/acme/large-2", "openrouter", "acme/large-2"),
        ("aider --model=gemini/large-2", "gemini", "large-2"),
        ("aider --model openai/large-2", None, "large"),
        ("OPENAI_API_BASE=https://api.acme.example/v1 aider --model openai/large-2", "api.acme.example", "large"),
        ("aider --model openai/large-2 --openai-api-base https://[", None, "large"),
        ("aider --large", None, "large"),
    ],
)
def test_the_route_says_who_bills_unless_it_only_names_a_protocol(
    tmp_path: Path, command: str, provider: str | None, model: str
) -> None:
    total = call(tmp_path, command=command)
    assert (total["provider"], total["model"]) == (provider, model)


@pytest.mark.parametrize("second", ["editor_model", "junior_model"])
def test_a_total_over_two_models_names_none(tmp_path: Path, second: str) -> None:
    total = call(tmp_path, edit_format="architect", **{second: "small"})
    assert (total["provider"], total["model"], total["input_tokens"]) == (None, None, 2671437)


@pytest.mark.parametrize(
    ("values", "benchmark"),
    [
        ({}, "aider-polyglot"),
        ({"test_cases": 224}, "aider-polyglot"),
        ({"test_cases": 133, "total_tests": None, "pass_num_2": None}, "aider-edit"),
        ({"test_cases": 89, "total_tests": 89, "pass_num_2": None}, "aider-refactor"),
        ({"test_cases": 300, "total_tests": 300, "pass_num_2": None}, None),
    ],
)
def test_the_benchmark_is_told_by_its_number_of_exercises(
    tmp_path: Path, values: dict[str, Any], benchmark: str | None
) -> None:
    assert run(tmp_path, **values)["benchmark"] == benchmark


def test_a_part_of_a_benchmark_is_that_of_the_board(tmp_path: Path) -> None:
    sizes = (133, 133, 36, 225)
    rows = [row(dirname=f"r{n}", test_cases=size, total_tests=None, pass_num_2=None) for n, size in enumerate(sizes)]
    tables, log = read(tmp_path, *rows)
    assert tables["runs"]["benchmark"].to_list() == ["aider-edit", "aider-edit", "aider-edit", "aider-polyglot"]
    assert [each["reason"] for each in log.rows] == [
        "a run of aider-polyglot on a board of aider-edit: its 225 exercises tell"
    ]


@pytest.mark.parametrize("rate", [70.7, 70.6])
def test_the_rate_is_rounded_or_cut(tmp_path: Path, rate: float) -> None:
    tables, log = read(tmp_path, row(pass_rate_2=rate))
    assert (tables["runs"]["recorded_score"].item(), log.rows) == (pytest.approx(rate / 100), [])


def test_a_rate_that_its_number_solved_contradicts_is_reported(tmp_path: Path) -> None:
    tables, log = read(tmp_path, row(pass_rate_2=52.8))
    assert tables["runs"]["recorded_score"].item() == 0.528
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "line 1")]


def test_the_start_is_the_stamp_of_the_folder_or_the_stated_day_where_they_differ(tmp_path: Path) -> None:
    assert str(run(tmp_path)["started_at"]) == "2025-05-25 19:57:20+00:00"
    assert str(run(tmp_path, date="2025-05-27")["started_at"]) == "2025-05-27 00:00:00+00:00"
    assert run(tmp_path, dirname="large-diff", date=None)["started_at"] is None


def test_a_run_that_stands_twice_counts_once_and_another_row_of_it_is_kept_apart(tmp_path: Path) -> None:
    tables, log = read(tmp_path, row(), row(), row(total_cost=1.5))
    assert tables["runs"]["run_id"].to_list() == [f"aider-2025-05-25-19-57-20--large-diff{end}" for end in ("", "~2")]
    assert [row["kind"] for row in log.rows] == ["duplicate", "contradiction"]


def test_a_key_that_stands_twice_is_reported_and_the_first_one_counts(tmp_path: Path) -> None:
    tables, log = read(tmp_path, row(versions="1\n  versions: 2"), row(dirname="other", versions="1\n  versions: 1"))
    assert tables["runs"]["scaffold"].to_list() == ["aider 1 (diff)"] * 2
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "line 1.versions")]


def test_what_the_benchmark_prints_around_an_entry_is_no_part_of_it(tmp_path: Path) -> None:
    tables, log = read(
        tmp_path, "──── run ────\n", row(), "costs: $0.30/test-case\n────\n", row(dirname="other"), "x\n"
    )
    assert (tables["runs"].height, log.rows) == (2, [])


def test_a_list_may_be_indented_and_commented(tmp_path: Path) -> None:
    entry = "".join(f"  {line}\n" for line in (row() + row(dirname="other")).splitlines())
    tables, log = read(tmp_path, "# board\n---\n", entry.replace("    model", "# a\n    model"))
    assert (tables["runs"].height, log.rows) == (2, [])


def test_a_board_of_one_try_is_scored_by_it(tmp_path: Path) -> None:
    only = run(tmp_path, pass_rate_2=None, pass_num_2=None)
    assert (only["score_metric"], only["recorded_score"], only["submissions_allowed"]) == ("pass_rate_1", 0.329, 1)


def test_a_model_that_edits_its_own_plans_is_one_model(tmp_path: Path) -> None:
    assert call(tmp_path, editor_model="large")["model"] == "large"


def test_a_commit_that_looks_like_a_number_is_kept_as_written(tmp_path: Path) -> None:
    assert '"commit_hash": "12e4567"' in run(tmp_path, commit_hash="12e4567")["settings"]


BROKEN = {
    "no number": (row(total_cost="dear"), "line 17.total_cost"),
    "NaN": (row(prompt_tokens=".nan"), "line 17.prompt_tokens"),
    "negative": (row(prompt_tokens=-5), "line 17"),
    "not a day": (row(date="noon"), "line 17.date"),
    "no model": (row(model=None), "line 17"),
    "broken quote": (row(model='"large'), "line 17"),
    "not a mapping": ("- 12\n", "line 17"),
    "nested deeply": ("- " + "[" * 5000 + "\n", "line 17"),
    "absurdly long": (row(model="x" * 300_000), "line 17"),
}


@pytest.mark.parametrize("entry_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_entry_is_rejected_by_its_place_and_the_others_are_kept(
    tmp_path: Path, entry_place: tuple[str, str]
) -> None:
    entry, place = entry_place
    others = [row(dirname=f"2025-05-25-00-00-0{n}--other") for n in range(2)]
    rows = (others[0], entry.replace("2025-05-25-19-57-20", "2025-05-26"), others[1])
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, *rows)
    assert raised.value.place == place
    tables, log = read(tmp_path, *rows, on_error="skip")
    assert place in [row["place"] for row in log.rows]
    kept = tables["runs"].filter(pl.col("run_id").str.ends_with("--other")).drop("source_path")
    assert kept.equals(read(tmp_path, *others)[0]["runs"].drop("source_path"))


def test_invalid_utf8_a_bom_and_aliases_are_no_obstacle(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + row(model="l\udcffrge").encode("utf-8", "surrogateescape")
    tables, log = read_text(READER, tmp_path, text + b"- &a [*a, *a]\n", "skip")
    assert tables["runs"]["model"].to_list() == ["l�rge"]
    assert [row["kind"] for row in log.rows] == ["malformed", "malformed"]


@pytest.mark.parametrize(
    "text",
    ["", "- name: x\n  test_cases: 3\n", '{"dirname": "x", "test_cases": 1, "edit_format": "", "pass_rate_1": 1}'],
)
def test_other_files_are_not_taken_for_boards(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))
