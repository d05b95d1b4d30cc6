"""The running mean of scores along a resource, with its bounds: events sorted along x and summed up.

Every rollout adds to up to three running sums: to the point where its resource is known to end, to the low bound where
it has ended for certain, to the high bound where it may have ended. What is open (no point, no bound) is counted up and
down the same way, so that every x of the data is evaluated exactly and at once.
"""

from typing import Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP

_SUMS: Final = ("point", "finished", "low", "high", "ended", "n_point_open", "n_low_open", "n_high_open")
_USED: Final = {"point": pl.coalesce("x", "x_high"), "low": pl.col("x_low"), "high": pl.col("x_high")}


def staircase(rows: pl.DataFrame, use: str) -> pl.DataFrame:
    """Score against budget of every group, one row per distinct x of the group, sorted.

    With a floor (``attempts``): y(x) = weighted mean of the scores of rollouts ended by x, others at their floor.
    Without one: y(x) = weighted mean over the rollouts ended by x. finished_frac is their share of the scored weight.
    Null y: a rollout whose score matters may or may not have ended by x. Null bound: none is known.

    Args:
        rows: Frame of ``attempts``.
        use: Which figure of the resource ends a rollout: point, low or high.
    """
    rows = rows.with_columns(
        used=_USED[use],
        is_open=(pl.lit(use == "point") & pl.col("x").is_null()).cast(pl.Int64),
        is_unscored=pl.col("score").is_null(),
    )
    has_floor = pl.col("floor").is_not_null()
    events = pl.concat([*_truncated(rows.filter(has_floor)), *_finished(rows.filter(~has_floor))])
    return _running(events).join(_totals(rows), on=GROUP, nulls_equal=True).select(*GROUP, "x", *_means())


def _truncated(rows: pl.DataFrame) -> list[pl.DataFrame]:
    gain = pl.col("score") - pl.col("floor")
    reachable = pl.when(pl.col("is_limit_stopped") | pl.col("is_unscored")).then(pl.col("score_max")).otherwise("score")
    is_boundless = (reachable.is_null()).cast(pl.Int64)
    is_open = pl.col("is_open") * (gain != 0).fill_null(value=False).cast(pl.Int64)
    return [
        _at(rows, "used", point=gain * pl.col("scored_weight"), finished=pl.col("scored_weight")),
        _at(rows, "x_high", low=gain * pl.col("weight"), n_point_open=-is_open),
        _at(
            rows,
            "x_low",
            high=(reachable - pl.col("floor")) * pl.col("weight"),
            n_high_open=is_boundless,
            n_point_open=is_open,
        ),
    ]


def _finished(rows: pl.DataFrame) -> list[pl.DataFrame]:
    is_wide = (pl.col("x_high").is_null() | (pl.col("x_low") < pl.col("x_high"))).cast(pl.Int64)
    is_free = pl.col("is_limit_stopped") | pl.col("is_unscored")
    lowest, highest = (pl.when(is_free).then(pl.col(name)).otherwise("score") for name in ("score_min", "score_max"))
    is_open = pl.col("is_open") * (~pl.col("is_unscored")).cast(pl.Int64)
    weight = pl.col("weight")
    return [
        _at(rows, "used", point=pl.col("score") * pl.col("scored_weight"), finished=pl.col("scored_weight")),
        _at(rows, "x_high", n_low_open=-is_wide, n_high_open=-is_wide, n_point_open=-is_open),
        _at(
            rows,
            "x_low",
            low=lowest * weight,
            high=highest * weight,
            ended=weight,
            n_low_open=is_wide + lowest.is_null().cast(pl.Int64),
            n_high_open=is_wide + highest.is_null().cast(pl.Int64),
            n_point_open=is_open,
        ),
    ]


def _at(rows: pl.DataFrame, x: str, **sums: pl.Expr) -> pl.DataFrame:
    placed = rows.filter(pl.col(x).is_not_null())
    filled = {name: sums[name].cast(pl.Float64).fill_null(0.0) if name in sums else pl.lit(0.0) for name in _SUMS}
    return placed.select(*GROUP, pl.col(x).alias("x"), **filled)


def _running(events: pl.DataFrame) -> pl.DataFrame:
    """Sum up in an order that depends on the values alone, so that the order of rows changes no bit."""
    events = events.sort(*GROUP, "x", *_SUMS, nulls_last=False)
    running = events.with_columns(pl.col(name).cum_sum().over(GROUP) for name in _SUMS)
    return running.unique([*GROUP, "x"], keep="last", maintain_order=True)


def _totals(rows: pl.DataFrame) -> pl.DataFrame:
    weight, scored = pl.col("weight"), pl.col("scored_weight")
    return rows.group_by(GROUP, maintain_order=True).agg(
        has_floor=pl.col("floor").is_not_null().first(),
        weight=weight.sum(),
        scored_weight=scored.sum(),
        base=(pl.col("floor") * weight).sum(),
        scored_base=(pl.col("floor") * scored).sum(),
    )


def _means() -> tuple[pl.Expr, ...]:
    has_floor = pl.col("has_floor")
    weight, scored_weight = pl.col("weight"), pl.col("scored_weight")
    ended, finished = pl.col("ended"), pl.col("finished")
    point = pl.when(has_floor).then((pl.col("scored_base") + pl.col("point")) / scored_weight).otherwise(
        pl.col("point") / finished
    )  # fmt: skip
    low, high = (
        pl.when(has_floor).then((pl.col("base") + pl.col(name)) / weight).otherwise(pl.col(name) / ended)
        for name in ("low", "high")
    )
    y = pl.when(pl.col("n_point_open") == 0).then(point).fill_nan(None)
    y_low = pl.when(pl.col("n_low_open") == 0).then(low).fill_nan(None)
    y_high = pl.when(pl.col("n_high_open") == 0).then(high).fill_nan(None)
    return (
        y.alias("y"),
        pl.when(y_low.is_not_null()).then(pl.min_horizontal(y_low, y)).alias("y_low"),
        pl.when(y_high.is_not_null()).then(pl.max_horizontal(y_high, y)).alias("y_high"),
        (finished / scored_weight).fill_nan(None).alias("finished_frac"),
    )
