"""``evalreplay show``."""

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import output_options, reading_options, sources_argument
from analyzer.cli.printing import emit, to_json


@click.command("show")
@sources_argument
@reading_options
@output_options
def command(sources: tuple[Path, ...], style: str | None, **options: Any) -> None:
    """Show what a store holds: runs, tasks, attempts, tokens, dates, coverage, rejects.

    A share says how much is known: tokens_frac 0.9 means that a tenth of the calls has no token counts.

    \b
    Example:
        evalreplay show store/
    """
    from analyzer import api
    from analyzer.cli.opening import open_traces

    summary = api.show(open_traces(sources, options))
    if style == "json":
        parts = {"runs": summary.runs.to_dicts(), "rejects": summary.rejects.to_dicts(), "n_rows": summary.n_rows}
        click.echo(to_json(parts))
        return
    if style == "csv":
        emit(summary.runs, style)
        return
    for row in summary.runs.iter_rows(named=True):
        _show_run(row)
    click.echo("  ".join(f"{name} {n:,}" for name, n in summary.n_rows.items()))
    if summary.rejects.height:
        emit(summary.rejects, None, "\nrejects")


def _show_run(row: dict[str, Any]) -> None:
    click.echo(f"{row['benchmark'] or 'benchmark not named'}: {row['agent']}")
    click.echo(f"  {'run':<9} {row['run_id']} ({row['source_format']})")
    for name, text in (_rollouts(row) | _calls(row) | _claims(row)).items():
        click.echo(f"  {name:<9} {text}")


def _rollouts(row: dict[str, Any]) -> dict[str, str]:
    from analyzer.cli.printing import cell

    if not row["n_rollouts"]:
        return {"rollouts": "no rollouts"}
    fewest, most = row["attempts_min"], row["attempts_max"]
    attempts = cell(fewest) if fewest == most else f"{fewest} to {most}"
    attempts += " attempt" if most == 1 else " attempts"
    tasks = f"{cell(row['n_tasks'])} {'task' if row['n_tasks'] == 1 else 'tasks'}"
    return {
        "rollouts": f"{cell(row['n_rollouts'])} of {tasks}, {attempts} each",
        "score": f"{cell(row['score'])} ({cell(row['n_scored'])} scored)",
    }


def _calls(row: dict[str, Any]) -> dict[str, str]:
    from analyzer.cli.printing import cell
    from analyzer.words import percent

    if not row["n_calls"]:
        return {"calls": "no calls"}
    shares = {
        "tokens": "tokens_frac",
        "cache split": "cache_split_frac",
        "latency": "measured_time_frac",
        "cost": "recorded_cost_frac",
    }
    return {
        "calls": f"{cell(row['n_calls'])}, {_tokens(row, 'input')} tokens in, {_tokens(row, 'output')} out",
        "known": ", ".join(f"{what} {percent(row[name])}" for what, name in shares.items() if row[name] is not None),
        "dates": f"{cell(row['first_at'])} to {cell(row['last_at'])} UTC" if row["first_at"] else "not known",
    }


def _claims(row: dict[str, Any]) -> dict[str, str]:
    """What the source claims of a run it does not show in full."""
    from analyzer.cli.printing import cell

    if row["n_rollouts"] and row["n_calls"]:
        return {}
    claims = {"score": "recorded_score", "dollars": "recorded_cost_usd", "rollouts": "recorded_n_rollouts"}
    known = ", ".join(f"{what} {cell(row[name])}" for what, name in claims.items() if row[name] is not None)
    return {"recorded": known} if known else {}


def _tokens(row: dict[str, Any], side: str) -> str:
    from analyzer.cli.printing import cell

    is_bound = (row[f"{side}_known_frac"] or 0) < 1 or (side == "output" and row["n_outputs_ambiguous"])
    return f"{'at least ' if is_bound else ''}{cell(row[f'{side}_tokens'])}"
