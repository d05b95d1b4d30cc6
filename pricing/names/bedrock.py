"""Ids of Amazon Bedrock: geography, maker, the maker's own name, version; spelled as the price book has them."""

import re
from collections.abc import Iterator
from itertools import chain, product
from typing import Final

from pricing.names.directory import Directory

_ID: Final = re.compile(r"(?P<maker>[a-z0-9]+)\.(?P<name>.+?)(?P<version>-v\d+(?::\d+)?|:\d+)?")
_DATED: Final = re.compile(r"(.+)-20\d\d-\d\d-\d\d")
_FIRST: Final = ("-v1:0", "-v1", "")


def area(name: str, directory: Directory) -> str | None:
    """Geography a Bedrock id begins with, such as ``eu``; null: none."""
    before, dot, rest = name.partition(".")
    areas = directory.grammar.areas[directory.grammar.bedrock.provider]
    return before if dot and before in areas and "." in rest else None


def maker_and_name(name: str, directory: Directory) -> str:
    """Maker and the maker's own name of a Bedrock id, as a path; a name that is no such id as it is."""
    prefixes = sorted(set(chain.from_iterable(directory.grammar.bedrock.prefixes.values())), key=len)
    rest = name if area(name, directory) is None else name.partition(".")[2]
    for prefix in prefixes:
        rest = rest.removeprefix(prefix)
    found = _ID.fullmatch(rest)
    return name if found is None else f"{found['maker']}/{found['name']}"


def bedrock_spellings(folded: str, directory: Directory) -> Iterator[str]:
    """Give the ids of the price book a folded Bedrock id may be, itself first.

    The book has one price for the global geography and one for all others. The first version may be left out, and the
    date where the maker's own names say that the name without it is the same model.
    """
    yield folded
    geography = area(folded, directory)
    rest = folded if geography is None else folded.partition(".")[2]
    found = _ID.fullmatch(rest)
    if found is None:
        return
    bedrock = directory.grammar.bedrock
    prefixes = bedrock.prefixes.get(geography or "", bedrock.prefixes[""])
    versions = _FIRST if (found["version"] or "") in _FIRST else (found["version"],)
    names = _names(found["maker"], found["name"], directory)
    for prefix, name, version in product(prefixes, names, versions):
        yield f"{prefix}{found['maker']}.{name}{version}"


def _names(maker: str, name: str, directory: Directory) -> list[str]:
    """The maker's name, and without its date where the maker has one model under both."""
    shelf = directory.shelves.get(directory.aliases.biller(maker))
    undated = _DATED.fullmatch(name)
    if shelf is None or undated is None:
        return [name]
    meaning = shelf.spellings.get(name)
    return [name, undated[1]] if meaning and meaning == shelf.spellings.get(undated[1]) else [name]
