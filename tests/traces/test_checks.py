"""The central checks: what cannot be true becomes unknown, the row stays, and the place is named."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from builders import call, charge, frame, rollout, run, task

from traces.checks import PATH_COLUMN, PLACE_COLUMN, checked
from traces.decode import NOT_WHOLE
from traces.errors import MalformedTraceError
from traces.rejects import RejectLog
from traces.schema import INPUT_PARTS, TABLES

TOKEN_COLUMNS = ("input_tokens", *INPUT_PARTS, "output_tokens", "output_high_tokens", "reasoning_tokens")
ROWS = {"calls": call, "rollouts": rollout, "runs": run, "tasks": task, "charges": charge}


def checked_row(table: str, **values: Any) -> tuple[dict[str, Any], list[dict[str, str | None]]]:
    log = RejectLog("test", "skip")
    row = frame(TABLES[table], ROWS[table](**values))
    return checked({table: row}, log)[table].row(0, named=True), log.rows


@pytest.mark.parametrize("column", TOKEN_COLUMNS)
@pytest.mark.parametrize("value", [-1, 10**11 + 1, 2**50])
def test_a_token_count_out_of_range_becomes_unknown(column: str, value: int) -> None:
    known = {name: None for name in TOKEN_COLUMNS if name != column}
    row, rejects = checked_row("calls", **known, **{column: value})
    assert row[column] is None
    assert rejects[0]["kind"] == "malformed"
    assert str(value) in (rejects[0]["reason"] or "")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("calls", "latency_s", -0.1), ("calls", "latency_s", float("nan")), ("calls", "ttft_s", float("inf")),
        ("calls", "recorded_cost_usd", -0.01), ("calls", "recorded_cost_usd", float("nan")),
        ("calls", "n_requests", -1),
        ("calls", "started_at", datetime(1970, 1, 1, tzinfo=UTC)),
        ("calls", "ended_at", datetime(2150, 1, 1, tzinfo=UTC)),
        ("rollouts", "score", float("nan")), ("rollouts", "score", float("-inf")), ("rollouts", "wall_s", -1.0),
        ("rollouts", "recorded_cost_usd", float("inf")), ("rollouts", "n_calls", -1),
        ("runs", "limit_usd", -1.0), ("runs", "limit_turns", -1), ("runs", "recorded_score", float("nan")),
        ("tasks", "human_s", -1.0), ("tasks", "weight", float("nan")),
        ("charges", "quantity", -1.0), ("charges", "recorded_cost_usd", float("nan")),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_true_becomes_unknown(table: str, column: str, value: object) -> None:
    row, rejects = checked_row(table, **{column: value})
    assert row[column] is None
    assert [(reject["kind"], column in (reject["reason"] or "")) for reject in rejects] == [("malformed", True)]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("calls", {"input_tokens": None, "latency_s": None, "recorded_cost_usd": None, "started_at": None}),
        ("calls", {"output_tokens": 0, "latency_s": 0.0, "recorded_cost_usd": 0.0}),
        ("rollouts", {"score": -3.5}),
        ("rollouts", {"score": None, "wall_s": 0.0}),
    ],
)
def test_what_is_unknown_or_zero_is_no_problem(table: str, values: dict[str, object]) -> None:
    row, rejects = checked_row(table, **values)
    assert {name: row[name] for name in values} == values
    assert rejects == []


def test_parts_that_exceed_the_input_make_the_split_unknown_and_keep_the_input() -> None:
    row, rejects = checked_row("calls", input_tokens=100, uncached_input_tokens=0, cache_read_tokens=101)
    assert (row["input_tokens"], {row[part] for part in INPUT_PARTS}) == (100, {None})
    assert len(rejects) == 1


def test_more_cached_than_sent_is_one_reject_though_the_uncached_part_is_negative_as_well() -> None:
    row, rejects = checked_row("calls", input_tokens=100, uncached_input_tokens=-50, cache_read_tokens=150)
    assert (row["input_tokens"], {row[part] for part in INPUT_PARTS}) == (100, {None})
    assert [reject["reason"] for reject in rejects] == [
        "input_tokens=100, cache_read_tokens=150: cached parts exceed the input"
    ]


def test_a_negative_input_is_not_called_more_cached_than_sent() -> None:
    _, rejects = checked_row("calls", input_tokens=-1, uncached_input_tokens=None)
    assert "must lie between" in (rejects[0]["reason"] or "")


def test_a_count_that_is_not_whole_becomes_unknown_and_is_named_once_the_other_counts_stay() -> None:
    row, rejects = checked_row(
        "calls", input_tokens=NOT_WHOLE, uncached_input_tokens=NOT_WHOLE - 40, cache_read_tokens=40, output_tokens=9
    )
    assert (row["input_tokens"], row["uncached_input_tokens"]) == (None, None)
    assert (row["cache_read_tokens"], row["output_tokens"]) == (40, 9)
    assert [reject["reason"] for reject in rejects] == ["input_tokens, uncached_input_tokens: not a whole number"]


def test_the_row_stays_and_the_other_rows_are_untouched() -> None:
    calls = frame(TABLES["calls"], *(call(call_index=index, output_tokens=index - 1) for index in range(3)))
    log = RejectLog("test", "skip")
    assert checked({"calls": calls}, log)["calls"]["output_tokens"].to_list() == [None, 0, 1]
    assert len(log.rows) == 1


def test_a_problem_is_named_by_file_and_place_where_the_reader_gives_them() -> None:
    calls = frame(TABLES["calls"], call(output_tokens=-1))
    placed = calls.with_columns(pl.lit("a.json").alias(PATH_COLUMN), pl.lit("line 7").alias(PLACE_COLUMN))
    with pytest.raises(MalformedTraceError) as raised:
        checked({"calls": placed}, RejectLog("test"))
    assert (raised.value.path, raised.value.place) == ("a.json", "line 7")


def test_a_problem_is_named_by_key_where_the_reader_gives_no_place() -> None:
    _, rejects = checked_row("calls", output_tokens=-1)
    assert "rollout_id=run/task/0" in (rejects[0]["place"] or "")


def test_helper_columns_are_dropped_and_absent_columns_filled() -> None:
    batch = {"calls": pl.DataFrame({"run_id": ["r"], "call_id": ["c"], PLACE_COLUMN: ["line 1"]})}
    calls = checked(batch, RejectLog("test"))["calls"]
    assert dict(calls.schema) == dict(TABLES["calls"].schema)
    assert calls.select("role", "granularity", "is_billed", "output_tokens").row(0) == ("agent", "call", True, None)
