"""METR run tables: one row per run of an agent, or of a human, at a task of the time-horizon suite."""

import re
from typing import Final

from traces.parquet import has_columns
from traces.readers.metr.tables import parse
from traces.registry import Peek, Reader

_KEYS: Final = ("task_id", "task_family", "run_id", "alias", "score_binarized", "human_minutes")


def sniff(peek: Peek) -> bool:
    """Recognise a run table by the keys of its first record, or by the columns of a Parquet copy of one."""
    first = peek.start.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    is_record = first.startswith(b"{") and all(re.search(rb'"%s"\s*:' % key.encode(), first) for key in _KEYS)
    return is_record or has_columns(peek, _KEYS)


READER = Reader(
    name="metr",
    summary="METR run tables (all_runs.jsonl, runs.jsonl; JSON lines or Parquet): one row per run at a task.",
    upstream=(
        "METR/eval-analysis-public all_runs.jsonl 3a947ac (2025-01) and 19b0311 (2025-02)",
        "runs.jsonl of the time-horizon 1.0 and 1.1 reports (2025-03 to 2026-01)",
    ),
    token_convention=(
        "Only a total of tokens, input and output together, and only in the later tables: kept as a charge "
        "(total_tokens), as it cannot be priced; the split is unknown."
    ),
    blind_spots=(
        "No model call is listed: no split of tokens, no order, no latency.",
        "A generation_cost of 0 is that of runs whose dollars were not recorded: not known.",
        "usageLimits does not say which limit: limit_time where the run lasted for its time limit, else limit_other.",
        "Humans are runs of their own (agent human); their tokens are an equivalent of their time and are left out.",
        "equal_task_weight and invsqrt_task_weight are weights of runs, not of tasks, and are not kept.",
        "score is score_binarized; the score before the threshold is in scores (--scorer score chooses it).",
        "The suite joins HCAST, RE-Bench and SWAA; task_family tells them apart, task_source is not kept.",
        "Times are those of the run as a whole, pauses and waiting included.",
        "Runs of the time-horizon 1.1 report begin when all were queued: two days for a task of two minutes occur.",
        "Releases score runs anew: a run in two read at once counts once, as the one with most of its agent says.",
        "Rows that are copies of other runs (cloned) are kept.",
    ),
    sniff=sniff,
    names=(" ".join(_KEYS),),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.limit_s", "runs.score_metric",
        "runs.score_min", "runs.score_max", "runs.success_rule", "runs.started_at", "runs.ended_at", "tasks.benchmark",
        "tasks.family", "tasks.human_s", "tasks.human_cost_usd", "rollouts.benchmark", "rollouts.score",
        "rollouts.is_success", "rollouts.started_at", "rollouts.ended_at", "rollouts.wall_s", "rollouts.time_basis",
        "rollouts.recorded_cost_usd", "rollouts.native_id", "scores.value", "scores.is_success", "charges.quantity",
        "charges.started_at", "charges.recorded_cost_usd",
    ),
)  # fmt: skip
