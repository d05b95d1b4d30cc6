"""Whatever happened to a file, a reader gives the rest of it, rejects, or a clear error; never another exception."""

import re
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traces.checks import checked
from traces.errors import ReplayError
from traces.registry import discover
from traces.rejects import RejectLog
from traces.walk import Unit, recognise, walk

DATA = Path(__file__).parents[1] / "data"
VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')
ODD = (
    b"NaN", b"Infinity", b"-1", b"1e999", b"0.5", b"99999999999999999999999", b"null", b"true", b"[]", b"{}", b'""',
    b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf", b'"2026-13-45T99:99:99Z"', b"[" * 2000, b'{"a":' * 2000, b"", b",", b"}",
)  # fmt: skip


@cache
def golden_units() -> dict[str, list[Unit]]:
    """Units of the golden folders by the reader that recognises them."""
    units: dict[str, list[Unit]] = {name: [] for name in discover()}
    for unit in recognise(walk([DATA], RejectLog(None, "skip")), discover().values(), RejectLog(None, "skip")):
        units[unit.reader.name].append(unit)
    return units


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, int, int, bytes]:
    """Draw what happens: how, where (as shares of the file in millionths), and what is put there."""
    how = draw(st.sampled_from(["cut", "value", "bytes", "twice"]))
    return how, draw(st.integers(0, 999_999)), draw(st.integers(1, 64)), draw(st.sampled_from(ODD))


def damaged(content: bytes, damage: tuple[str, int, int, bytes]) -> bytes:
    how, where, size, put = damage
    at = len(content) * where // 1_000_000
    if how == "cut":
        return content[:at]
    if how == "bytes":
        return content[:at] + put + content[at + size :]
    if how == "twice":
        return content[: at + size] + content[at:]
    found = VALUE.search(content, at) or VALUE.search(content)
    return content if found is None else content[: found.start()] + put + content[found.end() :]


@pytest.mark.parametrize("name", sorted(discover()))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_file_never_ends_in_another_exception(name: str, data: st.DataObject) -> None:
    units = golden_units()[name]
    assert units, f"no golden file of {name} under tests/data"
    unit = units[data.draw(st.integers(0, len(units) - 1))]
    file = unit.files[data.draw(st.integers(0, len(unit.files) - 1))]
    with TemporaryDirectory() as folder:
        for each in unit.files:
            place = Path(folder) / each.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(each.path, place)
        target = Path(folder) / file.name
        target.write_bytes(damaged(file.path.read_bytes(), data.draw(damages())))
        log = RejectLog(name, "skip")
        for found in recognise(walk([Path(folder)], log), [unit.reader], log):
            with suppress(ReplayError):
                for batch in unit.reader.parse(found.source, log):
                    checked(batch, log)
