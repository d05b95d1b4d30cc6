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
    for name, text in (_rollouts(row) | _calls(row) | _dates(row) | _claims(row)).items():
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
        "score": f"{'not known' if row['score'] is None else cell(row['score'])} ({cell(row['n_scored'])} scored)",
    }


def _calls(row: dict[str, Any]) -> dict[str, str]:
    from analyzer.words import percent

    if not row["n_calls"] and not row["n_totals"]:
        return {"calls": "no calls"}
    shares = {
        "tokens": "tokens_frac",
        "cache split": "cache_split_frac",
        "latency": "measured_time_frac",
        "cost": "recorded_cost_frac",
    }
    return {
        "calls": f"{_count(row)}, {_tokens(row)}",
        "known": ", ".join(f"{what} {percent(row[name])}" for what, name in shares.items() if row[name] is not None),
    }


def _count(row: dict[str, Any]) -> str:
    """Calls that are told one by one, and totals of those that are not."""
    from analyzer.cli.printing import cell
    from analyzer.words import counted

    calls = [] if row["n_calls"] is None else [cell(row["n_calls"])]
    if not row["n_totals"]:
        return calls[0]
    known = row["n_requests_in_totals"]
    of = f" of {counted(known, 'call')}" if known is not None else ""
    return " and ".join([*calls, f"{counted(row['n_totals'], 'total')}{of}"])


def _dates(row: dict[str, Any]) -> dict[str, str]:
    from analyzer.cli.printing import cell

    first, last = cell(row["first_at"]), cell(row["last_at"])
    return {
        "dates": "not known"
        if row["first_at"] is None
        else f"{first} UTC"
        if first == last
        else f"{first} to {last} UTC"
    }


def _claims(row: dict[str, Any]) -> dict[str, str]:
    """What the source states: dollars; also score and number of rollouts, where it counts more than it shows."""
    from analyzer.cli.printing import cell
    from analyzer.stated import stated

    shown, n_stated = row["n_rollouts"] or 0, row["recorded_n_rollouts"] or 0
    is_whole = 0 < shown >= n_stated
    claims = {} if is_whole else {"score": "recorded_score", "rollouts": "recorded_n_rollouts"}
    known = [f"{what} {cell(row[name])}" for what, name in claims.items() if row[name] is not None]
    dollars = stated(row["stated_cost_usd"], row["stated_low_usd"])
    known += [] if dollars is None else [dollars]
    return {"recorded": ", ".join(known)} if known else {}


def _tokens(row: dict[str, Any]) -> str:
    from analyzer.words import NOT_KNOWN

    sides = [_tokens_of(row, side) for side in ("input", "output")]
    return f"tokens {NOT_KNOWN}" if set(sides) == {NOT_KNOWN} else f"{sides[0]} tokens in, {sides[1]} out"


def _tokens_of(row: dict[str, Any], side: str) -> str:
    from analyzer.cli.printing import cell
    from analyzer.words import at_least

    is_bound = (row[f"{side}_known_frac"] or 0) < 1 or (side == "output" and row["n_outputs_ambiguous"])
    return at_least(cell, row[f"{side}_tokens"]) if is_bound else cell(row[f"{side}_tokens"])
