"""Looking a name up: at the provider that bills, at the vendor it belongs to, or among the open models."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pricing.names.bedrock import bedrock_spellings
from pricing.names.directory import Directory
from pricing.names.grammar import Reading
from pricing.names.shelf import Meaning
from pricing.names.written_dates import When, day_of


@dataclass(frozen=True)
class Written:
    """A normalised name, and how it can be read: as it is written, then without its endings."""

    name: str
    readings: tuple[Reading, ...]


def read_name(name: str, directory: Directory) -> Written:
    """Read a normalised name; an ending is not taken off a name that is known anywhere as a model of its own."""
    return Written(name, tuple(directory.grammar.readings(directory.grammar.fold(name), directory.is_own)))


def billed_by(biller: str, written: Written, directory: Directory) -> Meaning:
    """What a name means at a provider; empty: it is not known there, however it is read."""
    shelf = directory.shelves.get(biller)
    if shelf is None or not directory.aliases.may_sell(biller, written.name):
        return ()
    return shelf.exact(written.name) or _first(_read(biller, reading, directory) for reading in written.readings)


def billed_as(biller: str, identity: str, directory: Directory) -> Meaning:
    """What an open model is at a provider, under an id that is no variant of it; empty: not sold there."""
    return _sold(biller, directory.identities.ids(identity, biller), directory)


def hosted_by(host: str, identity: str, directory: Directory) -> Meaning:
    """What an open model is at a provider that a scenario names: the model, else the variant sold there instead."""
    return _sold(host, directory.identities.ids(identity, host, variants=True), directory)


def vendors(written: Written, directory: Directory) -> Iterator[str]:
    """Providers whose own a name is."""
    return _vendors(written.readings[0].base, directory)


def identity_of(written: Written, directory: Directory) -> str | None:
    """Open model a name means; null: none."""
    for reading in written.readings:
        identity = directory.identities.of(reading.base)
        if identity is not None and _came_out(identity, reading.when, directory):
            return identity
    return None


def _first(meanings: Iterable[Meaning]) -> Meaning:
    return next((meaning for meaning in meanings if meaning), ())


def _sold(provider: str, ids: tuple[str, ...], directory: Directory) -> Meaning:
    shelf = directory.shelves.get(provider)
    if shelf is None:
        return ()
    return _first(shelf.exact(id_) for id_ in ids if directory.aliases.may_sell(provider, id_))


def _vendors(folded: str, directory: Directory) -> Iterator[str]:
    return (vendor.provider for vendor in directory.aliases.vendors if vendor.owns(folded))


def _came_out(identity: str, at: When | None, directory: Directory) -> bool:
    released = directory.identities.released(identity)
    return at is None or (released is not None and at.holds(day_of(released)))


def _read(biller: str, reading: Reading, directory: Directory) -> Meaning:
    shelf = directory.shelves[biller]
    if reading.when is not None:
        dated = shelf.dated(reading.base, reading.when)
        return dated or _as_at_its_maker(biller, reading.base, reading.when, directory)
    is_bedrock = biller == directory.grammar.bedrock.provider
    spellings = bedrock_spellings(reading.base, directory) if is_bedrock else (reading.base,)
    return _first(shelf.spellings.get(spelling, ()) for spelling in spellings)


def _as_at_its_maker(biller: str, line: str, at: When, directory: Directory) -> Meaning:
    """What a name without its date means at a reseller, where its maker has one model under both names."""
    last = line.rpartition("/")[2]
    for maker in _vendors(last, directory):
        shelf = directory.shelves.get(maker)
        dated = () if shelf is None or maker == biller else shelf.dated(last, at)
        if shelf is not None and dated and dated == shelf.spellings.get(last):
            return directory.shelves[biller].spellings.get(line, ())
    return ()
