"""A first look at a file: what it names rules most readers out, and never one that would have recognised it."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.files import peek
from traces.looks import Look, look
from traces.registry import Peek, Reader, SourceFile, discover

DATA = Path(__file__).parents[1] / "data"


@cache
def golden() -> list[bytes]:
    """Content of every golden file, as far as readers look at it."""
    return [peek(path).start for path in sorted(DATA.rglob("*")) if path.is_file()]


def seen(content: bytes) -> Peek:
    return Peek(content[: 64 * 1024], content[-4096:])


def by_sniffing(content: Peek) -> list[str]:
    return [name for name, reader in discover().items() if reader.sniff(content)]


def by_names(content: Peek) -> list[str]:
    return [name for name, reader in discover().items() if reader.recognises(content)]


def test_names_are_the_words_in_quotes_of_objects_in_json() -> None:
    assert seen(b'{"a": "b c", "d-e": [1, "f\\"g h\\" i"]}').names == frozenset({b"a", b"d-e"})
    assert seen(b'\xef\xbb\xbf [ {"a":"b"} ]').names == frozenset({b"a", b"b"})
    assert seen(b'{"a""b"}').names == frozenset({b"a", b"b"})
    assert Peek(b'{"a"', b'"z"}').names == frozenset({b"a", b"z"})
    assert seen(b'[2026-01-01] "a"').names is None
    assert seen(b'a,"b"').names is None


def test_a_document_may_be_what_names_all_words_of_one_alternative() -> None:
    document = seen(b'{"a": 1, "b": 2}')
    assert document.may_name(("x y", "a b"))
    assert not document.may_name(("a x",))
    assert not document.may_name(())
    assert document.may_name(None)
    assert seen(b"a: 1").may_name(())


@pytest.mark.parametrize("number", range(len(golden())))
def test_every_golden_file_goes_to_the_reader_that_sniffing_alone_gives_it_to(number: int) -> None:
    content = seen(golden()[number])
    assert by_names(content) == by_sniffing(content)
    beside = [name for name, reader in discover().items() if reader.is_companion(content)]
    assert [name for name, reader in discover().items() if reader.goes_with(content)] == beside


@given(number=st.integers(0, len(golden()) - 1), start=st.integers(0, 4096), cut=st.integers(0, 4096))
def test_parts_of_golden_files_do_too(number: int, start: int, cut: int) -> None:
    whole = golden()[number]
    content = seen(whole[:start] + whole[start + cut :])
    assert by_names(content) == by_sniffing(content)


def test_a_reader_that_needs_names_is_not_asked_about_a_file_without_them(tmp_path: Path) -> None:
    asked = []

    def sniff(content: Peek) -> bool:
        asked.append(content.start)
        return True

    reader = Reader("x", "", (), "", (), sniff, lambda _source, _log: iter(()), names=("a b",))
    for name, text in (("without", '{"a": 1}'), ("with", '{"a": 1, "b": 2}'), ("other", "a b")):
        (tmp_path / name).write_text(text)
    readers = {"x": reader}
    found = {path.name: look(SourceFile(path, path.name), readers) for path in tmp_path.iterdir()}
    assert found == {"without": Look(), "with": Look("x"), "other": Look("x")}
    assert len(asked) == 2
