"""Every Eval Ever: aggregates of evaluations, and their samples one a line."""

from traces.readers.every_eval_ever.kinds import group_evaluations, is_either
from traces.readers.every_eval_ever.tables import parse
from traces.registry import Reader

READER = Reader(
    name="every_eval_ever",
    summary="Every Eval Ever: aggregate files (one run per evaluation in them) and their files of samples.",
    upstream=(
        "evaleval/every_eval_ever schemas 0.0.1 to 0.3.0",
        "its adapters of Inspect, HELM and lm-eval at 9bce413",
    ),
    token_convention=(
        "Undefined by the schema, so proven by the total: input + output means that cached tokens are inside the "
        "input, input + output + cached that they are beside it; where it fits neither the split is not used."
    ),
    blind_spots=(
        "The adapter of Inspect copies the usage of a sample's last call only: the earlier ones are a residual.",
        "That adapter's latency is the time spent waiting, its generation time includes tools.",
        "Usage of 0 tokens is what adapters write where nothing was counted: not known.",
        "Dollars are an adapter's note, rounded to cents, of a whole file: kept where it holds one evaluation.",
        "No call and no sample carries a date; an aggregate may.",
        "Samples inside an aggregate of schema 0.1 hold answers, but neither score nor tokens: they are only counted.",
        "Samples before schema 0.2.2 carry another id than their aggregate, and are a run of their own.",
        "Several metrics of one evaluation are one run: the first scores it, or the one chosen.",
    ),
    sniff=is_either,
    names=(
        "evaluation_id sample_id interaction_type evaluation_name",
        "evaluation_id evaluation_results source_metadata",
    ),
    parse=parse,
    group=group_evaluations,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.started_at", "runs.recorded_score", "runs.recorded_n_rollouts", "tasks.benchmark",
        "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.wall_s", "rollouts.wait_s",
        "rollouts.time_basis", "rollouts.n_calls", "scores.value", "scores.is_success", "calls.call_index",
        "calls.model", "calls.input_tokens", "calls.uncached_input_tokens", "calls.cache_read_tokens",
        "calls.cache_write_5m_tokens", "calls.cache_write_1h_tokens", "calls.cache_write_unspecified_tokens",
        "calls.output_tokens", "calls.n_requests",
    ),
)  # fmt: skip
