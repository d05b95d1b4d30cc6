"""``raw_eval_results`` of every benchmark HAL runs, told apart by its keys, to one verdict per task and attempt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from traces.decode import Count
from traces.elements import members
from traces.readers.hal.inspect_log import EvalLog, is_inspect_log
from traces.readers.hal.parts import decoded, parts_before_cut
from traces.rejects import RejectLog

_NAME: Final = "raw_eval_results"


class TaskResult(msgspec.Struct, gc=False):
    """What is said of one task; each benchmark uses some of the fields."""

    reward: Count | bool = None
    score: Count | bool = None
    success: Count | bool = None
    resolved: Count | bool = None
    predicted_label: Count | bool | str = None
    success_rate: Count = None
    valid_program: Count = None
    codebert_score: Count = None
    correct_written_answers: Count = None
    total_written_questions: Count = None
    correct_vision_answers: Count = None
    total_vision_questions: Count = None
    cost: Count = None
    error: str | dict[str, Any] | None = None


class Passed(msgspec.Struct, gc=False):
    """USACO: share of the tests that passed."""

    fraction_passed: Count | str = None


class Submission(msgspec.Struct, gc=False):
    """USACO: one submission."""

    result: Passed | None = None


class Shapes(msgspec.Struct):
    """Keys of the benchmarks whose results are not simply by task."""

    individual: dict[str, TaskResult] | None = None
    eval_result: dict[str, TaskResult] | None = None
    agent_output: dict[str, TaskResult | str | list[Any] | None] | None = None
    sdict: dict[str, list[Submission]] | None = None
    details: dict[str, list[Any]] | None = None
    resolved_ids: list[str] | None = None
    unresolved_ids: list[str] | None = None
    error_ids: list[str] | None = None
    empty_patch_ids: list[str] | None = None
    scores: list[Any] | None = None
    answers: list[Any] | None = None
    successful_tasks: list[str] | None = None
    failed_tasks: list[str] | None = None


_KINDS: Final[Mapping[str, Any]] = {
    "individual": TaskResult, "eval_result": TaskResult, "agent_output": TaskResult | str | list[Any] | None,
    "sdict": list[Submission], "details": list[Any],
}  # fmt: skip
"""What is said of one task under the keys that hold it by task."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a benchmark says of one attempt; more: its other scores by name."""

    task_id: str
    attempt: int = 0
    score: float | None = None
    is_success: bool | None = None
    is_error: bool = False
    is_contradicted: bool = False
    cost_usd: float | None = None
    more: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(slots=True)
class Evaluation:
    """All verdicts, the name of their score and the rule of success in words; log: where Inspect ran the tasks."""

    verdicts: list[Verdict] = field(default_factory=list)
    metric: str | None = None
    rule: str | None = None
    log: EvalLog | None = None


Result = TaskResult | str | int | float | bool | list[TaskResult | str | int | float | bool | None] | None


def read_evaluation(text: bytes, name: str, log: RejectLog) -> Evaluation:
    """Read the results of any benchmark.

    Raises:
        MalformedTraceError: at the first that cannot be read, if the log stops on errors.
    """
    opening = text[:64].lstrip(b" \t\r\n")[:1]
    if opening == b"[":
        values = decoded(text, list[Result], name, _NAME, log) or []
        return _by_task((str(number), value) for number, value in enumerate(values))
    if opening != b"{":
        return Evaluation()
    if is_inspect_log(text):
        return Evaluation(log=decoded(text, EvalLog, name, _NAME, log))
    shapes = _shapes(text, name, log)
    read = next((read for key, read in _SHAPES.items() if getattr(shapes, key) is not None), None)
    return _by_task(_results(text, name, log)) if read is None else read(shapes)


def _shapes(text: bytes, name: str, log: RejectLog) -> Shapes:
    try:
        return msgspec.json.decode(text, type=Shapes, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Shapes(**dict(_salvaged(text, name, log)))


def _salvaged(text: bytes, name: str, log: RejectLog) -> Iterator[tuple[str, Any]]:
    """Read the known keys one by one, and what they hold by task."""
    for key, start, end in parts_before_cut(members(text), name, _NAME, log):
        kind = _KINDS.get(key)
        if kind is not None:
            parts = parts_before_cut(members(text, start), name, f"{_NAME}.{key}", log)
            read = {
                task: decoded(text[begin:until], kind, name, f"{_NAME}.{key}.{task}", log)
                for task, begin, until in parts
            }
            yield key, {task: value for task, value in read.items() if value is not None}
        elif key in Shapes.__struct_fields__:
            yield key, decoded(text[start:end], list[Any], name, f"{_NAME}.{key}", log)


def _results(text: bytes, name: str, log: RejectLog) -> Iterator[tuple[str, Result]]:
    try:
        yield from msgspec.json.decode(text, type=dict[str, Result], strict=False).items()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        for task_id, start, end in parts_before_cut(members(text), name, _NAME, log):
            yield task_id, decoded(text[start:end], Result, name, f"{_NAME}.{task_id}", log)


def _by_task(results: Iterator[tuple[str, Result]]) -> Evaluation:
    evaluation = Evaluation()
    for task_id, result in results:
        attempts = result if isinstance(result, list) else [result]
        for attempt, value in enumerate(attempts):
            verdict, metric, rule = _verdict(task_id, attempt, value)
            evaluation.verdicts.append(verdict)
            evaluation.metric, evaluation.rule = evaluation.metric or metric, evaluation.rule or rule
    return evaluation


def _verdict(task_id: str, attempt: int, value: Any) -> tuple[Verdict, str | None, str | None]:
    if isinstance(value, str):  # the message of the error that ended the attempt
        return Verdict(task_id, attempt, is_error=True), None, None
    if isinstance(value, int | float):  # how much is enough stands in HAL's lists, or beside them
        return Verdict(task_id, attempt, float(value)), "correctness", "correctness from the threshold on, else of 1"
    if not isinstance(value, TaskResult):
        return Verdict(task_id, attempt), None, None
    score, is_success, metric, rule = _judged(value)
    more = {name: _share(value, name) for name in ("written", "vision") if _total(value, name)}
    more |= {name: _number(getattr(value, name)) for name in ("valid_program", "codebert_score")}
    more = {name: share for name, share in more.items() if share is not None}
    verdict = Verdict(task_id, attempt, score, is_success, cost_usd=_number(value.cost), more=more)
    return verdict, metric, rule


Judged = tuple[float | None, bool | None, str | None, str | None]


def _judged(value: TaskResult) -> Judged:
    """Score, success, name of the score, rule of success: as the benchmark's own ``get_metrics`` judges."""
    if _total(value, "written") is not None or _total(value, "vision") is not None:
        parts = [_share(value, name) for name in ("written", "vision") if _total(value, name)]
        is_success = bool(parts) and all(share == 1 for share in parts)
        return float(is_success), is_success, "accuracy", "all written and vision questions answered correctly"
    if value.predicted_label is not None:
        is_success = value.predicted_label in (1, "1")
        return float(is_success), is_success, "predicted_label", "the judge says 1"
    for name, least, rule in _SCORES:
        score = _number(getattr(value, name))
        if score is not None:
            return score, score > 0 if least is None else score >= least, name, rule
    return None, None, None, None


_SCORES: Final = (
    ("reward", None, "reward > 0"), ("success_rate", 1, "success_rate = 1"), ("success", 1, "success"),
    ("resolved", 1, "resolved"), ("score", 1, "score >= 1"),
)  # fmt: skip


def _share(value: TaskResult, name: str) -> float | None:
    total, correct = _total(value, name), _number(getattr(value, f"correct_{name}_answers"))
    return None if not total or correct is None else correct / total


def _total(value: TaskResult, name: str) -> float | None:
    return _number(getattr(value, f"total_{name}_questions"))


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bytes) else float(value)
    except (ValueError, OverflowError):
        return None


def _appworld(shapes: Shapes) -> Evaluation:
    return _by_task(iter((shapes.individual or {}).items()))


def _scienceagentbench(shapes: Shapes) -> Evaluation:
    """Results by task, and beside them the agent's own record of the attempt with what it says it cost."""
    outputs = shapes.agent_output or {}
    evaluation = _by_task(iter((shapes.eval_result or {}).items()))
    evaluation.verdicts = [_with_cost(verdict, outputs.get(verdict.task_id)) for verdict in evaluation.verdicts]
    return evaluation


def _with_cost(verdict: Verdict, output: Any) -> Verdict:
    return replace(verdict, cost_usd=_number(output.cost)) if isinstance(output, TaskResult) else verdict


def _usaco(shapes: Shapes) -> Evaluation:
    verdicts = []
    for task_id, submissions in (shapes.sdict or {}).items():
        first = submissions[0].result if submissions else None
        score = _number(first.fraction_passed) if first is not None else None
        verdicts.append(Verdict(task_id, score=score, is_success=None if score is None else score >= 1))
    return Evaluation(verdicts, "fraction_passed", "all tests passed")


def _scicode(shapes: Shapes) -> Evaluation:
    """Only the sub-steps that passed are listed, not how many there are: success is known from HAL's lists alone."""
    details = (shapes.details or {}).items()
    verdicts = [Verdict(task_id, more={"n_passed_steps": float(len(passed))}) for task_id, passed in details]
    return Evaluation(verdicts, "solved", "all sub-steps passed")


def _swebench(shapes: Shapes) -> Evaluation:
    ids = {True: shapes.resolved_ids, False: [*(shapes.unresolved_ids or ()), *(shapes.error_ids or ())]}
    ids[False] = [*(ids[False] or ()), *(shapes.empty_patch_ids or ())]
    return _listed(ids, "resolved", "resolved")


def _assistantbench(shapes: Shapes) -> Evaluation:
    """Scores stand in a list without task ids; which task is which cannot be told, only who matched exactly."""
    return _listed({True: shapes.successful_tasks, False: shapes.failed_tasks}, None, "the answer matches exactly")


def _listed(ids: Mapping[bool, Sequence[str] | None], metric: str | None, rule: str) -> Evaluation:
    named = {task_id: is_success for is_success, listed in ids.items() for task_id in listed or ()}
    verdicts = [
        Verdict(task_id, score=None if metric is None else float(is_success), is_success=is_success)
        for task_id, is_success in named.items()
    ]
    return Evaluation(verdicts, metric, rule)


_SHAPES: Final = {
    "individual": _appworld, "eval_result": _scienceagentbench, "sdict": _usaco, "details": _scicode,
    "resolved_ids": _swebench, "scores": _assistantbench,
}  # fmt: skip
