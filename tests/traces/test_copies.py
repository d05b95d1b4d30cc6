"""The same attempt in two inputs counts once, by the id its source gave it; what the copies contradict is named."""

import json
from pathlib import Path
from typing import Any

import inspect_logs
import pytest
from metr_rows import early, human, later, lines
from tau2_files import results, simulation
from trajectories import Tables, read

from traces.read import read_traces


def of_releases(folder: Path, *releases: list[dict[str, Any]]) -> Tables:
    for number, rows in enumerate(releases):
        (folder / "all").mkdir(exist_ok=True)
        (folder / "all" / f"release_{number}.jsonl").write_text(lines(*rows))
    return read(folder / "all", folder / "store")


def rows(*numbers: int, **values: Any) -> list[dict[str, Any]]:
    return [early(run_id=f"r{number}", started_at=1734070000000 + number, **values) for number in numbers]


def rejects(tables: Tables, kind: str) -> list[tuple[str, str, str | None]]:
    named = tables["rejects"].filter(kind=kind).select("place", "reason", "duplicate_of").rows()
    return [(place.rpartition("-")[2].partition("/")[2], reason, other) for place, reason, other in named]


def test_a_release_that_holds_another_replaces_it_attempt_by_attempt(tmp_path: Path) -> None:
    for _ in range(2):  # the second reading parses nothing, and leaves out the same
        tables = of_releases(tmp_path, rows(1, 2), rows(1, 2, 3))
        assert (tables["runs"].height, tables["rollouts"]["native_id"].to_list()) == (1, ["r1", "r2", "r3"])
        kept = tables["rollouts"]["rollout_id"].to_list()
        assert rejects(tables, "duplicate") == [
            ("maze/main/0", "the same attempt, r1, as in all/release_1.jsonl", kept[0]),
            ("maze/main/1", "the same attempt, r2, as in all/release_1.jsonl", kept[1]),
        ]
        assert tables["scores"].height == 6


def test_releases_that_overlap_keep_what_each_has_alone(tmp_path: Path) -> None:
    tables = of_releases(tmp_path, rows(1, 2, 3), rows(3, 4))
    assert sorted(tables["rollouts"]["native_id"]) == ["r1", "r2", "r3", "r4"]
    assert tables["runs"].height == 2
    assert len(rejects(tables, "duplicate")) == 1


def test_three_releases_count_each_attempt_once(tmp_path: Path) -> None:
    tables = of_releases(tmp_path, rows(1), rows(1, 2), rows(1, 2, 3))
    assert sorted(tables["rollouts"]["native_id"]) == ["r1", "r2", "r3"]
    assert (tables["runs"].height, len(rejects(tables, "duplicate"))) == (1, 3)


@pytest.mark.parametrize("more", [[], rows(2)], ids=["the whole run", "attempts of it"])
def test_copies_that_are_scored_otherwise_are_a_contradiction_that_names_both(
    tmp_path: Path, more: list[dict[str, Any]]
) -> None:
    tables = of_releases(tmp_path, rows(1, score_binarized=1), rows(1, score_binarized=0) + more)
    kept = "release_1" if more else "release_0"
    here, there = (1, 0) if more else (0, 1)
    assert [reason for _, reason, _ in rejects(tables, "contradiction")] == [
        f"score {here} here, {there} in all/{kept}.jsonl, which counts"
    ]


def test_a_score_and_a_verdict_that_only_one_of_the_copies_tells_contradict_nothing(tmp_path: Path) -> None:
    tables = of_releases(tmp_path, rows(1, score_binarized=None), rows(1, 2))
    assert (tables["rollouts"].height, rejects(tables, "contradiction")) == (2, [])


def test_copies_that_name_another_agent_or_count_other_tokens_are_contradictions(tmp_path: Path) -> None:
    renamed = [later(alias="Large 3", tokens_count=5.0), later(alias="Large 3", run_id="warehouse_B")]
    tables = of_releases(tmp_path, [later()], renamed)
    assert tables["rollouts"].height == 2
    assert [reason for _, reason, _ in rejects(tables, "contradiction")] == [
        "agent Large 2 (Inspect), total_tokens 402019 here, Large 3, 5 in all/release_1.jsonl, which counts"
    ]


def test_runs_that_their_source_cloned_for_another_agent_are_that_agents(tmp_path: Path) -> None:
    tables = of_releases(tmp_path, [later(), later(alias="other", cloned=1.0)])
    assert (tables["runs"].height, tables["rollouts"]["native_id"].to_list()) == (2, ["warehouse_A", None])


def test_one_id_at_two_tasks_is_two_attempts(tmp_path: Path) -> None:
    tables = of_releases(tmp_path, [human()], [human(task_id="maze/hard"), human(run_id="66")])
    assert (tables["rollouts"].height, rejects(tables, "duplicate")) == (3, [])


def test_samples_that_a_retried_eval_took_over_from_the_log_before_count_once(tmp_path: Path) -> None:
    done = [
        inspect_logs.sample(inspect_logs.call(1), id=task, uuid=f"u-{task}", scores={"match": {"value": "C"}})
        for task in "ab"
    ]
    failed = inspect_logs.sample(inspect_logs.call(1), id="c", uuid="u-c", error={"message": "no"}, scores=None)
    again = inspect_logs.sample(inspect_logs.call(1), id="c", uuid="u-d", scores={"match": {"value": "C"}})
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, last in (("first", failed), ("second", again)):
        document = inspect_logs.log(*done, last)
        document["eval"] |= {"eval_id": name}
        (folder / f"{name}.json").write_text(json.dumps(document))
    tables = read(folder, tmp_path / "store")
    by_run = tables["rollouts"].select("run_id", "native_id").rows()
    assert by_run == [
        ("inspect-first", "u-c"), ("inspect-second", "u-a"), ("inspect-second", "u-b"), ("inspect-second", "u-d"),
    ]  # fmt: skip
    assert tables["calls"].filter(granularity="call").height == 4


def test_simulations_of_one_file_in_another_with_more_of_them_count_once(tmp_path: Path) -> None:
    trials = [simulation(id=f"s{number}", trial=number) for number in range(3)]
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "part.json").write_text(json.dumps(results(*trials[:2])))
    (tmp_path / "all" / "whole.json").write_text(json.dumps(results(*trials)))
    tables = read(tmp_path / "all", tmp_path / "store")
    assert tables["rollouts"]["native_id"].to_list() == ["s0", "s1", "s2"]
    assert tables["rejects"].select("source_path", "kind").unique().rows() == [("all/part.json", "duplicate")]


def test_whole_copies_of_a_run_are_compared_by_tokens_where_both_are_scored(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name, sent, scores in (("a", 100, "C"), ("b", 90, "C"), ("c", 80, None)):
        usage = inspect_logs.used(sent, 10)
        task = inspect_logs.sample(
            inspect_logs.call(1, usage=usage), scores={"match": {"value": scores}} if scores else None
        )
        (tmp_path / "logs" / f"{name}.json").write_text(json.dumps(inspect_logs.log(task)))
    tables = read(tmp_path / "logs", tmp_path / "store")
    assert (tables["runs"].height, tables["calls"]["input_tokens"].to_list()) == (1, [100])
    assert [reason for _, reason, _ in rejects(tables, "contradiction")] == [
        "input_tokens 90 here, 100 in logs/a.json, which counts"
    ]


def test_two_real_releases_count_the_attempts_of_the_later_one(shared_data: Path, tmp_path: Path) -> None:
    """All 7,059 runs of 2025-01 but for the 4 that 2025-02 adds, which also names 359 runs of o1-preview o1."""
    paths = [shared_data / "metr", shared_data / "stats" / "metr_runs_seconds.parquet"]
    tables = read_traces(paths, tmp_path / "store").tables()
    sizes = tables["rollouts"].join(tables["runs"], on="run_id").group_by("agent").len().rows()
    assert (tables["rollouts"].height, dict(sizes)["o1"], dict(sizes)["o1-preview"]) == (7063, 1014, 567)
    said = tables["rejects"].filter(kind="contradiction")["reason"]
    assert (said.str.starts_with("agent ").sum(), said.str.contains("score ").sum()) == (359, 37)
    assert tables["rejects"].filter(kind="duplicate")["place"].str.len_chars().gt(0).sum() == 651 + 926
