"""AgentLab reader: the table of a study and the summaries of its episodes, each episode once."""

import json
from pathlib import Path
from typing import Any

import pytest
from board_files import Tables, assert_golden, read_files, read_text

from traces.files import peek
from traces.readers.agentlab import READER
from traces.rejects import RejectLog

DATA = Path(__file__).parents[2] / "data" / "agentlab"
HEADER = (
    "env.task_name,agent.agent_name,env.benchmark,exp_dir,agent.model.model_name,env.task_seed,env.max_steps,err_msg,"
    "n_steps,cum_reward,stats.cum_steps,stats.cum_input_tokens,stats.cum_output_tokens,stats.cum_cost,terminated,truncated\n"
)
FOLDER = "2025-01-15_12-00-00_Clicker_on_shop.buy-shoes_7"


def row(folder: str = FOLDER, **values: Any) -> str:
    given = {
        "task": "shop.buy-shoes", "agent": "Clicker", "benchmark": "shop", "exp_dir": f"/r/{folder}",
        "model": "acme/large", "seed": 7, "steps": 5, "error": "", "n": 2, "reward": 1.0, "cum_steps": 3, "sent": 100,
        "received": 10, "cost": 0.5, "terminated": "True", "truncated": "False", **values,
    }  # fmt: skip
    return ",".join(map(str, given.values())) + "\n"


def table(folder: Path, *rows: str, **more: Any) -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, HEADER + "".join(rows), **more)


def summary(folder: Path, name: str = FOLDER, **values: Any) -> Path:
    path = folder / name / "summary_info.json"
    path.parent.mkdir(parents=True)
    told = {
        "n_steps": 2, "cum_reward": 1.0, "err_msg": None, "stats.cum_steps": 3, "stats.cum_input_tokens": 100,
        "stats.cum_output_tokens": 10, "stats.cum_cost": 0.5, "terminated": True, "truncated": False, **values,
    }  # fmt: skip
    path.write_text(json.dumps(told, indent=4))
    return path


def test_a_real_table_gives_the_tables_beside_it() -> None:
    tables, log = read_files(READER, [DATA / "result_df.csv"])
    assert_golden(tables, DATA, "result_df")
    assert (tables["calls"]["input_tokens"].sum(), tables["calls"]["output_tokens"].sum()) == (10_311, 480)
    assert round(tables["rollouts"]["recorded_cost_usd"].sum(), 4) == 0.0018  # as the summary of the study says
    assert log.rows == []


def test_a_real_summary_of_2024_is_an_episode_that_broke_off() -> None:
    (path,) = DATA.rglob("summary_info.json")
    tables, _ = read_files(READER, [path])
    assert tables["rollouts"].select("task_id", "stop_reason", "score", "recorded_cost_usd").row(0) == (
        "miniwob.ascending-numbers", "error", 0.0, 0.025914000000000003,
    )  # fmt: skip
    assert tables["calls"].select("input_tokens", "output_tokens").row(0) == (16_260, 762)
    assert tables["runs"].select("agent", "model", "benchmark").row(0) == ("GenericAgent", None, "miniwob")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "submitted"),
        ({"terminated": "False", "truncated": "True"}, "limit_turns"),
        ({"error": '"Broken:\nat last"'}, "error"),
        ({"terminated": "", "truncated": ""}, "unknown"),
    ],
)
def test_how_an_episode_ended(tmp_path: Path, values: dict[str, Any], reason: str) -> None:
    tables, log = table(tmp_path, row(**values), row("other"))
    assert sorted(tables["rollouts"]["stop_reason"]) == sorted([reason, "submitted"])
    assert log.rows == []


def test_the_route_names_who_bills_and_seeds_number_the_attempts(tmp_path: Path) -> None:
    tables, _ = table(tmp_path, row("b", seed=20, sent=2), row("a", seed=3, sent=1))
    assert tables["calls"].select("provider", "model", "input_tokens").rows() == [
        ("acme", "large", 1), ("acme", "large", 2)
    ]  # fmt: skip
    assert tables["rollouts"]["attempt"].to_list() == [0, 1]


def test_0_tokens_and_0_dollars_are_not_known(tmp_path: Path) -> None:
    tables, _ = table(tmp_path, row(sent=0, received=0, cost=0.0))
    calls = tables["calls"].select("input_tokens", "output_tokens", "claimed_cost_usd").row(0)
    assert (calls, tables["rollouts"]["recorded_cost_usd"].item()) == ((None, None, None), None)


def test_agents_and_benchmarks_are_runs_of_their_own(tmp_path: Path) -> None:
    tables, _ = table(tmp_path, row("a"), row("b", agent="Other"), row("c", benchmark="maps"))
    assert tables["runs"].height == 3


def test_an_episode_of_the_table_is_not_counted_again_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "result_df.csv").write_text(HEADER + row())
    tables, log = read_files(READER, [tmp_path / "result_df.csv", summary(tmp_path)])
    assert (tables["rollouts"].height, tables["runs"]["model"].to_list()) == (1, ["acme/large"])
    assert [each["kind"] for each in log.rows] == ["duplicate"]


def test_what_broke_off_and_was_run_again_counts_as_it_ended(tmp_path: Path) -> None:
    (tmp_path / "result_df_trial_1_of_2.csv").write_text(HEADER + row(error="lost", reward=0.0))
    (tmp_path / "result_df_trial_2_of_2.csv").write_text(HEADER + row())
    tables, log = read_files(READER, sorted(tmp_path.glob("*.csv")))
    assert tables["rollouts"].select("stop_reason", "score").rows() == [("submitted", 1.0)]
    assert [each["source_path"] for each in log.rows] == ["result_df_trial_1_of_2.csv"]


@pytest.mark.parametrize("value", ["many", True, 10**400, [1]])
def test_a_count_that_is_none_is_a_reject_and_not_known(tmp_path: Path, value: Any) -> None:
    path = summary(tmp_path, **{"stats.cum_input_tokens": value})
    assert READER.sniff(peek(path))
    tables, log = read_files(READER, [path], "skip")
    assert tables["calls"].select("input_tokens", "output_tokens").row(0) == (None, 10)
    assert len(log.rows) == 1


def test_a_row_without_a_task_is_a_reject(tmp_path: Path) -> None:
    tables, log = table(tmp_path, row(task=""), row("b"), on_error="skip")
    assert (tables["rollouts"].height, [each["place"] for each in log.rows]) == (1, ["line 2"])


def test_a_table_without_rows_is_a_reject(tmp_path: Path) -> None:
    assert [each["reason"] for each in table(tmp_path, on_error="skip")[1].rows] == ["no episode in it"]
