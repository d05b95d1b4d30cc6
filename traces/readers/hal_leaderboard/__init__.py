"""The data behind HAL's site: one SQLite file per benchmark, or the table it exports as CSV."""

from typing import Final

from traces.readers.hal_leaderboard.export import is_export
from traces.readers.hal_leaderboard.tables import parse
from traces.registry import Peek, Reader, is_json

_SQLITE: Final = b"SQLite format 3\x00"


def sniff(peek: Peek) -> bool:
    """Recognise a database by its table of results, an export by the names of its columns."""
    if peek.start.startswith(_SQLITE):
        return b"parsed_results" in peek.start
    return not is_json(peek) and is_export(peek.start)


READER = Reader(
    name="hal_leaderboard",
    summary="Data of HAL's site: its SQLite files (one per benchmark), and the CSV it exports.",
    upstream=(
        "benediktstroebl/hal-frontend 5aedcc1 (2025-07-31)",
        "fsndzomga/hal-frontend to debcdde (2026-01-05)",
    ),
    token_convention=(
        "Totals of a run by model: prompt_tokens include cache reads and leave out cache writes (from 2025-09), the "
        "split is not kept; rows with input_tokens are Inspect's, told by total_tokens."
    ),
    blind_spots=(
        "Tokens and dollars of the run alone; attempts are known by their success, not by their cost.",
        "Counts of 0 stand for fields that a version of the site did not have: not known.",
        "Stored dollars are at the prices of the day the run was worked up, and mix price tables: only a claim.",
        "A row of the export whose Runs is above 1 is the mean of several runs under the id of one.",
        "Totals counted twice show only over many runs: groups whose totals are even too often are flagged.",
        "Start is read off the run's id, else the day of the run.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.model", "runs.settings", "runs.score_metric", "runs.score_min",
        "runs.score_max", "runs.success_rule", "runs.started_at", "runs.recorded_score", "runs.recorded_cost_usd",
        "runs.recorded_n_rollouts", "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "rollouts.is_success",
        "calls.model", "calls.started_at", "calls.time_basis", "calls.input_tokens", "calls.output_tokens",
        "calls.recorded_cost_usd",
    ),
)  # fmt: skip
