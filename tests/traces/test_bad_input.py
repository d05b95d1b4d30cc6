"""Every reader with every kind of bad input: the rest of the data and a counted reject, or a clear error."""

import gzip
import json
import re
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from inspect_logs import call, log, sample, write_eval
from metr_rows import early, lines
from tau2_files import results, simulation
from trajectories import Tables
from zips import write_zip

from traces.errors import MalformedTraceError, TraceError
from traces.read import ReadOptions, read_traces
from traces.registry import Source, SourceFile, discover
from traces.rejects import OnError, RejectLog
from traces.texts import n_places_in
from traces.walk import Unit, recognise, walk

DATA = Path(__file__).parents[1] / "data"
TEXT = re.compile(rb'":\s*"([^"\\]+)"')
NUMBER = re.compile(rb'":\s*(-?\d+(?:\.\d+)?)(?=[,\s}\]])')
MEMBER = re.compile(rb'\{\s*("[^"]+"\s*:\s*(?:"[^"\\]*"|[\d.]+|true|false|null))\s*,')
DEEP = b"[" * 2000 + b"]" * 2000
BINARY = (".parquet", ".db")
UNTOLD: Final = frozenset({"aider", "metr_horizons"})
"""Formats in YAML, in which a file that is cut off may be a whole one."""
COUNTED = ("runs", "rollouts", "calls")


def inside_text(content: bytes, put: bytes) -> bytes:
    found = list(TEXT.finditer(content))
    at = found[len(found) * 2 // 3].start(1) + 1 if found else len(content) * 2 // 3
    return content[:at] + put + content[at:]


def for_number(content: bytes, put: bytes) -> bytes:
    found = list(NUMBER.finditer(content))
    return content[: found[len(found) // 2].start(1)] + put + content[found[len(found) // 2].end(1) :]


def twice(content: bytes) -> bytes:
    member = MEMBER.search(content)
    return content if member is None else content[: member.end()] + member[1] + b"," + content[member.end() :]


def cut(content: bytes) -> bytes:
    """Cut a file within its last line, or if it has few of them at two thirds."""
    last = content.rstrip().rfind(b"\n") + 1
    is_lines = content[last : last + 1] == b"{" or content.lstrip()[:1] not in (b"{", b"[")
    return content[: last + (len(content) - last) // 3] if is_lines and last else content[: len(content) * 2 // 3]


DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "bare NaN": lambda content: for_number(content, b"NaN"),
    "half a character": lambda content: inside_text(content, b"\\ud800"),
    "no UTF-8": lambda content: inside_text(content, b"\xff"),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "duplicate key": twice,
    "2000 levels": lambda content: for_number(content, DEEP),
    "cut off": cut,
    "compressed": gzip.compress,
    "compressed and cut off": lambda content: gzip.compress(content)[:-9],
}
ONLY_JSON = frozenset({"bare NaN", "half a character", "duplicate key", "2000 levels"})


@cache
def golden() -> dict[str, list[Unit]]:
    units: dict[str, list[Unit]] = {name: [] for name in discover()}
    quiet = RejectLog(None, "skip")
    for unit in recognise(walk([DATA], quiet), discover().values(), quiet):
        units[unit.reader.name].append(unit)
    return units


def cases() -> list[Any]:
    """Give each reader with one file of each kind its golden inputs have."""
    found = []
    for name, units in golden().items():
        kinds: dict[str, tuple[Unit, int]] = {}
        for unit in units:
            for number, file in enumerate(unit.source.files):
                kinds.setdefault("".join(file.path.suffixes[-1:]), (unit, number))
        found += [pytest.param(unit, number, id=f"{name}{kind}") for kind, (unit, number) in kinds.items()]
    return found


def store_of(folder: Path, on_error: OnError) -> Tables:
    return read_traces([folder / "in"], folder / f"store-{on_error}", ReadOptions(on_error=on_error)).tables()


def written(unit: Unit, folder: Path, number: int, damage: Callable[[bytes], bytes]) -> None:
    for file in unit.files:
        place = folder / "in" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, place)
    target = folder / "in" / unit.source.files[number].name
    target.write_bytes(damage(target.read_bytes()))


def heights(tables: Tables) -> list[int]:
    return [tables[name].height for name in COUNTED]


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize(("unit", "number"), cases())
def test_bad_input_is_read_as_far_as_it_goes_and_what_is_wrong_is_counted_once(
    unit: Unit, number: int, kind: str, tmp_path: Path
) -> None:
    file = unit.source.files[number].path
    content = file.read_bytes()
    if file.suffix in BINARY and kind not in {"cut off", "compressed", "compressed and cut off"}:
        pytest.skip("not a text")
    if kind in ONLY_JSON and (content.lstrip()[:1] not in (b"{", b"[") or not NUMBER.search(content)):
        pytest.skip("not JSON")
    written(unit, tmp_path / "whole", number, lambda whole: whole)
    written(unit, tmp_path / "bad", number, DAMAGES[kind])
    whole = store_of(tmp_path / "whole", "skip")
    try:
        bad = store_of(tmp_path / "bad", "skip")
    except TraceError as error:  # nothing else to read
        problem = error.problem
    else:
        problem = ""
    if problem:
        assert "damaged" in problem
        assert kind in {"cut off", "compressed and cut off"}
        return
    said = bad["rejects"].join(whole["rejects"], on=["place", "kind", "reason"], how="anti", nulls_equal=True)
    reasons = said["reason"].to_list()
    assert [reason for reason in reasons if "stumbled" in reason or str(tmp_path) in reason] == []
    assert sum("broken JSON" in reason for reason in reasons) <= 1
    assert [reason for reason in reasons if n_places_in(reason) not in {None, 1}] == []
    if kind in {"byte order mark", "duplicate key", "compressed"}:
        assert (heights(bad), reasons) == (heights(whole), [])
    elif heights(bad) != heights(whole) and not (kind == "cut off" and unit.reader.name in UNTOLD):
        assert reasons
    is_stopping = (said["kind"] == "malformed") & ~said["reason"].str.contains(" no text ")
    if is_stopping.any():
        with pytest.raises(TraceError):
            store_of(tmp_path / "bad", "stop")


def test_every_reader_is_among_the_cases() -> None:
    assert {case.values[0].reader.name for case in cases()} == set(discover())


def refused(path: Path, store: Path) -> list[str]:
    rejected = RejectLog(None, "skip")
    assert recognise([SourceFile(path, path.name)], discover().values(), rejected) == []
    with pytest.raises(TraceError, match=r"nothing to read"):
        read_traces([path], store, ReadOptions(on_error="skip"))
    return [f"{row['kind']}: {row['reason']}" for row in rejected.rows]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_parquet_file_that_is_cut_off_is_said_to_be_one(tmp_path: Path, share: float) -> None:
    path = tmp_path / "runs.parquet"
    pl.DataFrame({"run_id": [str(number) for number in range(30_000)]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    reason = "malformed: damaged Parquet file: cut off before its end, which says what is in it"
    assert refused(path, tmp_path / "store") == [reason]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_of_two_bytes_a_character_is_said_to_be_that(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes("\ufeff{}".encode(encoding))
    assert refused(path, tmp_path / "store") == ["unrecognised: text in UTF-16: save it as UTF-8"]


def test_an_archive_that_is_cut_off_before_anything_tells_its_kind_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, [("notes.txt", b"0123456789")])
    assert refused(path, tmp_path / "store") == ["unrecognised: no reader recognises its content"]
    path.write_bytes(path.read_bytes()[:-30])
    reason = "malformed: damaged zip archive: cut off before its end, which says what is in it"
    assert refused(path, tmp_path / "store") == [reason]


@pytest.mark.parametrize("end", [".eval", ".parquet"])
def test_a_damaged_file_is_named_once_by_the_name_it_has_in_the_tables(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"log{end}"
    if end == ".eval":
        write_eval(path, log(sample(call())))
        path.write_bytes(path.read_bytes()[:-30])
    else:
        rows = [early(run_id=str(number)) for number in range(2000)]
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        whole = path.read_bytes()
        path.write_bytes(whole[:99] + bytes(500) + whole[599:])
    with pytest.raises(MalformedTraceError, match=rf"^log\{end}: damaged"):
        read_traces([path], tmp_path / "store")


def test_places_that_are_no_text_are_one_reject_per_file_and_stop_nothing(tmp_path: Path) -> None:
    rows = lines(early(run_id="a"), early(run_id="b"), early(run_id="c")).encode()
    bad = rows.replace(b'"a"', b'"a\xff\xff"').replace(b'"b"', b'"b\\ud800"')
    (tmp_path / "runs.jsonl").write_bytes(bad)
    tables = read_traces([tmp_path / "runs.jsonl"], tmp_path / "store").tables()
    assert tables["rollouts"]["native_id"].to_list() == ["a\ufffd\ufffd", "b\\ud800", "c"]
    assert tables["rejects"].select("source_path", "kind").rows() == [("runs.jsonl", "malformed")]
    assert n_places_in(tables["rejects"]["reason"].item()) == 3


def test_cells_that_are_no_text_are_counted_and_a_row_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    table = b"agent,elo,votes\nlarge\xe9,1200,10\nsmall,1100"
    (tmp_path / "board.csv").write_bytes(table)
    tables = read_traces([tmp_path / "board.csv"], tmp_path / "store", ReadOptions(on_error="skip")).tables()
    assert tables["runs"]["agent"].to_list() == ["large\ufffd"]
    assert [reason[:7] for reason in tables["rejects"]["reason"]] == ["1 place", "2 cells"]


CUT = {
    "metr": (lines(early(run_id="a"), early(run_id="b")), '"task_id"'),
    "inspect": (json.dumps(log(sample(call()), sample(call(), id="b"), reductions=None)), '"model_usage"'),
    "tau2": (json.dumps(results(simulation(id="a"), simulation(id="b"))), '"messages"'),
    "stirrup": ((DATA / "stirrup" / "state.json").read_text(), '"task_hash"'),
    "terminal_bench": ((DATA / "terminal_bench" / "run" / "results.json").read_text(), '"task_id"'),
}


@pytest.mark.parametrize("name", CUT)
def test_a_record_that_is_cut_off_is_one_reject(tmp_path: Path, name: str) -> None:
    text, before = CUT[name]
    path = tmp_path / "file"
    path.write_text(text[: text.rindex(before)])
    rejected = RejectLog(name, "skip")
    for _ in discover()[name].parse(Source("file", (SourceFile(path, "file"),)), rejected):
        pass
    assert [row["reason"] for row in rejected.rows if row["kind"] == "malformed"] == [
        next(str(row["reason"]) for row in rejected.rows if "broken JSON" in f"{row['place']}{row['reason']}")
    ]
