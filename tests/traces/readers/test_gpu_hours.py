"""gpu_hours reader: hours of accelerators are charges in seconds, of a run or of the rollouts its rows are."""

from pathlib import Path

import pytest
from board_files import assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.readers.gpu_hours import READER
from traces.registry import Peek

DATA = Path(__file__).parents[2] / "data" / "gpu_hours"


@pytest.mark.parametrize(("name", "ending"), [("runs", "csv"), ("tasks", "tsv")])
def test_tables_give_the_tables_beside_them(name: str, ending: str) -> None:
    tables, log = read_files(READER, [DATA / f"{name}.{ending}"])
    assert_golden(tables, DATA, name)
    assert log.rows == []


@pytest.mark.parametrize(
    ("column", "chip"),
    [
        ("gpu_hours", None), ("GPU hours", None), ("H100-hours", "h100"), ("A100 80GB hours", "a100_80gb"),
        ("h100_gpu_hours", "h100"), ("TPU hours", None), ("v5e accelerator hours", "v5e"),
    ],
)  # fmt: skip
def test_a_column_of_hours_may_name_the_chip(tmp_path: Path, column: str, chip: str | None) -> None:
    text = f"model,{column}\nlarge,2\n"
    assert READER.sniff(Peek(text.encode(), b""))
    charges = read_text(READER, tmp_path, text)[0]["charges"]
    assert charges.select("kind", "quantity", "unit", "resource").rows() == [("accelerator_s", 7200.0, "s", chip)]


def test_a_column_of_its_own_names_the_chip_first(tmp_path: Path) -> None:
    tables, _ = read_text(READER, tmp_path, "model;gpu;gpu_hours\nlarge;H200 SXM;2\n")
    assert tables["charges"]["resource"].to_list() == ["H200 SXM"]


def test_dollars_over_several_kinds_of_hours_belong_to_the_run_alone(tmp_path: Path) -> None:
    tables, _ = read_text(READER, tmp_path, "model,gpu_hours,cpu_hours,cost_usd\nlarge,1,2,5\n")
    assert tables["runs"]["recorded_cost_usd"].to_list() == [5.0]
    assert tables["charges"]["recorded_cost_usd"].to_list() == [None, None]


def test_a_row_that_stands_twice_counts_once(tmp_path: Path) -> None:
    tables, log = read_text(READER, tmp_path, "model,gpu_hours\nlarge,1\nlarge,1\nlarge,2\n")
    assert tables["runs"].height == 2
    assert [(row["kind"], row["place"]) for row in log.rows] == [("duplicate", "line 3")]


def test_rows_in_another_order_are_the_same_runs(tmp_path: Path) -> None:
    rows = ["large,maze,0,1\n", "large,maze,1,2\n", "small,maze,0,3\n"]
    both = [
        read_text(READER, tmp_path, "model,task,seed,gpu_hours\n" + "".join(order))[0] for order in (rows, rows[::-1])
    ]
    assert all(both[0][name].equals(both[1][name]) for name in both[0])


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("small,540-4200\n", "line 3.gpu_hours"),
        ("small,many\n", "line 3.gpu_hours"),
        ("small,-3\n", "line 3"),
        ("small,1,2,3\n", "line 3"),
        (",5\n", "line 3"),
    ],
)
def test_a_bad_row_is_rejected_by_its_place_and_the_others_are_kept(tmp_path: Path, row: str, place: str) -> None:
    text = f"model,gpu_hours\nlarge,1\n{row}other,2\n"
    with pytest.raises(MalformedTraceError) as raised:
        read_text(READER, tmp_path, text)
    assert raised.value.place == place
    tables, log = read_text(READER, tmp_path, text, "skip")
    assert place in [row["place"] for row in log.rows]
    assert {"large", "other"} <= set(tables["runs"]["agent"])


@pytest.mark.parametrize(
    "text",
    ["", "model,hours\n", "gpu_hours\n1\n", "wall_hours,model\n", '{"model": 1, "gpu_hours": 2}', "\x00\r,gpu_hours"],
)
def test_other_tables_are_not_taken_for_hours(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), b""))
