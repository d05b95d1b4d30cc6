"""Declared tables: empty frames, conforming, sorting and the rules every row of every table keeps."""

import polars as pl
import pytest
from builders import call, frame, rollout, run

from traces.errors import StoreError
from traces.schema import CALLS, INPUT_PARTS, REJECTS, ROLLOUTS, RUNS, TABLES
from traces.table import Column, Table, violations

UNITS = ("_usd", "_tokens", "_s", "_frac", "_at", "_date", "_id", "_path", "_turns")
NUMBERS = (pl.Int64, pl.Float64)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_doc_and_every_required_one_a_value_or_a_source(table: Table) -> None:
    assert table.doc.endswith(".")
    for column in table.columns:
        assert column.doc.endswith("."), column.name
        assert column.default is None or isinstance(column.default, (str, bool, int)), column.name
        assert column.values is None or column.dtype == pl.String, column.name
    assert set(table.key) <= {column.name for column in table.columns}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_units_are_part_of_the_names_of_measured_columns(table: Table) -> None:
    plain = {
        "attempt",
        "score",
        "value",
        "quantity",
        "weight",
        "call_index",
        "score_min",
        "score_max",
        "recorded_score",
    }
    for column in table.columns:
        if column.dtype in NUMBERS and column.name not in plain | {"submissions_allowed"}:
            assert column.name.startswith(("n_", "recorded_n_")) or column.name.endswith(UNITS), column.name
        assert (column.dtype == pl.Boolean) == column.name.startswith("is_"), column.name


def test_one_name_has_one_type_in_every_table() -> None:
    types = {(column.name, str(column.dtype)) for table in TABLES.values() for column in table.columns}
    assert len(types) == len({name for name, _ in types})


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_an_empty_table_has_every_column_and_breaks_no_rule(table: Table) -> None:
    assert table.empty().columns == [column.name for column in table.columns]
    assert violations(table, table.empty()) == []


def test_absent_columns_become_null_or_their_default() -> None:
    calls = CALLS.conform(pl.DataFrame({"run_id": ["r"], "call_id": ["c"]}))
    assert calls.select("role", "n_requests", "is_billed", "output_tokens").row(0) == ("agent", 1, True, None)


def test_a_null_where_a_default_is_required_becomes_the_default_elsewhere_it_stays() -> None:
    rows = pl.DataFrame({"run_id": ["r"], "call_id": ["c"], "role": [None], "n_requests": [None]})
    assert CALLS.conform(rows).select("role", "n_requests").row(0) == ("agent", None)


def test_undeclared_columns_and_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(StoreError, match=r"table calls: undeclared columns \['cost'\]"):
        CALLS.conform(pl.DataFrame({"cost": [1]}))
    with pytest.raises(StoreError, match="table calls"):
        CALLS.conform(pl.DataFrame({"input_tokens": ["many"]}))


def test_rows_are_sorted_by_key_nulls_first() -> None:
    rows = frame(CALLS, call(call_index=1), call(call_index=0), call(rollout_id=None, call_id="total", call_index=None))
    assert rows["call_index"].to_list() == [None, 0, 1]
    rejects = pl.DataFrame([{"source_path": name, "kind": "malformed", "reason": "x"} for name in "ba"])
    assert REJECTS.sort(REJECTS.conform(rejects))["source_path"].to_list() == ["a", "b"]


def test_every_broken_rule_is_named() -> None:
    rows = frame(ROLLOUTS, rollout(), rollout(), rollout(task_id="b", stop_reason="tired"))
    broken = rows.with_columns(pl.lit(None, pl.Int64).alias("attempt"))
    assert [line.split(":")[0] for line in violations(ROLLOUTS, broken)] == [
        "rollouts.attempt", "rollouts.stop_reason", "rollouts",
    ]  # fmt: skip
    assert violations(RUNS, frame(RUNS, run())) == []


def test_added_columns_come_last_and_the_table_keeps_its_key_and_categories() -> None:
    wider = CALLS.with_columns("Wider.", Column("cost_usd", pl.Float64, "Cost."))
    assert (wider.key, wider.repeated, wider.columns[-1].name) == (CALLS.key, CALLS.repeated, "cost_usd")
    assert "model" in CALLS.repeated
    assert "call_id" not in CALLS.repeated


def test_the_parts_of_the_input_are_columns_of_calls() -> None:
    assert set(INPUT_PARTS) < set(CALLS.schema)
