"""Decoding: fast where a document is clean, and whatever is left of it where it is not."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.decode import NOT_WHOLE, Count, UndecodableError, decode, whole
from traces.depth import without_deep
from traces.texts import n_places_in


class Part(msgspec.Struct):
    count: Count = None
    share: float | None = None


class Whole(msgspec.Struct):
    name: str | None = None
    parts: list[Part] = []
    first: Part | None = None
    factors: dict[str, float | None] | None = None


class Strict(msgspec.Struct):
    name: str


def test_only_the_fields_asked_for_are_read() -> None:
    assert decode(b'{"name": "a", "text": "long", "parts": [{"count": 1, "x": {}}]}', Whole) == (
        Whole("a", [Part(1)]),
        [],
    )


@pytest.mark.parametrize(("written", "count"), [("12", 12), ("12.0", 12), ('"12"', 12), ("null", None)])
def test_a_count_may_be_written_as_number_or_text(written: str, count: int | None) -> None:
    assert decode(f'{{"count": {written}}}'.encode(), Part) == (Part(count), [])


def test_a_field_of_the_wrong_type_becomes_null_and_is_named() -> None:
    value, problems = decode(
        b'{"name": "a", "first": {"count": [], "share": 0.5}, "parts": [{}, {"share": "x"}]}', Whole
    )
    assert value == Whole("a", [Part(), Part()], Part(share=0.5))
    assert [problem.split(":")[0] for problem in problems] == ["parts[1].share", "first.count"]


def test_a_list_element_of_the_wrong_type_is_left_out_and_named() -> None:
    value, problems = decode(b'{"parts": [{"count": 1}, 5, {"count": 2}]}', Whole)
    assert [part.count for part in value.parts] == [1, 2]
    assert [problem.split(":")[0] for problem in problems] == ["parts[1]"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("document", "place"),
    [
        ('{{"first": {{"count": {}}}}}', "first.count"),
        ('{{"first": {{"share": {}}}}}', "first.share"),
        ('{{"parts": [{{}}, {{"share": {}}}]}}', "parts[1].share"),
        ('{{"factors": {{"DB": {}}}}}', "factors.DB"),
    ],
)
def test_what_is_no_number_becomes_null_and_is_named(number: str, document: str, place: str) -> None:
    value, problems = decode(document.format(number).encode(), Whole)
    assert [problem.split(":")[0] for problem in problems] == [place]
    assert "nan" not in str(value)
    assert "inf" not in str(value)


def test_what_is_no_number_in_a_field_nobody_reads_is_no_problem() -> None:
    assert decode(b'{"name": "a", "other": NaN}', Whole) == (Whole("a"), [])


@pytest.mark.parametrize(
    "raw", [b'\xef\xbb\xbf{"name": "a"}', b'{"name": "a", "text": "\\ud800"}', b'{"name": "a"}\n\n']
)
def test_marks_and_broken_characters_do_not_hinder(raw: bytes) -> None:
    assert decode(raw, Whole)[0] == Whole("a")


def test_a_missing_required_field_is_an_error_that_names_it() -> None:
    with pytest.raises(UndecodableError, match="missing field `name`"):
        decode(b"{}", Strict)


@pytest.mark.parametrize("raw", [b"", b"  \n", b"[]", b"5", b"null", b"not json", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_document_of_the_kind_is_an_error(raw: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode(raw, Whole)


DOCUMENT: dict[str, Any] = {"name": "a", "parts": [{"count": number} for number in range(5)]}


@given(cut=st.integers(1, len(json.dumps(DOCUMENT)) - 1))
def test_a_truncated_document_gives_what_stood_before_the_cut_and_says_so(cut: int) -> None:
    text = json.dumps(DOCUMENT)[:cut]
    value, problems = decode(text.encode(), Whole)
    n_whole = text.count("}")
    assert [part.count for part in value.parts][:n_whole] == list(range(n_whole))
    assert any(problem.startswith("broken JSON") for problem in problems)


@given(st.one_of(st.integers(), st.floats(allow_nan=False)))
def test_a_whole_number_fits_a_column_and_keeps_its_sign(value: float) -> None:
    number = whole(value)
    assert number is not None
    assert abs(number) <= 2**60
    assert number * value >= 0


@pytest.mark.parametrize(("value", "number"), [(12.5, NOT_WHOLE), (-0.5, -NOT_WHOLE), (0.1, NOT_WHOLE)])
def test_a_count_that_is_not_whole_is_not_rounded(value: float, number: int) -> None:
    assert whole(value) == number


@pytest.mark.parametrize(("value", "number"), [(None, None), (0, 0), (12, 12), (12.0, 12), (-3, -3)])
def test_a_plausible_count_is_kept(value: Count, number: int | None) -> None:
    assert whole(value) == number


@pytest.mark.parametrize("depth", [900, 2_000, 100_000])
@pytest.mark.parametrize("field", ["first", "text"])
def test_what_is_nested_too_deeply_is_left_out_and_named_and_the_rest_is_read(depth: int, field: str) -> None:
    nested = "[" * depth + "]" * depth
    value, problems = decode(f'{{"name": "a", "{field}": {nested}, "parts": [{{"count": 1}}]}}'.encode(), Whole)
    assert value == Whole("a", [Part(1)])
    places = {problem.partition(": ")[0] for problem in problems}
    assert places <= {"first", "document"}
    assert problems or field == "text"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"a": %s, "b": 1}' % ("[" * 300 + "]" * 300), '"b": 1}'),
        ('{"a": "%s", "b": 1}' % ("[" * 300), '"b": 1}'),
        ('{"a": %s' % ("[" * 300), "["),
    ],
    ids=["nested", "a text", "cut off"],
)
def test_only_brackets_that_nest_count_as_depth(text: str, left: str) -> None:
    kept, n_left_out = without_deep(text)
    assert kept.endswith(left)
    assert (n_left_out, len(kept) < len(text)) == ((0, False) if '"[' in text else (1, True))


def test_bytes_that_are_no_text_and_halves_of_characters_are_counted_where_they_are_read() -> None:
    value, problems = decode(b'{"name": "a\xff\xfe \\ud83d \\ud83d\\ude00", "text": "\\ud800"}', Strict)
    assert value.name == "a\ufffd\ufffd \\ud83d \U0001f600"
    assert [n_places_in(problem) for problem in problems] == [3]
    assert decode(b'{"name": "b", "text": "\\ud800"}', Strict)[1] == []
    assert decode(b'{"name": "b \\\\ud800"}', Strict) == (Strict("b \\ud800"), [])


def test_values_of_a_mapping_that_do_not_fit_are_named_and_the_others_kept() -> None:
    kept, problems = decode(b'{"a": {"count": 1}, "b": 7, "c": null, "d": {"count": NaN}}', dict[str, Inner | None])
    assert kept == {"a": Inner(1), "c": None, "d": Inner(None)}
    assert [problem.split(":")[0] for problem in problems] == ["b", "d.count"]


class Inner(msgspec.Struct):
    count: int | None = None


def test_half_a_character_where_a_number_belongs_is_named() -> None:
    kept, problems = decode(rb'[{"count": "\ud83d"}, {"count": 2}]', list[Inner])
    assert kept == [Inner(None), Inner(2)]
    assert [problem.split(":")[0] for problem in problems] == ["[0].count"]


def test_a_text_that_says_nan_is_not_whole() -> None:
    assert whole(decode(b'"NaN"', float)[0]) == NOT_WHOLE


def test_half_a_character_where_a_number_is_expected_is_named() -> None:
    value, problems = decode(b'{"name": "a", "first": {"count": "\\ud800"}, "parts": "\\ud800"}', Whole)
    assert value == Whole("a", [], Part())
    assert sorted(problem.partition(":")[0] for problem in problems) == ["first.count", "parts"]


def test_nesting_that_no_parser_bears_is_named() -> None:
    kept, problems = decode(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b', "b": 1}', dict)
    assert (kept["b"], len(problems), "nested too deeply" in problems[0]) == (1, 1, True)
