"""lm-evaluation-harness: results files, whole sweeps of checkpoints among them, and the samples beside them."""

from traces.readers.lm_eval.file import is_either
from traces.readers.lm_eval.tables import group_folders, parse
from traces.registry import Reader

READER = Reader(
    name="lm_eval",
    summary="lm-evaluation-harness: results files (a run per task, checkpoints kept apart) and their files of samples.",
    upstream=("EleutherAI/lm-evaluation-harness 0.3 (2022, Pythia's evaluations)", "0.4.0 (2023-12) to 0.4.9.2"),
    token_convention="No tokens are recorded: calls have unknown tokens, seconds of the evaluation are charges.",
    blind_spots=(
        "Seconds are those of a whole file, from loading the model on: of several tasks they belong to a run of none.",
        "How many of several accelerators were used is not told: seconds then are of the evaluation, not of them.",
        "Versions before 0.4 record neither a date nor seconds; before 0.4.3 no seconds.",
        "Groups of tasks are runs beside their tasks: their score is made of those, not another evaluation.",
        "Samples name neither model nor task: their hashes, else the file's name, lead to the results beside them.",
        "Samples in another folder than their results make a run of an unknown model.",
    ),
    sniff=is_either,
    names=(
        "doc_id doc target",
        "doc_id doc arguments",
        "results versions model_args",
        "results model_name_sanitized model_source",
        "results n-shot higher_is_better",
    ),
    parse=parse,
    group=group_folders,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.model_revision", "runs.settings",
        "runs.submissions_allowed", "runs.score_metric", "runs.score_min", "runs.score_max", "runs.started_at",
        "runs.ended_at", "runs.recorded_score", "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark",
        "rollouts.score", "rollouts.is_success", "rollouts.n_calls", "scores.value", "scores.is_success",
        "calls.call_index", "calls.model", "calls.n_requests", "charges.quantity", "charges.resource", "charges.model",
        "charges.started_at",
    ),
)  # fmt: skip
