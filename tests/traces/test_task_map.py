"""One name for tasks that sources name differently."""

from pathlib import Path

import pytest
from trajectories import write_run

from traces.errors import TraceError
from traces.read import ReadOptions, read_traces
from traces.task_map import load_task_map

MAP = "benchmark,task_id,to_benchmark,to_task_id\nswe-bench,a,swe-bench-verified,astropy-1\n"


def written(folder: Path, text: str = MAP) -> Path:
    (folder / "map.csv").write_text(text, encoding="utf-8")
    return folder / "map.csv"


def test_tasks_and_their_benchmark_are_renamed_everywhere_and_others_stay(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a", "b")
    store = read_traces([tmp_path / "run"], tmp_path / "store", ReadOptions(task_map=written(tmp_path)))
    for name in ("rollouts", "tasks"):
        assert store.table(name).select("benchmark", "task_id").sort("task_id").rows() == [
            ("swe-bench-verified", "astropy-1"), ("swe-bench-verified", "b"),
        ]  # fmt: skip
    assert store.table("runs")["benchmark"].to_list() == ["swe-bench-verified"]


def test_rows_that_name_no_task_are_told_also_where_nothing_is_read_again(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a", "b")
    options = ReadOptions(task_map=written(tmp_path, MAP + "swe-bench,typo,swe-bench-verified,x\ngaia,a,gaia,b\n"))
    for _ in range(2):
        store = read_traces([tmp_path / "run"], tmp_path / "store", options)
        assert store.manifest["warnings"] == [
            "map.csv: 2 of 3 rows match no task of the inputs (line 3: swe-bench/typo; line 4: gaia/a)"
        ]
        assert store.manifest["units"][0]["task_map_lines"] == [2]


def test_of_many_rows_that_name_no_task_the_first_are_shown(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a")
    map_path = written(tmp_path, MAP + "".join(f"gaia,{number},gaia,t{number}\n" for number in range(5)))
    store = read_traces([tmp_path / "run"], tmp_path / "store", ReadOptions(task_map=map_path))
    assert store.manifest["warnings"] == [
        "map.csv: 5 of 6 rows match no task of the inputs (line 3: gaia/0; line 4: gaia/1; line 5: gaia/2; and 2 more)"
    ]


def test_a_map_whose_rows_all_match_is_not_spoken_of(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a")
    store = read_traces([tmp_path / "run"], tmp_path / "store", ReadOptions(task_map=written(tmp_path)))
    assert store.manifest["warnings"] == []


def test_another_map_is_another_reading(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "a")
    read_traces([tmp_path / "run"], tmp_path / "store")
    store = read_traces([tmp_path / "run"], tmp_path / "store", ReadOptions(task_map=written(tmp_path)))
    assert store.table("rollouts")["task_id"].to_list() == ["astropy-1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("benchmark,task_id\n", "no column to_benchmark, to_task_id"),
        (MAP + "swe-bench,a,swe-bench-verified,other\n", "line 3: a second name for swe-bench/a"),
        (MAP + "swe-bench,b,gaia,b\n", "line 3: swe-bench would become two benchmarks"),
        (MAP + "swe-bench,b,gaia,\n", "line 3: an empty cell"),
    ],
)
def test_a_map_that_cannot_be_is_refused_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=problem):
        load_task_map(written(tmp_path, text))
