"""``evalreplay hardware fleet``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.hardware.fleet_options import Numbers, traces_in, with_hour
from analyzer.cli.hardware.options import price_keys, price_options
from analyzer.cli.options import benchmark_option, output_options, reading_options, sources_argument
from analyzer.cli.printing import emit, say_notes, to_json

if TYPE_CHECKING:
    import polars as pl

    from analyzer.hardware.attempts import AttemptsView
    from analyzer.hardware.fleet import FleetView

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("fleet")
@sources_argument
@click.option("-s", "--scenario", type=_FILE, help="Scenario file (TOML) with one deployment.")
@click.option("--hardware", multiple=True, metavar="MODEL=GPU,KEY=VALUE...", help='Its deployment; MODEL "*": any.')
@click.option("--recorded", "is_recorded", is_flag=True, help="Instead: seconds as recorded, on other --slots.")
@click.option("--slots", type=Numbers(), help="Rollouts under way at a time; default: as many as requests are served.")
@click.option("--copies", type=click.IntRange(1), metavar="N", help="Copies of the engine; default: one.")
@click.option("--order", type=click.Choice(["recorded", "key"]), help="In which rollouts get a slot.")
@click.option(
    "--attempts", type=click.IntRange(1), metavar="N", help="Also: N attempts a task, in series and parallel."
)
@price_options
@click.option("--allow-estimate", is_flag=True, default=None, help="Let it rest on more than rows of its model.")
@benchmark_option
@reading_options
@output_options
def command(
    sources: tuple[Path, ...], *, is_recorded: bool, slots: tuple[int, ...] | None, copies: int | None,
    order: Any, attempts: int | None, benchmark: tuple[str, ...], style: str | None, **options: Any,
) -> None:  # fmt: skip
    """Replay rollouts on a fleet of accelerators: how many hours they take, and what the fleet costs meanwhile.

    Each call takes its seconds alone times the slowdown by the requests in flight beside it; a rollout keeps its slot
    while its tools run. --csv prints the rollouts, --json everything.

    \b
    Examples:
        evalreplay hardware fleet store/ --benchmark swe-bench --allow-estimate \\
            --hardware "*=b200,n_gpus=8,concurrency=64,like=gpt-oss-120b"
        evalreplay hardware fleet store/ --benchmark swe-bench --recorded --slots 8,20,64,256
    """
    from analyzer.cli.opening import open_traces
    from analyzer.cli.options import scenario_from

    hour = price_keys(options)
    scenario = scenario_from(options)
    _check(slots, style, is_recorded=is_recorded, others=(scenario, copies, attempts, hour or None))
    tables = traces_in(open_traces(sources, options), benchmark)
    if is_recorded:
        _show_recorded(tables, slots or (), order, style)
        return
    from analyzer.hardware.attempts import attempts_view
    from analyzer.hardware.fleet import Asked, fleet_view
    from pricing.scenario import Scenario

    priced = with_hour(scenario or Scenario(), hour)
    found = fleet_view(tables, priced, Asked(slots[0] if slots else None, copies, order or "recorded"))
    _show(found, None if attempts is None else attempts_view(tables, priced, attempts), style)


def _check(slots: tuple[int, ...] | None, style: str | None, *, is_recorded: bool, others: tuple[object, ...]) -> None:
    if is_recorded and any(other is not None for other in others):
        raise click.UsageError(
            "--recorded needs no hardware: leave out --hardware, -s, --copies, prices and --attempts"
        )
    if is_recorded and not slots:
        raise click.UsageError("--recorded on how many slots? give --slots 8,20,64")
    if style == "csv" and others[2] is not None:
        raise click.UsageError("--csv prints the rollouts: take --json for --attempts")
    if not is_recorded and slots and len(slots) > 1:
        raise click.UsageError("one number of --slots at a time, or --recorded for several")


def _show_recorded(tables: "dict[str, pl.DataFrame]", slots: tuple[int, ...], order: Any, style: str | None) -> None:
    from analyzer.hardware.recorded import recorded_view

    found = recorded_view(tables, slots, ("recorded", "key") if order is None else (order,))
    if style == "json":
        parts = {"rows": found.frame.to_dicts(), "rollouts": found.rollouts.to_dicts(), "notes": list(found.notes)}
        click.echo(to_json(parts))
        return
    shown = found.frame if style else found.frame.drop("elapsed_s", "last_start_s")
    emit(shown, style, "recorded seconds on other slots: a scheduling what-if")
    say_notes(found.notes)


def _show(found: "FleetView", attempts: "AttemptsView | None", style: str | None) -> None:
    from analyzer.hardware.fleet_words import at_a_glance, headline, loads_at_a_glance

    notes = (*found.notes, *(attempts.notes if attempts else ()))
    if style == "json":
        tables = {name: getattr(found, name).to_dicts() for name in ("readings", "rollouts", "loads")}
        more = {"attempts": attempts.frame.to_dicts()} if attempts else {}
        click.echo(to_json({**tables, **more, "notes": notes}))
        return
    if style == "csv":
        emit(found.rollouts, style)
    else:
        click.echo(f"{headline(found)}\n")
        emit(at_a_glance(found), None)
        emit(loads_at_a_glance(found), None, "\nhours by requests in flight")
    if attempts and style is None:
        emit(attempts.frame, None, "\nattempts at a task, means over tasks")
    say_notes(notes)
