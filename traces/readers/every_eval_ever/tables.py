"""One evaluation of Every Eval Ever to canonical tables: its aggregates as runs, its samples in batches."""

from collections.abc import Iterator, Sequence
from typing import Final

from traces.document import read_document
from traces.lines import read_lines
from traces.readers.every_eval_ever.file import Aggregate, Sample
from traces.readers.every_eval_ever.kinds import kind_of
from traces.readers.every_eval_ever.runs import Evaluation, evaluations, run_row
from traces.readers.every_eval_ever.samples import CALL_SCHEMA, ROLLOUT_SCHEMA, SCORE_SCHEMA, Line, Samples
from traces.registry import Batch, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import frame_of, frame_of_tuples
from traces.schema import RUNS

_LINES_PER_BATCH: Final = 10_000
Known = dict[tuple[str, str, str | None], Evaluation]
"""Evaluations by id, name and, where only samples tell of them, model."""


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map the files of an evaluation to batches of samples; the runs come last."""
    kinds = {file: kind_of(file) for file in source.files}
    known: Known = {}
    for file in (file for file, kind in kinds.items() if kind == "aggregate"):
        _add_aggregate(known, file, log)
    samples = Samples(source.choices.scorer, log)
    yield from _batches([file for file, kind in kinds.items() if kind == "samples"], known, samples, log)
    runs = [
        run_row(each, source.choices.scorer, source.name, is_alone=_is_alone(each, known)) for each in known.values()
    ]
    yield {"runs": frame_of(RUNS, runs)}


def _add_aggregate(known: Known, file: SourceFile, log: RejectLog) -> None:
    aggregate = read_document(file, Aggregate, log)
    if aggregate is None:
        return
    for number, (name, evaluation) in enumerate(evaluations(aggregate).items()):
        first = known.setdefault((evaluation.evaluation_id, name, None), evaluation)
        if first is not evaluation:
            is_same = first.results == evaluation.results
            reason = "the same evaluation" if is_same else "the same evaluation with other results: those are left out"
            log.duplicate(file.name, f"evaluation_results[{number}]", first.run_id, reason)


def _is_alone(evaluation: Evaluation, known: Known) -> bool:
    return sum(evaluation_id == evaluation.evaluation_id for evaluation_id, _, _ in known) == 1


def _batches(
    files: Sequence[SourceFile],
    known: Known,
    samples: Samples,
    log: RejectLog,
) -> Iterator[Batch]:
    met: dict[tuple[str | None, ...], Evaluation] = {}
    for line in _lines(files, log):
        of = line.sample
        names = (of.evaluation_id, of.evaluation_name, of.model_id, of.evaluation_result_id)
        evaluation = met.get(names)
        if evaluation is None:
            evaluation = met[names] = _evaluation(of, known)
        samples.add(evaluation, line)
        if len(samples.scores) >= _LINES_PER_BATCH:
            yield _batch(samples, is_end=False)
    yield _batch(samples, is_end=True)


def _batch(samples: Samples, *, is_end: bool) -> Batch:
    rollouts = frame_of_tuples(samples.taken(is_end=is_end), ROLLOUT_SCHEMA)
    calls, samples.calls = frame_of_tuples(samples.calls, CALL_SCHEMA), []
    scores, samples.scores = frame_of_tuples(samples.scores, SCORE_SCHEMA), []
    tasks = rollouts.select("benchmark", "task_id").unique(maintain_order=True)
    return {"rollouts": rollouts, "tasks": tasks, "calls": calls, "scores": scores}


def _lines(files: Sequence[SourceFile], log: RejectLog) -> Iterator[Line]:
    """Lines of all files, each once: a file of the same content in another place gives none."""
    for file in _distinct(files, log) if len(files) > 1 else files:
        for place, sample in read_lines(file, Sample, log):
            if sample.sample_id is None or not (sample.evaluation_name or sample.evaluation_result_id):
                log.malformed(file.name, place, "no sample_id or no evaluation")
            else:
                yield Line(sample, file.name, place)


def _distinct(files: Sequence[SourceFile], log: RejectLog) -> Iterator[SourceFile]:
    from traces.errors import TraceError
    from traces.files import content_hash

    seen: dict[str, SourceFile] = {}
    for file in files:
        try:
            first = seen.setdefault(content_hash(file.path), file)
        except TraceError:
            first = file  # what stands before the damage is read
        if first is file:
            yield file
        else:
            log.duplicate(file.name, "", first.name)


def _evaluation(sample: Sample, known: Known) -> Evaluation:
    """Evaluation a sample belongs to: by the id of its result where an aggregate has that, else by name."""
    evaluation_id, result_id = sample.evaluation_id or "", sample.evaluation_result_id
    name = sample.evaluation_name or result_id or ""
    key = (evaluation_id, name, sample.model_id)
    found = known.get((evaluation_id, name, None))
    if found is not None and found.results:  # an aggregate's, not that of samples without a model
        return found
    by_result = (
        evaluation
        for (own_id, _, _), evaluation in known.items()
        if own_id == evaluation_id and any(each.evaluation_result_id == result_id for each in evaluation.results)
    )
    found = (next(by_result, None) if result_id else None) or known.get(key)
    return known.setdefault(key, Evaluation(*key)) if found is None else found
