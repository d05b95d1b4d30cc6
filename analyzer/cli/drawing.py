"""A curve to the terminal and, if asked for, to figures."""

from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.printing import emit, say, to_json

if TYPE_CHECKING:
    import polars as pl

    from analyzer.curves.registry import CurveResult


def present(
    result: "CurveResult",
    style: str | None,
    figure: Path | None,
    *,
    marked: "pl.DataFrame | None" = None,
    is_faceted: bool = False,
) -> None:
    """Print a curve and its notes; draw it, and once per benchmark if faceted."""
    import click

    frame = result.frame if marked is None else marked
    if style == "json":
        notes = {"curve": result.curve, "x": result.x_label, "y": result.y_label, "notes": list(result.notes)}
        click.echo(to_json({**notes, "rows": frame.to_dicts()}))
    else:
        emit(frame, style, f"{result.title}: {result.y_label} against {result.x_label}")
        for note in result.notes:
            say(f"note: {note}")
    if figure is not None:
        _draw(result, figure, marked, is_faceted=is_faceted)


def _draw(result: "CurveResult", figure: Path, marked: "pl.DataFrame | None", *, is_faceted: bool) -> None:
    from dataclasses import replace

    from analyzer.figures import draw, save

    save(draw(result, marked), figure)
    say(f"drawn: {figure}")
    names = result.frame["benchmark"].unique(maintain_order=True).to_list() if is_faceted else []
    for number, name in enumerate(names):
        keep = result.frame["benchmark"].eq_missing(name)
        part = replace(result, frame=result.frame.filter(keep))
        place = figure.with_stem(f"{figure.stem}-{number + 1}-{_slug(name)}")
        save(draw(part, None if marked is None else marked.filter(keep)), place)
        say(f"drawn: {place}")


def _slug(name: str | None) -> str:
    import re

    return re.sub(r"[^A-Za-z0-9]+", "-", name or "unnamed").strip("-")
