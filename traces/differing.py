"""Two copies of one attempt that cannot both be true: another agent, score or verdict, other tokens."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from traces.written import SHARD, Written

_KEY: Final = (SHARD, "run_id", "rollout_id")
_SAID: Final = ("agent", "score", "is_success", "input_tokens", "output_tokens", "total_tokens")
_EXACT: Final = 1e-9


def differences(written: Written, pairs: pl.DataFrame, names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give shard and rollout of every copy that contradicts what is kept, and both statements in words.

    What one of the two does not say contradicts nothing, and tokens are compared where both are scored: a copy that
    was made before the attempt had ended has fewer.

    Args:
        written: Store being built.
        pairs: Copies, and beside each (``kept_shard``, ``kept_run_id``, ``kept_rollout_id``) the attempt that is kept.
        names: Name of the unit of each shard.
    """
    if pairs.is_empty():
        return
    said = _said(written, pairs)
    kept = said.rename({name: f"kept_{name}" for name in said.columns})
    compared = pairs.join(said, on=_KEY, how="left").join(kept, on=[f"kept_{name}" for name in _KEY], how="left")
    for row in compared.sort(_KEY).iter_rows(named=True):
        different = [name for name in _SAID if _differs(row, name)]
        if "score" in different and "is_success" in different:
            different.remove("is_success")
        if different:
            here = ", ".join(f"{name} {_shown(row[name])}" for name in different)
            there = ", ".join(_shown(row[f"kept_{name}"]) for name in different)
            yield row[SHARD], row["rollout_id"], f"{here} here, {there} in {names[row['kept_shard']]}, which counts"


def _said(written: Written, pairs: pl.DataFrame) -> pl.DataFrame:
    shards = sorted({*pairs[SHARD], *pairs[f"kept_{SHARD}"]})
    rollouts = written.scan("rollouts", ["run_id", "rollout_id", "score", "is_success"], shards)
    calls = written.scan("calls", ["run_id", "rollout_id", "is_billed", "input_tokens", "output_tokens"], shards)
    tokens = [_sum(name) for name in ("input_tokens", "output_tokens")]
    charges = written.scan("charges", ["run_id", "rollout_id", "kind", "quantity"], shards)
    totals = charges.filter(pl.col("kind") == "total_tokens").group_by(_KEY).agg(total_tokens=pl.col("quantity").sum())
    agents = written.scan("runs", ["run_id", "agent"], shards)
    used = calls.filter("is_billed", pl.col("rollout_id").is_not_null()).group_by(_KEY).agg(tokens)
    named = rollouts.join(agents, on=_KEY[:2], how="left")
    return named.join(used, on=_KEY, how="left").join(totals, on=_KEY, how="left").collect()


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)


def _differs(row: Mapping[str, Any], name: str) -> bool:
    here, there = row[name], row[f"kept_{name}"]
    if here is None or there is None:
        return False
    if name.endswith("_tokens") and (row["score"] is None or row["kept_score"] is None):
        return False
    return bool(here != there if isinstance(here, str) else abs(here - there) > _EXACT)


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"
