"""What a comparison of accelerators rests on, in words."""

from collections.abc import Iterator, Mapping

import polars as pl

from analyzer.hardware.fleet import FleetView
from analyzer.words import counted, percent
from traces.errors import PricingError

_READINGS = {
    "least": "as calls as far as the stamps allow (the bar ends where it is tools as far as they allow)",
    "most": "as tools as far as the stamps allow (the bar begins where it is calls as far as they allow)",
}


def notes_of(
    views: Mapping[tuple[str, int], FleetView],
    refused: Mapping[tuple[str, int], PricingError],
    frame: pl.DataFrame,
    tools: str,
) -> Iterator[str]:
    """Say what the points are, which engines and prices they rest on, what is an estimate, and what is missing."""
    first = next(iter(views.values()))
    n_rollouts = first.rollouts["rollout_id"].n_unique()
    yield (
        f"{counted(n_rollouts, 'rollout')} in their recorded order, as many at a time as the engines serve requests; "
        "dollars are those of the fleet as long as it is held (occupancy), of the API those of the same calls. "
        "Bars: seconds of calls, tool time and prices at their lowest and highest."
    )
    if not all(view.is_told for view in views.values()):
        yield f"Tool time is not told apart in this trace; points take it {_READINGS[tools]}."
    yield from _engines(views)
    yield from _estimates(views)
    yield from _missing(views, refused, frame)


def _engines(views: Mapping[tuple[str, int], FleetView]) -> Iterator[str]:
    by_engine: dict[str, list[str]] = {}
    for (_, concurrency), view in views.items():
        point = view.engine.point
        law = point.placed.law
        basis = f"{law.basis} of {counted(law.n_rows, 'row')}" if law.n_rows else law.basis
        by_engine.setdefault(f"{law.title}, {point.hour.title} ({basis})", []).append(str(concurrency))
    for engine, loads in by_engine.items():
        yield f"{engine} at concurrency {', '.join(loads)}."


def _estimates(views: Mapping[tuple[str, int], FleetView]) -> Iterator[str]:
    points = [view.engine.point for view in views.values()]
    doubted = [point for point in points if point.doubts]
    if not doubted:
        return
    like = f"taken to run like {points[0].served}; " if points[0].deployment.like is not None else ""
    shares = sorted(point.coverage.outside_frac for point in points)
    span = percent(shares[0]) if shares[0] == shares[-1] else f"{percent(shares[0])} to {percent(shares[-1])}"
    n_rooflines = sum(point.placed.law.basis != "fit" for point in points)
    yield (
        f"{len(doubted)} of {counted(len(points), 'point')} are estimates, no vendor's prices: {like}{span} of the "
        f"tokens outside what was measured; {n_rooflines} from a roofline."
    )


def _missing(
    views: Mapping[tuple[str, int], FleetView], refused: Mapping[tuple[str, int], PricingError], frame: pl.DataFrame
) -> Iterator[str]:
    for (name, concurrency), error in refused.items():
        hint = f" ({error.hint})" if error.hint else ""
        yield f"No point for {name} at {concurrency}: {error.problem}{hint}."
    yield from next(iter(views.values())).missing
    open_points = frame.filter(pl.any_horizontal(pl.col(name).is_null() for name in ("x", "cost_usd")))
    for row in open_points.iter_rows(named=True):
        where = row["on"] if row["concurrency"] is None else f"{row['on']} at {row['concurrency']}"
        parts = []
        if row["x"] is None:
            parts.append(f"at least {row['x_low'] or 0.0:,.4g} s")
        if row["cost_usd"] is None:
            parts.append(f"at least ${row['cost_low_usd'] or 0.0:,.2f}")
        yield f"{where}: {' and '.join(parts)}, so it stands at that, apart from the frontier."
