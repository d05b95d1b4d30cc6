"""lm-evaluation-harness reader: a run per task and checkpoint, seconds as charges, samples led to their results."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Tables, known, read_with

from traces.errors import MalformedTraceError
from traces.readers.lm_eval import READER
from traces.registry import Choices, Peek
from traces.rejects import OnError, RejectLog

GOLDEN = Path(__file__).parents[2] / "data" / "lm_eval"
DATE = "2026-01-01T00-00-00.000000"


def read(path: Path, on_error: OnError = "stop", choices: Choices | None = None) -> tuple[Tables, RejectLog]:
    return read_with(READER, [path], on_error, choices)


def results(*tasks: str, **values: Any) -> dict[str, Any]:
    names = tasks or ("quiz",)
    scores = {"alias": "x", "exact_match,strict": 0.5, "exact_match_stderr,strict": 0.1, "f1,none": 0.75}
    return {
        "results": dict.fromkeys(names, scores),
        "group_subtasks": {name: [] for name in names},
        "versions": dict.fromkeys(names, 1.0),
        "n-shot": dict.fromkeys(names, 0),
        "higher_is_better": {name: {"exact_match": True, "f1": True} for name in names},
        "n-samples": {name: {"original": 50, "effective": 40} for name in names},
        "config": {
            "model": "hf", "model_args": "pretrained=acme/large,revision=step1000", "model_revision": "step1000",
            "model_num_parameters": 1000, "model_sha": "abc", "batch_size": "16", "random_seed": 0,
        },
        "git_hash": "123", "date": 1_767_225_600.0, "pretty_env_info": "OS: x\nGPU 0: Acme G1\nNvidia driver: 1\n",
        "lm_eval_version": "0.4.9.2", "task_hashes": {}, "model_source": "hf", "model_name": "acme/large",
        "model_name_sanitized": "acme__large", "total_evaluation_time_seconds": "120.5", **values,
    }  # fmt: skip


def older(revision: str = "step128", score: float = 0.25) -> dict[str, Any]:
    """Results as version 0.3 wrote them, which Pythia's checkpoints were evaluated with."""
    return {
        "results": {"sciq": {"acc": score, "acc_stderr": 0.01}, "lambada": {"ppl": 100.5, "acc": 0.0}},
        "versions": {"sciq": 0, "lambada": 0},
        "config": {
            "model": "hf-causal", "model_args": f"use_accelerate=True,pretrained=acme/tiny,revision={revision}",
            "num_fewshot": 5, "batch_size": 32, "device": None, "no_cache": True, "limit": None,
        },
    }  # fmt: skip


def sample(doc: int = 0, strict: float = 1.0, **values: Any) -> dict[str, Any]:
    return {
        "doc_id": doc, "doc": {"question": "…"}, "target": "…", "arguments": {"gen_args_0": {"arg_0": "…"}},
        "resps": [["…"]], "filtered_resps": ["…"], "filter": "strict", "metrics": ["exact_match"],
        "doc_hash": f"d{doc}", "prompt_hash": f"p{doc}", "target_hash": f"t{doc}", "exact_match": strict, **values,
    }  # fmt: skip


def write(
    folder: Path, document: dict[str, Any] | None = None, samples: list[Any] | str = "", task: str = "quiz"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if document is not None:
        (folder / f"results_{DATE}.json").write_text(json.dumps(document, indent=2))
    text = samples if isinstance(samples, str) else "".join(json.dumps(each) + "\n" for each in samples)
    if text:
        (folder / f"samples_{task}_{DATE}.jsonl").write_text(text)
    return folder


def test_a_task_is_a_run_of_the_model_at_its_revision(tmp_path: Path) -> None:
    run = read(write(tmp_path, results()))[0]["runs"].row(0, named=True)
    assert (run["benchmark"], run["model"], run["model_revision"]) == ("quiz", "acme/large", "step1000")
    assert run["agent"] == "acme/large@step1000"
    assert (run["score_metric"], run["recorded_score"], run["recorded_n_rollouts"]) == ("exact_match,strict", 0.5, 40)
    assert (run["ended_at"] - run["started_at"]).total_seconds() == 120.5


def test_another_metric_may_be_chosen_with_or_without_its_filter(tmp_path: Path) -> None:
    for scorer in ("f1", "f1,none"):
        run = read(write(tmp_path, results()), choices=Choices(scorer=scorer))[0]["runs"].row(0, named=True)
        assert (run["score_metric"], run["recorded_score"]) == ("f1,none", 0.75)


def test_seconds_on_one_accelerator_are_those_of_it(tmp_path: Path) -> None:
    charges = read(write(tmp_path, results()))[0]["charges"]
    assert charges.select("kind", "quantity", "unit", "resource").rows() == [("accelerator_s", 120.5, "s", "Acme G1")]


def test_of_several_accelerators_it_is_not_told_which_were_used(tmp_path: Path) -> None:
    charges = read(write(tmp_path, results(pretty_env_info="GPU 0: G1\nGPU 1: G1\n")))[0]["charges"]
    assert charges.select("kind", "resource").rows() == [("evaluation_s", "2 x G1")]


def test_seconds_of_a_hosted_model_are_no_charge(tmp_path: Path) -> None:
    assert read(write(tmp_path, results(model_source="openai-chat-completions")))[0]["charges"].height == 0


def test_seconds_of_several_tasks_belong_to_a_run_of_no_benchmark_and_count_once(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path, results("quiz", "maze")))
    assert sorted(tables["runs"]["benchmark"].to_list(), key=str) == [None, "maze", "quiz"]
    of_none = tables["runs"].filter(tables["runs"]["benchmark"].is_null())
    assert tables["charges"]["run_id"].to_list() == of_none["run_id"].to_list()


def test_a_sweep_of_checkpoints_keeps_each_revision_apart(tmp_path: Path) -> None:
    for number, revision in enumerate(("step1", "step128", "step143000")):
        (tmp_path / f"{number}.json").write_text(json.dumps(older(revision, number / 4)))
    tables, log = read(tmp_path)
    sweep = tables["runs"].filter(benchmark="sciq").sort("recorded_score")
    assert sweep["model_revision"].to_list() == ["step1", "step128", "step143000"]
    assert sweep["agent"].to_list()[0] == "acme/tiny@step1 + 5-shot"
    assert sweep["recorded_score"].to_list() == [0.0, 0.25, 0.5]
    assert log.rows == []


def test_perplexity_is_better_lower_where_the_file_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(older()))
    runs = read(tmp_path)[0]["runs"].sort("benchmark")
    assert runs.select("benchmark", "score_metric", "is_higher_better").rows() == [
        ("lambada", "ppl", False),
        ("sciq", "acc", True),
    ]


def test_a_local_checkpoint_is_named_by_its_folder_and_step(tmp_path: Path) -> None:
    args = {"save": "/home/somebody/ckpts/19M_dedup", "iteration": 103000, "user_script": "/home/somebody/evaluate.py"}
    (tmp_path / "a.json").write_text(json.dumps(older() | {"config": {"model": "neox", "model_args": args}}))
    tables, _ = read(tmp_path)
    assert tables["runs"]["agent"].unique().to_list() == ["19M_dedup@step103000"]
    assert "somebody" not in tables["runs"].write_csv()


def test_samples_are_rollouts_of_unknown_tokens(tmp_path: Path) -> None:
    tables, log = read(write(tmp_path, results(), [sample(), sample(1, 0.0)]))
    rollouts = tables["rollouts"].select("benchmark", "task_id", "score", "is_success", "n_calls")
    assert rollouts.rows() == [("quiz", "0", 1.0, True, 1), ("quiz", "1", 0.0, False, 1)]
    assert tables["calls"].select("input_tokens", "output_tokens", "n_requests").rows() == [(None, None, 1)] * 2
    assert tables["runs"].height == 1
    assert log.rows == []


def test_a_document_under_several_filters_is_one_rollout_with_a_score_each(tmp_path: Path) -> None:
    lines = [sample(0, 0.0, filter="flexible"), sample(0, 1.0)]
    tables, _ = read(write(tmp_path, results(), lines))
    assert tables["rollouts"].select("task_id", "score").rows() == [("0", 1.0)]
    assert tables["scores"].select("metric", "value").rows() == [
        ("exact_match,flexible", 0.0),
        ("exact_match,strict", 1.0),
    ]
    assert tables["calls"].height == 1


def test_each_choice_is_a_request(tmp_path: Path) -> None:
    choices = sample(resps=[[["-1.5", "False"]], [["-2.5", "True"]], [["-3.5", "False"]]])
    calls = read(write(tmp_path, results(), [choices]))[0]["calls"]
    assert calls.select("n_requests", "granularity", "call_index").rows() == [(3, "rollout", None)]


def test_the_hash_over_the_samples_proves_their_task_whatever_the_file_is_called(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"d0p0t0d1p1t1").hexdigest()
    document = results("quiz", "maze", task_hashes={"maze": digest})
    tables, _ = read(write(tmp_path, document, [sample(), sample(1)], task="renamed"))
    assert tables["rollouts"]["benchmark"].unique().to_list() == ["maze"]


def test_the_longest_task_in_the_name_of_a_cut_file_is_its_own(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path, results("quiz", "quiz_law"), [sample()], task="quiz_law"))
    assert tables["rollouts"]["benchmark"].to_list() == ["quiz_law"]


def test_samples_without_results_are_those_of_an_unknown_model(tmp_path: Path) -> None:
    tables, _ = read(write(tmp_path, None, [sample()]))
    assert tables["runs"].select("agent", "model", "benchmark").rows() == [("unknown", None, None)]
    assert tables["rollouts"]["score"].to_list() == [1.0]


def test_samples_written_as_one_list_and_without_names_of_metrics_are_read(tmp_path: Path) -> None:
    plain = {key: value for key, value in sample().items() if key not in {"metrics", "filter"}} | {"acc": True}
    tables, _ = read(write(tmp_path, results(), json.dumps([plain], indent=2)))
    assert tables["scores"].select("metric", "value").rows() == [("acc", 1.0), ("exact_match", 1.0)]
    assert tables["rollouts"].height == 1


def test_a_copy_beside_the_original_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, results(), [sample()])
    (tmp_path / "copy.json").write_text(json.dumps(results()))
    (tmp_path / "copy.jsonl").write_text(json.dumps(sample()) + "\n")
    tables, log = read(tmp_path)
    assert (tables["runs"].height, tables["rollouts"].height) == (1, 1)
    assert [row["kind"] for row in log.rows] == ["duplicate", "duplicate"]


def test_reading_in_batches_changes_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, results("quiz", "maze"), [sample(n) for n in range(4)])
    (path / "older.json").write_text(json.dumps(older()))
    expected = read(path)[0]
    monkeypatch.setattr("traces.readers.lm_eval.tables._ROWS_PER_BATCH", 1)
    assert all(frame.equals(expected[name]) for name, frame in read(path)[0].items())


BROKEN = {
    "NaN in results": (results(results={"quiz": {"acc,none": float("nan"), "f1,none": 0.5}}), [sample()]),
    "wrong type": (results(date="yesterday"), [sample()]),
    "NaN in samples": (results(), [sample(), sample(1, float("nan"))]),
    "noise": (results(), json.dumps(sample()) + "\nnoise\n"),
    "cut": (results(), json.dumps(sample()) + "\n" + json.dumps(sample(1))[:80]),
    "no id": (results(), [sample(), {**sample(1), "doc_id": None}]),
}


@pytest.mark.parametrize(("document", "samples"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error_or_a_reject_and_the_rest_is_read(
    tmp_path: Path, document: dict[str, Any], samples: list[Any] | str
) -> None:
    path = write(tmp_path, document, samples)
    tables, log = read(path, "skip")
    assert (tables["runs"].height, tables["rollouts"].filter(task_id="0").height) == (1, 1)
    assert [row["kind"] for row in log.rows] != []
    with pytest.raises(MalformedTraceError):
        read(path)


@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_never_ends_in_a_traceback(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write(tmp_path_factory.mktemp("cut"), results("quiz", "maze"), [sample(), sample(1)])
    for file in path.iterdir():
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        read(path, "skip")
        file.write_bytes(content)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"results": {}}', '{"doc_id": 1}', '{"results": {"a": {}}, "versions": {}}']
)
def test_other_files_are_not_taken_for_it(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))


@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls", "charges"])
def test_a_folder_gives_the_tables_beside_it(table: str) -> None:
    tables, log = read(GOLDEN / "folder")
    assert known(tables[table]) == (GOLDEN / f"folder.{table}.csv").read_text()
    assert log.rows == []


def test_real_results_give_both_tasks_and_their_seconds(shared_data: Path) -> None:
    tables, log = read(shared_data / "every_eval_ever" / "tests_data" / "lm_eval")
    tasks = tables["runs"].filter(tables["runs"]["benchmark"].is_not_null()).sort("benchmark")
    assert tasks.select("benchmark", "recorded_score", "recorded_n_rollouts").rows() == [
        ("math_perturbed_full", 0.0, 5000),
        ("math_rephrased_full", 0.0004, 5000),
    ]
    assert tables["charges"]["quantity"].to_list() == [pytest.approx(2677.7320792819373)]
    assert tables["rollouts"].select("benchmark", "score").unique().rows() == [("math_perturbed_full", 0.0)]
    assert log.rows == []
