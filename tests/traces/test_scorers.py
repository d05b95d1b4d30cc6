"""A scorer that no run has is an error that names those there are; one that some runs lack is a warning."""

import json
from pathlib import Path
from typing import Any

import pytest
import tau2_files
from inspect_logs import log, sample
from trajectories import write_run

from traces.errors import TraceError
from traces.read import ReadOptions, read_traces
from traces.registry import Choices
from traces.store import Store


def read(folder: Path, scorer: str | None) -> Store:
    return read_traces([folder / "in"], folder / "store", ReadOptions(choices=Choices(scorer=scorer)))


def write_log(folder: Path, name: str, scores: dict[str, Any]) -> None:
    (folder / "in").mkdir(exist_ok=True)
    document = log(sample(uuid=f"sample-of-{name}", scores=scores), spec={"eval_id": name, "run_id": name})
    (folder / "in" / f"{name}.json").write_text(json.dumps(document))


def test_a_scorer_no_run_has_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    write_log(tmp_path, "one", {"match": {"value": "C"}, "judge": {"value": 0.5}})
    with pytest.raises(TraceError) as caught:
        read(tmp_path, "style")
    assert str(caught.value) == "--scorer style: no run has a score of that name\nhint: known: judge, match"
    assert not (tmp_path / "store").exists()


def test_a_mistyped_scorer_is_told_the_nearest(tmp_path: Path) -> None:
    write_log(tmp_path, "one", {"match": {"value": "C"}, "judge": {"value": 0.5}})
    with pytest.raises(TraceError, match="closest known: judge"):
        read(tmp_path, "juge")


def test_runs_without_the_chosen_scorer_are_counted_and_named_with_theirs(tmp_path: Path) -> None:
    write_log(tmp_path, "one", {"match": {"value": "C"}, "judge": {"value": 0.5}})
    write_log(tmp_path, "two", {"match": {"value": "C"}})
    store = read(tmp_path, "judge")
    assert store.manifest["warnings"] == [
        "--scorer judge: 1 of 2 runs have no score of that name (inspect-two has match)"
    ]
    assert store.table("rollouts")["score"].to_list() == [0.5, None]


def test_runs_that_have_one_score_keep_it(tmp_path: Path) -> None:
    write_log(tmp_path, "one", {"match": {"value": "C"}, "judge": {"value": 0.5}})
    write_run(tmp_path / "in" / "run", "a")
    (warning,) = read(tmp_path, "judge").manifest["warnings"]
    assert warning.startswith("--scorer judge: 1 of 2 runs have no score of that name (mini-swe-agent-")


def test_a_score_a_reader_only_lists_is_said_not_to_count(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    judged = {"reward": 1.0, "reward_breakdown": {"DB": 0.5, "COMMUNICATE": 1.0}}
    document = tau2_files.results(tau2_files.simulation(reward_info=judged))
    (tmp_path / "in" / "results.json").write_text(json.dumps(document))
    store = read(tmp_path, "DB")
    assert "1 of 1 runs have it in the table scores only" in store.manifest["warnings"][0]
    assert store.table("rollouts")["score"].to_list() == [1.0]


def test_a_scorer_all_runs_have_is_not_spoken_of(tmp_path: Path) -> None:
    write_log(tmp_path, "one", {"match": {"value": "C"}, "judge": {"value": 0.5}})
    assert [read(tmp_path, scorer).manifest["warnings"] for scorer in ("judge", "match", None)] == [[], [], []]
