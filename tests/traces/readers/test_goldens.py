"""Golden inputs give the tables beside them; damaged ones give what is left of them, and never a traceback."""

import gzip
import json
import re
from pathlib import Path

import pytest
from golden import CASES, FORMATS, TABLES, files, golden, known, read_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traces.errors import ReplayError
from traces.files import peek
from traces.read import ReadOptions, read_traces
from traces.registry import discover

ALL_FILES = [(name, path) for name in FORMATS for path in files(name)]
EACH_FILE = pytest.mark.parametrize(
    ("name", "path"), ALL_FILES, ids=[f"{name}-{path.stem}" for name, path in ALL_FILES]
)
EACH_CASE = pytest.mark.parametrize(("name", "case"), CASES, ids=["-".join(case) for case in CASES])


@EACH_CASE
def test_a_golden_input_gives_the_tables_beside_it(name: str, case: str, tmp_path: Path) -> None:
    tables = read_case(name, case, tmp_path / "store")
    for table in TABLES:
        found = known(tables[table]).write_csv() if tables[table].height else ""
        assert found == golden(name, case, table), table


@EACH_CASE
def test_reading_together_and_in_another_folder_changes_no_id(name: str, case: str, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "data" / name / case
    ids = [table["run_id"].to_list() for table in (read_case(name, case, tmp_path / "a")["runs"],)]
    both = read_traces([source, source.parent], tmp_path / "b", ReadOptions(on_error="skip")).tables()["runs"]
    assert set(ids[0]) <= set(both["run_id"].to_list())


@EACH_FILE
def test_every_file_is_recognised_by_its_own_reader_alone(name: str, path: Path) -> None:
    assert [reader.name for reader in discover().values() if reader.sniff(peek(path))] == [name]


@EACH_FILE
def test_a_compressed_copy_is_the_same_run(name: str, path: Path, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain" / path.name, tmp_path / "packed" / path.name
    for copy, text in ((plain, path.read_bytes()), (packed, gzip.compress(path.read_bytes()))):
        copy.parent.mkdir()
        copy.write_bytes(text)
    stores = [read_traces([copy], tmp_path / f"{copy.parent.name}.store").tables() for copy in (plain, packed)]
    assert stores[0]["calls"].equals(stores[1]["calls"])
    assert name in stores[0]["runs"]["source_format"].to_list()


def read_damaged(name: str, path: Path, text: bytes, folder: Path) -> None:
    """Read as that format: either tables, or an error of our own; with errors skipped each damage is listed."""
    copy = folder / path.name
    copy.write_bytes(text)
    for number, on_error in enumerate(("skip", "stop")):
        store = folder / f"store{number}"
        try:
            read_traces([copy], store, ReadOptions(format=name, on_error=on_error))  # type: ignore[arg-type]
        except ReplayError:
            continue


DAMAGES = {
    "NaN": lambda text: re.sub(rb": \d+(\.\d+)?", b": NaN", text, count=20),
    "infinite": lambda text: re.sub(rb": \d+(\.\d+)?", b": -Infinity", text, count=20),
    "absurd": lambda text: re.sub(rb": \d+(\.\d+)?", b": 1e300", text),
    "huge": lambda text: re.sub(rb": \d+", b": 9" + b"9" * 40, text),
    "negative": lambda text: re.sub(rb": (\d)", rb": -\1", text),
    "text for numbers": lambda text: re.sub(rb": \d+(\.\d+)?", b': "many"', text),
    "objects for texts": lambda text: re.sub(rb': "[^"]*"', b": {}", text),
    "lists for objects": lambda text: text.replace(b": {", b': [1, {"x": ').replace(b"}", b"}]"),
    "lone surrogate": lambda text: re.sub(rb': "[^"]+"', rb': "\\ud83d"', text),
    "null bytes": lambda text: re.sub(rb': "[^"]+"', rb': "a\\u0000b"', text),
    "invalid UTF-8": lambda text: text.replace(b'"', b'"\xff', 9),
    "BOM": lambda text: b"\xef\xbb\xbf" + text,
    "duplicate keys": lambda text: re.sub(rb'("\w+": \d+)', rb"\1, \1", text),
    "nested": lambda text: re.sub(rb': "[^"]+"', b": " + b"[" * 2000 + b"]" * 2000, text, count=3),
    "nulls": lambda text: re.sub(rb': (\d+(\.\d+)?|"[^"]*")', b": null", text),
    "half": lambda text: text[: len(text) // 2],
    "nearly whole": lambda text: text[:-3],
    "empty": lambda _text: b"",
    "not JSON": lambda _text: b"{",
    "twice": lambda text: text + text,
}


@EACH_FILE
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_gives_the_rest_or_a_clear_error(name: str, path: Path, damage: str, tmp_path: Path) -> None:
    read_damaged(name, path, DAMAGES[damage](path.read_bytes()), tmp_path)


@EACH_FILE
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=0, max_size=6), st.integers(0, 6)), max_size=4))
def test_random_edits_end_in_no_traceback(
    name: str, path: Path, edits: list[tuple[float, bytes, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = path.read_bytes()
    for share, put, drop in edits:
        place = int(share * len(text))
        text = text[:place] + put + text[place + drop :]
    read_damaged(name, path, text, tmp_path_factory.mktemp("edited"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("2026-01-15T12:00:00"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@EACH_FILE
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), value=VALUES)
def test_any_value_in_any_place_ends_in_no_traceback(
    name: str, path: Path, seed: int, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first, *others = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    changed = "\n".join([json.dumps(replaced(json.loads(first), seed, value)), *others])
    read_damaged(name, path, changed.encode("utf-8", "replace"), tmp_path_factory.mktemp("changed"))


def replaced(document: object, seed: int, value: object) -> object:
    """Put a value in one place of a document, any of them by the seed."""
    inner = list(document.items() if isinstance(document, dict) else enumerate(document)) if isinstance(document, dict | list) else []  # fmt: skip # noqa: E501
    if not inner or seed % 3 == 0:
        return value
    key, part = inner[seed % len(inner)]
    document[key] = replaced(part, seed // 3 + seed % 7, value)  # type: ignore[index]
    return document
