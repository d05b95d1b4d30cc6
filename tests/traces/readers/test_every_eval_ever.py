"""Every Eval Ever reader: aggregates as runs, samples once whatever the metrics, conventions proven by the total."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Tables, known, read_with

from traces.errors import MalformedTraceError
from traces.readers.every_eval_ever import READER
from traces.registry import Choices, Peek
from traces.rejects import OnError, RejectLog

GOLDEN = Path(__file__).parents[2] / "data" / "every_eval_ever"
ID = "demo/acme_large/1767225600"


def read(path: Path, on_error: OnError = "stop", choices: Choices | None = None) -> tuple[Tables, RejectLog]:
    return read_with(READER, [path], on_error, choices)


def result(name: str = "quiz", metric: str = "accuracy", score: float = 0.75, **values: Any) -> dict[str, Any]:
    return {
        "evaluation_result_id": f"{name}/{metric}", "evaluation_name": name,
        "source_data": {"dataset_name": name, "source_type": "url", "url": ["https://example.invalid"]},
        "metric_config": {"metric_name": metric, "lower_is_better": False, "min_score": 0.0, "max_score": "Infinity"},
        "score_details": {"score": score, "uncertainty": {"num_samples": 40}}, **values,
    }  # fmt: skip


def aggregate(*results: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "schema_version": "0.3.0", "evaluation_id": ID, "evaluation_timestamp": "1767225600",
        "retrieved_timestamp": "1767225601",
        "source_metadata": {"source_name": "Demo", "source_type": "evaluation_run", "evaluator_relationship": "other"},
        "eval_library": {"name": "unknown", "version": "unknown"},
        "model_info": {"name": "large", "id": "acme/large"},
        "evaluation_results": list(results) or [result()], **values,
    }  # fmt: skip


def sample(sample_id: str = "q1", metric: str = "accuracy", **values: Any) -> dict[str, Any]:
    return {
        "schema_version": "0.3.0", "evaluation_id": ID, "model_id": "acme/large", "evaluation_name": "quiz",
        "evaluation_result_id": f"quiz/{metric}", "sample_id": sample_id, "sample_hash": f"hash-{sample_id}",
        "interaction_type": "single_turn", "input": {"raw": "…", "reference": ["…"]}, "output": {"raw": ["…"]},
        "answer_attribution": [], "evaluation": {"score": 1.0, "is_correct": True}, **usage(100, 20), **values,
    }  # fmt: skip


def usage(sent: int, output: int, total: int | None = None, **more: int | None) -> dict[str, Any]:
    total = sent + output if total is None else total
    return {"token_usage": {"input_tokens": sent, "output_tokens": output, "total_tokens": total, **more}}


def write(tmp_path: Path, documents: dict[str, Any] | None = None, *samples: dict[str, Any]) -> Path:
    if documents is not None:
        (tmp_path / "a.json").write_text(json.dumps(documents, indent=2))
    if samples:
        (tmp_path / "a_samples.jsonl").write_text("".join(json.dumps(each) + "\n" for each in samples))
    return tmp_path


def test_each_evaluation_of_an_aggregate_is_a_run_with_the_score_it_states(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, aggregate(result(), result("maze", score=0.5))))
    runs = tables["runs"].select("benchmark", "model", "recorded_score", "recorded_n_rollouts").sort("benchmark")
    assert runs.rows() == [("maze", "acme/large", 0.5, 40), ("quiz", "acme/large", 0.75, 40)]
    assert tables["runs"]["started_at"].dt.to_string("iso").unique().to_list() == ["2026-01-01 00:00:00.000000+00:00"]
    assert tables["runs"]["score_max"].to_list() == [None, None]
    assert log.rows == []


def test_several_metrics_of_one_evaluation_are_one_run_scored_by_the_first_or_the_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, aggregate(result(), result(metric="f1", score=0.6)))
    for scorer, score in ((None, 0.75), ("f1", 0.6)):
        run = read(path, choices=Choices(scorer=scorer))[0]["runs"].row(0, named=True)
        assert run["recorded_score"] == score
        assert json.loads(run["settings"])["scores"] == {"accuracy": 0.75, "f1": 0.6}


def test_dollars_an_adapter_noted_are_those_of_a_file_with_one_evaluation(tmp_path: Path) -> None:
    model = {"id": "acme/large", "additional_details": {"total_cost_usd": "12.50", "agent_name": "Solver"}}
    run = read(write(tmp_path, aggregate(model_info=model)))[0]["runs"].row(0, named=True)
    assert (run["recorded_cost_usd"], run["agent"]) == (12.5, "Solver + acme/large")
    several = read(write(tmp_path, aggregate(result(), result("maze"), model_info=model)))[0]["runs"]
    assert several["recorded_cost_usd"].to_list() == [None, None]


def test_dollars_in_the_details_of_a_score_are_read_and_0_is_not_known(tmp_path: Path) -> None:
    for noted, cost in (("3.25", 3.25), ("0.00", None), ("free", None)):
        details = {"score": 0.5, "details": {"total_run_cost": noted}}
        assert read(write(tmp_path, aggregate(result(score_details=details))))[0]["runs"][
            "recorded_cost_usd"
        ].to_list() == [cost]


def test_samples_belong_to_the_run_of_their_aggregate(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, aggregate(), sample(), sample("q2", evaluation_name="other spelling")))
    assert tables["runs"].height == 1
    assert tables["rollouts"].select("benchmark", "task_id", "score", "is_success").rows() == [
        ("quiz", "q1", 1.0, True),
        ("quiz", "q2", 1.0, True),
    ]
    assert log.rows == []


def test_samples_without_an_aggregate_make_a_run_of_their_own(tmp_path: Path) -> None:
    run = read(write(tmp_path, None, sample()))[0]["runs"].row(0, named=True)
    assert (run["benchmark"], run["model"], run["recorded_score"]) == ("quiz", "acme/large", None)


def test_samples_that_name_only_a_file_are_told_apart_by_model(tmp_path: Path) -> None:
    samples = [sample(evaluation_id="None_samples", model_id=model) for model in ("acme/large", "acme/small")]
    runs = read(write(tmp_path, None, *samples))[0]["runs"]
    assert sorted(runs["model"]) == ["acme/large", "acme/small"]


def test_samples_evaluated_are_those_listed_not_those_of_the_dataset(tmp_path: Path) -> None:
    source = {"dataset_name": "quiz", "samples_number": 165, "sample_ids": ["a", "b"]}
    run = read(write(tmp_path, aggregate(result(source_data=source, score_details={"score": 0.5}))))[0]["runs"]
    assert run["recorded_n_rollouts"].to_list() == [2]


def test_schema_0_1_names_the_dataset_once_for_all_results(tmp_path: Path) -> None:
    score = {"score_details": {"score": 1.0}}
    early = aggregate(
        result(source_data=None, **score),
        result("other", source_data={"dataset_name": "own", "sample_ids": ["a"]}, **score),
        schema_version="0.1.0", source_data={"dataset_name": "ai2_arc", "samples_number": 9, "sample_ids": [1, 2, 3]},
    )  # fmt: skip
    runs = read(write(tmp_path, early))[0]["runs"].sort("benchmark")
    assert runs["recorded_n_rollouts"].to_list() == [1, 3]
    assert [json.loads(settings)["dataset"] for settings in runs["settings"]] == ["own", "ai2_arc"]


def test_the_first_schema_lists_addresses_and_dates_in_words(tmp_path: Path) -> None:
    early = aggregate(
        result(source_data=["https://example.invalid"]),
        schema_version="0.0.1", evaluation_timestamp="2026-01-01T00:00:00Z",
        evaluation_source={"evaluation_source_name": "Demo"}, source_data=["https://example.invalid"],
    )  # fmt: skip
    tables, log = read(write(tmp_path, early))
    assert tables["runs"]["started_at"].item().isoformat() == "2026-01-01T00:00:00+00:00"
    assert log.rows == []


def test_the_tokens_of_a_sample_count_once_though_each_metric_has_a_line(tmp_path: Path) -> None:
    zero = {"score": 0.0, "is_correct": False}
    tables, _ = read(write(tmp_path, aggregate(), sample(), sample(metric="f1", evaluation=zero)))
    assert tables["calls"].select("input_tokens", "output_tokens").rows() == [(100, 20)]
    assert tables["scores"].select("metric", "value").rows() == [("accuracy", 1.0), ("quiz/f1", 0.0)]


def test_a_chosen_metric_scores_the_samples(tmp_path: Path) -> None:
    path = write(tmp_path, aggregate(), sample(), sample(metric="f1", evaluation={"score": 0.5, "is_correct": True}))
    assert read(path, choices=Choices(scorer="quiz/f1"))[0]["rollouts"]["score"].to_list() == [0.5]


def test_a_sample_again_is_another_attempt_and_an_epoch_says_which(tmp_path: Path) -> None:
    plain = read(write(tmp_path, None, sample(), sample()))[0]["rollouts"]
    assert plain["attempt"].to_list() == [0, 1]
    epochs = read(write(tmp_path, None, sample(metadata={"epoch": "3"}), sample(metadata={"epoch": "1"})))[0][
        "rollouts"
    ]
    assert epochs["attempt"].to_list() == [0, 2]


def test_another_text_under_the_same_id_is_another_task(tmp_path: Path) -> None:
    rollouts = read(write(tmp_path, None, sample(), sample(sample_hash="feedbeefcafe")))[0]["rollouts"]
    assert sorted(rollouts["task_id"]) == ["q1", "q1+feedbeef"]


CACHED = {"input_tokens_cache_read": 60, "input_tokens_cache_write": 10}
CONVENTIONS = [  # usage, (input, uncached, read, written, output)
    (usage(100, 20), (100, None, None, None, 20)),
    (usage(100, 20, **CACHED), (100, 30, 60, 10, 20)),
    (usage(100, 20, 190, **CACHED), (170, 100, 60, 10, 20)),
    (usage(100, 20, 999, **CACHED), (100, None, None, None, 20)),
    (usage(100, 20, input_tokens_cache_read=0), (100, 100, 0, 0, 20)),
    (usage(100, 20, 150, reasoning_tokens=30), (100, None, None, None, 50)),
    (usage(100, 20, reasoning_tokens=15), (100, None, None, None, 20)),
    (usage(100, 20, 220, reasoning_tokens=30, **CACHED), (170, 100, 60, 10, 50)),
    (usage(0, 0), (None, None, None, None, None)),
    ({"token_usage": None}, (None, None, None, None, None)),
]


@pytest.mark.parametrize(("values", "counts"), CONVENTIONS)
def test_the_total_proves_what_the_input_holds(tmp_path: Path, values: dict[str, Any], counts: tuple[Any, ...]) -> None:
    tables, log = read(write(tmp_path, None, sample(**values)))
    names = ("input_tokens", "uncached_input_tokens", "cache_read_tokens", "cache_write_unspecified_tokens")
    assert tables["calls"].select(*names, "output_tokens").rows() == [counts]
    assert [row["kind"] for row in log.rows] == (["contradiction"] if "999" in str(values) else [])


def test_what_the_adapter_of_helm_calls_reasoning_is_an_echoed_prompt(tmp_path: Path) -> None:
    path = write(
        tmp_path, aggregate(eval_library={"name": "helm"}), sample(**usage(100, 20, 220, reasoning_tokens=100))
    )
    assert read(path)[0]["calls"].select("output_tokens", "reasoning_tokens").rows() == [(20, None)]


def test_of_a_conversation_only_the_last_call_is_told_and_the_others_are_a_residual(tmp_path: Path) -> None:
    messages = [{"turn_idx": n, "role": role} for n, role in enumerate(("user", "assistant", "tool", "assistant"))]
    tables, _ = read(write(tmp_path, None, sample(interaction_type="agentic", output=None, messages=messages)))
    assert tables["calls"].select("call_index", "input_tokens", "n_requests", "is_residual").rows() == [
        (None, None, 1, True),
        (1, 100, 1, False),
    ]
    assert tables["rollouts"]["n_calls"].to_list() == [2]


@pytest.mark.parametrize(
    ("library", "performance", "seconds"),
    [
        ("inspect_ai", {"latency_ms": 500, "generation_time_ms": 2000}, (2.5, 0.5, None)),
        ("helm", {"generation_time_ms": 2000}, (None, None, 2.0)),
        ("unknown", {"latency_ms": 3000}, (3.0, None, None)),
        ("unknown", {"latency_ms": 500, "generation_time_ms": 2000}, (None, None, 2.0)),
    ],
)
def test_milliseconds_mean_what_the_adapter_meant(
    tmp_path: Path, library: str, performance: dict[str, Any], seconds: tuple[Any, ...]
) -> None:
    path = write(tmp_path, aggregate(eval_library={"name": library}), sample(performance=performance))
    assert read(path)[0]["rollouts"].select("wall_s", "wait_s", "model_s").rows() == [seconds]


def test_copies_of_both_files_change_nothing_and_are_listed(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, aggregate(), sample())
    tables, log = read(tmp_path)
    assert (tables["runs"].height, tables["calls"].height) == (1, 1)
    assert [row["kind"] for row in log.rows] == ["duplicate", "duplicate"]


def test_reading_in_batches_changes_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, aggregate(), *(sample(f"q{n}", metric) for n in range(4) for metric in ("accuracy", "f1")))
    for choices in (Choices(), Choices(scorer="quiz/f1")):
        expected = read(path, choices=choices)[0]
        with monkeypatch.context() as patched:
            patched.setattr("traces.readers.every_eval_ever.tables._LINES_PER_BATCH", 2)
            assert all(frame.equals(expected[name]) for name, frame in read(path, choices=choices)[0].items())


BROKEN = {
    "NaN": {"evaluation": {"score": float("nan"), "is_correct": True}},
    "wrong type": {"token_usage": {"input_tokens": "many", "output_tokens": 1, "total_tokens": 2}},
    "negative": usage(-5, 20),
    "no id": {"sample_id": None},
    "absurd": usage(10**40, 20),
}


@pytest.mark.parametrize("values", BROKEN.values(), ids=BROKEN)
def test_a_broken_sample_is_an_error_or_a_reject_and_the_others_are_read(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    path = write(
        tmp_path, aggregate(), sample(), sample("q2", **values) if "sample_id" not in values else sample(**values)
    )
    tables, log = read(path, "skip")
    assert tables["rollouts"].filter(task_id="q1").height == 1
    assert [row["kind"] for row in log.rows] != []
    with pytest.raises(MalformedTraceError):
        read(path)


@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_never_ends_in_a_traceback(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write(tmp_path_factory.mktemp("cut"), aggregate(), sample(), sample("q2"))
    for file in path.iterdir():
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        read(path, "skip")
        file.write_bytes(content)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"evaluation_id": "x"}', '{"record_type": "aggregate"}', '{"$schema": "x", "evaluation_id": {}}'],
)
def test_other_files_are_not_taken_for_it(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))


@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_an_evaluation_gives_the_tables_beside_it(table: str) -> None:
    tables, log = read(GOLDEN / "evaluation")
    assert known(tables[table]) == (GOLDEN / f"evaluation.{table}.csv").read_text()
    assert log.rows == []


def test_real_files_are_read_without_a_reject(shared_data: Path) -> None:
    folder = shared_data / "every_eval_ever" / "tests_data"
    tables, log = read_with(READER, [folder / "skill_reference_conversion", next(folder.glob("98ea*.json"))])
    assert tables["runs"].height == 7
    assert tables["calls"].select("input_tokens", "output_tokens").rows() == [(12, 5)]
    assert {row["kind"] for row in log.rows} == {"unrecognised"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_sample_without_a_model_takes_no_other_sample_into_its_run(tmp_path: Path, order: tuple[int, ...]) -> None:
    samples = [sample("q1", model_id=None), sample("q2"), sample("q3", "f1")]
    tables, _ = read(write(tmp_path, None, *(samples[number] for number in order)))
    named = tables["rollouts"].join(tables["runs"].select("run_id", "model"), on="run_id")
    assert sorted(named.select("task_id", "model").rows()) == [("q1", None), ("q2", "acme/large"), ("q3", "acme/large")]
