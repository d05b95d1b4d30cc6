"""HAL's site: databases and exports to runs, attempts and totals; what a page of theirs hides stays unknown."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hal_files import Tables, call, read_path, upload
from hypothesis import given
from hypothesis import strategies as st

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.read import ReadOptions, read_traces
from traces.readers.hal_leaderboard import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

RESULTS = (
    "benchmark_name", "agent_name", "date", "run_id", "successful_tasks", "failed_tasks", "total_cost", "accuracy",
    "model_name", "level_1_accuracy",
)  # fmt: skip
USAGE = (
    "benchmark_name", "run_id", "model_name", "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens",
    "total_tokens", "input_tokens_cache_write", "input_tokens_cache_read", "is_primary",
)  # fmt: skip


def run(name: str = "walk_1754000000", **values: Any) -> dict[str, Any]:
    return {
        "benchmark_name": "gaia", "agent_name": "Walker (Large 1 (May 2025))", "date": "2025-08-01", "run_id": name,
        "successful_tasks": "['a', 'b']", "failed_tasks": "['c']", "total_cost": 12.5, "accuracy": 0.66,
        "model_name": "Large 1 (May 2025)", "level_1_accuracy": 0.5, **values,
    }  # fmt: skip


def used(name: str = "walk_1754000000", model: str = "Large 1 (May 2025)", **counts: int) -> dict[str, Any]:
    zeros = dict.fromkeys(USAGE[3:], 0)
    return {"benchmark_name": "gaia", "run_id": name, "model_name": model, **zeros, **counts}


def database(path: Path, runs: list[dict[str, Any]], usage: list[dict[str, Any]]) -> Path:
    with sqlite3.connect(path) as base:
        for table, names, rows in (("parsed_results", RESULTS, runs), ("token_usage", USAGE, usage)):
            base.execute(f"CREATE TABLE {table} ({', '.join(names)})")
            insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names made here
            base.executemany(insert, [tuple(row[name] for name in names) for row in rows])
        base.execute("CREATE TABLE preprocessed_traces (run_id TEXT, raw_logging_results BLOB)")
    base.close()
    return path


def read(
    tmp_path: Path, runs: list[dict[str, Any]], usage: list[dict[str, Any]] | None = None, on_error: OnError = "stop"
) -> tuple[Tables, RejectLog]:
    (tmp_path / "gaia.db").unlink(missing_ok=True)
    return read_path(database(tmp_path / "gaia.db", runs, usage or []), on_error, reader=READER)


def test_a_row_is_a_run_with_its_attempts_by_success_and_its_tokens_in_one_total(tmp_path: Path) -> None:
    tables, log = read(tmp_path, [run()], [used(prompt_tokens=1001, completion_tokens=25)])
    row = tables["runs"].row(0, named=True)
    assert (row["run_id"], row["scaffold"], row["benchmark"]) == ("hal-walk_1754000000", "Walker", "gaia")
    assert (row["recorded_score"], row["recorded_cost_usd"], row["recorded_n_rollouts"]) == (0.66, 12.5, 3)
    assert json.loads(row["settings"])["metrics"] == {"accuracy": 0.66, "level_1_accuracy": 0.5}
    assert tables["rollouts"].select("task_id", "score", "is_success").rows() == [
        ("a", 1.0, True), ("b", 1.0, True), ("c", 0.0, False)
    ]  # fmt: skip
    call = tables["calls"].row(0, named=True)
    assert (call["granularity"], call["rollout_id"], call["n_requests"]) == ("run", None, None)
    assert (call["input_tokens"], call["output_tokens"], call["uncached_input_tokens"]) == (1001, 25, None)
    assert (call["recorded_cost_usd"], str(call["started_at"])) == (12.5, "2025-07-31 22:13:20+00:00")
    assert log.rows == []


def test_the_main_model_names_the_run_and_dollars_of_several_models_are_no_one_s(tmp_path: Path) -> None:
    usage = [
        used(model="Side", prompt_tokens=11, completion_tokens=1),
        used(model="Main", prompt_tokens=7, is_primary=1),
    ]
    tables, _ = read(tmp_path, [run()], usage)
    assert tables["runs"]["model"].item() == "Main"
    assert tables["calls"]["recorded_cost_usd"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("total", "split"),
    [(1005, (1000, 300, 600, 100)), (1705, (1700, 1000, 600, 100))],
    ids=["input includes the cache", "input leaves the cache out"],
)
def test_inspect_s_counts_are_told_by_their_total(tmp_path: Path, total: int, split: tuple[int, ...]) -> None:
    counts = used(
        input_tokens=1000,
        output_tokens=5,
        total_tokens=total,
        input_tokens_cache_read=600,
        input_tokens_cache_write=100,
    )
    tables, _ = read(tmp_path, [run()], [counts])
    names = [f"{part}_tokens" for part in ("input", "uncached_input", "cache_read", "cache_write_unspecified")]
    assert tables["calls"].select(names).rows() == [split]


def test_a_run_without_tokens_used_something_unknown(tmp_path: Path) -> None:
    for usage in ([], [used()]):
        calls = read(tmp_path, [run()], usage)[0]["calls"]
        assert calls.select("model", "input_tokens", "output_tokens").rows() == [("Large 1 (May 2025)", None, None)]


def test_a_cost_of_zero_is_not_known(tmp_path: Path) -> None:
    assert read(tmp_path, [run(total_cost=0.0)])[0]["runs"]["recorded_cost_usd"].to_list() == [None]


def test_totals_that_are_even_too_often_flag_their_program_alone(tmp_path: Path) -> None:
    doubled = [(f"a_{n}", 2 * n + 2, 4) for n in range(10)]
    single = [(f"b_{n}", 3 * n + 1, n) for n in range(10)]
    runs = [run(name, agent_name=f"{name[0]} (x)") for name, _, _ in doubled + single]
    tables, log = read(
        tmp_path, runs, [used(name, prompt_tokens=p, completion_tokens=c) for name, p, c in doubled + single]
    )
    flagged = [
        row for row in tables["runs"].iter_rows(named=True) if json.loads(row["settings"])["is_doubling_suspected"]
    ]
    assert {row["scaffold"] for row in flagged} == {"a"}
    assert [(row["kind"], str(row["reason"])[:20]) for row in log.rows] == [("contradiction", "a: 10 of 10 totals e")]


def test_a_few_even_totals_prove_nothing(tmp_path: Path) -> None:
    names = [f"a_{n}" for n in range(5)]
    usage = [used(name, prompt_tokens=2, completion_tokens=4) for name in names]
    assert read(tmp_path, [run(name) for name in names], usage)[1].rows == []


@pytest.mark.parametrize("tasks", ["__import__('os').getcwd()", "['a'", "{1: 2}", "5", "[" * 5000])
def test_task_lists_are_read_never_run(tmp_path: Path, tasks: str) -> None:
    with pytest.raises(MalformedTraceError, match="no list of tasks"):
        read(tmp_path, [run(failed_tasks=tasks)])
    tables, _ = read(tmp_path, [run(failed_tasks=tasks)], on_error="skip")
    assert tables["rollouts"]["task_id"].to_list() == ["a", "b"]


def test_task_lists_of_numbers_and_none_are_read(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, [run(successful_tasks="[3, 1]", failed_tasks="None")])
    assert tables["rollouts"]["task_id"].to_list() == ["1", "3"]


def test_a_task_listed_as_both_is_neither(tmp_path: Path) -> None:
    tables, log = read(tmp_path, [run(failed_tasks="['b']")])
    assert tables["rollouts"]["task_id"].to_list() == ["a"]
    assert [row["kind"] for row in log.rows] == ["contradiction"]


def test_the_same_run_under_two_names_counts_once(tmp_path: Path) -> None:
    tables, log = read(tmp_path, [run(), run(agent_name="Renamed (x)")])
    assert tables["runs"].height == 1
    assert [row["kind"] for row in log.rows] == ["duplicate"]


def test_a_compressed_database_and_a_damaged_one(tmp_path: Path) -> None:
    path = database(tmp_path / "gaia.db", [run()], [])
    packed = tmp_path / "gaia.db.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert READER.sniff(peek(packed))
    assert read_path(packed, reader=READER)[0]["runs"].height == 1
    path.write_bytes(path.read_bytes()[:5000])
    tables, log = read_path(path, "skip", reader=READER)
    assert (tables["runs"].height, log.n_malformed) == (0, 1)


def test_a_column_may_be_missing_and_a_value_of_any_type(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE parsed_results (run_id, accuracy, total_cost, successful_tasks, date)")
        values = [("r1", "0.5", b"\xff", None, 7), (None, 1, 1, None, None), ("r2", float("inf"), -5, b"\xff", "soon")]
        base.executemany("INSERT INTO parsed_results VALUES (?, ?, ?, ?, ?)", values)
    base.close()
    tables, log = read_path(path, "skip", reader=READER)
    assert tables["runs"].select("run_id", "recorded_score", "recorded_cost_usd").rows() == [
        ("hal-r1", 0.5, None), ("hal-r2", None, None)
    ]  # fmt: skip
    assert log.n_malformed >= 2


# The export

HEADER = (
    "Benchmark,Agent Name,Model Name,Date,Accuracy,Total Cost,Average Score,Level 1 Accuracy,Runs,Trace Stem,run_id"
)
ROW = 'gaia,"Walker (Large, 1)",Large 1,2025-08-01,38.81,15.15,0.3881,50.0,1,walk_1754000000_UPLOAD,walk_1754000000'


def export(tmp_path: Path, text: str, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_path(path, on_error, reader=READER)


def test_percentages_of_the_export_become_shares(tmp_path: Path) -> None:
    tables, _ = export(tmp_path, f"{HEADER}\n{ROW}\n")
    row = tables["runs"].row(0, named=True)
    assert (row["run_id"], row["recorded_score"], row["recorded_cost_usd"]) == ("hal-walk_1754000000", 0.3881, 15.15)
    metrics = json.loads(row["settings"])["metrics"]
    assert metrics == {"accuracy": 0.3881, "average_score": 0.3881, "level_1_accuracy": 0.5}
    assert tables["calls"].select("granularity", "input_tokens", "recorded_cost_usd").rows() == [("run", None, 15.15)]


def test_a_row_that_is_the_mean_of_several_runs_says_so(tmp_path: Path) -> None:
    settings = export(tmp_path, f"{HEADER}\n{ROW.replace(',50.0,1,', ',50.0,3,')}\n")[0]["runs"]["settings"].item()
    assert json.loads(settings)["mean_of_runs"] == 3


def test_the_id_of_a_run_is_in_the_name_of_its_trace_too(tmp_path: Path) -> None:
    text = f"{HEADER}\n{ROW}\n".replace(",run_id", "").replace("_UPLOAD,walk_1754000000", "_UPLOAD")
    assert export(tmp_path, text)[0]["runs"]["run_id"].item() == "hal-walk_1754000000"


@pytest.mark.parametrize(("old", "new"), [("15.15", "a lot"), ("38.81", "NaN"), ("walk_1754000000", "")])
def test_a_broken_row_is_rejected_by_its_line(tmp_path: Path, old: str, new: str) -> None:
    text = f"\ufeff{HEADER}\n{ROW.replace(old, new)}\n{ROW.replace('walk', 'run')}\n"
    tables, log = export(tmp_path, text, "skip")
    assert "hal-run_1754000000" in tables["runs"]["run_id"].to_list()
    if old != "walk_1754000000":
        assert [str(row["place"])[:6] for row in log.rows] == ["line 2"]


@given(text=st.text(alphabet='a1,"\n\r\x00é.', max_size=60))
def test_no_text_raises_anything_but_our_errors(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    export(tmp_path_factory.mktemp("csv"), f"{HEADER}\n{text}\n{ROW}", "skip")


# Which files are the site's


@pytest.mark.parametrize(
    ("start", "is_ours"),
    [
        (HEADER.encode(), True), (b"\xef\xbb\xbf" + HEADER.encode(), True), (b"Agent Name,Accuracy\n", False),
        (b"run_id,score\n", False), (b"", False), (b"SQLite format 3\x00 other", False), (b'"', False),
    ],
)  # fmt: skip
def test_files_are_recognised_by_their_columns(start: bytes, *, is_ours: bool) -> None:
    assert READER.sniff(Peek(start, start)) is is_ours


def test_databases_are_recognised(tmp_path: Path) -> None:
    assert READER.sniff(peek(database(tmp_path / "x", [run()], [])))


def test_a_run_in_a_database_and_as_an_upload_is_one_run_that_of_its_calls(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    database(
        inputs / "a.db", [run("walk_1768478400")], [used("walk_1768478400", prompt_tokens=101, completion_tokens=5)]
    )
    (inputs / "b.json").write_text(json.dumps(upload([call("x")])))
    store = read_traces([inputs], tmp_path / "store", ReadOptions(on_error="skip"))
    assert store.table("runs")["source_format"].to_list() == ["hal"]
    assert store.table("calls")["call_id"].to_list() == ["answer-x"]
    assert store.table("rejects").select("source_path", "kind", "duplicate_of").rows() == [
        ("inputs/a.db", "duplicate", "hal-walk_1768478400")
    ]
