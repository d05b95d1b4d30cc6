"""How names are written (``names.toml``): one spelling to compare, what may be taken off the end, what a path says."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import tomli

from pricing.names.written_dates import DAY, MONTH, When, compact_to_iso, when

GRAMMAR_PATH: Final = Path(str(files("pricing"))) / "data" / "names.toml"
_PLAIN: Final = str.maketrans({" ": "-", "_": "-", ",": "-", "@": "-", "'": "", "\N{RIGHT SINGLE QUOTATION MARK}": ""})
_BRACKETS: Final = re.compile(r"\s*\(([^()]*)\)")
_DOT: Final = re.compile(r"(?<=\d)\.(?=\d+(?![\da-z]))")
_PLUS: Final = re.compile(r"(?<=[a-z0-9])\+(?=-|:|$)")
_WORD_END: Final = re.compile(r"(?=[-:])|$")
_DASHES: Final = re.compile(r"-{2,}")
_NUMBERS: Final = {"{n}": r"\d{1,6}", "{x}": r"\d+(?:[.-]\d+)?"}


@dataclass(frozen=True)
class Modifier:
    """Endings that leave the model what it is, recognised after names that begin so; null: after any."""

    longest: re.Pattern[str]
    shortest: re.Pattern[str]
    after: tuple[str, ...] | None

    def bases(self, name: str) -> set[str]:
        """Name without the ending, the longest and the shortest there is; none where it means something else."""
        if self.longest.fullmatch(name) is None:
            return set()
        found = {match[1] for pattern in (self.longest, self.shortest) if (match := pattern.fullmatch(name))}
        return {base for base in found if self.after is None or _last(base).startswith(self.after)}


@dataclass(frozen=True)
class PathForm:
    """A path before a model's name that says who bills, and perhaps in which region and on which platform."""

    start: str
    pattern: re.Pattern[str]
    provider: str
    platform: str | None


@dataclass(frozen=True)
class Bedrock:
    """Amazon Bedrock's provider in the price book, and how the book's ids begin, by geography ("": any other)."""

    provider: str
    prefixes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Reading:
    """A name read as a shorter one, and the day or month it was written with; null: none."""

    base: str
    when: When | None = None


@dataclass(frozen=True)
class Grammar:
    """The closed lists of ``names.toml``.

    Args:
        paths: Paths before a name.
        transports: Provider -> parts of a path that say how a model is called.
        areas: Provider -> parts of a path or id that name a region.
        bedrock: How ids of Amazon Bedrock stand in the price book.
        word_orders: Family of names, and those of it whose version stands before a word: it is moved behind it.
        modifiers: Endings that leave the model what it is.
        released: (provider, name) -> day it came out.
    """

    paths: tuple[PathForm, ...]
    transports: Mapping[str, frozenset[str]]
    areas: Mapping[str, frozenset[str]]
    bedrock: Bedrock
    word_orders: tuple[tuple[str, re.Pattern[str]], ...]
    modifiers: tuple[Modifier, ...]
    released: Mapping[tuple[str, str], date]

    def fold(self, name: str) -> str:
        """Spell a name in the one way names are compared: case, blanks, dots in versions, dates, order of words."""
        if "(" in name:
            name = _BRACKETS.sub(r"-\1", name)
        name = name.strip().lower().translate(_PLAIN)
        if "." in name:
            name = _DOT.sub("-", name)
        if "+" in name:
            name = _PLUS.sub("-plus", name)
        if "--" in name:
            name = _DASHES.sub("-", name)
        name = compact_to_iso(name)
        for family, order in self.word_orders:
            if family in name:
                name = order.sub(r"\1-\3-\2", name)
        return name

    def readings(self, folded: str, is_own: Callable[[str, str], bool]) -> Iterator[Reading]:
        """Read a folded name as it stands, then without its endings, longest first.

        Args:
            folded: Name as ``fold`` spells it.
            is_own: Whether a name is a model of its own, so that it is not read as a shorter one.
        """
        waiting = [Reading(folded)]
        while waiting:
            waiting.sort(key=lambda reading: len(reading.base))
            reading = waiting.pop()
            yield reading
            waiting += [found for found in self._shorter(reading, is_own) if found not in waiting]

    def _shorter(self, reading: Reading, is_own: Callable[[str, str], bool]) -> Iterator[Reading]:
        for modifier in self.modifiers:
            for base in modifier.bases(reading.base):
                if not any(is_own(longer, base) for longer in _between(base, reading.base)):
                    yield Reading(base, reading.when)
        for form in (DAY, MONTH) if reading.when is None else ():
            found = form.fullmatch(reading.base)
            if found is not None:
                yield Reading(found[1], when(found))


def _between(base: str, name: str) -> Iterator[str]:
    """A name, and what it is without the last words of its ending: one of them may be a model of its own."""
    return (name[: end.start()] for end in _WORD_END.finditer(name, len(base) + 1))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


@cache
def load_grammar(path: Path = GRAMMAR_PATH) -> Grammar:
    """Read the grammar of names."""
    document = tomli.loads(path.read_text(encoding="utf-8"))
    return Grammar(
        paths=tuple(_path_form(table["form"], table["provider"], table.get("platform")) for table in document["paths"]),
        transports={provider: frozenset(parts) for provider, parts in document["transports"].items()},
        areas={provider: frozenset(parts) for provider, parts in document["areas"].items()},
        bedrock=Bedrock(
            document["bedrock"]["provider"],
            {area: tuple(starts) for area, starts in document["bedrock"]["prefixes"].items()},
        ),
        word_orders=tuple((table["family"], _word_order(table)) for table in document["word_order"]),
        modifiers=tuple(_modifier(table, document["words"]) for table in document["modifier"]),
        released={
            (table["provider"], name): day for table in document["released"] for name, day in table["dates"].items()
        },
    )


def _path_form(form: str, provider: str, platform: str | None) -> PathForm:
    pattern = re.escape(form).replace(r"\{region\}", r"(?P<region>[a-z0-9-]+)").replace(r"\*", "[^/:]*")
    start = form.partition("*")[0].partition("{")[0]
    return PathForm(start, re.compile(f"{pattern}/(?P<rest>.+)"), provider, platform)


def _word_order(table: Mapping[str, Any]) -> re.Pattern[str]:
    words = "|".join(table["words"])
    return re.compile(rf"(?<![a-z0-9])({table['family']})-(\d+(?:-\d{{1,2}})?)-({words})(?![a-z0-9])")


def _modifier(table: Mapping[str, Any], words: Mapping[str, list[str]]) -> Modifier:
    forms = "|".join(sorted((_form(form, words) for form in table["forms"]), key=len, reverse=True))
    after = table.get("after")
    longest, shortest = (re.compile(rf"({base})[-:](?:{forms})") for base in (".+?", ".+"))
    return Modifier(longest, shortest, None if after is None else tuple(after))


def _form(form: str, words: Mapping[str, list[str]]) -> str:
    pattern = re.escape(form).replace(r"\{", "{").replace(r"\}", "}").replace(r"\-", "-")
    for name, choices in words.items():
        pattern = pattern.replace(f"{{{name}}}", f"(?:{'|'.join(choices)})")
    for name, number in _NUMBERS.items():
        pattern = pattern.replace(name, number)
    return pattern
