from pathlib import Path

import polars as pl
import pytest
from builders import NOON, call, frame

from pricing.cost.facts import Facts, facts_of, facts_of_parquet
from traces.schema import CALLS

ROWS = [
    call(output_tokens=3, cache_read_tokens=None, input_tokens=5),
    call(call_index=1, output_tokens=7, started_at=NOON.replace(hour=13)),
]


def shards(folder: Path, *frames: pl.DataFrame) -> list[Path]:
    paths = [folder / f"{number}.parquet" for number in range(len(frames))]
    for path, each in zip(paths, frames, strict=True):
        each.write_parquet(path)
    return paths


@pytest.fixture(params=["memory", "files"])
def facts(request: pytest.FixtureRequest, tmp_path: Path) -> Facts:
    calls = frame(CALLS, *ROWS)
    return facts_of(calls) if request.param == "memory" else facts_of_parquet(shards(tmp_path, calls[:1], calls[1:]))


def test_a_column_without_a_null_is_known_and_one_of_nulls_only_is_absent(facts: Facts) -> None:
    assert {"output_tokens", "model", "started_at"} <= facts.known
    assert "cache_read_tokens" not in facts.known | facts.absent
    assert {"ended_at", "output_high_tokens"} <= facts.absent
    assert facts.n_rows == 2


def test_extremes_span_all_files(facts: Facts) -> None:
    assert (facts.lowest["output_tokens"], facts.highest["output_tokens"]) == (3, 7)
    assert (facts.lowest["started_at"], facts.highest["started_at"]) == (NOON, NOON.replace(hour=13))
    assert facts.is_always("granularity", "call")


def test_a_column_is_zero_only_if_every_row_is_known_to_be(facts: Facts) -> None:
    assert facts.is_zero("reasoning_tokens")
    assert not facts.is_zero("output_tokens")
    assert not facts.is_zero("cache_read_tokens")  # 0 and not known
    assert facts.is_true("is_billed")


def test_files_that_state_nothing_give_no_facts(tmp_path: Path) -> None:
    path = tmp_path / "bare.parquet"
    frame(CALLS, *ROWS).write_parquet(path, statistics=False)
    facts = facts_of_parquet([path])
    assert (facts.known, facts.absent, facts.lowest) == (frozenset(), frozenset(), {})


def test_a_file_that_states_its_extremes_in_part_gives_none(tmp_path: Path) -> None:
    calls = frame(CALLS, *ROWS).with_columns(reasoning_tokens=0)
    paths = shards(tmp_path, calls[:1], calls[1:])
    calls[1:].with_columns(reasoning_tokens=5).write_parquet(paths[1], statistics={"min": False, "max": False})
    assert not facts_of_parquet(paths).is_zero("reasoning_tokens")


def test_an_empty_table_breaks_nothing() -> None:
    facts = facts_of(CALLS.empty())
    assert facts.n_rows == 0
    assert not facts.is_zero("output_tokens")
