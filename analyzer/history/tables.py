"""The tables of a history, declared once: rows are changes, each holds until the next of the same group or the end."""

from typing import Final

import polars as pl

from traces.schema import UTC_TIME
from traces.table import Column, Table

ENTRY_BASES: Final = (
    "release_date",  # stated by the attributes or a price file
    "first_price",  # start of its first dated price
    "price_window",  # the same, known only as a window: its latest day
    "first_run",  # no dated price was earlier: the start of its first run in the store
    "unknown",  # none of these is known: it never enters
)
STATUSES: Final = ("stayed", "entered", "left", "off")
COSTS: Final = ("mean_cost_usd", "mean_cost_low_usd", "mean_cost_high_usd")
EFFECTS: Final = ("price_effect_usd", "turn_tokens_effect_usd", "turns_effect_usd")

_WHO: Final = (
    Column("benchmark", pl.String, "Benchmark; null: the source does not name it."),
    Column("agent", pl.String, "Agent; null: none."),
    Column("run_id", pl.String, "Run; null: several runs of the agent, or no agent."),
)
_SCORE: Final = Column("score", pl.Float64, "Task-weighted mean score; null: not known, or no agent.")
_N_TASKS: Final = Column("n_tasks", pl.UInt32, "Tasks it attempted, on which score and cost rest; null: no agent.")
_PRICED_AT: Final = Column("priced_at", UTC_TIME, "Moment whose prices apply, up to the next row.", nullable=False)
_LEAST: Final = "Score to reach: at least this, or at most where lower is better."
_THRESHOLD: Final = Column("score_threshold", pl.Float64, _LEAST, nullable=False)


def _cost(what: str, whose: str = "") -> tuple[Column, ...]:
    return (
        Column("mean_cost_usd", pl.Float64, f"{what}; null: not one figure, or nobody."),
        Column("mean_cost_low_usd", pl.Float64, f"Lowest it can be{whose}; null: nobody."),
        Column("mean_cost_high_usd", pl.Float64, f"Highest it can be{whose}; null: unbounded, or nobody."),
    )


_CHANGE: Final = (
    Column("change_usd", pl.Float64, "Cost against the one before; null: there is none, or one of both is not known."),
    Column("price_effect_usd", pl.Float64, "Part of the change due to dollars per token; null: not told apart."),
    Column("turn_tokens_effect_usd", pl.Float64, "Part due to tokens per turn; null: not told apart."),
    Column("turns_effect_usd", pl.Float64, "Part due to turns; null: not told apart."),
)
_ATTEMPT: Final = "Dollars of one attempt at a task, mean over tasks"

AGENTS: Final = Table(
    "agents",
    ("benchmark", "agent", "run_id"),
    "One row per agent (or run): its score, its usage, and when it could be called. Attributes follow as columns.",
    (
        *_WHO,
        _SCORE,
        Column("is_higher_better", pl.Boolean, "Direction of the score."),
        Column("n_rollouts", pl.UInt32, "Rollouts."),
        Column("n_tasks", pl.UInt32, "Tasks attempted."),
        Column("n_benchmark_tasks", pl.UInt32, "Tasks any agent of the benchmark attempted."),
        Column("mean_turns", pl.Float64, "Requests of the agent in an attempt, mean over tasks; null: not known."),
        Column("mean_tokens", pl.Float64, "Input and output tokens of one attempt, mean over tasks; null: not known."),
        Column("models", pl.String, "Models its counted calls are of."),
        Column("entered_at", UTC_TIME, "When the last of its models could first be called; null: not known."),
        Column("entry_basis", pl.String, "How that is known.", values=ENTRY_BASES),
        Column("retired_at", UTC_TIME, "When the first of its models could no longer be called; null: none known."),
        Column("is_called_before", pl.Boolean, "Called here before the release date stated for a model of it."),
    ),
)  # fmt: skip
RUNS: Final = Table(
    "runs",
    ("benchmark", "agent", "run_id", "priced_at"),
    "Cost of every agent (or run) from its entry on.",
    (
        *_WHO,
        _PRICED_AT,
        *_cost(_ATTEMPT),
        _SCORE,
        Column("is_retired", pl.Boolean, "One of its models could no longer be called."),
    ),
)
CHEAPEST: Final = Table(
    "cheapest",
    ("benchmark", "score_threshold", "priced_at"),
    "The lowest cost at which a score was reached by an agent that could be called.",
    (
        Column("benchmark", pl.String, "Benchmark; null: the source does not name it."),
        _THRESHOLD,
        _PRICED_AT,
        Column("agent", pl.String, "The cheapest agent; null: nobody reaches the score, or nobody has one cost."),
        Column("run_id", pl.String, "Its run; null: several, or no agent."),
        _SCORE,
        _N_TASKS,
        *_cost(f"{_ATTEMPT}, of the cheapest agent with one figure", ", whichever agent known in full is the cheapest"),
        Column("is_reached", pl.Boolean, "Some agent that could be called reaches the score."),
    ),
)
BEST: Final = Table(
    "best",
    ("benchmark", "priced_at"),
    "The best-scoring agent that could be called: cost = turns x tokens per turn x dollars per token, and what of each "
    "change of cost is due to which factor.",
    (
        *_WHO[:1],
        _PRICED_AT,
        *_WHO[1:],
        _SCORE,
        _N_TASKS,
        *_cost(_ATTEMPT),
        Column("mean_turns", pl.Float64, "Requests of the agent in an attempt, mean over tasks; null: not known."),
        Column("turn_tokens", pl.Float64, "Tokens of one attempt per request of the agent; null: not known."),
        Column("blended_usd_per_mtok", pl.Float64, "Dollars per million tokens of its own mix; null: not known."),
        *_CHANGE,
    ),
)  # fmt: skip
BEST_CHANGE: Final = Table(
    "best_change",
    ("benchmark",),
    "What the best-scoring agent costs at last against what the first one cost, and which factor that is due to.",
    (
        Column("benchmark", pl.String, "Benchmark; null: the source does not name it."),
        Column("first_at", UTC_TIME, "First moment at which its cost is known.", nullable=False),
        Column("first_agent", pl.String, "The best-scoring agent then."),
        Column("last_at", UTC_TIME, "Last moment from which on its cost is known.", nullable=False),
        Column("last_agent", pl.String, "The best-scoring agent then."),
        *_CHANGE,
    ),
)
FRONTIER: Final = Table(
    "frontier",
    ("benchmark", "agent", "run_id"),
    "The staircase frontier of score against cost, then and now.",
    (
        *_WHO,
        _SCORE,
        Column("then_at", UTC_TIME, "First moment asked for, or the first with an agent.", nullable=False),
        Column("mean_cost_then_usd", pl.Float64, "Cost of one attempt then; null: not one figure, or not there yet."),
        Column("is_on_frontier_then", pl.Boolean, "On it then; false where it was not there, null: not known."),
        Column("now_at", UTC_TIME, "Last moment asked for.", nullable=False),
        Column("mean_cost_now_usd", pl.Float64, "Cost of one attempt now; null: not one figure, or no longer there."),
        Column("is_on_frontier_now", pl.Boolean, "On it now; false where it is no longer there, null: not known."),
        Column("status", pl.String, "What became of it; null: not known.", values=STATUSES),
    ),
)  # fmt: skip
ALONG: Final = Table(
    "along",
    ("benchmark", "score_threshold", "attribute_value", "attribute_date"),
    "The lowest cost, at the last moment, at which a score is reached by agents up to a value of the attribute.",
    (
        Column("benchmark", pl.String, "Benchmark; null: the source does not name it."),
        _THRESHOLD,
        Column("attribute_value", pl.Float64, "Value of the attribute; null: it is a date."),
        Column("attribute_date", pl.Date, "Value of the attribute where it is a date; null: it is a number."),
        Column("agent", pl.String, "The cheapest agent."),
        Column("run_id", pl.String, "Its run; null: several."),
        _SCORE,
        *_cost(_ATTEMPT),
    ),
)
HISTORY_TABLES: Final = {table.name: table for table in (AGENTS, RUNS, CHEAPEST, BEST, BEST_CHANGE, FRONTIER, ALONG)}
