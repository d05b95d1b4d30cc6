"""tau2 reader: real files give their published sums, broken ones keep what can be kept, others are left alone."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tau2_files import answered, greeting, read, read_path, results, said, simulation, usage

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.tau2 import READER
from traces.registry import Peek
from traces.schema import TABLES

EXCERPTS = Path(__file__).parents[2] / "data" / "tau2"
REAL = [  # file, rollouts, mean reward, agent cost, user cost, seconds, agent and user calls with usage
    ("45651a42e3f0f264c56fc4ea66df492d20dd83bd", 50, 0.72, 14.4432, 0.6047, 5823.1, 467, 300),
    ("5a804c48b05aa978dc436d9317dcfcf27d83907d", 50, 0.46, 4.2033, 0.7898, 1230.3, 446, 295),
    ("e77229c1fcb00b4447b3b9e3222c85b3324a2b75", 50, 0.56, 2.2906, 0.5409, 1309.7, 475, 317),
    ("0620dda831909001fe4bd79dd3cb0bd4cb41a85f", 50, 0.38, None, None, 3375.8, 0, 257),
    ("b4e983fc05fc2aeee3edf9ed984ef6079371959b", 50, 0.18, None, 1.0338, 5867.9, 732, 506),
    ("83e6079607fae0cc610662f8a779f2df98c9a618", 20, 0.50, 0.7833, 0.2279, 450.3, 206, 136),
    ("94ad2a06173deb347d193fb6cf6024f59f06eaa1", 40, 0.85, 1.8886, 0.4870, 969.3, 476, 290),
    ("df982baae68fc89eddf976392ac6c85dba4e7706", 1, 1.0, 0.0174, 0.0102, 53.6, 18, 20),
    ("e55ede02fbd1dfaf011a991058aa12dfb2ccd4cb", 1, 1.0, 0.0087, 0.0021, 27.2, 11, 7),
]


@pytest.mark.parametrize("row", REAL, ids=[row[0][:8] for row in REAL])
def test_real_files_give_the_published_sums(shared_data: Path, row: tuple[Any, ...]) -> None:
    name, n, reward, agent_usd, user_usd, seconds, n_agent, n_user = row
    tables, log = read_path(shared_data / "tau2" / f"{name}.json")
    rollouts = tables["rollouts"]
    assert log.rows == []
    assert (rollouts.height, rollouts["score"].mean()) == (n, pytest.approx(reward))
    assert rollouts["wall_s"].sum() == pytest.approx(seconds, abs=0.05)
    for role, claimed_usd, n_calls in (("agent", agent_usd, n_agent), ("user", user_usd, n_user)):
        calls = tables["calls"].filter(role=role)
        assert calls["input_tokens"].count() == calls["output_tokens"].count() == n_calls
        costs = calls["recorded_cost_usd"].to_list()
        assert set(costs) == {None} if claimed_usd is None else sum(costs) == pytest.approx(claimed_usd, abs=1e-4)


def test_calls_of_a_model_that_reports_no_usage_have_unknown_tokens_and_no_cost(shared_data: Path) -> None:
    tables, _ = read_path(shared_data / "tau2" / f"{REAL[3][0]}.json")
    calls = tables["calls"].filter(role="agent")
    nulls = calls.select("input_tokens", "output_tokens", "recorded_cost_usd").null_count()
    assert (calls.height, *nulls.row(0)) == (887, 887, 887, 887)
    assert calls["provider"].unique().to_list() == ["api.tokenfactory.nebius.com"]
    assert tables["rollouts"]["recorded_cost_usd"].null_count() == 50
    assert "v1." not in tables["runs"]["settings"].item()


def test_trials_of_a_real_file_are_attempts(shared_data: Path) -> None:
    tables, _ = read_path(shared_data / "tau2" / "d3f1afbb9244dcd02802e3ca08d807cec643e9c0.json")
    attempts = tables["rollouts"].group_by("task_id").agg(pl.col("attempt").sort())
    assert attempts["attempt"].to_list() == [[0, 1, 2, 3]] * 5
    assert tables["calls"]["role"].unique().to_list() == ["agent"]
    assert tables["rollouts"]["recorded_cost_usd"].null_count() == 0


@pytest.mark.parametrize("name", ["agent_with_raw_usage", "agent_without_usage", "no_user"])
@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_excerpts_of_real_files_give_the_tables_beside_them(name: str, table: str) -> None:
    tables, _ = read_path(EXCERPTS / f"{name}.json")
    known = [column.name for column in tables[table] if column.null_count() < len(column)]
    assert tables[table].select(known).write_csv() == (EXCERPTS / f"{name}.{table}.csv").read_text()


@given(order=st.permutations(range(8)))
def test_shuffling_the_simulations_of_a_file_changes_no_table(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ordered = [
        simulation(id=f"s{n}", task_id=str(n % 3), trial=None if n % 3 else n, start_time=f"2026-01-15T12:00:{n:02}")
        for n in range(8)
    ]
    folder = tmp_path_factory.mktemp("shuffled")
    expected, found = (read(folder, results(*part))[0] for part in (ordered, [ordered[n] for n in order]))
    assert all(found[name].equals(expected[name]) for name in TABLES)


def test_reading_in_batches_changes_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = results(*(simulation(id=f"s{n}", task_id=str(n)) for n in range(5)))
    expected = read(tmp_path, document)[0]
    monkeypatch.setattr("traces.readers.tau2.tables._SIMULATIONS_PER_BATCH", 2)
    assert all(frame.equals(expected[name]) for name, frame in read(tmp_path, document)[0].items())


BROKEN = {
    "wrong type": ({"duration": "soon"}, "simulations[1].duration"),
    "NaN reward": ({"reward_info": {"reward": float("nan")}}, "simulations[1].reward_info.reward"),
    "missing task": ({"task_id": None}, "simulations[1]"),
    "negative claim": ({"agent_cost": -1.0}, "simulations[1].agent_cost"),
    "not a time": ({"start_time": "noon"}, "simulations[1]"),
    "negative tokens": ({"messages": [greeting(), said(), answered(**usage(-5, 5))]}, "simulations[1].messages[2]"),
    "absurd tokens": ({"messages": [greeting(), said(), answered(**usage(10**40, 5))]}, "simulations[1].messages[2]"),
    "stamp no time": ({"messages": [greeting(), said(), answered(timestamp="?")]}, "simulations[1].messages[2]"),
}


@pytest.mark.parametrize("values_place", BROKEN.values(), ids=BROKEN)
def test_a_bad_value_is_rejected_by_its_place_and_the_rest_is_kept(
    tmp_path: Path, values_place: tuple[dict[str, Any], str]
) -> None:
    values, place = values_place
    document = results(simulation(), simulation(id="s2", task_id="2") | values, simulation(id="s3", task_id="3"))
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, document)
    assert (raised.value.path, raised.value.place) == ("results.json", place)
    tables, log = read(tmp_path, document, "skip")
    assert place in [row["place"] for row in log.rows]
    whole = read(tmp_path, results(simulation(), simulation(id="s3", task_id="3")))[0]["rollouts"]
    kept = tables["rollouts"].filter(pl.col("task_id") != "2")
    assert kept.drop("run_id", "rollout_id").equals(whole.drop("run_id", "rollout_id"))
    assert tables["rollouts"].height == (2 if values.get("task_id", "2") is None else 3)


@pytest.mark.parametrize("text", ["", "   ", "[]", "{", "null", '{"info": '])
def test_a_file_with_nothing_in_it_is_an_error_or_a_reject(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedTraceError, match=r"results\.json"):
        read(tmp_path, text)
    tables, log = read(tmp_path, text, "skip")
    assert tables["rollouts"].height == 0
    assert [row["kind"] for row in log.rows] != []


def test_a_run_without_simulations_is_reported_and_keeps_its_tasks(tmp_path: Path) -> None:
    document = results() | {"tasks": [{"id": "1"}]}
    tables, log = read(tmp_path, document, "skip")
    assert (tables["runs"].height, tables["tasks"].height, tables["calls"].height) == (1, 1, 0)
    assert [(row["place"], row["reason"]) for row in log.rows] == [("simulations", "no simulation in it")]


@given(share=st.floats(0, 1))
def test_a_truncated_file_keeps_its_whole_simulations_and_counts_the_cut(
    share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sims = [simulation(id=f"s{n}", task_id=str(n), agent_cost=0.5) for n in range(4)]
    text = json.dumps(results(*sims))
    cut = text[: int(share * (len(text) - 1))]
    tables, log = read(tmp_path_factory.mktemp("cut"), cut, "skip")
    n_whole = sum(cut.count(f'"id": "s{n}"') and f'"id": "s{n + 1}"' in cut for n in range(4))
    assert n_whole <= tables["rollouts"].height <= n_whole + 1
    assert [row["kind"] for row in log.rows].count("malformed") >= 1
    assert tables["calls"].height == 2 * tables["rollouts"].height


def test_real_files_are_recognised(shared_data: Path) -> None:
    assert all(READER.sniff(peek(path)) for path in (shared_data / "tau2").glob("*.json"))


@pytest.mark.parametrize("keys", [("info", "simulations"), ("simulations", "info")])
def test_the_order_of_keys_does_not_matter(keys: tuple[str, ...]) -> None:
    document = results(simulation())
    assert READER.sniff(Peek(json.dumps({key: document[key] for key in keys}).encode(), b""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[{"task_id": 0, "reward": 1.0, "info": {"task": {}, "user_cost": 0.1}, "traj": [], "trial": 0}]',
        '{"info": {"model_stats": {}}, "messages": []}',
        '{"text": "\\"info\\": {\\"agent_info\\": 1, \\"user_info\\": 2}"}',
        '{"simulations": [{"name": "wind tunnel"}]}',
    ],
)
def test_other_files_are_not_taken_for_results(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()[-4096:]))
