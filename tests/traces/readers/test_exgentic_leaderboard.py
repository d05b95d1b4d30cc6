"""Exgentic's leaderboard: rows as runs, the dollars of either side, the same from CSV in any encoding and Parquet."""

import json
from pathlib import Path

import polars as pl
import pytest
from reading import Tables, read_with

from traces.readers.exgentic_leaderboard import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

HEADER = (
    "agent,agent_name,benchmark,benchmark_score,model,model_name,planned_sessions,subset_name,total_agent_cost,"
    "total_benchmark_cost,total_run_cost,total_sessions\n"
)
RETAIL = "tool_calling,LiteLLM Tool Calling,tau2_retail,0.5,acme_large,acme/large,100,retail,40.0,2.0,42.0,99\n"
CODE = "claude_code,Claude Code CLI,swebench,0.25,acme_large,acme/large,100,,10.0,0.0,10.0,100\n"
FAILED = "openai_solo,OpenAI Solo,appworld_test_normal,0.0,acme_large,acme/large,100,test_normal,0.0,0.0,0.0,100\n"
WEBSITE = (
    "agent,agent_normalized,visible_agent_name,agent_version,avg_cost,avg_steps,benchmark,finished_pct,model,"
    "model_normalized,num_tasks,score,total_cost\n"
    "litellm-shortlist,litellm-shortlist,React_+_Shortlisting,a_1 \xb7 b_2,0.4,9.5,AppWorld,0.9,big,big-1,100,0.3,40\n"
)


def read(path: Path, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_with(READER, [path], on_error)


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding)
    return path


def test_a_row_is_a_run_with_the_dollars_of_agent_and_of_benchmark_apart(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, HEADER + RETAIL + CODE))
    assert tables["runs"].select("benchmark", "scaffold", "recorded_score", "recorded_cost_usd").sort(
        "scaffold"
    ).rows() == [
        ("swebench", "claude_code", 0.25, 10.0),
        ("tau2/retail", "tool_calling", 0.5, 42.0),
    ]
    assert sorted(tables["calls"].select("role", "recorded_cost_usd", "granularity", "n_requests").rows()) == [
        ("agent", 10.0, "run", None),
        ("agent", 40.0, "run", None),
        ("user", 2.0, "run", None),
    ]
    assert log.rows == []


def test_the_basis_of_the_dollars_is_kept_as_it_differs_between_agents(tmp_path: Path) -> None:
    runs = read(write(tmp_path, HEADER + RETAIL + CODE))[0]["runs"].sort("scaffold")
    bases = [json.loads(settings)["agent_cost_basis"] for settings in runs["settings"]]
    assert ["caches counted" in basis for basis in bases] == [True, False]


def test_dollars_of_0_for_sessions_are_not_known(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path, HEADER + FAILED))
    assert tables["runs"]["recorded_cost_usd"].to_list() == [None]
    assert tables["calls"]["recorded_cost_usd"].to_list() == [None]


def test_the_table_of_the_website_is_read_in_its_encoding(tmp_path: Path) -> None:
    run = read(write(tmp_path, WEBSITE, "latin-1"))[0]["runs"].row(0, named=True)
    assert (run["recorded_score"], run["recorded_cost_usd"], run["recorded_n_rollouts"]) == (0.3, 40.0, 100)
    assert json.loads(run["settings"])["agent_version"] == "a_1 \xb7 b_2"


def test_parquet_gives_the_same_runs_as_csv(tmp_path: Path) -> None:
    csv = write(tmp_path, HEADER + RETAIL + CODE)
    parquet = tmp_path / "train-00000-of-00001.parquet"
    pl.read_csv(csv).write_parquet(parquet)
    expected, found = (read(path)[0] for path in (csv, parquet))
    assert found["calls"].equals(expected["calls"])
    assert found["runs"].drop("source_path", "settings").equals(expected["runs"].drop("source_path", "settings"))


def test_an_extract_of_a_batch_names_agent_and_benchmark_by_slug(tmp_path: Path) -> None:
    header = HEADER.replace("agent,", "agent_slug_name,", 1).replace(",benchmark,", ",benchmark_slug_name,")
    path = write(tmp_path, header.strip() + ",session_results\n" + CODE.strip() + ',"[' + "x" * 200_000 + ']"\n')
    run = read(path)[0]["runs"].row(0, named=True)
    assert (run["scaffold"], run["benchmark"], run["recorded_cost_usd"]) == ("claude_code", "swebench", 10.0)


def test_a_row_twice_is_one_run(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, HEADER + RETAIL + RETAIL))
    assert tables["runs"].height == 1
    assert [(row["kind"], row["place"]) for row in log.rows] == [("duplicate", "row 3")]


def test_a_figure_that_is_no_number_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    bad = RETAIL.replace("42.0", "lots").replace("0.5", "nan") + CODE.replace("claude_code,Claude Code CLI", ",", 1)
    tables, log = read(write(tmp_path, HEADER + bad), "skip")
    assert tables["runs"].select("recorded_score", "recorded_cost_usd").rows() == [(None, 40.0)]
    assert [row["place"] for row in log.rows] == ["row 2", "row 2", "row 3"]


def test_damaged_parquet_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.read_csv(write(tmp_path, HEADER + CODE)).write_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:40] + b"\x00" * 40 + content[80:])
    _, log = read(path, "skip")
    assert [row["kind"] for row in log.rows] == ["malformed"]


@pytest.mark.parametrize("text", ["", "agent,model,score\na,b,1\n", "agent_name,total_agent_cost\n", "PAR1"])
def test_other_tables_are_not_taken_for_it(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))


def test_the_published_table_gives_its_published_totals(shared_data: Path) -> None:
    tables, log = read(shared_data / "exgentic" / "results.csv")
    runs, calls = tables["runs"], tables["calls"]
    agent = calls.filter(role="agent")["recorded_cost_usd"]
    own = calls.filter(pl.col("role") != "agent")["recorded_cost_usd"]
    assert (runs.height, sum(runs["recorded_n_rollouts"])) == (150, 13_652)
    assert sum(runs["recorded_cost_usd"].drop_nulls()) == pytest.approx(18_304.16, abs=0.005)
    assert (sum(agent.drop_nulls()), sum(own)) == (
        pytest.approx(18_069.20, abs=0.005),
        pytest.approx(234.96, abs=0.005),
    )
    assert agent.null_count() == 3
    assert log.rows == []


def test_a_row_that_is_cut_off_is_rejected_with_the_figure_it_ends_in(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, HEADER + RETAIL + CODE[: CODE.index("10.0") + 3]), "skip")
    assert tables["runs"].height == 1
    assert [row["place"] for row in log.rows] == ["line 3"]
