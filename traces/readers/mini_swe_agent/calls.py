"""The calls of mini-SWE-agent trajectories: one row per answer of a model, gathered and framed by the thousand."""

from typing import Any, Final, NamedTuple

import polars as pl

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count
from traces.readers.mini_swe_agent.file import Config, Extra, Response, Trajectory
from traces.rows import frame_of_tuples, known_usd
from traces.usage import TOKEN_SCHEMA, token_counts

_ROW_SCHEMA: Final = {
    "_rollout": pl.Int64, "call_index": pl.Int64, "call_id": pl.String, "provider": pl.String,
    "upstream_provider": pl.String, "model": pl.String, "started_at": pl.Int64, "ended_at": pl.Int64, **TOKEN_SCHEMA,
    "service_tier": pl.String, "recorded_cost_usd": pl.Float64, "claimed_cost_usd": pl.Float64, "_message": pl.Int64,
}  # fmt: skip
_MODEL: Final = list(_ROW_SCHEMA).index("model")
_EARLIEST_S, _LATEST_S = -62_135_596_800, 253_402_300_799  # years 1 and 9999, all a column can show
_NO_EXTRA, _NO_RESPONSE = Extra(), Response()

CallRow = tuple[Any, ...]


class Gathered(NamedTuple):
    """What the calls of one rollout tell: their rows, and the first and last stamp in microseconds (null: none)."""

    rows: list[CallRow]
    first_us: int | None
    last_us: int | None


def gather(trajectory: Trajectory, rollout_number: int) -> Gathered:
    """Give the calls of a trajectory as rows for ``call_frame``."""
    config, previous_us = trajectory.info.config, None
    rows: list[CallRow] = []
    stamps: list[int] = []
    for number, message in enumerate(trajectory.messages):
        extra = message.extra or _NO_EXTRA
        ended_us = microseconds(extra.timestamp)
        if extra.response is not None or message.role == "assistant":
            response = extra.response or _NO_RESPONSE
            started_us = previous_us if ended_us and previous_us else microseconds(response.created)
            rows.append((
                rollout_number, len(rows), response.id or None, *_billing(response, config), started_us, ended_us,
                *token_counts(response.usage), response.service_tier, _stated_usd(response),
                known_usd(extra.cost), number,
            ))  # fmt: skip
            stamps += [stamp for stamp in (started_us, ended_us) if stamp]
        previous_us = ended_us or previous_us
    return Gathered(rows, min(stamps, default=None), max(stamps, default=None))


def models(rows: list[CallRow]) -> list[str]:
    """Models of the rows that name one."""
    return [row[_MODEL] for row in rows if row[_MODEL]]


def call_frame(rows: list[CallRow], rollout_ids: list[str], paths: list[str], run_id: str) -> pl.DataFrame:
    """Rows as a partial table ``calls``.

    Args:
        rows: Rows of any number of rollouts.
        rollout_ids: Rollouts by the number their rows carry.
        paths: Files of the rollouts, likewise.
        run_id: Run of all of them.
    """
    frame = frame_of_tuples(rows, _ROW_SCHEMA)
    of_rollout = pl.DataFrame(
        {"rollout_id": rollout_ids, PATH_COLUMN: paths}, schema_overrides={PATH_COLUMN: pl.String}
    )
    with_rollout = pl.concat([frame, of_rollout[frame["_rollout"]]], how="horizontal")
    has_start, has_end = pl.col("started_at").is_not_null(), pl.col("ended_at").is_not_null()
    return with_rollout.with_columns(
        pl.coalesce("call_id", pl.format("{}#{}", "rollout_id", "call_index")).alias("call_id"),
        pl.format("messages[{}]", "_message").alias(PLACE_COLUMN),
        run_id=pl.lit(run_id),
        time_basis=pl.when(has_end).then(pl.lit("upper_bound")).when(has_start).then(pl.lit("lower_bound")),
        latency_s=(pl.col("ended_at") - pl.col("started_at")) / 1e6,
    ).drop("_rollout", "_message")


def _billing(response: Response, config: Config) -> tuple[str | None, str | None, str | None]:
    """Who bills, who served it behind a gateway, and the model as the biller names it.

    OpenRouter bills itself and names its upstream in ``provider``; the other clients name the biller there, or
    (LiteLLM) only as the prefix of the model asked for.
    """
    model = response.model or config.model.model_name
    if (response.id or "").startswith("gen-") or "openrouter" in (config.model_type or ""):
        return "openrouter", response.provider, model
    if response.provider is not None:
        return response.provider, None, model
    prefix, slash, _ = (config.model.model_name or "").partition("/")
    return (prefix.removeprefix("@") if slash else None), None, model


def _stated_usd(response: Response) -> float | None:
    """Dollars the biller stated."""
    return known_usd(response.usage.cost) if response.usage is not None else None


def microseconds(seconds: Count) -> int | None:
    """Microseconds of a stamp; null for none or 0. An absurd one is kept small enough for a column."""
    if not seconds:
        return None
    return round((seconds if _EARLIEST_S <= seconds <= _LATEST_S else _LATEST_S) * 1_000_000)
