"""METR reader: agents are runs, humans apart, limits are stop reasons; real tables give their published counts."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from board_files import Tables, assert_golden, read_files, read_text
from hypothesis import given
from hypothesis import strategies as st
from metr_rows import early, human, later, lines

from traces.errors import MalformedTraceError, UnreadableError
from traces.files import peek
from traces.readers.metr import READER
from traces.registry import Choices, Peek
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "metr"


def read(folder: Path, *rows: dict[str, Any], on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, lines(*rows), on_error)


def rollout(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    return read(folder, row)[0]["rollouts"].row(0, named=True)


@pytest.mark.parametrize("name", ["all_runs", "runs"])
def test_rows_of_both_eras_give_the_tables_beside_them(name: str) -> None:
    tables, log = read_files(READER, [DATA / f"{name}.jsonl"])
    assert_golden(tables, DATA, name)
    assert log.rows == []


def test_a_real_table_gives_its_published_counts(shared_data: Path) -> None:
    path = shared_data / "metr" / "all_runs.3a947ac_2025-01-11.jsonl"
    tables, log = read_files(READER, [path])
    rollouts = tables["rollouts"].join(tables["runs"].select("run_id", "agent"), on="run_id")
    assert READER.sniff(peek(path))
    assert log.rows == []
    assert (tables["runs"].height, rollouts.height, tables["tasks"].height) == (11, 7059, 83)
    assert rollouts.filter(pl.col("stop_reason").str.starts_with("limit")).height == 1908
    of_humans = rollouts.filter(agent="human")
    assert (of_humans.height, of_humans["recorded_cost_usd"].count()) == (211, 211)
    assert rollouts["recorded_cost_usd"].count() == 211
    assert tables["charges"]["kind"].unique().to_list() == ["human_s"]


def test_a_real_parquet_copy_of_a_later_release_is_the_same_runs_but_for_those_it_adds_to(shared_data: Path) -> None:
    path = shared_data / "stats" / "metr_runs_seconds.parquet"
    tables, log = read_files(READER, [path])
    whole, _ = read_files(READER, [shared_data / "metr" / "all_runs.3a947ac_2025-01-11.jsonl"])
    assert READER.sniff(peek(path))
    assert (tables["runs"].height, tables["rollouts"].height, log.rows) == (10, 6852, [])
    shared = tables["runs"].join(whole["runs"], on="run_id")
    assert shared.height == 8
    times = [
        run["rollouts"].join(shared, on="run_id", how="semi").group_by("task_id").agg(pl.col("wall_s").sort())
        for run in (tables, whole)
    ]
    assert times[0].sort("task_id").equals(times[1].sort("task_id"))
    assert tables["rollouts"].filter(pl.col("stop_reason").str.starts_with("limit")).height == 1912


def test_agents_are_runs_and_a_human_is_one_of_its_own_without_a_model(tmp_path: Path) -> None:
    runs = read(tmp_path, early(), human(), early(run_id="x", alias="Large 2"))[0]["runs"]
    assert runs.sort("agent").select("agent", "model").rows() == [
        ("Large 1", "Large 1"), ("Large 2", "Large 2"), ("human", None)
    ]  # fmt: skip


def test_a_humans_clock_begins_at_0_and_its_tokens_are_no_tokens(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, human())
    row = tables["rollouts"].row(0, named=True)
    assert (row["started_at"], row["wall_s"], row["recorded_cost_usd"]) == (None, 1800.0, 71.25)
    assert tables["charges"].select("kind", "quantity", "recorded_cost_usd").rows() == [("human_s", 1800.0, 71.25)]


@pytest.mark.parametrize(
    ("values", "stop_reason"),
    [
        ({}, "submitted"),
        ({"fatal_error_from": "usageLimits"}, "limit_other"),
        ({"fatal_error_from": "usageLimits", "time_limit": 600}, "limit_time"),
        ({"fatal_error_from": "usageLimits", "time_limit": 0}, "limit_other"),
        ({"fatal_error_from": "agent"}, "error"),
        ({"fatal_error_from": "serverOrTask"}, "error_infra"),
        ({"fatal_error_from": "something new"}, "error"),
    ],
)
def test_fatal_errors_and_limits_are_stop_reasons(tmp_path: Path, values: dict[str, Any], stop_reason: str) -> None:
    assert rollout(tmp_path, early(**values))["stop_reason"] == stop_reason


def test_how_a_human_stopped_is_not_known(tmp_path: Path) -> None:
    assert rollout(tmp_path, human())["stop_reason"] == "unknown"


@pytest.mark.parametrize(("cost", "known"), [(0.0, None), (None, None), (1.5, 1.5)])
def test_a_generation_cost_of_0_is_unknown(tmp_path: Path, cost: float | None, known: float | None) -> None:
    assert rollout(tmp_path, later(generation_cost=cost))["recorded_cost_usd"] == known


def test_a_total_of_tokens_is_a_charge_as_its_split_is_unknown(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, later(action_count=12.0))
    assert tables["calls"].height == 0
    assert tables["charges"].select("kind", "quantity", "unit").rows() == [
        ("actions", 12.0, "actions"), ("total_tokens", 402019.0, "tokens")
    ]  # fmt: skip


def test_a_total_of_0_tokens_is_unknown(tmp_path: Path) -> None:
    assert read(tmp_path, later(tokens_count=0.0))[0]["charges"].height == 0


def test_the_score_is_binarized_and_the_one_before_is_kept_or_chosen(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, later())
    assert tables["rollouts"].select("score", "is_success").rows() == [(1.0, True)]
    assert tables["scores"].select("metric", "value").rows() == [("score_binarized", 1.0), ("score_cont", 0.75)]
    chosen, _ = read_files(READER, [tmp_path / "file"], choices=Choices(scorer="score_cont"))
    assert chosen["rollouts"].select("score", "is_success").rows() == [(0.75, True)]
    assert chosen["runs"].select("score_metric", "score_max").rows() == [("score_cont", None)]


def test_attempts_are_numbered_by_their_start(tmp_path: Path) -> None:
    rows = [early(run_id=f"r{n}", started_at=1734070000000 - n, completed_at=1734070600000) for n in range(3)]
    rollouts = read(tmp_path, *rows)[0]["rollouts"]
    assert rollouts.select("attempt", "wall_s").rows() == [(0, 600.002), (1, 600.001), (2, 600.0)]


def test_tasks_carry_the_time_and_cost_of_a_human(tmp_path: Path) -> None:
    tasks = read(tmp_path, early(), later())[0]["tasks"]
    assert tasks.select("task_id", "family", "human_s", "human_cost_usd").rows() == [
        ("maze/main", "maze", 1830.0, 73.0)
    ]


def test_what_rows_say_differently_of_a_task_is_unknown_and_reported(tmp_path: Path) -> None:
    tables, log = read(tmp_path, early(), early(run_id="x", human_minutes=31.0))
    assert tables["tasks"]["human_s"].to_list() == [None]
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "task maze/main")]


@pytest.mark.parametrize("completed_at", [1734070000000, 1734060000000])
def test_a_run_that_took_no_time_or_less_has_an_unknown_time(tmp_path: Path, completed_at: int) -> None:
    tables, log = read(tmp_path, early(completed_at=completed_at))
    assert tables["rollouts"].select("wall_s", "time_basis").rows() == [(None, None)]
    assert [row["kind"] for row in log.rows] == ["contradiction"]


def test_the_scaffold_is_the_most_frequent_one_and_all_are_counted(tmp_path: Path) -> None:
    rows = [later(run_id=f"r{n}", scaffold=f"x/init,{'react' if n else 'generate'}") for n in range(3)]
    run = read(tmp_path, *rows)[0]["runs"].row(0, named=True)
    assert (run["scaffold"], json.loads(run["settings"])) == ("react", {"scaffolds": {"react": 2, "generate": 1}})


def test_a_row_that_stands_twice_counts_once(tmp_path: Path) -> None:
    tables, log = read(tmp_path, early(), early(), early(score=0.5))
    assert tables["rollouts"].height == 1
    assert [(row["kind"], row["place"]) for row in log.rows] == [("duplicate", "line 2"), ("contradiction", "line 3")]


def test_the_same_rows_in_another_order_or_file_are_the_same_run(tmp_path: Path) -> None:
    rows = [early(run_id=f"r{n}", task_id=f"maze/{n % 2}", started_at=1734070000000 + n) for n in range(4)]
    first, second = read(tmp_path, *rows)[0], read(tmp_path, *rows[::-1])[0]
    assert all(first[name].equals(second[name]) for name in first)


BROKEN = {
    "wrong type": (early(run_id="x", score={"a": 1}), "line 2.score"),
    "NaN": (early(run_id="x", started_at=float("nan")), "line 2.started_at"),
    "no task": (early(run_id="x", task_id=None), "line 2"),
    "negative cost": (later(run_id="x", generation_cost=-1.0), "line 2"),
    "absurd tokens": (later(run_id="x", tokens_count=-5), "line 2"),
}


@pytest.mark.parametrize("row_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_row_is_rejected_by_its_place_and_the_others_are_kept(
    tmp_path: Path, row_place: tuple[dict[str, Any], str]
) -> None:
    row, place = row_place
    others = [early(alias="other", run_id=f"other_{n}") for n in range(2)]
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, others[0], row, others[1])
    assert raised.value.place == place
    tables, log = read(tmp_path, others[0], row, others[1], on_error="skip")
    assert place in [row["place"] for row in log.rows]
    assert tables["rollouts"].filter(pl.col("run_id").str.starts_with("metr-other")).height == 2


@pytest.mark.parametrize(
    "line", ["{", "[" * 2000 + "]" * 2000, "null", '{"run_id": "\\ud800"}', "x" * 100, '{"run_id": "a"'], ids=range(6)
)
def test_a_line_that_is_no_record_is_rejected(tmp_path: Path, line: str) -> None:
    text = lines(early()) + line + "\n" + lines(early(run_id="x"))
    tables, log = read_text(READER, tmp_path, text, "skip")
    assert tables["rollouts"].height == 2
    assert [row["kind"] for row in log.rows] != []


@given(cut=st.integers(4, 100_000))
def test_a_cut_parquet_table_is_a_clear_error(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    table = io.BytesIO()
    pl.DataFrame([early(run_id=str(n)) for n in range(50)], infer_schema_length=None).write_parquet(table)
    whole = table.getvalue()
    text = whole[: cut % (len(whole) - 12)] + whole[-12:]
    with contextlib.suppress(UnreadableError):
        assert read_text(READER, tmp_path_factory.mktemp("cut"), text, "skip")[0]["rollouts"].height <= 50


@pytest.mark.parametrize("text", ["", "[]", '{"task_id": "x", "run_id": 1}\n', '{"text": "\\"task_id\\":"}', "PAR1"])
def test_other_files_are_not_taken_for_run_tables(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))
