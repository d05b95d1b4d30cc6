"""Terminal-Bench reader: two levels of files are one run, 0 tokens are unknown, timeouts are limits."""

import json
from pathlib import Path
from typing import Any

import pytest
from board_files import Tables, assert_golden, read_files, read_text
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal_bench_runs import metadata, results, trial, write_run

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.terminal_bench import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "terminal_bench"


def read(folder: Path, *trials: dict[str, Any], on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, json.dumps(results(*trials)), on_error)


def rollout(folder: Path, **values: Any) -> dict[str, Any]:
    return read(folder, trial(**values))[0]["rollouts"].row(0, named=True)


def test_a_run_folder_gives_the_tables_beside_it() -> None:
    tables, log = read_files(READER, sorted((DATA / "run").rglob("*.json")))
    assert_golden(tables, DATA, "run")
    assert [(row["kind"], row["reason"]) for row in log.rows] == [
        ("duplicate", "the trials it lists have 3 files of their own")
    ]


def test_both_levels_give_the_same_run(tmp_path: Path) -> None:
    trials = [trial(), trial(number=2), trial("knot")]
    both = write_run(tmp_path / "both", trials, results(*trials), metadata())
    only_trials = write_run(tmp_path / "trials", trials, None, metadata())
    only_run = write_run(tmp_path / "run", [], results(*trials), metadata())
    tables = [read_files(READER, paths)[0] for paths in (both, only_trials, only_run)]
    for name in ("rollouts", "calls", "scores"):
        assert tables[0][name].equals(tables[1][name])
        assert tables[0][name].equals(tables[2][name])


def test_ids_that_differ_between_the_levels_do_not_double_a_trial(tmp_path: Path) -> None:
    paths = write_run(tmp_path, [trial(id="other")], results(trial()), None)
    assert read_files(READER, paths)[0]["rollouts"].height == 1


def test_a_trial_the_run_does_not_list_is_kept(tmp_path: Path) -> None:
    paths = write_run(tmp_path, [trial(), trial("knot")], results(trial()), None)
    assert read_files(READER, paths)[0]["rollouts"]["task_id"].to_list() == ["knot", "maze"]


def test_levels_that_differ_on_a_verdict_are_reported(tmp_path: Path) -> None:
    paths = write_run(tmp_path, [trial(is_resolved=False)], results(trial()), None)
    tables, log = read_files(READER, paths)
    assert tables["rollouts"]["is_success"].to_list() == [True]
    assert [row["kind"] for row in log.rows] == ["contradiction", "duplicate"]


def test_a_run_nested_in_another_is_a_run_of_its_own(tmp_path: Path) -> None:
    inner, outer = [trial("knot")], [trial()]
    paths = write_run(tmp_path, outer, results(*outer), None)
    paths += write_run(tmp_path / "inner", inner, results(*inner), None)
    tables, log = read_files(READER, paths)
    assert (tables["runs"].height, tables["rollouts"].height) == (2, 2)
    assert [row["kind"] for row in log.rows] == ["duplicate", "duplicate"]


def test_a_trial_listed_twice_is_a_copy(tmp_path: Path) -> None:
    tables, log = read(tmp_path, trial(), trial())
    assert tables["rollouts"].height == 1
    assert [(row["kind"], row["place"]) for row in log.rows] == [("duplicate", "results[1]")]


@pytest.mark.parametrize("count", [0, None])
def test_no_tokens_and_0_tokens_are_unknown(tmp_path: Path, count: int | None) -> None:
    calls = read(tmp_path, trial(total_input_tokens=count, total_output_tokens=count))[0]["calls"]
    assert calls.select("input_tokens", "output_tokens", "n_requests", "granularity").rows() == [
        (None, None, None, "rollout")
    ]


@pytest.mark.parametrize(
    ("failure_mode", "stop_reason"),
    [
        ("unset", "submitted"), ("none", "submitted"), ("agent_timeout", "limit_time"), ("test_timeout", "submitted"),
        ("context_length_exceeded", "limit_context"), ("output_length_exceeded", "limit_other"),
        ("unknown_agent_error", "error"), ("agent_installation_failed", "error_infra"), ("unknown", "unknown"),
        ("something_new", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_failure_modes_are_stop_reasons(tmp_path: Path, failure_mode: str | None, stop_reason: str) -> None:
    assert rollout(tmp_path, failure_mode=failure_mode)["stop_reason"] == stop_reason


def test_a_trial_without_a_verdict_has_no_score(tmp_path: Path) -> None:
    tables, log = read(tmp_path, trial(is_resolved=None, parser_results=None))
    assert tables["rollouts"].select("score", "is_success").rows() == [(None, None)]
    assert (tables["scores"].height, log.rows) == (0, [])


def test_an_accuracy_the_trials_do_not_give_is_reported(tmp_path: Path) -> None:
    text = json.dumps(results(trial(), accuracy=0.5))
    tables, log = read_text(READER, tmp_path, text)
    assert tables["runs"]["recorded_score"].item() == 0.5
    assert [(row["kind"], row["place"]) for row in log.rows] == [("contradiction", "accuracy")]


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (("maze.2-of-2.x", "maze.1-of-2.x"), [0, 1]),
        (("maze.1-of-1.x", "maze.1-of-1.y"), [0, 1]),
        (("maze", None), [0, 1]),
        (("maze.0-of-1.x", "maze.1-of-1.x"), [0, 1]),
    ],
)
def test_attempts_are_numbered_by_name_or_by_start(
    tmp_path: Path, names: tuple[str | None, ...], numbers: list[int]
) -> None:
    trials = [trial(number=n, trial_name=name) for n, name in enumerate(names)]
    assert read(tmp_path, *trials)[0]["rollouts"]["attempt"].to_list() == numbers


def test_the_model_names_its_biller_before_a_slash(tmp_path: Path) -> None:
    told = [metadata(), metadata(model_name="large-1"), metadata(model_name=None, agent_name=None)]
    found = [
        read_files(READER, write_run(tmp_path / str(n), [trial()], None, about))[0] for n, about in enumerate(told)
    ]
    assert [one["calls"].select("provider", "model").row(0) for one in found] == [
        ("acme", "large-1"), (None, "large-1"), (None, None)
    ]  # fmt: skip
    assert [one["runs"]["agent"].item() for one in found] == ["robot + acme/large-1", "robot + large-1", "unknown"]


def test_the_lock_of_a_run_fills_what_its_metadata_leaves_open(tmp_path: Path) -> None:
    paths = write_run(tmp_path, [trial()], None, metadata(agent_name=None, model_name=None, dataset_version=None))
    lock = tmp_path / "tb.lock"
    agent = {"name": "robot", "model_name": None, "extra_kwargs": {"model_name": "acme/large-1"}}
    dataset = {"name": "other", "version": "0.2", "task_ids": ["knot", "maze"]}
    lock.write_text(json.dumps({"lockfile_version": "1.0", "agent": agent, "run_config": {}, "dataset": dataset}))
    tables, log = read_files(READER, [*paths, lock])
    assert tables["runs"].select("agent", "benchmark").row(0) == ("robot + acme/large-1", "terminal-bench-core==0.2")
    assert tables["tasks"]["task_id"].to_list() == ["knot", "maze"]
    assert log.rows == []


def test_tasks_of_no_registry_are_named_by_their_folder_and_timed_as_the_lock_says(tmp_path: Path) -> None:
    about = metadata(dataset_name=None, dataset_version=None, n_attempts=None, dataset_path="/home/x/datasets/sciences")
    lock = tmp_path / "tb.lock"
    settings = {"n_attempts": 1, "global_agent_timeout_sec": 3600.0}
    paths = write_run(tmp_path, [trial()], None, about)
    lock.write_text(json.dumps({"lockfile_version": "1.0", "run_config": settings}))
    run = read_files(READER, [*paths, lock])[0]["runs"]
    assert run.select("benchmark", "limit_s").row(0) == ("sciences", 3600.0)
    assert json.loads(run["settings"].item())["n_attempts"] == 1


@pytest.mark.parametrize(
    ("stamps", "wall_s", "is_assumed"),
    [
        (("2025-09-05T23:00:00+02:00", "2025-09-05T21:01:00+00:00"), 60.0, False),
        (("2025-09-05T23:00:00", "2025-09-05T23:01:00"), 60.0, True),
        (("2025-09-05T23:00:00Z", None), None, False),
        (("2025-09-05T23:00:00Z", "2025-09-05T23:00:00Z"), None, False),
    ],
)
def test_the_time_of_a_trial_is_from_start_to_end(
    tmp_path: Path, stamps: tuple[str, str | None], wall_s: float | None, *, is_assumed: bool
) -> None:
    row = rollout(tmp_path, trial_started_at=stamps[0], trial_ended_at=stamps[1])
    assert (row["wall_s"], row["is_tz_assumed"]) == (wall_s, is_assumed)


def test_a_trial_that_ends_before_it_starts_has_an_unknown_time(tmp_path: Path) -> None:
    tables, log = read(tmp_path, trial(trial_ended_at="2020-01-01T00:00:00+00:00"))
    assert tables["rollouts"]["wall_s"].to_list() == [None]
    assert [row["kind"] for row in log.rows] == ["contradiction"]


BROKEN = {
    "wrong type": ({"total_input_tokens": "many"}, "results[1].total_input_tokens"),
    "verdict": ({"is_resolved": "maybe"}, "results[1].is_resolved"),
    "no task": ({"task_id": None}, "results[1]"),
    "not a time": ({"agent_started_at": "noon"}, "results[1]"),
    "negative": ({"total_output_tokens": -1}, "results[1]"),
    "NaN": ({"total_output_tokens": float("nan")}, "results[1].total_output_tokens"),
}


@pytest.mark.parametrize("values_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_value_is_rejected_by_its_place_and_the_rest_is_kept(
    tmp_path: Path, values_place: tuple[dict[str, Any], str]
) -> None:
    values, place = values_place
    text = json.dumps(results(trial(), trial("knot") | values, trial("rope"), accuracy=None))
    with pytest.raises(MalformedTraceError) as raised:
        read_text(READER, tmp_path, text)
    assert raised.value.place == place
    tables, log = read_text(READER, tmp_path, text, "skip")
    assert place in [row["place"] for row in log.rows]
    assert {"maze", "rope"} <= set(tables["rollouts"]["task_id"])


@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_cut_file_keeps_what_stands_before_the_cut(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = json.dumps(results(*(trial(str(n)) for n in range(4)), accuracy=None))
    cut = text[: int(share * (len(text) - 1))]
    tables, log = read_text(READER, tmp_path_factory.mktemp("cut"), cut, "skip")
    assert tables["rollouts"].height <= 4
    assert "malformed" in [row["kind"] for row in log.rows]


def test_a_run_of_nothing_is_reported(tmp_path: Path) -> None:
    assert [row["reason"] for row in read(tmp_path, on_error="skip")[1].rows] == ["no trial in it"]


def test_both_levels_are_recognised_with_a_long_instruction_too(tmp_path: Path) -> None:
    for number, document in enumerate((trial(instruction="x" * 10**5), results(trial(instruction="x" * 10**4)))):
        path = tmp_path / str(number)
        path.write_text(json.dumps(document))
        assert READER.sniff(peek(path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        json.dumps(metadata()),
        '{"trial_name": "x", "task_id": {"path": "x"}, "trial_uri": "x", "agent_info": {}}',
        '{"text": "\\"trial_name\\": \\"task_id\\": \\"instruction\\": \\"is_resolved\\":"}',
    ],
)
def test_other_files_are_not_taken_for_trials(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))


def test_metadata_is_a_companion() -> None:
    text = json.dumps(metadata()).encode()
    assert READER.is_companion(Peek(text, text))
