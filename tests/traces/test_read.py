"""Reading into a store: only what changed is parsed, nothing vanishes unasked, nothing goes unlisted."""

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, frame, task
from trajectories import answer, read, trajectory, write, write_run, write_scores

from traces import pile
from traces import read as module
from traces.errors import MalformedTraceError, StoreError, TraceError
from traces.merge import merge_tasks
from traces.read import ReadOptions, read_traces
from traces.registry import Batch, Reader, Source, discover
from traces.rejects import RejectLog
from traces.schema import TABLES
from traces.shard import write_shard
from traces.store import SCHEMA_VERSION, open_store


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the units that are parsed."""
    names: list[str] = []

    def counting(parse: Any) -> Any:
        def counted(source: Source, log: RejectLog) -> Iterator[Batch]:
            names.append(source.name)
            return iter(parse(source, log))

        return counted

    def counted_readers() -> dict[str, Reader]:
        return {
            name: Reader(
                **{field: getattr(reader, field) for field in Reader.__slots__} | {"parse": counting(reader.parse)}
            )
            for name, reader in discover().items()
        }

    monkeypatch.setattr(module, "discover", counted_readers)
    return names


@pytest.fixture
def both(tmp_path: Path) -> Path:
    write_run(tmp_path / "all" / "one", "a", "b")
    write_run(tmp_path / "all" / "two", "c", first=500)
    return tmp_path / "all"


def test_a_second_reading_parses_nothing_and_gives_the_same_store(
    both: Path, tmp_path: Path, parsed: list[str]
) -> None:
    first = read(both, tmp_path / "store")
    assert parsed == ["all/one", "all/two"]
    second = read(both, tmp_path / "store")
    assert len(parsed) == 2
    assert all(first[name].equals(second[name]) for name in first)


def test_only_the_changed_run_is_parsed_again(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    read(both, tmp_path / "store")
    write(both / "two", trajectory("c", answer(900)))
    tables = read(both, tmp_path / "store")
    assert parsed[2:] == ["all/two"]
    assert tables["calls"]["call_id"].to_list().count("gen-900") == 1


def test_a_changed_score_file_is_read_again(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    write_scores(both / "one", a=True, b=True)
    read(both, tmp_path / "store")
    write_scores(both / "one", a=False, b=False)
    rollouts = read(both, tmp_path / "store")["rollouts"]
    assert parsed[2:] == ["all/one"]
    assert rollouts.filter(pl.col("is_success").is_not_null())["is_success"].to_list() == [False, False]


def test_a_file_that_was_only_touched_is_not_parsed_again(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    read(both, tmp_path / "store")
    for path in both.rglob("*.json"):
        os.utime(path, ns=(1, 1))
    read(both, tmp_path / "store")
    assert len(parsed) == 2


def test_a_store_that_was_moved_goes_on_being_read_into(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    before = read(both, tmp_path / "store")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    after = read(both, tmp_path / "elsewhere")
    assert len(parsed) == 2
    assert before["calls"].equals(after["calls"])


def test_a_shard_that_went_missing_is_read_again(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    before = read(both, tmp_path / "store")
    open_store(tmp_path / "store").shards("calls")[0].unlink()
    assert read(both, tmp_path / "store")["calls"].equals(before["calls"])
    assert len(parsed) == 3


@pytest.mark.parametrize("table", ["calls", "rollouts"])
def test_a_damaged_shard_is_read_again_even_where_its_size_is_the_same(
    both: Path, tmp_path: Path, parsed: list[str], table: str
) -> None:
    before = read(both, tmp_path / "store")
    shard = open_store(tmp_path / "store").shards(table)[0]
    content = shard.read_bytes()
    shard.unlink()  # shards are shared by links
    shard.write_bytes(content[:100] + bytes(len(content) - 100))
    after = read(both, tmp_path / "store")
    assert len(parsed) == 3
    assert all(before[name].equals(after[name]) for name in before)


def test_a_foreign_shard_is_gone_after_the_next_reading(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    before = read(both, tmp_path / "store")
    shard = open_store(tmp_path / "store").shards("calls")[0]
    shutil.copyfile(shard, shard.with_name("foreign.parquet"))
    assert read(both, tmp_path / "store")["calls"].equals(before["calls"])
    assert len(parsed) == 2


def test_a_store_of_another_version_is_read_again(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    before = read(both, tmp_path / "store")
    manifest = tmp_path / "store" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 1'))
    assert read(both, tmp_path / "store")["calls"].equals(before["calls"])
    assert len(parsed) >= 2


@pytest.mark.parametrize("text", [None, "", "{", "{}", '{"kind": "traces"}', '{"kind": "traces", "units": [{}]}'])
def test_force_replaces_a_store_whose_manifest_is_damaged_or_gone(both: Path, tmp_path: Path, text: str | None) -> None:
    before, manifest = read(both, tmp_path / "store"), tmp_path / "store" / "manifest.json"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text)
    with pytest.raises(StoreError) as raised:
        read(both, tmp_path / "store")
    assert "--force" in (raised.value.hint or "")
    after = read_traces([both], tmp_path / "store", ReadOptions(is_forced=True)).tables()
    assert after["calls"].equals(before["calls"])


def test_force_does_not_replace_a_folder_that_only_has_a_manifest_of_that_name(both: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "index.html"):
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / name).write_text("{}")
    with pytest.raises(StoreError):
        read_traces([both], tmp_path / "site", ReadOptions(is_forced=True))
    assert (tmp_path / "site" / "index.html").exists()


def test_a_missing_input_among_others_is_listed_where_errors_are_skipped(both: Path, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="gone: No such file"):
        read_traces([both, tmp_path / "gone"], tmp_path / "store")
    store = read_traces([both, tmp_path / "gone"], tmp_path / "store", ReadOptions(on_error="skip"))
    assert store.table("runs").height == 2
    reject = store.table("rejects").row(0, named=True)
    assert (reject["source_path"], reject["kind"], "No such file" in reject["reason"]) == ("gone", "malformed", True)


def test_a_file_whose_compressed_content_is_damaged_late_is_listed_and_the_others_are_read(tmp_path: Path) -> None:
    write_run(tmp_path / "all" / "one", "a")
    whole = next((tmp_path / "all" / "one").rglob("*.traj.json")).read_bytes()
    folder = tmp_path / "all" / "two" / "b"
    folder.mkdir(parents=True)
    padded = whole.rstrip()[:-1] + b', "padding": "' + os.urandom(200_000).hex().encode() + b'"}'
    (folder / "b.traj.json.gz").write_bytes(gzip.compress(padded)[:-1000])
    tables = read(tmp_path / "all", tmp_path / "store", "skip")
    assert tables["runs"].height >= 1
    assert [("b.traj.json.gz" in row["source_path"], row["kind"]) for row in tables["rejects"].to_dicts()] == [
        (True, "malformed")
    ]
    with pytest.raises(TraceError) as raised:
        read(tmp_path / "all", tmp_path / "other")
    assert ": :" not in raised.value.problem


def test_a_file_that_is_gone_is_refused_unless_forced(both: Path, tmp_path: Path) -> None:
    read(both, tmp_path / "store")
    (both / "one" / "b" / "b.traj.json").unlink()
    with pytest.raises(StoreError, match=r"holds all/one/b/b\.traj\.json, not among these inputs"):
        read(both, tmp_path / "store")
    assert open_store(tmp_path / "store").table("rollouts").height == 3
    read_traces([both], tmp_path / "store", ReadOptions(is_forced=True))
    assert open_store(tmp_path / "store").table("rollouts").height == 2


def test_what_is_no_store_of_traces_is_never_replaced(both: Path, tmp_path: Path) -> None:
    folder, file, priced, empty = (tmp_path / name for name in ("folder", "file", "priced", "empty"))
    (folder / "mine").mkdir(parents=True)
    file.write_text("mine")
    priced.mkdir()
    (priced / "manifest.json").write_text('{"kind": "priced"}')
    for output in (folder, file, priced):
        for is_forced in (False, True):
            with pytest.raises(StoreError):
                read_traces([both], output, ReadOptions(is_forced=is_forced))
    empty.mkdir()
    assert read_traces([both], empty).table("runs").height == 2


@pytest.mark.parametrize(
    "text", ['{"kind": "traces"}', '{"kind": "traces", "units": [{}]}', '{"kind": "traces", "units": 7}']
)
def test_a_store_with_a_damaged_manifest_is_a_clear_error(both: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match="damaged manifest"):
        read_traces([both], tmp_path / "store")


def test_damaged_memories_of_the_inputs_only_cost_time(both: Path, tmp_path: Path, parsed: list[str]) -> None:
    read(both, tmp_path / "store")
    for text in ("", "[]", '{"all/one/a/a.traj.json": 1}'):
        (tmp_path / "store" / ".inputs" / "files.json").write_text(text)
        read(both, tmp_path / "store")
    assert len(parsed) == 2


def test_a_store_inside_the_input_is_not_an_input(tmp_path: Path) -> None:
    write_run(tmp_path / "all" / "one", "a")
    stores = [read(tmp_path / "all", tmp_path / "all" / "store") for _ in range(2)]
    assert [tables["rejects"].height for tables in stores] == [0, 0]


def test_skipped_errors_are_errors_again_where_they_are_to_stop_the_reading(tmp_path: Path, parsed: list[str]) -> None:
    write(tmp_path / "run", trajectory("a", answer(usage={"prompt_tokens": -1})))
    for _ in range(2):
        assert read(tmp_path / "run", tmp_path / "store", "skip")["rejects"].height == 1
    assert len(parsed) == 1
    with pytest.raises(MalformedTraceError):
        read(tmp_path / "run", tmp_path / "store")


def test_the_same_run_in_two_folders_is_one_run_and_the_copy_is_listed(tmp_path: Path, parsed: list[str]) -> None:
    write_run(tmp_path / "all" / "one", "a", "b")
    shutil.copytree(tmp_path / "all" / "one", tmp_path / "all" / "two")
    for path in (tmp_path / "all" / "two").rglob("*.json"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    for _ in range(2):
        tables = read(tmp_path / "all", tmp_path / "store")
        assert (tables["runs"].height, tables["rollouts"].height, tables["calls"].height) == (1, 2, 4)
        assert tables["rejects"].select("kind", "source_path", "duplicate_of", "reason").rows() == [
            ("duplicate", "all/two", tables["runs"]["run_id"].item(), "the same run as in all/one")
        ]
    assert len(parsed) == 2
    shutil.rmtree(tmp_path / "all" / "one")
    alone = read_traces([tmp_path / "all"], tmp_path / "store", ReadOptions(is_forced=True)).tables()
    assert (alone["calls"].height, alone["rejects"].height, len(parsed)) == (4, 0, 2)


def test_calls_that_several_runs_share_are_counted(tmp_path: Path) -> None:
    write_run(tmp_path / "all" / "one", "a")
    write_run(tmp_path / "all" / "two", "a", "b")
    read(tmp_path / "all", tmp_path / "store")
    assert open_store(tmp_path / "store").manifest["n_calls_in_several_runs"] == 2
    read(tmp_path / "all" / "one", tmp_path / "alone")
    assert open_store(tmp_path / "alone").manifest["n_calls_in_several_runs"] == 0


def test_every_file_is_in_a_unit_or_in_the_rejects(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", "a")
    for name, content in (("notes.txt", b"hello"), ("empty.json", b""), ("cut.json.gz", gzip.compress(b"x" * 99)[:-9])):
        (folder / name).write_bytes(content)
    (folder / "gone").symlink_to(folder / "nothing")
    rejects = read(folder, tmp_path / "store", "skip")["rejects"]
    assert rejects.select("source_path", "kind").rows() == [
        ("run/cut.json.gz", "malformed"), ("run/empty.json", "unrecognised"), ("run/gone", "unrecognised"),
        ("run/notes.txt", "unrecognised"),
    ]  # fmt: skip


def test_nothing_to_read_is_said_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(TraceError, match=r"nothing to read .*notes\.txt: no reader recognises"):
        read_traces([tmp_path / "notes.txt"], tmp_path / "store")
    with pytest.raises(TraceError, match="unknown format 'nope'"):
        read_traces([tmp_path], tmp_path / "store", ReadOptions(format="nope"))
    with pytest.raises(TraceError, match="gone: No such file"):
        read_traces([tmp_path / "gone"], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_benchmark_that_is_named_goes_to_every_table_that_has_one(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a")
    tables = read_traces([tmp_path / "run"], tmp_path / "store", ReadOptions(benchmark="mine")).tables()
    assert [tables[name]["benchmark"].unique().to_list() for name in ("runs", "rollouts", "tasks")] == [["mine"]] * 3


def shard_of(tmp_path: Path, log: RejectLog, *batches: Batch) -> dict[str, pl.DataFrame]:
    write_shard(iter(batches), tmp_path, "x", "unit", log)
    return {name: pl.read_parquet(tmp_path / name / "x.parquet") for name in TABLES if (tmp_path / name).is_dir()}


@pytest.mark.parametrize("n_rows_in_memory", [200_000, 1])
def test_rows_that_repeat_a_key_are_listed_never_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_rows_in_memory: int
) -> None:
    monkeypatch.setattr(pile, "_ROWS_IN_MEMORY", n_rows_in_memory)
    calls = [call(call_index=index) for index in (0, 1, 1, 2, 2)]
    calls[4]["output_tokens"] = 7
    log = RejectLog("test", "skip")
    batches = [{"calls": frame(TABLES["calls"], row)} for row in calls]
    written = shard_of(tmp_path, log, *batches)["calls"]
    assert written.select("call_index", "output_tokens").rows() == [(0, 0), (1, 0), (2, 0)]
    assert [(row["kind"], row["reason"]) for row in log.rows] == [
        ("duplicate", "the same row of calls twice"),
        ("malformed", "a second row of this key in calls, with another output_tokens"),
    ]
    assert "call_index=2" in (log.rows[1]["place"] or "")
    with pytest.raises(MalformedTraceError, match="second row of this key"):
        shard_of(tmp_path, RejectLog("test"), *batches)


def test_a_unit_of_many_batches_gives_the_bytes_of_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        call(run_id=f"r{index % 2}", rollout_id=f"r/t{index % 7}" if index % 5 else None, call_index=index, call_id="c")
        for index in range(100)
    ]
    batches = [{"calls": frame(TABLES["calls"], *rows[start : start + 9])} for start in range(0, 100, 9)]
    written = []
    for name, n_rows in (("memory", 1000), ("disk", 20)):
        monkeypatch.setattr(pile, "_ROWS_IN_MEMORY", n_rows)
        shard_of(tmp_path / name, RejectLog("test"), *batches)
        written.append((tmp_path / name / "calls" / "x.parquet").read_bytes())
    assert written[0] == written[1]


def test_tasks_named_by_several_units_are_merged_and_what_they_contradict_is_unknown(tmp_path: Path) -> None:
    for name, rows in {
        "x": [task(family="f", weight=1.0)],
        "y": [task(weight=2.0, human_s=5.0), task(task_id="b")],
    }.items():
        write_shard([{"tasks": frame(TABLES["tasks"], *rows)}], tmp_path, name, name, RejectLog("test"))
    log = RejectLog(None)
    merge_tasks(tmp_path, log)
    merged = pl.read_parquet(tmp_path / "tasks" / "tasks.parquet").select("task_id", "family", "weight", "human_s")
    assert merged.rows() == [("b", None, None, None), ("task", "f", None, 5.0)]
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "bench/task")]


def test_the_manifest_counts_rows_and_names_the_options(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a", "b")
    read(tmp_path / "run", tmp_path / "store", "skip")
    manifest = open_store(tmp_path / "store").manifest
    assert manifest["rows"] == {**dict.fromkeys(TABLES, 0), "runs": 1, "tasks": 2, "rollouts": 2, "calls": 4}
    assert manifest["options"] == {
        "format": None,
        "benchmark": None,
        "on_error": "skip",
        "mapping": None,
        "task_map": None,
        "scorer": None,
    }
    assert [unit["name"] for unit in manifest["units"]] == ["run"]
