"""HELM reader: instances as rollouts with HELM's own counts, several metrics, trials and perturbed copies."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Tables, known, read_with

from traces.errors import MalformedTraceError
from traces.readers.helm import READER
from traces.registry import Choices, Peek
from traces.rejects import OnError, RejectLog

GOLDEN = Path(__file__).parents[2] / "data" / "helm"


def read(path: Path, on_error: OnError = "stop", choices: Choices | None = None) -> tuple[Tables, RejectLog]:
    return read_with(READER, [path], on_error, choices)


def stat(name: str, total: float, count: int = 1, **more: Any) -> dict[str, Any]:
    mean = {"mean": total / count} if count else {}
    return {"name": {"name": name, "split": "test", **more}, "count": count, "sum": total, "sum_squared": 0, **mean}


def instance(task: str = "id1", trial: int = 0, *more: dict[str, Any], **values: Any) -> dict[str, Any]:
    usual = [
        stat("num_prompt_tokens", 700), stat("num_completion_tokens", 12), stat("num_output_tokens", 12),
        stat("training_co2_cost", 0, 0), stat("inference_runtime", 1.5), stat("batch_size", 1),
        stat("finish_reason_stop", 1), stat("exact_match", 1), stat("f1_score", 0.5),
    ]  # fmt: skip
    named = {each["name"]["name"] for each in more}
    stats = [each for each in usual if each["name"]["name"] not in named] + list(more)
    return {"instance_id": task, "train_trial_index": trial, "stats": stats, **values}


def spec(**adapter: Any) -> dict[str, Any]:
    return {
        "name": "quiz:subject=law,model=acme_large",
        "scenario_spec": {"class_name": "helm.Quiz", "args": {}},
        "adapter_spec": {"method": "generation", "model": "acme/large", "model_deployment": "host/large", **adapter},
        "metric_specs": [{"class_name": "m.Basic", "args": {"names": ["exact_match", "f1_score"]}}],
        "groups": ["quiz"],
    }  # fmt: skip


def state(task: str = "id1", trial: int = 0, **result: Any) -> dict[str, Any]:
    made = {"success": True, "cached": False, "request_time": 1.5, "request_datetime": 1_767_225_600, **result}
    return {"instance": {"id": task, "input": {"text": "…"}}, "train_trial_index": trial, "result": made}


def folder(tmp_path: Path, **files: Any) -> Path:
    documents = {"per_instance_stats": [instance()], "run_spec": spec(), **files}
    path = tmp_path / "quiz:subject=law,model=acme_large"
    path.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        if document is not None:
            (path / f"{name}.json").write_text(
                document if isinstance(document, str) else json.dumps(document, indent=2)
            )
    return path


def states(*requests: dict[str, Any]) -> dict[str, Any]:
    return {"adapter_spec": spec()["adapter_spec"], "request_states": list(requests)}


def test_an_instance_is_a_rollout_of_one_call_with_the_tokens_helm_counted(tmp_path: Path) -> None:
    call = read(folder(tmp_path))[0]["calls"].row(0, named=True)
    assert (call["input_tokens"], call["output_tokens"], call["latency_s"], call["n_requests"]) == (700, 12, 1.5, 1)
    assert (call["provider"], call["model"], call["granularity"]) == ("host", "acme/large", "call")
    assert call["uncached_input_tokens"] is call["cache_read_tokens"] is None


def test_the_benchmark_is_the_name_of_the_run_without_its_model(tmp_path: Path) -> None:
    assert read(folder(tmp_path))[0]["runs"]["benchmark"].to_list() == ["quiz:subject=law"]


def test_the_first_metric_the_run_names_is_the_score_and_the_others_are_kept(tmp_path: Path) -> None:
    tables, _ = read(folder(tmp_path))
    assert tables["rollouts"].select("score", "is_success").rows() == [(1.0, True)]
    assert tables["scores"].select("metric", "value", "is_success").rows() == [
        ("exact_match", 1.0, True),
        ("f1_score", 0.5, None),
    ]


def test_another_metric_may_be_chosen_and_one_of_shares_has_no_success(tmp_path: Path) -> None:
    tables, _ = read(folder(tmp_path), choices=Choices(scorer="f1_score"))
    assert tables["rollouts"].select("score", "is_success").rows() == [(0.5, None)]
    assert tables["runs"]["score_metric"].to_list() == ["f1_score"]


def test_the_first_versions_name_the_parts_of_a_run_otherwise(tmp_path: Path) -> None:
    named = {"scenario_spec": "scenario", "metric_specs": "metrics"}
    early = {named.get(key, key): value for key, value in spec(model_deployment=None).items()}
    early["metrics"] = [{"class_name": "m.Basic", "args": {"names": ["f1_score"]}}]
    tables, log = read(folder(tmp_path, run_spec=early))
    assert tables["runs"].select("model", "score_metric").rows() == [("acme/large", "f1_score")]
    assert tables["calls"]["provider"].to_list() == [None]
    assert log.rows == []


def test_a_statistic_of_no_value_is_not_known(tmp_path: Path) -> None:
    empty = instance("id1", 0, stat("num_prompt_tokens", 0, 0), stat("exact_match", 0, 0))
    tables, _ = read(folder(tmp_path, per_instance_stats=[empty]))
    assert tables["calls"].select("input_tokens", "n_requests").rows() == [(None, None)]
    assert tables["rollouts"]["score"].to_list() == [0.5]


def test_what_several_metrics_say_of_one_instance_is_one_rollout_and_counts_once(tmp_path: Path) -> None:
    other = {"instance_id": "id1", "train_trial_index": 0, "stats": [stat("num_prompt_tokens", 700), stat("toxic", 0)]}
    tables, _ = read(folder(tmp_path, per_instance_stats=[instance(), other]))
    assert tables["calls"]["input_tokens"].to_list() == [700]
    assert sorted(tables["scores"]["metric"]) == ["exact_match", "f1_score", "toxic"]


def test_a_request_for_each_choice_makes_a_total_of_the_rollout(tmp_path: Path) -> None:
    several = instance("id1", 0, stat("num_prompt_tokens", 2800, 4), stat("inference_runtime", 6.0, 4))
    tables, _ = read(folder(tmp_path, per_instance_stats=[several]))
    assert tables["calls"].select("input_tokens", "n_requests", "granularity", "latency_s").rows() == [
        (2800, 4, "rollout", None)
    ]
    assert tables["rollouts"].select("wall_s", "time_basis", "n_calls").rows() == [(6.0, "upper_bound", 4)]


def test_trials_are_attempts_and_a_perturbed_copy_is_a_task_of_the_same_family(tmp_path: Path) -> None:
    typos = {"name": "typos", "robustness": True, "computed_on": "perturbed", "seed": 3}
    rows = [instance(), instance("id1", 1), instance(perturbation=typos)]
    tables, _ = read(folder(tmp_path, per_instance_stats=rows))
    assert sorted(tables["rollouts"].select("task_id", "attempt").rows()) == [
        ("id1", 0),
        ("id1", 1),
        ("id1+typos-perturbed-3", 0),
    ]
    assert tables["tasks"].select("task_id", "family").rows() == [("id1", None), ("id1+typos-perturbed-3", "id1")]


def test_the_requests_tell_when_and_which_failed(tmp_path: Path) -> None:
    path = folder(tmp_path, scenario_state=states(state(), state(success=False)))
    tables, log = read(path)
    assert tables["calls"]["started_at"].item().isoformat() == "2026-01-01T00:00:00+00:00"
    assert tables["runs"]["started_at"].item().isoformat() == "2026-01-01T00:00:00+00:00"
    assert tables["rollouts"]["stop_reason"].to_list() == ["error_infra"]
    assert log.rows == []


def test_seconds_of_a_batch_are_shared_by_its_requests(tmp_path: Path) -> None:
    rollouts = read(folder(tmp_path, per_instance_stats=[instance("id1", 0, stat("batch_size", 3))]))[0]["rollouts"]
    assert rollouts.select("wall_s", "model_s").rows() == [(1.5, 0.5)]


def test_splits_are_never_pooled_and_the_test_split_has_the_name_of_the_benchmark(tmp_path: Path) -> None:
    stats = [
        stat("exact_match", 0.5), stat("num_instances", 30), stat("exact_match", 1.0, split="valid"),
        stat("num_instances", 10, split="valid"), stat("exact_match", 0.0, perturbation={"name": "typos"}),
    ]  # fmt: skip
    valid = [instance("id2"), instance("id3")]
    for element in valid:
        for each in element["stats"]:
            each["name"]["split"] = "valid"
    tables, _ = read(folder(tmp_path, stats=stats, per_instance_stats=[*valid, instance("id1")]))
    runs = tables["runs"].sort("benchmark")
    assert runs.select("benchmark", "recorded_score", "recorded_n_rollouts").rows() == [
        ("quiz:subject=law", 0.5, 30), ("quiz:subject=law (valid)", 1.0, 10),
    ]  # fmt: skip
    by_task = dict(tables["rollouts"].select("task_id", "benchmark").rows())
    assert by_task == {"id1": "quiz:subject=law"} | dict.fromkeys(("id2", "id3"), "quiz:subject=law (valid)")
    assert [json.loads(settings)["split"] for settings in runs["settings"]] == ["test", "valid"]
    assert runs["run_id"].n_unique() == 2


def test_a_run_of_one_split_has_the_name_of_the_benchmark_whichever_it_is(tmp_path: Path) -> None:
    stats = [stat("exact_match", 1.0, split="valid"), stat("num_instances", 10, split="valid")]
    tables, _ = read(folder(tmp_path, stats=stats, per_instance_stats=None))
    assert tables["runs"].select("benchmark", "recorded_score").rows() == [("quiz:subject=law", 1.0)]


def test_totals_of_splits_are_apart(tmp_path: Path) -> None:
    stats = [
        stat("num_prompt_tokens", 600), stat("num_instances", 10),
        stat("num_prompt_tokens", 500, split="valid"), stat("num_instances", 2, split="valid"),
    ]  # fmt: skip
    tables, _ = read(folder(tmp_path, stats=stats, per_instance_stats=None))
    assert sorted(tables["calls"]["input_tokens"]) == [1000, 6000]


def test_without_instances_the_run_has_totals(tmp_path: Path) -> None:
    stats = [stat("num_prompt_tokens", 631.4), stat("num_output_tokens", 1), stat("num_instances", 10)]
    tables, _ = read(folder(tmp_path, per_instance_stats=None, stats=stats))
    assert tables["calls"].select(
        "rollout_id", "input_tokens", "output_tokens", "n_requests", "granularity"
    ).rows() == [(None, 6314, 10, 10, "run")]


def test_a_copy_of_a_run_has_the_same_id_and_another_run_of_it_has_not(tmp_path: Path) -> None:
    other = [instance("id1", 0, stat("inference_runtime", 2.5))]
    paths = [folder(tmp_path / name) for name in "ab"] + [folder(tmp_path / "c", per_instance_stats=other)]
    ids = [read(path)[0]["runs"]["run_id"].item() for path in paths]
    assert ids[0] == ids[1] != ids[2]


BROKEN = {
    "NaN": json.dumps([instance("id1", 0, stat("f1_score", float("nan")))]),
    "wrong type": json.dumps([instance(), {**instance("id2"), "stats": [{"name": {"name": "x"}, "sum": "many"}]}]),
    "cut": json.dumps([instance(), instance("id2")])[:-200],
    "negative": json.dumps([instance("id1", 0, stat("num_prompt_tokens", -5))]),
    "absurd": json.dumps([instance("id1", 0, stat("num_prompt_tokens", 1e40))]),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_statistics_are_an_error_or_a_reject_and_the_rest_is_read(tmp_path: Path, text: str) -> None:
    path = folder(tmp_path, per_instance_stats=text)
    tables, log = read(path, "skip")
    assert tables["rollouts"].height >= 1
    assert [row["kind"] for row in log.rows] != []
    with pytest.raises(MalformedTraceError):
        read(path)


@settings(max_examples=25)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere_never_ends_in_a_traceback(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = folder(tmp_path_factory.mktemp("cut"), scenario_state=states(state()), stats=[stat("num_instances", 1)])
    for file in path.iterdir():
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        read(path, "skip")
        file.write_bytes(content)


@pytest.mark.parametrize("text", ["", "[]", "[" * 3000, '[{"instance_id": "a"}]', '{"adapter_spec": {}}'])
def test_other_files_are_not_taken_for_helm_ones(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))


@pytest.mark.parametrize("table", ["runs", "tasks", "rollouts", "scores", "calls"])
def test_a_run_folder_gives_the_tables_beside_it(table: str) -> None:
    tables, log = read(GOLDEN / "run")
    assert known(tables[table]) == (GOLDEN / f"run.{table}.csv").read_text()
    assert log.rows == []


REAL = [  # name, rollouts of the test split and of the other one, input tokens, output tokens
    ("commonsense-dataset=hellaswag,method=multiple_choice_joint,model=eleutherai_pythia-1b-v0", [10], 6314, 10),
    ("mmlu-subject=philosophy,method=multiple_choice_joint,model=openai_gpt2", [9, 1], 3574, 10),
    ("narrative_qa-model=openai_gpt2", [4, 1], 3536, 209),
]


@pytest.mark.parametrize("row", REAL, ids=[row[0].partition("-")[0] for row in REAL])
def test_real_run_folders_give_the_means_they_state(shared_data: Path, row: tuple[Any, ...]) -> None:
    name, sizes, n_input, n_output = row
    tables, log = read(shared_data / "every_eval_ever" / "tests_data" / "helm" / name)
    runs = tables["runs"].sort("benchmark")
    of_runs = [tables["rollouts"].filter(run_id=run_id) for run_id in runs["run_id"]]
    assert [rollouts.height for rollouts in of_runs] == sizes == runs["recorded_n_rollouts"].to_list()
    assert [rollouts["score"].mean() for rollouts in of_runs] == pytest.approx(runs["recorded_score"].to_list())
    assert (sum(tables["calls"]["input_tokens"]), sum(tables["calls"]["output_tokens"])) == (n_input, n_output)
    assert {row["kind"] for row in log.rows} == {"unrecognised"}
