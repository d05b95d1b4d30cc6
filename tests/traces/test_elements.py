"""Members and elements found in place are those a JSON parser finds, up to where the text is cut off."""

import json
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.elements import CutError, elements, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{}:, \n\u2028é'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"\\]}é'), inner, max_size=3),
    max_leaves=12,
)


def found(text: bytes) -> list[Any]:
    return [json.loads(text[start:end]) for start, end in elements(text)]


@given(values=st.lists(VALUES), indent=st.sampled_from([None, 2]))
def test_elements_are_those_of_a_parser(values: list[Any], indent: int | None) -> None:
    assert found(json.dumps(values, indent=indent).encode()) == values


@given(values=st.dictionaries(st.text(), VALUES), is_ascii=st.booleans())
def test_members_are_those_of_a_parser(values: dict[str, Any], *, is_ascii: bool) -> None:
    text = json.dumps(values, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    if "\ufffd" not in text.decode("utf-8", "replace"):
        assert {name: json.loads(text[start:end]) for name, start, end in members(text)} == values


@given(values=st.lists(VALUES, min_size=1), share=st.floats(0, 1, exclude_max=True))
def test_what_stands_before_a_cut_is_found(values: list[Any], share: float) -> None:
    text = json.dumps(values).encode()
    cut, whole = text[: int(share * len(text))], []
    with pytest.raises(CutError):
        whole.extend(cut[start:end] for start, end in elements(cut))
    kept = takewhile(lambda pair: json.loads(pair[0]) == pair[1], zip(whole, values, strict=False))
    assert len(list(kept)) == len(whole)


def test_what_no_parser_takes_is_found_too() -> None:
    deep = b"[" * 5000 + b"]" * 5000
    text = b'\xef\xbb\xbf{"a": NaN, "b": ' + deep + b', "c": "\\ud800 \xff", "a": 2}'
    spans = [(name, text[start:end]) for name, start, end in members(text)]
    assert spans == [("a", b"NaN"), ("b", deep), ("c", b'"\\ud800 \xff"'), ("a", b"2")]


@pytest.mark.parametrize("text", [b"", b"null", b"{", b'{"a"', b'{"a" 1}', b'{"a": }', b'{"a": 1', b"[1]"])
def test_a_text_that_is_no_object_is_cut_off_at_once(text: bytes) -> None:
    with pytest.raises(CutError):
        list(members(text))
