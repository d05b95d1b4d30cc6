"""HELM run folders: the statistics of each instance, those of the run, its specification and its requests."""

from traces.readers.helm.kinds import group_folders, is_run_file, is_state
from traces.readers.helm.tables import parse
from traces.registry import Reader

READER = Reader(
    name="helm",
    summary="HELM run folders: per_instance_stats, stats and run_spec, with the times of scenario_state beside them.",
    upstream=("stanford-crfm/helm 0.1 (2022) to 0.5.16",),
    token_convention=(
        "HELM's own counts by the model's tokenizer, not the provider's bill: num_prompt_tokens once per request, "
        "num_output_tokens over all completions, the echoed prompt left out; nothing tells what a cache served."
    ),
    blind_spots=(
        "Counts are HELM's, not billed ones: hidden reasoning and what a chat template adds are in neither.",
        "A response HELM had cached keeps the seconds and the date of the request that first made it.",
        "Seconds are the request's, on whichever machine or API; in a batch they are those of the whole batch.",
        "What judges and annotators used is recorded nowhere; training energy and emissions are not read.",
        "The score is the first metric the run names, or the one chosen; HELM's own main metric is in no run folder.",
        "Splits are runs of their own: that of the test split has the benchmark's name, others name their split.",
        "Without per_instance_stats a run has totals only: means times instances, rounded.",
    ),
    sniff=is_run_file,
    names=(
        "instance_id train_trial_index stats",
        "name sum_squared count",
        "adapter_spec metrics",
        "adapter_spec metric_specs",
    ),
    parse=parse,
    group=group_folders,
    is_companion=is_state,
    companion_names=("adapter_spec request_states",),
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.submissions_allowed",
        "runs.score_metric", "runs.success_rule", "runs.started_at", "runs.recorded_score", "runs.recorded_n_rollouts",
        "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success", "rollouts.started_at",
        "rollouts.ended_at", "rollouts.wall_s", "rollouts.model_s", "rollouts.time_basis", "rollouts.n_calls",
        "scores.value", "scores.is_success", "calls.call_index", "calls.provider", "calls.model", "calls.started_at",
        "calls.ended_at", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.output_tokens",
        "calls.n_requests",
    ),
)  # fmt: skip
