"""What is compared at each level: calls and charges, then rollouts and runs with the sums of their parts."""

from typing import Final

import polars as pl

from analyzer.audit.causes import AGREES, EVIDENCE, FLAGS, NOT_RECORDED, UNEXPLAINED
from pricing.cost.rollup import n_requests
from traces.schema import INPUT_PARTS
from traces.sums import total

KEYS: Final = ("run_id", "rollout_id", "call_id")
_SUMS: Final = ("recorded", "recomputed", "low", "high")
_NO_PARTS: Final = {
    "parts_recorded": pl.Float64, "parts_recomputed": pl.Float64, "has_settled_parts": pl.Boolean,
    "parts_causes": pl.String, "is_rollouts_missing": pl.Boolean, "is_bound": pl.Boolean, "is_filtered": pl.Boolean,
    **dict.fromkeys(EVIDENCE, pl.String),
}  # fmt: skip


def call_level(calls: pl.DataFrame) -> pl.DataFrame:
    """Compare calls of every role: the recorded cost, else what the agent's program claims (recorded_basis)."""
    basis = pl.col("cost_basis")
    is_split_unknown = pl.any_horizontal(pl.col(part).is_null() for part in INPUT_PARTS)
    flags = {
        "is_residual": pl.col("is_residual"),
        "is_tokens_unknown": basis == "tokens_unknown",
        "is_calls_missing": pl.lit(value=False),
        "is_split_unknown": (basis == "upper_bound") & is_split_unknown,
        "is_reasoning_unclear": (basis == "upper_bound") & pl.col("output_high_tokens").is_not_null(),
        "is_write_unclear": (basis == "upper_bound") & (pl.col("cache_write_unspecified_tokens") > 0),
        "is_rate_spread": basis == "range",
        "is_price_lapsed": (basis == "price_unknown") & pl.col("price_model").is_not_null(),
        "is_price_unknown": (basis == "price_unknown") & pl.col("price_model").is_null(),
    }
    stated = pl.concat_str("provider", "model", separator="/", ignore_nulls=True)
    return calls.select(
        *KEYS,
        pl.lit("call").alias("level"),
        _basis(),
        pl.coalesce("recorded_cost_usd", "claimed_cost_usd").alias("recorded"),
        *_recomputed(),
        *(flag.fill_null(value=False).alias(name) for name, flag in flags.items()),
        price_name=pl.when(basis == "price_unknown").then(pl.coalesce("price_model", stated)),
    ).with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _NO_PARTS.items())


def charge_level(charges: pl.DataFrame) -> pl.DataFrame:
    """Compare what bills and is not a text token."""
    flags = {"is_tokens_unknown": "tokens_unknown", "is_price_unknown": "price_unknown"}
    return charges.select(
        *KEYS,
        pl.lit("charge").alias("level"),
        pl.when(pl.col("recorded_cost_usd").is_not_null()).then(pl.lit("recorded")).alias("recorded_basis"),
        pl.col("recorded_cost_usd").alias("recorded"),
        *_recomputed(),
        *(
            (pl.col("cost_basis") == flags[name] if name in flags else pl.lit(value=False)).alias(name)
            for name in FLAGS
        ),
        price_name=pl.format("{} per {}", "kind", "unit"),
    ).with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _NO_PARTS.items())


def _basis() -> pl.Expr:
    recorded = pl.when(pl.col("recorded_cost_usd").is_not_null()).then(pl.lit("recorded"))
    claimed = pl.when(pl.col("claimed_cost_usd").is_not_null()).then(pl.lit("claimed"))
    return pl.coalesce(recorded, claimed).alias("recorded_basis")


def _recomputed() -> list[pl.Expr]:
    return [
        pl.col("cost_usd").alias("recomputed"),
        pl.col("cost_low_usd").alias("low"),
        pl.col("cost_high_usd").alias("high"),
    ]


def rollout_level(rollouts: pl.DataFrame, parts: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Compare rollouts with the costs of their calls and charges.

    A source records the cost of all roles: where a scenario counts fewer (is_filtered), all are summed here. That calls
    are missing is what pricing found: a total without an upper bound though each of its parts has one.

    Args:
        rollouts: Priced rollouts.
        parts: Judged calls and charges.
        calls: Priced calls.
    """
    seen = calls.drop_nulls("rollout_id").group_by("rollout_id").agg(n_rows=n_requests().sum())
    joined = rollouts.join(seen, on="rollout_id", how="left", maintain_order="left")
    is_filtered = pl.col("n_priced_calls") + pl.col("n_unpriced_calls") < pl.col("n_rows").fill_null(0)
    totals = _totals(joined, "rollout", is_filtered=is_filtered, is_rollouts_missing=pl.lit(value=False))
    return _with_parts(totals, parts.filter(pl.col("rollout_id").is_not_null()), ["run_id", "rollout_id"])


def run_level(runs: pl.DataFrame, parts: pl.DataFrame, rollouts: pl.DataFrame) -> pl.DataFrame:
    """Compare runs with the costs of their rollouts, and of what was recorded for the run as a whole.

    Args:
        runs: Priced runs.
        parts: Judged rollouts, and judged calls and charges of the run as a whole.
        rollouts: Compared rollouts.
    """
    seen = rollouts.group_by("run_id").agg(pl.col("is_filtered").any(), n_rollouts=pl.len())
    joined = runs.join(seen, on="run_id", how="left", maintain_order="left")
    is_filtered = pl.col("is_filtered").fill_null(value=False)
    is_rollouts_missing = pl.col("recorded_n_rollouts") > pl.col("n_rollouts").fill_null(0)
    totals = _totals(joined, "run", is_filtered=is_filtered, is_rollouts_missing=is_rollouts_missing)
    return _with_parts(totals, parts, ["run_id"])


def _totals(joined: pl.DataFrame, level: str, *, is_filtered: pl.Expr, is_rollouts_missing: pl.Expr) -> pl.DataFrame:
    keys = [pl.col(key) if key in joined.columns else pl.lit(None, pl.String).alias(key) for key in KEYS]
    return joined.select(
        *keys,
        pl.lit(level).alias("level"),
        pl.when(pl.col("recorded_cost_usd").is_not_null()).then(pl.lit("recorded")).alias("recorded_basis"),
        pl.col("recorded_cost_usd").alias("recorded"),
        *_recomputed(),
        is_filtered=is_filtered,
        is_rollouts_missing=is_rollouts_missing.fill_null(value=False),
    )


def _with_parts(totals: pl.DataFrame, parts: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Add the sums of the parts and what is known of them; where roles were left out, the sum is what is compared.

    A total is_bound to the recorded sum of its parts where each of them is recorded, and no more are counted than seen.
    """
    is_settled = ~pl.col("cause").is_in([NOT_RECORDED, UNEXPLAINED])
    causes = pl.col("cause").filter(~pl.col("cause").is_in([AGREES, NOT_RECORDED])).unique().sort()
    sums = parts.group_by(by).agg(
        *(total(name).alias(f"parts_{name}") for name in _SUMS),
        *(pl.col(name).any() for name in FLAGS),
        has_parts=pl.lit(value=True),
        is_bound=(pl.col("recorded_basis") == "recorded").fill_null(value=False).all(),
        has_settled_parts=is_settled.all(),
        parts_causes=causes.str.join(", "),
        price_name=pl.col("price_name").filter(pl.col("is_price_lapsed") | pl.col("is_price_unknown")).unique().sort()
        .str.join(", "),
    )  # fmt: skip
    joined = totals.join(sums, on=by, how="left", maintain_order="left")
    is_missing = pl.col("high").is_null() & (pl.col("has_parts").is_null() | pl.col("parts_high").is_not_null())
    joined = joined.with_columns(
        is_calls_missing=pl.col("is_calls_missing").fill_null(value=False) | is_missing,
        is_bound=pl.col("is_bound") & ~is_missing & ~pl.col("is_rollouts_missing"),
    )
    whole = pl.col("is_filtered") & ~is_missing
    compared = [pl.when(whole).then(f"parts_{name}").otherwise(name).alias(name) for name in _SUMS[1:]]
    return joined.with_columns(*compared).with_columns(
        pl.col(*FLAGS, "has_settled_parts").fill_null(value=False),
        *(pl.lit(None, pl.String).alias(name) for name in EVIDENCE),
    )
