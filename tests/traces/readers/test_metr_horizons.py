"""metr_horizons reader: averages of agents at the level of runs, 0 dollars unknown."""

from pathlib import Path

import pytest
from board_files import assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.readers.metr_horizons import READER
from traces.registry import Peek

DATA = Path(__file__).parents[2] / "data" / "metr_horizons"
HEAD = "benchmark_name: METR-Horizon-v1.1\nresults:\n"


def entry(name: str = "large", score: str = "0.5", usd: str = "0.0") -> str:
    lines = (
        f"  {name}:", "    metrics:", f"      average_score: {{estimate: {score}}}",
        "      p50_horizon_length: {estimate: 5.5}", f"      usage: {{usd: {usd}}}",
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def test_a_file_gives_the_tables_beside_it() -> None:
    tables, log = read_files(READER, [DATA / "results.yaml"])
    assert_golden(tables, DATA, "results")
    assert log.rows == []


def test_0_dollars_are_unknown(tmp_path: Path) -> None:
    tables, _ = read_text(READER, tmp_path, HEAD + entry() + entry("small", usd="812.5"))
    assert tables["runs"].sort("agent")["recorded_cost_usd"].to_list() == [None, 812.5]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (entry("bad", score="high"), "results.bad.average_score"),
        (entry("bad", score=".nan"), "results.bad.average_score"),
        (entry("bad", usd="[1]"), "results.bad.usage.usd"),
        (entry("bad", usd="-1"), "results.bad"),
        ("  bad: 5\n", "results.bad"),
    ],
)
def test_a_bad_value_is_rejected_by_its_place_and_the_others_are_kept(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(MalformedTraceError) as raised:
        read_text(READER, tmp_path, HEAD + text + entry())
    assert raised.value.place == place
    tables, log = read_text(READER, tmp_path, HEAD + text + entry(), "skip")
    assert place in [row["place"] for row in log.rows]
    assert "large" in tables["runs"]["agent"].to_list()


@pytest.mark.parametrize("text", ["", "results: 5", HEAD, HEAD + "  a: [", "results: " + "[" * 5000, "a: \x00"])
def test_a_file_with_nothing_to_read_is_a_reject(tmp_path: Path, text: str) -> None:
    tables, log = read_text(READER, tmp_path, text, "skip")
    assert tables["runs"].height == 0
    assert {row["kind"] for row in log.rows} == {"malformed"}


def test_aliases_that_multiply_are_not_followed(tmp_path: Path) -> None:
    levels = "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 60))
    text = "a0: &a0 x\n" + levels + HEAD + entry() + "      is_sota: *a59\n"
    tables, log = read_text(READER, tmp_path, text)
    assert (tables["runs"].height, log.rows) == (1, [])


@pytest.mark.parametrize("text", ["", HEAD, "benchmark_name: x\nresults:\n  a:\n    metrics:\n      score: 1\n"])
def test_other_files_are_not_taken_for_horizons(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))
