"""Usage objects: three shapes, one set of disjoint columns."""

from typing import Any

import msgspec
import polars as pl
import pytest
from builders import call, frame
from hypothesis import given
from hypothesis import strategies as st

from traces.checks import checked
from traces.rejects import RejectLog
from traces.schema import CALLS
from traces.usage import UNKNOWN, TokenCounts, Usage, output_high, outside_reasoning_groups, token_counts


def counts(**fields: Any) -> TokenCounts:
    return token_counts(msgspec.convert(fields, Usage))


def test_no_usage_is_unknown_and_not_zero() -> None:
    assert token_counts(None) == token_counts(Usage()) == UNKNOWN
    assert set(UNKNOWN) == {None}


def test_chat_completions_include_the_cached_tokens_in_the_prompt() -> None:
    found = counts(prompt_tokens=100, completion_tokens=9, prompt_tokens_details={"cached_tokens": 40})
    assert found == TokenCounts(100, 60, 40, 0, 0, 0, 9, None)


def test_a_chat_usage_without_details_leaves_the_split_unknown() -> None:
    assert counts(prompt_tokens=100, completion_tokens=9) == TokenCounts(100, output_tokens=9)


def test_zero_cached_tokens_are_known_to_be_none() -> None:
    found = counts(prompt_tokens=100, completion_tokens=9, prompt_tokens_details={"cached_tokens": 0})
    assert (found.uncached_input_tokens, found.cache_read_tokens) == (100, 0)


def test_reasoning_is_a_part_of_the_completion() -> None:
    found = counts(prompt_tokens=1, completion_tokens=9, completion_tokens_details={"reasoning_tokens": 7})
    assert (found.output_tokens, found.reasoning_tokens) == (9, 7)


def test_reasoning_that_the_total_proves_to_be_outside_is_added() -> None:
    details = {"reasoning_tokens": 7}
    found = counts(prompt_tokens=1, completion_tokens=9, total_tokens=17, completion_tokens_details=details)
    assert (found.output_tokens, found.reasoning_tokens) == (16, 7)


def test_litellm_writes_the_cache_of_other_vendors_at_the_top() -> None:
    found = counts(prompt_tokens=100, completion_tokens=9, cache_read_input_tokens=60, cache_creation_input_tokens=10)
    assert found == TokenCounts(100, 30, 60, 0, 0, 10, 9, None)


def test_litellm_prompts_smaller_than_their_cache_left_it_out() -> None:
    found = counts(prompt_tokens=30, completion_tokens=9, cache_read_input_tokens=60, cache_creation_input_tokens=10)
    assert found == TokenCounts(100, 30, 60, 0, 0, 10, 9, None)


def test_responses_include_the_cached_tokens_in_the_input() -> None:
    found = counts(
        input_tokens=100, output_tokens=9, input_tokens_details={"cached_tokens": 40},
        output_tokens_details={"reasoning_tokens": 5},
    )  # fmt: skip
    assert found == TokenCounts(100, 60, 40, 0, 0, 0, 9, 5)


def test_messages_exclude_the_cache_from_the_input() -> None:
    found = counts(input_tokens=30, output_tokens=9, cache_read_input_tokens=60, cache_creation_input_tokens=10)
    assert found == TokenCounts(100, 30, 60, 0, 0, 10, 9, None)


def test_cache_writes_of_messages_are_told_apart_by_duration() -> None:
    written = {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6}
    found = counts(input_tokens=30, output_tokens=9, cache_creation_input_tokens=10, cache_creation=written)
    assert found == TokenCounts(40, 30, 0, 4, 6, 0, 9, None)


def test_messages_stripped_of_their_cache_fields_leave_the_split_unknown() -> None:
    assert counts(input_tokens=30, output_tokens=9) == TokenCounts(30, output_tokens=9)


@pytest.mark.parametrize("field", ["prompt_tokens", "input_tokens"])
def test_an_absurd_count_stays_absurd_and_fits_a_column(field: str) -> None:
    found = counts(**{field: 10**40})
    assert 10**11 < (found.input_tokens or 0) < 2**63


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt_tokens": 12.5, "completion_tokens": 3},
        {"prompt_tokens": 12.5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
        {"input_tokens": 12.5, "output_tokens": 3, "cache_read_input_tokens": 4},
    ],
)
def test_a_count_that_is_not_whole_is_refused_and_not_cut_off(fields: dict[str, Any]) -> None:
    log = RejectLog("test", "skip")
    row = {key: value for key, value in counts(**fields)._asdict().items() if value is not None}
    calls = pl.DataFrame([{"run_id": "r", "rollout_id": "r/t/0", "call_id": "c", **row}])
    kept = checked({"calls": calls}, log)["calls"].row(0, named=True)
    assert (kept["input_tokens"], kept["output_tokens"]) == (None, 3)
    assert [reject["reason"].split(": ")[1] for reject in log.rows if reject["reason"]] == ["not a whole number"]


@given(st.tuples(*[st.integers(0, 10**6)] * 5))
def test_known_parts_add_up_to_the_input(numbers: tuple[int, ...]) -> None:
    uncached, read, short, long, output = numbers
    written = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    top = {"cache_read_input_tokens": read, "cache_creation_input_tokens": short + long}
    found = counts(input_tokens=uncached, output_tokens=output, cache_creation=written, **top)
    assert found == TokenCounts(uncached + read + short + long, uncached, read, short, long, 0, output, None)


def test_one_call_with_more_reasoning_than_output_makes_every_output_of_its_provider_a_range() -> None:
    calls = frame(
        CALLS,
        call(call_index=0, output_tokens=5, reasoning_tokens=7),
        call(call_index=1, output_tokens=9, reasoning_tokens=4),
        call(call_index=2, output_tokens=9, reasoning_tokens=0),
        call(call_index=3, output_tokens=9, reasoning_tokens=4, provider=None),
    )
    groups = outside_reasoning_groups(calls)
    assert groups == {("acme", "acme-large")}
    assert calls.select(output_high(groups)).to_series().to_list() == [12, 13, None, None]


def test_without_a_proof_no_output_is_a_range() -> None:
    calls = frame(CALLS, call(output_tokens=9, reasoning_tokens=4))
    assert outside_reasoning_groups(calls) == outside_reasoning_groups(pl.DataFrame()) == set()
    assert calls.select(output_high(set())).to_series().to_list() == [None]


def test_writes_by_duration_alone_are_all_writes() -> None:
    by_duration = {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    found = counts(input_tokens=10, output_tokens=1, cache_creation=by_duration)
    assert found == TokenCounts(40, 10, 0, 10, 20, 0, 1)


def test_reads_inside_the_prompt_and_writes_beside_it_are_told_by_their_sizes() -> None:
    cached = {"cache_read_input_tokens": 5000, "cache_creation_input_tokens": 300}
    inside = counts(prompt_tokens=5010, completion_tokens=1, **cached)
    beside = counts(prompt_tokens=10, completion_tokens=1, **cached)
    assert (inside.input_tokens, inside.uncached_input_tokens) == (5310, 10)
    assert (beside.input_tokens, beside.uncached_input_tokens) == (5310, 10)
