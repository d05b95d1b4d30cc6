"""Walking inputs: every file once, under a name that does not depend on where it lies; nothing goes unlisted."""

import os
from pathlib import Path

import pytest
from trajectories import trajectory, write, write_run

from traces.errors import MalformedTraceError, TraceError
from traces.registry import discover
from traces.rejects import OnError, RejectLog
from traces.walk import recognise, walk


def names(*paths: Path, on_error: OnError = "stop", leave_out: Path | None = None) -> tuple[list[str], list[str]]:
    """Names of the files found, and of those that are listed instead."""
    log = RejectLog(None, on_error)
    files = walk(paths, log, leave_out)
    return [file.name for file in files], [f"{row['source_path']}: {row['reason']}" for row in log.rows]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("in/b", "in/a", "in/sub/c", "in/.hidden/d", "in/.e"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


def test_files_are_named_from_the_path_given_and_hidden_ones_are_left_alone(folder: Path) -> None:
    assert names(folder) == (["in/a", "in/b", "in/sub/c"], [])
    assert names(folder / "sub" / "c") == (["c"], [])


def test_a_file_reached_twice_is_one_file(folder: Path) -> None:
    (folder / "again").symlink_to(folder / "sub")
    (folder / "link").symlink_to(folder / "a")
    assert len(names(folder, folder / "sub", folder / "a")[0]) == 3


def test_two_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for place in ("x", "y"):
        (tmp_path / place / "run").mkdir(parents=True)
        (tmp_path / place / "run" / "a").write_text("")
    assert names(tmp_path / "x" / "run", tmp_path / "y" / "run")[0] == ["run/a", "run~2/a"]


def test_links_in_a_circle_are_walked_once(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self").symlink_to("self")
    found, listed = names(folder)
    assert found == ["in/a", "in/b", "in/sub/c"]
    assert [line.split(":")[0] for line in listed] == ["in/self"]


def test_what_leads_nowhere_or_is_no_file_is_listed(folder: Path) -> None:
    (folder / "dangling").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe")
    assert names(folder)[1] == ["in/dangling: a link to nothing", "in/pipe: neither a file nor a folder"]


def test_a_path_that_is_not_there_or_no_file_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "self").symlink_to("self")
    for name in ("nothing", "pipe", "self", "x" * 300):
        with pytest.raises(TraceError, match=name):
            names(tmp_path / name)


def test_a_folder_that_cannot_be_read_stops_or_is_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(MalformedTraceError, match=r"in/sub.*Permission denied"):
        names(folder)
    assert names(folder, on_error="skip") == (["in/a", "in/b"], ["in/sub: folder cannot be read: Permission denied"])


def test_a_file_that_cannot_be_read_stops_or_is_listed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a")
    files = walk([tmp_path / "run"], RejectLog(None))
    files[0].path.unlink()
    log = RejectLog(None, "skip")
    assert recognise(files, discover().values(), log) == []
    assert [(row["source_path"], row["kind"]) for row in log.rows] == [("run/a/a.traj.json", "malformed")]
    with pytest.raises(MalformedTraceError, match="No such file"):
        recognise(files, discover().values(), RejectLog(None))


def test_a_name_that_is_no_text_is_written_in_escapes(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff")
    Path(path).write_text("")
    assert names(tmp_path)[0] == [f"{tmp_path.name}/bad\\udcff"]


def test_the_store_to_be_written_is_no_input(folder: Path) -> None:
    assert names(folder, leave_out=folder / "sub")[0] == ["in/a", "in/b"]


def test_run_folders_are_units_with_the_score_file_beside_them(tmp_path: Path) -> None:
    write_run(tmp_path / "all" / "one", "a", "b")
    write_run(tmp_path / "all" / "two", "c")
    write(tmp_path / "all" / "flat", trajectory("d")).rename(tmp_path / "all" / "d.traj.json")
    for place in ("one", "two", "."):
        (tmp_path / "all" / place / "scores.json").write_text('{"resolved_ids": ["a"]}')
    log = RejectLog(None)
    units = recognise(walk([tmp_path / "all"], log), discover().values(), log)
    assert {unit.source.name: [file.name for file in unit.source.companions] for unit in units} == {
        "all": ["all/scores.json"],
        "all/one": ["all/one/scores.json"],
        "all/two": ["all/two/scores.json"],
    }
