"""SWE-bench leaderboards reader: each run once, and what details and published figures disagree on is flagged."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from board_files import Tables, assert_golden, read_files, read_text
from swebench_boards import boards, detailed, entry

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.swebench_leaderboards import READER
from traces.registry import Peek, discover
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "swebench_leaderboards"
CONTRADICTED = "Claude 3.7 Sonnet (20250219)"


def read(folder: Path, document: Any, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, json.dumps(document), on_error)


def kinds(log: RejectLog) -> list[tuple[str | None, str | None]]:
    return [(row["kind"], row["place"]) for row in log.rows]


def test_boards_give_the_tables_beside_them() -> None:
    tables, log = read_files(READER, [DATA / "leaderboards.json"])
    assert_golden(tables, DATA, "leaderboards")
    assert kinds(log) == [("duplicate", "leaderboards[1].results[0]")]


def test_the_real_table_gives_500_instances_of_25_models(shared_data: Path) -> None:
    path = shared_data / "stats" / "swebench_bash_only_per_instance.parquet"
    tables, log = read_files(READER, [path])
    by_model = tables["rollouts"].join(tables["runs"].select("run_id", "model"), on="run_id").group_by("model")
    dollars, calls = pl.col("recorded_cost_usd").sum(), pl.col("n_calls").sum()
    sums = by_model.agg(pl.len(), pl.col("score").mean(), dollars=dollars, calls=calls)
    found = {row["model"]: row for row in sums.iter_rows(named=True)}
    assert READER.sniff(peek(path))
    assert log.rows == []
    assert (len(found), tables["rollouts"].height) == (25, 12_500)
    assert found[CONTRADICTED]["score"] == pytest.approx(0.102)
    gemini = found["Gemini 3 Pro Preview (2025-11-18)"]
    assert (gemini["score"], gemini["calls"]) == (pytest.approx(0.742), 20_163)
    assert gemini["dollars"] == pytest.approx(229.978759475, abs=1e-9)
    assert set(tables["rollouts"]["stop_reason"].unique()) == {"unknown", "limit_cost", "limit_turns"}


def test_the_published_score_of_claude_3_7_contradicts_its_real_details_and_no_other(
    shared_data: Path, tmp_path: Path
) -> None:
    table = pl.read_parquet(shared_data / "stats" / "swebench_bash_only_per_instance.parquet")
    results = [published(model, rows) for (model,), rows in table.group_by("model", maintain_order=True)]
    tables, log = read(tmp_path, boards(bash_only=results))
    assert tables["rollouts"].height == 12_500
    assert [row["kind"] for row in log.rows] == ["contradiction"]
    said = "the published score is 52.8 %, but 51 of 500 are resolved (10.2 %)"
    assert log.rows[0]["reason"] == f"{CONTRADICTED}: {said}"


def published(model: str, rows: pl.DataFrame) -> dict[str, Any]:
    """A board's entry of a model with its instances, at the score they give, or at the one that was published."""
    details = {row.pop("task"): row for row in rows.select("task", "cost", "api_calls", "resolved").to_dicts()}
    score = 52.8 if model == CONTRADICTED else round(100 * rows["resolved"].mean(), 2)
    return entry(model, resolved=score, cost=rows["cost"].sum(), per_instance_details=details)


def test_the_table_and_the_boards_give_the_same_run(tmp_path: Path) -> None:
    listed = detailed()
    in_boards, _ = read(tmp_path, boards(bash_only=[listed]))
    rows = [{"model": "Large 1", "task": task, **told} for task, told in listed["per_instance_details"].items()]
    table = io.BytesIO()
    pl.DataFrame(rows).write_parquet(table)
    in_table, _ = read_text(READER, tmp_path, table.getvalue())
    assert in_table["runs"]["run_id"].equals(in_boards["runs"]["run_id"])


@pytest.mark.parametrize("resolved", [50.0, 66.67])
def test_a_score_may_leave_out_what_was_never_attempted(tmp_path: Path, resolved: float) -> None:
    assert read(tmp_path, boards(bash_only=[detailed(resolved=resolved)]))[1].rows == []


def test_a_score_no_verdicts_give_is_a_contradiction_and_both_stand(tmp_path: Path) -> None:
    tables, log = read(tmp_path, boards(bash_only=[detailed(resolved=52.8)]))
    assert kinds(log) == [("contradiction", "leaderboards[0].results[0]")]
    assert tables["runs"]["recorded_score"].item() == 0.528
    assert tables["rollouts"]["score"].mean() == 0.5


def test_a_cost_that_is_not_the_sum_of_its_instances_is_a_contradiction(tmp_path: Path) -> None:
    assert kinds(read(tmp_path, boards(bash_only=[detailed(cost=1.6)]))[1]) == [
        ("contradiction", "leaderboards[0].results[0]")
    ]


@pytest.mark.parametrize(
    "copy",
    [
        entry("mini-SWE-agent + Large 1"),
        entry("mini-SWE-agent + Large 1 (2025)", folder="20250802_mini-v1.0.0_Large 1"),
        entry("Other", folder="other", date="2026-01-01", trajs="s3://boards/large-1/trajs/"),
        detailed("Other", folder="other", date="2026-01-01"),
    ],
    ids=["name", "folder", "trajectories", "details"],
)
def test_a_copy_on_the_verified_board_counts_once(tmp_path: Path, copy: dict[str, Any]) -> None:
    listed = boards(Verified=[copy], bash_only=[detailed(trajs="s3://boards/large-1/trajs")])
    tables, log = read(tmp_path, listed)
    assert (tables["runs"].height, tables["rollouts"].height) == (1, 4)
    assert [row["kind"] for row in log.rows] == ["duplicate"]


def test_a_copy_with_another_score_is_reported(tmp_path: Path) -> None:
    copy = entry(resolved=49.0)
    log = read(tmp_path, boards(Verified=[copy], bash_only=[detailed()]))[1]
    assert [row["kind"] for row in log.rows] == ["duplicate", "contradiction"]


def test_the_same_folder_on_boards_of_other_tasks_is_another_run(tmp_path: Path) -> None:
    tables, log = read(tmp_path, boards(Test=[entry()], Lite=[entry()], Verified=[entry()]))
    assert tables["runs"]["benchmark"].sort().to_list() == ["swe-bench", "swe-bench-lite", "swe-bench-verified"]
    assert log.rows == []


def test_zero_dollars_and_calls_of_a_whole_run_are_unknown(tmp_path: Path) -> None:
    free = {task: {"cost": 0.0, "api_calls": 0, "resolved": True} for task in ("a__a-1", "a__a-2")}
    run = detailed(cost=0.0, resolved=100.0, per_instance_details=free)
    tables, log = read(tmp_path, boards(bash_only=[run]))
    assert tables["rollouts"].select("n_calls", "recorded_cost_usd").rows() == [(None, None)] * 2
    assert (tables["runs"]["recorded_cost_usd"].item(), log.rows) == (None, [])


def test_zero_dollars_of_one_that_made_calls_are_unknown(tmp_path: Path) -> None:
    run = detailed(cost=None)
    run["per_instance_details"]["b__b-2"]["api_calls"] = 5
    costs = read(tmp_path, boards(bash_only=[run]))[0]["rollouts"]["recorded_cost_usd"].to_list()
    assert costs == [0.25, 0.5, 0.75, None]


def test_each_instance_is_a_total_of_its_calls(tmp_path: Path) -> None:
    calls = read(tmp_path, boards(bash_only=[detailed()]))[0]["calls"]
    assert calls["n_requests"].to_list() == [10, 20, 30, 0]
    assert calls.select("granularity", "model").unique().rows() == [("rollout", "large-1")]
    assert calls["input_tokens"].null_count() == 4


def test_the_number_of_rollouts_follows_from_the_dollars_of_a_run_and_of_an_instance(tmp_path: Path) -> None:
    run = entry(cost=565.5, instance_cost=1.131, instance_calls=31.076)
    tables, _ = read(tmp_path, boards(bash_only=[run]))
    assert tables["runs"]["recorded_n_rollouts"].item() == 500
    assert tables["calls"]["n_requests"].item() == 15_538


def test_a_run_on_several_models_names_none(tmp_path: Path) -> None:
    run = entry("Robot", tags=["Model: large-1", "Model: small-1"])
    assert read(tmp_path, boards(Verified=[run]))[0]["runs"]["model"].to_list() == [None]


def test_a_bare_list_of_boards_is_read_too(tmp_path: Path) -> None:
    assert read(tmp_path, boards(bash_only=[detailed()])["leaderboards"])[0]["rollouts"].height == 4


BROKEN = {
    "verdict": ({"api_calls": 5, "cost": 1.0, "resolved": "yes"}, ".per_instance_details.x.resolved"),
    "calls": ({"api_calls": True, "cost": 1.0, "resolved": True}, ".per_instance_details.x.api_calls"),
    "instance": (1, ".per_instance_details.x"),
    "negative": ({"api_calls": 5, "cost": -1.0, "resolved": True}, ""),
}


@pytest.mark.parametrize("detail_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_instance_is_rejected_by_its_place_and_the_others_are_kept(
    tmp_path: Path, detail_place: tuple[Any, str]
) -> None:
    detail, place = detail_place
    run = detailed(cost=None, resolved=None)
    run["per_instance_details"] |= {"x": detail}
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, boards(bash_only=[run]))
    assert raised.value.place == f"leaderboards[0].results[0]{place}"
    tables, log = read(tmp_path, boards(bash_only=[run]), "skip")
    assert f"leaderboards[0].results[0]{place}" in [row["place"] for row in log.rows]
    assert tables["rollouts"].filter(pl.col("task_id") != "x")["recorded_cost_usd"].to_list() == [0.25, 0.5, 0.75, 0.0]


@pytest.mark.parametrize("values", [{"resolved": "most"}, {"cost": float("nan")}, {"tags": 5}, {"folder": ["x"]}])
def test_a_field_of_a_wrong_type_is_rejected_and_the_run_kept(tmp_path: Path, values: dict[str, Any]) -> None:
    tables, log = read(tmp_path, boards(bash_only=[detailed(**values), entry("Other")]), "skip")
    assert tables["runs"].height == 2
    assert [row["kind"] for row in log.rows] == ["malformed"]


def test_a_cut_file_keeps_what_stands_before_the_cut(tmp_path: Path) -> None:
    text = json.dumps(boards(bash_only=[detailed(), detailed("Large 2", cost=3.0, resolved=75.0)]))
    tables, log = read_text(READER, tmp_path, text[:-400], "skip")
    assert tables["runs"].height >= 1
    assert "malformed" in [row["kind"] for row in log.rows]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"leaderboards": []}', '[{"results": [1]}]', '{"resolved": ["a"]}', "PAR1 model task PAR1"]
)
def test_other_files_are_not_taken_for_boards(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))


def test_boards_are_recognised_with_and_without_their_key() -> None:
    listed = boards(bash_only=[detailed()])
    for document in (listed, listed["leaderboards"]):
        text = json.dumps(document, indent=4).encode()
        assert READER.sniff(Peek(text, text[-4096:]))


@pytest.mark.parametrize("head", ["<!DOCTYPE html>\n<html><head><title>…</title></head><body>", "<html>"])
def test_boards_in_the_page_of_the_site_are_those_of_its_file(tmp_path: Path, head: str) -> None:
    document = boards(**{"bash-only": [detailed()]})
    script = f'<script type="application/json" id="leaderboard-data">\n{json.dumps(document["leaderboards"])}</script>'
    (tmp_path / "page.html").write_text(f"{head}{script}</body></html>")
    assert READER.sniff(peek(tmp_path / "page.html"))
    tables, log = read_files(READER, [tmp_path / "page.html"])
    assert log.rows == []
    assert tables["rollouts"].equals(read(tmp_path, document)[0]["rollouts"])


def test_a_page_without_boards_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<html><script id="other">[{"name": "x", "results": []}]</script></html>')
    assert not READER.sniff(peek(tmp_path / "page.html"))


def test_details_of_instances_alone_are_a_run_of_nobody(tmp_path: Path) -> None:
    details = detailed()["per_instance_details"]
    (tmp_path / "details.json").write_text(json.dumps(details))
    assert [each.name for each in discover().values() if each.sniff(peek(tmp_path / "details.json"))] == [READER.name]
    tables, log = read_files(READER, [tmp_path / "details.json"])
    assert tables["rollouts"].height == len(details)
    assert tables["runs"]["model"].to_list() == [None]
    assert log.rows == []
