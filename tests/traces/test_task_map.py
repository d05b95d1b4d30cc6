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
