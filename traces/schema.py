"""The canonical tables, declared once: column types, validation, empty frames and the docs page come from here.

null = not known; 0 = known to be none. Money is USD, time is Datetime(us, UTC), units are part of a name.
"""

from typing import Final

import polars as pl

from traces.table import Column, Table

UTC_TIME: Final = pl.Datetime("us", "UTC")

STOP_REASONS: Final = (
    "submitted", "gave_up", "limit_cost", "limit_tokens", "limit_time", "limit_turns", "limit_context", "limit_other",
    "error", "error_infra", "unknown",
)  # fmt: skip
ROLES: Final = ("agent", "user", "judge", "other")
GRANULARITIES: Final = ("call", "rollout", "run", "bucket")
REJECT_KINDS: Final = ("malformed", "duplicate", "unrecognised", "contradiction")
TIME_BASES: Final = ("measured", "lower_bound", "upper_bound")

RUNS: Final = Table(
    "runs",
    ("run_id",),
    "One row per run of one agent on one benchmark, with the budget protocol and what the source claims.",
    (
        Column("run_id", pl.String, "Id of the run, from the source's own id or its content, never from a path.", nullable=False),
        Column("benchmark", pl.String, "Benchmark the tasks come from; null: the source does not name it."),
        Column("scaffold", pl.String, "Program around the model, with its version where known."),
        Column("model", pl.String, "Model of the agent as the source writes it; the most frequent one where calls differ."),
        Column("model_revision", pl.String, "Checkpoint or revision of the model."),
        Column("reasoning_effort", pl.String, "Reasoning effort or thinking setting as the source writes it."),
        Column("agent", pl.String, "Display name: scaffold + model + effort.", nullable=False),
        Column("settings", pl.String, "Other settings of the run, as JSON."),
        Column("limit_usd", pl.Float64, "Dollars a rollout may spend; null: no limit known."),
        Column("limit_tokens", pl.Int64, "Tokens a rollout may use; null: no limit known."),
        Column("limit_s", pl.Float64, "Seconds a rollout may take; null: no limit known."),
        Column("limit_turns", pl.Int64, "Turns (model calls or steps, as the scaffold counts) a rollout may take; null: no limit known."),
        Column("is_budget_told", pl.Boolean, "Whether the model was told its budget; null: not known."),
        Column("submissions_allowed", pl.Int64, "Answers the agent may submit per rollout; null: not known."),
        Column("compaction", pl.String, "How the context is shortened when it grows; null: not known."),
        Column("score_metric", pl.String, "Name of the score in rollouts.score."),
        Column("score_min", pl.Float64, "Lowest possible score; null: unbounded or not known."),
        Column("score_max", pl.Float64, "Highest possible score; null: unbounded or not known."),
        Column("is_higher_better", pl.Boolean, "Direction of the score.", nullable=False, default=True),
        Column("success_rule", pl.String, "How is_success follows from the score, in words."),
        Column("started_at", UTC_TIME, "Start of the run; null: not known."),
        Column("ended_at", UTC_TIME, "End of the run; null: not known."),
        Column("source_format", pl.String, "Reader that read the run.", nullable=False),
        Column("source_path", pl.String, "Where it was read from, relative to the input given."),
        Column("recorded_score", pl.Float64, "Score the source claims for the run, on the scale of score_min..score_max."),
        Column("recorded_cost_usd", pl.Float64, "Dollars the source claims for the run."),
        Column("recorded_n_rollouts", pl.Int64, "Number of rollouts the source claims for the run."),
    ),
)  # fmt: skip

TASKS: Final = Table(
    "tasks",
    ("benchmark", "task_id"),
    "One row per task of a benchmark, run or not: clusters, weights and the human line.",
    (
        Column("benchmark", pl.String, "Benchmark the task belongs to; null: the source does not name it."),
        Column("task_id", pl.String, "Id of the task within its benchmark.", nullable=False),
        Column("family", pl.String, "Cluster of related tasks; null: every task is its own cluster."),
        Column("weight", pl.Float64, "Weight of the task in the benchmark's mean; null: equal weights."),
        Column("human_s", pl.Float64, "Seconds a human takes; null: not known."),
        Column("human_cost_usd", pl.Float64, "Dollars a human costs; null: not known."),
    ),
)

ROLLOUTS: Final = Table(
    "rollouts",
    ("run_id", "rollout_id"),
    "One row per attempt of an agent at a task.",
    (
        Column("run_id", pl.String, "Run the rollout belongs to.", nullable=False),
        Column("rollout_id", pl.String, "run_id/task_id/attempt.", nullable=False),
        Column("benchmark", pl.String, "Benchmark of the run, repeated for joins with tasks."),
        Column("task_id", pl.String, "Task attempted.", nullable=False),
        Column("attempt", pl.Int64, "Number of the attempt at this task within the run, from 0.", nullable=False),
        Column("score", pl.Float64, "Score of the rollout; null: not scored or not known."),
        Column("is_success", pl.Boolean, "Whether it counts as solved; null: not known."),
        Column("stop_reason", pl.String, "Why the rollout ended.", nullable=False, default="unknown", values=STOP_REASONS),
        Column("started_at", UTC_TIME, "Start; null: not known. See time_basis."),
        Column("ended_at", UTC_TIME, "End; null: not known. See time_basis."),
        Column("wall_s", pl.Float64, "Seconds from start to end, waiting included. See time_basis."),
        Column("model_s", pl.Float64, "Seconds spent in model calls; null: not told apart."),
        Column("tool_s", pl.Float64, "Seconds spent in tools; null: not told apart."),
        Column("wait_s", pl.Float64, "Seconds spent queueing or waiting for limits; null: not told apart."),
        Column("time_basis", pl.String, "measured: wall_s is the whole rollout; lower_bound: it only spans what was stamped, the true time is at least this; upper_bound: at most this; null: no time.", values=TIME_BASES),
        Column("n_calls", pl.Int64, "Model calls the source counts for the rollout; null: it does not say."),
        Column("recorded_cost_usd", pl.Float64, "Dollars the source claims for the rollout."),
        Column("is_tz_assumed", pl.Boolean, "True: the stamps carried no zone and were taken as UTC.", nullable=False, default=False),
        Column("native_id", pl.String, "The source's own id of the attempt, by which its copies in other runs are told; null: it has none."),
    ),
)  # fmt: skip

SCORES: Final = Table(
    "scores",
    ("run_id", "rollout_id", "metric", "scorer", "event", "call_index", "elapsed_s"),
    "Every score of a rollout, in long form, where a source has more than the one in rollouts.",
    (
        Column("run_id", pl.String, "Run of the rollout.", nullable=False),
        Column("rollout_id", pl.String, "Rollout scored.", nullable=False),
        Column("metric", pl.String, "Name of the score.", nullable=False),
        Column("scorer", pl.String, "Program or person that scored; null: not told."),
        Column("value", pl.Float64, "Value of the score; null: not known."),
        Column("is_success", pl.Boolean, "Whether this value counts as solved; null: no rule."),
        Column("event", pl.String, "What was scored.", nullable=False, default="final", values=("submit", "last_edit", "first_correct", "intermediate", "final")),
        Column("call_index", pl.Int64, "Call after which the event happened; null: not known."),
        Column("elapsed_s", pl.Float64, "Seconds from the rollout's start to the event; null: not known."),
    ),
)  # fmt: skip

CALLS: Final = Table(
    "calls",
    ("run_id", "rollout_id", "call_index", "call_id"),
    "One row per model request, or per total where the source has only totals. The parts of input_tokens are "
    "disjoint and add up to it where they are known.",
    (
        Column("run_id", pl.String, "Run the call belongs to.", nullable=False),
        Column("rollout_id", pl.String, "Rollout the call belongs to; null: a total of the run."),
        Column("call_index", pl.Int64, "Order of the call within its rollout, from 0; null: order not known."),
        Column("call_id", pl.String, "The provider's id of the response, else the place in its rollout.", nullable=False),
        Column("parent_call_id", pl.String, "Call that contains this one; null: none or not known."),
        Column("role", pl.String, "Who called the model.", nullable=False, default="agent", values=ROLES, is_repeated=True),
        Column("provider", pl.String, "Who bills the call; null: the source does not say.", is_repeated=True),
        Column("upstream_provider", pl.String, "Who served it behind a gateway; null: not known or no gateway.", is_repeated=True),
        Column("model", pl.String, "Model as the source writes it; null: not known.", is_repeated=True),
        Column("started_at", UTC_TIME, "Request sent, or the earliest stamp there is; null: not known. See time_basis."),
        Column("ended_at", UTC_TIME, "Last token received; null: not known."),
        Column("latency_s", pl.Float64, "Request sent to last token received; null: not known. See time_basis."),
        Column("ttft_s", pl.Float64, "Request sent to first token received; null: not known."),
        Column("time_basis", pl.String, "measured: start and end were stamped; upper_bound: latency_s runs from the previous event; lower_bound: a single stamp, the call lasted at least zero from there; null: no time.", values=TIME_BASES, is_repeated=True),
        Column("input_tokens", pl.Int64, "Everything sent, cached or not; null: not known."),
        Column("uncached_input_tokens", pl.Int64, "Part billed at the full input price; null: split not reported."),
        Column("cache_read_tokens", pl.Int64, "Part served from the provider's cache; null: split not reported."),
        Column("cache_write_5m_tokens", pl.Int64, "Part written to the cache for five minutes; null: split not reported."),
        Column("cache_write_1h_tokens", pl.Int64, "Part written to the cache for one hour; null: split not reported."),
        Column("cache_write_unspecified_tokens", pl.Int64, "Part written to the cache, duration not told; null: split not reported."),
        Column("output_tokens", pl.Int64, "Completion tokens, reasoning included; null: not known. The lowest value the source allows where it contradicts itself."),
        Column("output_high_tokens", pl.Int64, "Highest output the source allows, where it is not clear whether reasoning is included; null: output_tokens is the output."),
        Column("reasoning_tokens", pl.Int64, "Of which reasoning; null: not known."),
        Column("service_tier", pl.String, "Service tier billed (standard, flex, priority ...); null: not told.", is_repeated=True),
        Column("is_batch", pl.Boolean, "Sent through a batch endpoint; null: not told."),
        Column("region", pl.String, "Region billed; null: not told.", is_repeated=True),
        Column("n_requests", pl.Int64, "Requests the row stands for; null: a total of an unknown number.", default=1),
        Column("is_billed", pl.Boolean, "False: answered from a local cache, costs nothing.", nullable=False, default=True),
        Column("granularity", pl.String, "What the row stands for.", nullable=False, default="call", values=GRANULARITIES, is_repeated=True),
        Column("is_residual", pl.Boolean, "True: what a total exceeds its parts by, not a call that was seen.", nullable=False, default=False),
        Column("is_tz_assumed", pl.Boolean, "True: the stamps carried no zone and were taken as UTC.", nullable=False, default=False),
        Column("recorded_cost_usd", pl.Float64, "Dollars the source recorded for the call; null: none recorded, or 0 recorded for a model without a price."),
        Column("claimed_cost_usd", pl.Float64, "Dollars the agent's program estimated itself, beside or instead of a bill; null: no estimate."),
    ),
)  # fmt: skip

CHARGES: Final = Table(
    "charges",
    ("run_id", "rollout_id", "call_id", "kind", "unit", "resource"),
    "Everything that bills and is not a text token, in long form.",
    (
        Column("run_id", pl.String, "Run charged.", nullable=False),
        Column("rollout_id", pl.String, "Rollout charged; null: the run as a whole."),
        Column("call_id", pl.String, "Call charged; null: the rollout as a whole."),
        Column(
            "kind", pl.String, "web_search, code_session, image, audio_tokens, accelerator_s, cpu_s ...", nullable=False
        ),
        Column("quantity", pl.Float64, "How much, in unit; null: not known."),
        Column("unit", pl.String, "Unit of quantity.", nullable=False),
        Column("resource", pl.String, "What was used, such as the accelerator's name; null: not told."),
        Column("provider", pl.String, "Who bills it; null: not told."),
        Column("model", pl.String, "Model it was billed with; null: none."),
        Column("started_at", UTC_TIME, "When; null: not known."),
        Column("recorded_cost_usd", pl.Float64, "Dollars the source recorded for it."),
    ),
)

REJECTS: Final = Table(
    "rejects",
    (),
    "What could not be read or was left out, each with its reason. Nothing is dropped without a row here.",
    (
        Column("source_path", pl.String, "File, relative to the input given.", nullable=False),
        Column("place", pl.String, "Place in the file: line, element, record.", nullable=False, default=""),
        Column("kind", pl.String, "Why it is here.", nullable=False, values=REJECT_KINDS),
        Column("reason", pl.String, "What is wrong with it.", nullable=False),
        Column("source_format", pl.String, "Reader that refused it; null: no reader recognised it."),
        Column("excerpt", pl.String, "Start of the raw record, without message text."),
        Column("duplicate_of", pl.String, "Id of the run or rollout it repeats."),
    ),
)

TABLES: Final = {table.name: table for table in (RUNS, TASKS, ROLLOUTS, SCORES, CALLS, CHARGES, REJECTS)}
INPUT_PARTS: Final = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
    "cache_write_unspecified_tokens",
)  # fmt: skip
