"""Exgentic's datasets of agent traces: sessions as rollouts, spans as calls, messages never read."""

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import Tables, known, read_with

from traces.errors import ReplayError
from traces.files import peek
from traces.read import ReadOptions, read_traces
from traces.readers.exgentic_traces import READER
from traces.registry import discover
from traces.rejects import RejectLog

DATA = Path(__file__).parents[2] / "data" / "exgentic_traces"
ROWS: list[dict[str, Any]] = json.loads((DATA / "sessions.json").read_text())
FIRST_EDITION = ("harness", "benchmark", "models", "max_tokens", "total_tokens", "session_id", "spans", "collected_at")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1)  # type: ignore[no-untyped-call]
    return path


def read(*paths: Path) -> tuple[Tables, RejectLog]:
    return read_with(READER, paths, "skip")


def row(**values: Any) -> dict[str, Any]:
    return {**copy.deepcopy(ROWS[0]), **values}


def test_a_dataset_gives_the_tables_beside_it(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path / "0000.parquet", ROWS))
    for name in ("runs", "rollouts", "calls"):
        assert known(tables[name]) == (DATA / f"sessions.{name}.csv").read_text(), name
    assert sorted(str(row["reason"]) for row in log.rows) == [
        "1 calls within 0.01 s: replayed from a cache, so its time is not known",
        "1 of 2 sessions state other total_tokens than their calls add up to: the calls are kept",
    ]


def test_it_is_recognised_by_its_columns_alone(tmp_path: Path) -> None:
    for edition, rows in enumerate((ROWS, [{name: each[name] for name in FIRST_EDITION} for each in ROWS])):
        path = write(tmp_path / f"{edition}.parquet", rows)
        assert [reader.name for reader in discover().values() if reader.sniff(peek(path))] == ["exgentic_traces"]


def test_calls_are_in_the_order_they_were_made_and_the_input_includes_what_was_cached(tmp_path: Path) -> None:
    calls = read(write(tmp_path / "0000.parquet", [row()]))[0]["calls"].filter(role="agent").sort("call_index")
    assert calls.select("call_id", "input_tokens", "uncached_input_tokens", "cache_read_tokens").rows() == [
        ("b1", 1000, None, None), ("b2", 1200, 200, 1000),
    ]  # fmt: skip
    assert calls["latency_s"].to_list() == [2.0, 4.5]


def test_dollars_of_the_benchmark_are_a_total_of_their_own_role(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path / "0000.parquet", [row()]))
    beside = tables["calls"].filter(pl.col("role") != "agent")
    assert beside.select("role", "granularity", "recorded_cost_usd").row(0) == ("user", "rollout", 0.25)
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [0.75]


def test_dollars_of_0_are_those_of_a_model_without_a_price(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path / "0000.parquet", [row(agent_cost=0.0)]))
    assert tables["rollouts"]["recorded_cost_usd"].to_list() == [None]


def test_the_first_edition_has_names_and_calls_only(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path / "0000.parquet", [{name: ROWS[0][name] for name in FIRST_EDITION}]))
    assert tables["rollouts"].select("score", "recorded_cost_usd", "wall_s", "time_basis").row(0) == (
        None, None, 9.5, "lower_bound",
    )  # fmt: skip
    assert tables["runs"].select("benchmark", "scaffold", "score_metric").row(0) == (
        "tau2_retail",
        "tool_calling",
        None,
    )
    assert (tables["calls"].height, log.rows) == (2, [])


def test_a_run_goes_on_from_file_to_file_and_a_session_found_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "a" / "0000.parquet", ROWS[:1])
    write(tmp_path / "a" / "0001.parquet", [*ROWS[1:], ROWS[0]])
    tables, log = read(tmp_path / "a")
    assert (tables["runs"].height, tables["rollouts"].height) == (1, 2)
    assert [each["duplicate_of"] for each in log.rows if each["kind"] == "duplicate"] == ["2a21e94e0687_01661087"]
    assert tables["runs"]["run_id"].equals(read(write(tmp_path / "b" / "x.parquet", ROWS))[0]["runs"]["run_id"])


def test_another_part_of_a_run_is_not_taken_for_its_copy(tmp_path: Path) -> None:
    parts = [write(tmp_path / f"{number}" / "part.parquet", [each]) for number, each in enumerate(ROWS)]
    store = read_traces(parts, tmp_path / "store", ReadOptions(on_error="skip"))
    assert store.table("rollouts").height == 2


def test_messages_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plain = pq.ParquetFile.iter_batches

    def spied(self: Any, size: int, columns: list[str]) -> Any:
        asked.extend(columns)
        return plain(self, size, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spied)
    read(write(tmp_path / "0000.parquet", ROWS))
    assert any(name.endswith("input_tokens") for name in asked)
    assert not any("messages" in name for name in asked)


@pytest.mark.parametrize(
    "values",
    [
        {"spans": None}, {"spans": []}, {"models": None}, {"models": []}, {"harness": None, "benchmark": None},
        {"session_id": "no-run"}, {"total_tokens": None}, {"execution_time": float("nan")}, {"score": float("inf")},
        {"agent_cost": -1.0}, {"execution_time": -5.0}, {"status": "new"},
    ],
)  # fmt: skip
def test_odd_values_leave_the_rest(tmp_path: Path, values: dict[str, Any]) -> None:
    tables, _ = read(write(tmp_path / "0000.parquet", [*ROWS[1:], row(**values)]))
    assert tables["rollouts"].height == 2


def test_a_row_without_an_id_is_rejected(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path / "0000.parquet", [*ROWS[1:], row(session_id=None)]))
    assert tables["rollouts"].height == 1
    assert "session_id" in " ".join(str(each["reason"]) for each in log.rows)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_damaged_file_is_an_error_of_ours(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "0000.parquet", ROWS)
    raw = bytearray(path.read_bytes())
    place = int(len(raw) * share)
    raw[place : place + 40] = b"\xff" * 40
    path.write_bytes(raw)
    for on_error in ("skip", "stop"):
        with suppress(ReplayError):
            read_traces([path], tmp_path / on_error, ReadOptions(format="exgentic_traces", on_error=on_error))  # type: ignore[arg-type]
