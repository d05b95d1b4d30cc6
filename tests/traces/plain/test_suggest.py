"""A suggested mapping loads, reads its file, and marks what it had to guess."""

from pathlib import Path

import polars as pl
import pytest

from traces.errors import TraceError
from traces.plain.mapping import Section, parse_mapping
from traces.plain.read import read_tables
from traces.plain.suggest import suggest_mapping
from traces.registry import SourceFile
from traces.rejects import RejectLog


def suggested(folder: Path, text: str) -> tuple[str, Section, dict[str, pl.DataFrame]]:
    path = folder / "table"
    path.write_text(text, "utf-8")
    toml = suggest_mapping(path)
    mapping = parse_mapping(toml, "suggested")
    (batch,) = read_tables([SourceFile(path, "table")], mapping, RejectLog("table"))
    return toml, mapping.table[0], dict(batch)


def test_calls_with_tokens_are_recognised_and_conventions_are_marked_as_guesses(tmp_path: Path) -> None:
    usage = '"usage":{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":60}}'
    toml, section, tables = suggested(
        tmp_path, '{"instance_id":"a","created":1767268800,"latency_ms":1500,' + usage + "}"
    )
    assert section.fills == "calls"
    assert section.columns["input_tokens"] == "usage.prompt_tokens"
    assert section.times == {"started_at": "unix_s"}
    assert section.units == {"latency_s": "ms"}
    assert "input_includes_cache_read = true  # a guess: APIs that report prompt_tokens" in toml
    assert tables["calls"]["latency_s"].to_list() == [1.5]


def test_counts_that_prove_a_convention_are_used(tmp_path: Path) -> None:
    header = "task,input_tokens,cached_tokens,output_tokens,reasoning_tokens"
    toml, section, _ = suggested(tmp_path, f"{header}\na,10,60,5,9\n")
    assert section.input_includes_cache_read is False
    assert section.output_includes_reasoning == "unknown"
    assert "cached_tokens exceeds input_tokens in some rows" in toml


def test_tokens_beside_a_score_are_totals_of_a_rollout(tmp_path: Path) -> None:
    text = "task,model,resolved,prompt_tokens,exit_status\na,m,true,10,Submitted\na,n,false,20,LimitsExceeded\n"
    toml, section, tables = suggested(tmp_path, text)
    assert section.granularity == "rollout"
    assert section.columns["run_id"] == ["model"]
    assert section.values["stop_reason"] == {"Submitted": "submitted", "LimitsExceeded": "limit_turns"}
    assert tables["rollouts"].select("score", "stop_reason").sort("score").rows() == [
        (0.0, "limit_turns"),
        (1.0, "submitted"),
    ]
    assert "columns not used" not in toml


def test_an_id_that_differs_in_every_row_is_that_of_the_rollout(tmp_path: Path) -> None:
    _, section, tables = suggested(tmp_path, "run_id,task_id,score\nx,a,1\ny,a,0\n")
    assert section.columns["rollout_id"] == "run_id"
    assert tables["rollouts"]["attempt"].to_list() == [0, 1]


def test_a_table_without_any_known_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("alpha,beta\n1,2\n")
    with pytest.raises(TraceError, match="none of its columns has a known name: alpha, beta"):
        suggest_mapping(tmp_path / "t")


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [
        ("mini_swe_agent/calls.jsonl", {"calls": 20_163, "rollouts": 500}),
        ("mini_swe_agent/instances.jsonl", {"calls": 500, "rollouts": 500}),
        ("stats/swebench_bash_only_per_instance.parquet", {"runs": 25, "rollouts": 12_500}),
    ],
)
def test_suggestions_for_real_tables_read_every_row(shared_data: Path, name: str, n_rows: dict[str, int]) -> None:
    log = RejectLog("table")
    mapping = parse_mapping(suggest_mapping(shared_data / name), "suggested")
    (batch,) = read_tables([SourceFile(shared_data / name, name)], mapping, log)
    assert {table: batch[table].height for table in n_rows} == n_rows
    assert log.rows == []


@pytest.mark.parametrize("text", ["- task_id: a\n  input_tokens: 12\n", "task_id: a\nscore: 1\n", "# Notes on score\n"])
def test_text_that_is_no_table_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(TraceError, match="it is no table"):
        suggest_mapping(tmp_path / "t")
