"""tau2 reader: runs whose simulations lie in files of their own, as tau2-bench keeps those with voice."""

import json
from pathlib import Path
from typing import Any

import pytest
from tau2_files import read, results, simulation
from trajectories import Tables
from trajectories import read as read_folder

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.tau2 import READER

SIMULATIONS = [simulation(), simulation(id="s2", task_id="2", reward_info={"reward": 0.0})]


def index(*simulations: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("id", "task_id", "trial", "termination_reason", "agent_cost", "duration")
    return [{**{name: one[name] for name in names}, "reward": one["reward_info"]["reward"]} for one in simulations]


def write(folder: Path, *simulations: dict[str, Any], indexed: list[dict[str, Any]] | None = None) -> Path:
    run = folder / "run"
    (run / "simulations").mkdir(parents=True)
    document = results()
    del document["simulations"]
    (run / "results.json").write_text(json.dumps(document | {"simulation_index": indexed or index(*simulations)}))
    for one in simulations:
        (run / "simulations" / f"{one['id']}.json").write_text(json.dumps(one, indent=2))
    return run


def read_run(folder: Path, *simulations: dict[str, Any], **more: Any) -> Tables:
    return read_folder(write(folder, *simulations, **more), folder / "store", "skip")


def test_a_run_in_several_files_is_the_run_in_one(tmp_path: Path) -> None:
    alone, _ = read(tmp_path, results(*SIMULATIONS))
    tables = read_run(tmp_path, *SIMULATIONS)
    assert tables["rejects"].height == 0
    for name in ("rollouts", "calls", "scores", "tasks"):
        assert tables[name].equals(alone[name]), name
    assert tables["runs"]["run_id"].equals(alone["runs"]["run_id"])


def test_of_simulations_whose_files_are_not_there_the_index_tells_the_end(tmp_path: Path) -> None:
    tables = read_run(tmp_path, SIMULATIONS[0], indexed=index(*SIMULATIONS))
    assert tables["rollouts"].select("task_id", "score", "stop_reason", "wall_s").rows() == [
        ("1", 1.0, "submitted", 60.0), ("2", 0.0, "submitted", 60.0)
    ]  # fmt: skip
    assert tables["calls"].filter(granularity="rollout")["role"].to_list() == ["agent", "user"]
    assert tables["rejects"]["reason"].to_list() == ["1 simulations in it have no file: no calls"]


def test_simulations_without_their_results_are_a_run_of_an_unknown_agent(tmp_path: Path) -> None:
    run = write(tmp_path, *SIMULATIONS)
    (run / "results.json").unlink()
    tables = read_folder(run, tmp_path / "store")
    assert (tables["rollouts"].height, tables["runs"]["agent"].to_list()) == (2, ["unknown"])


def test_a_cut_simulation_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    run = write(tmp_path, *SIMULATIONS)
    path = run / "simulations" / "s2.json"
    path.write_text(path.read_text()[:700])
    assert READER.sniff(peek(path))
    with pytest.raises(MalformedTraceError):
        read_folder(run, tmp_path / "stopped")
    tables = read_folder(run, tmp_path / "store", "skip")
    assert "1" in tables["rollouts"]["task_id"].to_list()
    assert tables["rejects"]["source_path"].unique().to_list() == ["run/simulations/s2.json"]


def test_a_real_run_split_into_files_gives_its_figures(shared_data: Path, tmp_path: Path) -> None:
    document = json.loads((shared_data / "tau2" / "83e6079607fae0cc610662f8a779f2df98c9a618.json").read_bytes())
    tables = read_run(tmp_path, *document["simulations"])
    assert (tables["rollouts"].height, tables["rollouts"]["score"].mean()) == (20, pytest.approx(0.5))
    assert tables["calls"].filter(role="agent")["recorded_cost_usd"].sum() == pytest.approx(0.7833, abs=1e-4)
