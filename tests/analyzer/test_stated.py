"""What a source states of a run: itself, else the sum of its rollouts, else of its calls and charges."""

from pathlib import Path

import pytest
from trajectories import answer, trajectory, usage, write

from analyzer.stated import stated, stated_costs
from traces.read import ReadOptions, read_traces
from traces.store import Store

ROWS = "task,score,billed\n{rows}"
MAPPING = """\
[run]
run_id = "r"
agent = "solver"
{run}
[[table]]
fills = "rollouts"
file = "tasks.csv"
columns = {{ task_id = "task", score = "score", recorded_cost_usd = "billed" }}
"""


def store(folder: Path, rows: str, run: str = "") -> Store:
    (folder / "tasks.csv").write_text(ROWS.format(rows=rows))
    (folder / "mapping.toml").write_text(MAPPING.format(run=run))
    return read_traces([folder / "tasks.csv"], folder / "store", ReadOptions(mapping=folder / "mapping.toml"))


@pytest.mark.parametrize(
    ("rows", "run", "words"),
    [
        ("a,1,0.5\nb,0,0.25\n", "", "$0.75"),
        ("a,1,0.5\nb,0,\n", "", "at least $0.50"),
        ("a,1,\nb,0,\n", "", None),
        ("a,1,0.5\nb,0,\n", "recorded_cost_usd = 2.0", "$2.00"),
    ],
)
def test_a_sum_with_a_part_not_stated_is_a_bound(tmp_path: Path, rows: str, run: str, words: str | None) -> None:
    (row,) = stated_costs(store(tmp_path, rows, run)).iter_rows(named=True)
    assert stated(row["stated_cost_usd"], row["stated_low_usd"]) == words


def test_calls_are_summed_where_neither_run_nor_rollouts_state_it(tmp_path: Path) -> None:
    bare = {"model_stats": {"instance_cost": 0.0, "api_calls": 1}}
    write(tmp_path / "run", trajectory("a", answer(usage=usage(cost=0.5)), **bare))
    costs = stated_costs(read_traces([tmp_path / "run"], tmp_path / "store"))
    assert costs["stated_cost_usd"].to_list() == [0.5]
