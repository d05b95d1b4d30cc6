"""Results files to runs: one run per task, of a model at a revision; the seconds are those of the whole file."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import xxhash

from traces.decode import whole
from traces.files import printable
from traces.readers.lm_eval.file import Config, Results, Size

Row = dict[str, Any]
_MODEL_ARGUMENTS: Final = ("peft", "delta", "pretrained", "model", "path", "engine")
_LOWER_IS_BETTER: Final = frozenset({
    "ppl", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score", "ter", "pct_stereotype",
    "likelihood_difference", "likelihood_diff",
})  # fmt: skip
_SHARES: Final = frozenset({"acc", "acc_norm", "exact_match", "f1", "pass@1", "mc1", "mc2", "em"})
_HOSTED: Final = re.compile("completions|openai|anthropic|gemini|watsonx|textsynth|litellm|api", re.IGNORECASE)
_GPU: Final = re.compile(r"^GPU \d+: (.+)$", re.MULTILINE)
_MOST_S: Final = 10**8


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One results file."""

    results: Results
    path: str

    @property
    def config(self) -> Config:
        """Settings of the run."""
        return self.results.config or Config()

    @property
    def run_id(self) -> str:
        """Id from the content: who was evaluated, when, with which outcome."""
        results, config = self.results, self.config
        said = (config.model, config.model_args, config.model_sha, results.date, results.git_hash, results.results)
        return f"lm-eval-{xxhash.xxh3_128_hexdigest(repr(said).encode('utf-8', 'replace'))[:12]}"

    @property
    def tasks(self) -> list[str]:
        """Tasks and groups of tasks with a score, in the order of the file."""
        return [name for name, metrics in (self.results.results or {}).items() if _scores(metrics)]

    @property
    def model(self) -> str | None:
        """Model as the harness was told it."""
        args = self.arguments
        named = next((str(args[name]) for name in _MODEL_ARGUMENTS if args.get(name)), None)
        checkpoint = args.get("load") or args.get("save")
        return (
            self.results.model_name
            or named
            or (str(checkpoint).rstrip("/").rpartition("/")[2] or None if checkpoint else None)
        )

    @property
    def revision(self) -> str | None:
        """Checkpoint: a revision on the hub, or the training step of a local one."""
        args = self.arguments
        step = whole(args["iteration"]) if isinstance(args.get("iteration"), int) else None
        return self.config.model_revision or args.get("revision") or (None if step is None else f"step{step}")

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Arguments of the model, which older versions write as one text."""
        args = self.config.model_args
        if isinstance(args, Mapping):
            return args
        pairs = (part.partition("=") for part in str(args or "").split(","))
        return {name.strip(): value.strip() for name, _, value in pairs if value}

    @property
    def seconds(self) -> float | None:
        """Seconds of the evaluation of all its tasks."""
        seconds = self.results.total_evaluation_time_seconds
        return seconds if seconds is not None and math.isfinite(seconds) and 0 <= seconds < _MOST_S else None

    def task_run_id(self, task: str) -> str:
        """Id of the run of one task."""
        return f"{self.run_id}/{printable(task)}" if len(self.tasks) > 1 else self.run_id

    def main_metric(self, task: str, scorer: str | None) -> str | None:
        """Metric that scores a task: the chosen one, else the first the file names."""
        names = _scores((self.results.results or {}).get(task) or {})
        chosen = [name for name in names if scorer in {name, base_name(name)}]
        return next(iter([*chosen, *names]), None)


def base_name(metric: str) -> str:
    """Name of a metric without the filter it is computed after ("exact_match,strict-match")."""
    return metric.partition(",")[0]


def run_rows(evaluation: Evaluation, scorer: str | None, source_path: str) -> Iterator[Row]:
    """One run per task; of a file with several, also one of no benchmark, which the seconds of all belong to."""
    for task in evaluation.tasks:
        yield _run_row(evaluation, task, scorer, source_path)
    if len(evaluation.tasks) > 1 and evaluation.seconds is not None:
        settings = {"tasks": evaluation.tasks, **_machine(evaluation)}
        yield {
            **_shared(evaluation, source_path), "run_id": evaluation.run_id, "benchmark": None,
            "settings": json.dumps(settings, sort_keys=True), "score_metric": None, "score_min": None,
            "score_max": None, "is_higher_better": True, "recorded_score": None, "recorded_n_rollouts": None,
        }  # fmt: skip


def charge_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Seconds of a model on one's own machine: of its accelerator if there is one, else of the whole evaluation."""
    config, gpus = evaluation.config, _gpus(evaluation)
    if evaluation.seconds is None or _HOSTED.search(evaluation.results.model_source or config.model or ""):
        return
    yield {
        "run_id": evaluation.run_id, "kind": "accelerator_s" if len(gpus) == 1 else "evaluation_s",
        "quantity": evaluation.seconds, "unit": "s", "resource": _resource(gpus), "model": evaluation.model,
        "started_at": _started_at(evaluation),
    }  # fmt: skip


def _run_row(evaluation: Evaluation, task: str, scorer: str | None, source_path: str) -> Row:
    results, metric = evaluation.results, evaluation.main_metric(task, scorer)
    metrics = (results.results or {}).get(task) or {}
    base = base_name(metric or "")
    told = ((results.higher_is_better or {}).get(task) or {}).get(base)
    size = (results.n_samples or {}).get(task) or Size()
    return {
        **_shared(evaluation, source_path, _n_shot(evaluation, task)), "run_id": evaluation.task_run_id(task),
        "benchmark": printable(task), "settings": json.dumps(_settings(evaluation, task, metrics), sort_keys=True),
        "score_metric": metric, "score_min": 0.0 if base in _SHARES else None,
        "score_max": 1.0 if base in _SHARES else None,
        "is_higher_better": base not in _LOWER_IS_BETTER if told is None else told,
        "recorded_score": _scores(metrics).get(metric or ""), "recorded_n_rollouts": whole(size.effective),
    }  # fmt: skip


def _shared(evaluation: Evaluation, source_path: str, n_shot: int | None = None) -> Row:
    started_at, seconds = _started_at(evaluation), evaluation.seconds
    version = evaluation.results.lm_eval_version
    model = "@".join(filter(None, (evaluation.model, evaluation.revision))) or None
    return {
        "scaffold": f"lm-evaluation-harness {version}" if version else "lm-evaluation-harness",
        "model": evaluation.model, "model_revision": evaluation.revision,
        "agent": " + ".join(filter(None, (model, f"{n_shot}-shot" if n_shot else None))) or "unknown",
        "submissions_allowed": 1, "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=seconds) if started_at and seconds is not None else None,
        "source_format": "lm_eval", "source_path": source_path,
    }  # fmt: skip


def _started_at(evaluation: Evaluation) -> datetime | None:
    date = evaluation.results.date
    return datetime.fromtimestamp(date, UTC) if date is not None and 0 < date < 2**32 else None


def _scores(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a task but the errors of them."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    named = {name: value for name, value in numbers.items() if not base_name(name).endswith("_stderr")}
    return {name: float(value) for name, value in named.items() if name != "sample_len" and math.isfinite(value)}


def _n_shot(evaluation: Evaluation, task: str) -> int | None:
    own = whole((evaluation.results.n_shot or {}).get(task))
    return whole(evaluation.config.num_fewshot) if own is None else own


def _settings(evaluation: Evaluation, task: str, metrics: Mapping[str, Any]) -> Row:
    results, config = evaluation.results, evaluation.config
    settings = {
        "num_fewshot": _n_shot(evaluation, task), "version": (results.versions or {}).get(task),
        "subtasks": (results.group_subtasks or {}).get(task) or None, "limit": config.limit,
        "metrics": {name: value for name, value in metrics.items() if isinstance(value, int | float)},
        "chat_template_sha": results.chat_template_sha, **_machine(evaluation),
    }  # fmt: skip
    return {name: value for name, value in settings.items() if value is not None}


def _machine(evaluation: Evaluation) -> Row:
    config, results = evaluation.config, evaluation.results
    settings = {
        "model_source": results.model_source or config.model, "model_sha": config.model_sha,
        "model_dtype": config.model_dtype, "model_num_parameters": whole(config.model_num_parameters),
        "batch_size": None if config.batch_size is None else str(config.batch_size),
        "random_seed": config.random_seed, "git_hash": results.git_hash,
        "total_evaluation_time_seconds": evaluation.seconds, "accelerators": _resource(_gpus(evaluation)),
    }  # fmt: skip
    return {name: value for name, value in settings.items() if value is not None}


def _gpus(evaluation: Evaluation) -> list[str]:
    """Accelerators of the machine; how many of several were used is not told."""
    return [name.strip() for name in _GPU.findall(evaluation.results.pretty_env_info or "")]


def _resource(gpus: list[str]) -> str | None:
    counted = {name: gpus.count(name) for name in gpus}
    return ", ".join(f"{n} x {name}" if len(gpus) > 1 else name for name, n in counted.items()) or None
