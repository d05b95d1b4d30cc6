"""A store is replaced only as a whole, gives the declared types, and equal tables give equal bytes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from builders import call, frame
from trajectories import read, write_run

from traces.errors import StoreError
from traces.inventory import changed
from traces.schema import CALLS
from traces.store import (
    SCHEMA_VERSION,
    Store,
    is_store,
    open_store,
    sink_parquet,
    write_manifest,
    write_parquet,
)
from traces.swap import aside, repair, replacing

CALL_ROWS = frame(CALLS, *(call(call_index=index, model=f"m{index % 2}", provider=None) for index in range(4)))


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def make(path: Path, text: str) -> None:
    with replacing(path) as folder:
        write_manifest({"kind": text}, folder)


def kind(path: Path) -> str:
    return str(open_store(path).manifest["kind"])


def stored(tmp_path: Path) -> Store:
    write_parquet(CALL_ROWS, tmp_path / "calls" / "a.parquet", CALLS)
    write_manifest({"kind": "traces"}, tmp_path)
    return open_store(tmp_path)


def test_repeated_columns_are_stored_as_categories_and_given_as_text(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert store.scan_raw("calls").collect_schema()["model"] == pl.Categorical
    assert dict(store.scan("calls").collect_schema()) == dict(CALLS.schema)
    assert store.table("calls").equals(CALL_ROWS)


def test_a_table_without_shards_has_the_declared_types(tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert dict(store.scan("rollouts").collect_schema()) == {
        column.name: column.dtype for column in store.declared["rollouts"].columns
    }
    (tmp_path / "calls" / "a.parquet").unlink()
    assert store.scan_raw("calls").collect_schema()["model"] == pl.Categorical


def test_another_program_sees_text_in_repeated_columns(tmp_path: Path) -> None:
    path = stored(tmp_path).shards("calls")[0]
    types = duckdb.read_parquet(str(path)).select("model", "run_id").types
    assert [str(dtype) for dtype in types] == ["VARCHAR", "VARCHAR"]


def test_bytes_do_not_depend_on_what_the_process_did_before_nor_on_how_they_are_written(tmp_path: Path) -> None:
    write_parquet(CALL_ROWS, tmp_path / "first.parquet", CALLS)
    kept = pl.Series([f"other{number}" for number in range(1000)]).cast(pl.Categorical)
    write_parquet(CALL_ROWS, tmp_path / "second.parquet", CALLS)
    sink_parquet(CALL_ROWS.lazy(), tmp_path / "third.parquet", CALLS)
    assert kept.len() == 1000
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a", "b", n_calls=50)
    program = "import sys; from pathlib import Path; from traces.read import read_traces; "
    program += "read_traces([Path(sys.argv[1])], Path(sys.argv[2]))"
    for threads in ("1", "2"):
        command = [sys.executable, "-c", program, str(tmp_path / "run"), str(tmp_path / threads)]
        subprocess.run(command, check=True, env={"POLARS_MAX_THREADS": threads}, cwd=Path(__file__).parents[2])
    assert content(tmp_path / "1") == content(tmp_path / "2")


def content(store: Path) -> dict[str, bytes]:
    """Every file of a store but the hidden ones, which hold paths and times of this machine."""
    files = (path.relative_to(store) for path in store.rglob("*") if path.is_file())
    return {str(file): (store / file).read_bytes() for file in files if not file.parts[0].startswith(".")}


def test_the_same_run_read_from_another_place_gives_the_same_bytes(tmp_path: Path) -> None:
    for place in ("here", "there"):
        write_run(tmp_path / place / "run", "a", "b")
        read(tmp_path / place / "run", tmp_path / place / "store")
    assert content(tmp_path / "here" / "store") == content(tmp_path / "there" / "store")


def test_an_error_while_writing_leaves_the_old_store_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path / "store", "old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "store"):
        raise KeyboardInterrupt
    assert kind(tmp_path / "store") == "old"
    assert leftovers(tmp_path) == []


def test_an_error_of_the_disk_is_a_clear_error_and_leaves_the_old_store(tmp_path: Path) -> None:
    make(tmp_path / "store", "old")
    with pytest.raises(StoreError, match="No space left"), replacing(tmp_path / "store"):
        raise OSError(28, "No space left on device")
    assert kind(tmp_path / "store") == "old"
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file: File exists"), replacing(tmp_path / "file" / "store"):
        pass


def test_a_swap_interrupted_between_its_two_steps_is_undone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    make(store, "old")
    store.rename(aside(store, "old"))
    aside(store, "new").mkdir()
    assert is_store(store)
    assert kind(store) == "old"
    make(store, "new")
    assert (kind(store), leftovers(tmp_path)) == ("new", [])


def test_a_swap_interrupted_after_its_last_step_is_finished(tmp_path: Path) -> None:
    store = tmp_path / "store"
    make(store, "old")
    store.rename(aside(store, "old"))
    make(tmp_path / "other", "new")
    (tmp_path / "other").rename(store)
    assert (kind(store), leftovers(tmp_path)) == ("new", [])


def test_two_writers_of_one_store_do_not_meet(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with replacing(store) as folder:
        write_manifest({"kind": "first"}, folder)
        with pytest.raises(StoreError, match="another process is writing"), replacing(store):
            pass
    assert (kind(store), leftovers(tmp_path)) == ("first", [])


def test_opening_does_not_undo_the_swap_of_a_living_writer(tmp_path: Path) -> None:
    store = tmp_path / "store"
    make(store, "old")
    with replacing(store) as folder:
        write_manifest({"kind": "new"}, folder)
        aside(store, "old").mkdir()
        repair(store)
        assert aside(store, "old").is_dir()
    assert kind(store) == "new"


def test_a_store_behind_a_link_is_replaced_where_it_lies(tmp_path: Path) -> None:
    make(tmp_path / "disk" / "store", "old")
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "store")
    make(tmp_path / "link", "new")
    assert (kind(tmp_path / "link"), (tmp_path / "link").is_symlink()) == ("new", True)
    assert leftovers(tmp_path / "disk") == []


def foreign(shards: Path) -> None:
    shutil.copyfile(shards / "a.parquet", shards / "b.parquet")


def cut(shards: Path) -> None:
    (shards / "a.parquet").write_bytes((shards / "a.parquet").read_bytes()[:-1])


CHANGES: dict[str, Callable[[Path], None]] = {
    "calls/a.parquet is missing": lambda shards: (shards / "a.parquet").unlink(),
    "calls/b.parquet does not belong to it": foreign,
    "calls/a.parquet is damaged": cut,
}


@pytest.mark.parametrize(("problem", "change"), CHANGES.items())
def test_a_store_with_a_missing_foreign_or_cut_shard_is_not_opened(
    tmp_path: Path, problem: str, change: Callable[[Path], None]
) -> None:
    stored(tmp_path)
    change(tmp_path / "calls")
    with pytest.raises(StoreError, match=problem) as raised:
        open_store(tmp_path)
    assert "evalreplay read TRACES -o" in (raised.value.hint or "")


def test_a_changed_shard_of_the_same_size_is_found_by_its_content(tmp_path: Path) -> None:
    store = stored(tmp_path)
    shard = tmp_path / "calls" / "a.parquet"
    shard.write_bytes(bytes(shard.stat().st_size))
    assert changed(tmp_path, open_store(tmp_path).manifest["shards"]) == []
    assert changed(tmp_path, store.manifest["shards"], by_content=True) == [
        "calls/a.parquet is damaged: not what was written"
    ]


@pytest.mark.parametrize(("version", "hint"), [(None, "read the traces"), (1, "read the traces"), (99, "upgrade")])
def test_a_store_of_another_version_is_refused_with_the_version_this_one_writes(
    tmp_path: Path, version: int | None, hint: str
) -> None:
    store = stored(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({**store.manifest, "schema_version": version}))
    with pytest.raises(StoreError, match=f"version {version}; .* version {SCHEMA_VERSION}") as raised:
        open_store(tmp_path)
    assert hint in (raised.value.hint or "")


def test_a_store_that_lost_its_manifest_is_recognised(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(StoreError, match="looks like a store without its manifest"):
        open_store(tmp_path)


def test_a_store_is_opened_by_a_path_written_as_text_and_described_in_a_line(tmp_path: Path) -> None:
    stored(tmp_path)
    assert repr(open_store(str(tmp_path))) == f"<Store {tmp_path}: traces, no rows counted>"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"kind"', "\x00"])
def test_a_damaged_manifest_is_a_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json"):
        open_store(tmp_path)


def test_what_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(StoreError, match="not a store"):
            open_store(path)
        assert not is_store(path)
    assert not is_store(Path("/"))
