"""A tornado to the terminal, and to a figure; and the quantiles of drawn costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.drawing import draw_to
from analyzer.cli.printing import emit, say, say_notes, to_json
from analyzer.words import counted, percent, span, usd

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from analyzer.tornado import PriceDraws, Tornado

_COLUMNS: Final = {
    "lever": "lever", "low_setting": "low", "high_setting": "high", "change_at_low_usd": "change at low",
    "change_at_high_usd": "change at high", "cost_at_low_usd": "cost at low", "cost_at_high_usd": "cost at high",
    "swing_usd": "swing", "elasticity": "elasticity", "known_frac": "known",
}  # fmt: skip
_TOP: Final = 15
_DIGITS: Final = 4


def present_levers(found: "Tornado", style: str | None, figure: Path | None, top: int | None) -> None:
    """Print levers, widest first, with the base cost of each scope above them; draw them if asked to.

    Args:
        found: Levers.
        style: json, csv, or null: for people.
        figure: Where to draw them.
        top: Levers of each scope to show; null: all, or a screenful for people.
    """
    if figure is not None:
        draw_to(figure, lambda: _drawn(found, top))
    shown = found if top is None else found.widest(top)
    if style == "json":
        click.echo(to_json({"scopes": shown.scopes.to_dicts(), "rows": shown.frame.to_dicts(), "notes": found.notes}))
    elif style == "csv":
        emit(shown.frame, style)
    else:
        _print_levers(found, found.widest(top or _TOP))
        say_notes(found.notes)
    if figure is not None:
        say(f"drawn: {figure}")


def present_draws(found: "PriceDraws", style: str | None) -> None:
    """Print the quantiles of the cost of every scope, and how many draws are above a budget."""
    from dataclasses import asdict

    if style == "json":
        parts = {"draws": asdict(found.drawn), "scopes": found.scopes.to_dicts(), "rows": found.frame.to_dicts()}
        click.echo(to_json({**parts, "notes": found.notes}))
        return
    if style == "csv":
        emit(found.frame, style)
        return
    from analyzer.tornado.question import of_scope

    for number, row in enumerate(found.scopes.iter_rows(named=True)):
        click.echo("\n" * (number > 0) + _base(row))
        emit(of_scope(found.frame, row).pipe(_quantiles), None)
        if "budget_usd" in row:
            click.echo(_over(row))
    say_notes(found.notes)


def _drawn(found: "Tornado", top: int | None) -> "Figure":
    from analyzer.figures.tornado import draw_tornado

    return draw_tornado(found, top)


def _print_levers(found: "Tornado", shown: "Tornado") -> None:
    from analyzer.tornado.question import of_scope

    if found.scopes.is_empty():
        click.echo("there are no runs")
    for number, row in enumerate(found.scopes.iter_rows(named=True)):
        levers = of_scope(shown.frame, row)
        n_more = of_scope(found.frame, row).height - levers.height
        click.echo("\n" * (number > 0) + _base(row) + _part(row))
        if levers.height:
            emit(_table(levers), None)
        else:
            click.echo("no lever moves this cost")
        if n_more:
            click.echo(f"... and {counted(n_more, 'lever')} of less swing: --top shows more, --csv and --json all")


def _base(row: dict[str, Any]) -> str:
    """Name a scope and what it costs."""
    from analyzer.tornado.notes import scope_name

    cost = span(row["base_usd"], row["base_low_usd"], row["base_high_usd"])
    is_open = row["base_usd"] is None
    runs = f" ({counted(row['n_runs'], 'run')})" if row["run_id"] is None else ""
    return f"{scope_name(row)}{runs}: {cost}" + (f", {percent(row['coverage_frac'])} priced" if is_open else "")


def _part(row: dict[str, Any]) -> str:
    """Say what the changes are changes of, where that is not the whole cost."""
    return f"; levers of the priced {usd(row['priced_usd'])}" if row["base_usd"] is None and row["priced_usd"] else ""


def _table(levers: "pl.DataFrame") -> "pl.DataFrame":
    """Columns that say something; dollars of four digits."""
    import polars as pl

    empty = [name for name in ("cost_at_low_usd", "cost_at_high_usd") if levers[name].is_null().all()]
    empty += ["known_frac"] if (levers["known_frac"] == 1).all() else []
    numbers = pl.selectors.ends_with("_usd") | pl.selectors.by_name("elasticity")
    rounded = levers.with_columns(
        numbers.round_sig_figs(_DIGITS), known_frac=pl.Series([percent(share) for share in levers["known_frac"]])
    )
    return rounded.select(pl.col(name).alias(title) for name, title in _COLUMNS.items() if name not in empty)


def _quantiles(rows: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    named = rows.select(pl.Series("quantile", [percent(frac) for frac in rows["quantile_frac"]]), r"^cost_.*$")
    is_exact = rows["cost_usd"].equals(rows["cost_low_usd"]) and rows["cost_usd"].equals(rows["cost_high_usd"])
    shown = named.drop("cost_low_usd", "cost_high_usd") if is_exact else named
    return shown.with_columns(pl.selectors.ends_with("_usd").round_sig_figs(_DIGITS))


def _over(row: dict[str, Any]) -> str:
    low, high = row["over_low_frac"], row["over_high_frac"]
    share = percent(low) if low == high else f"{percent(low)} to {percent(high)}"
    as_read = (
        f" ({percent(row['over_frac'])} as the cost stands)" if row["over_frac"] is not None and low < high else ""
    )
    return f"over ${row['budget_usd']:,.2f} in {share} of draws{as_read}"
