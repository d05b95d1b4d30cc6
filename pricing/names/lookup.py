"""Looking a name up: at the provider that bills, at the vendor it belongs to, or among the open models."""

from collections.abc import Iterator

from pricing.names.bedrock import bedrock_spellings
from pricing.names.directory import Directory
from pricing.names.grammar import Reading
from pricing.names.shelf import Meaning
from pricing.names.written_dates import When, day_of


def billed_by(biller: str, name: str, directory: Directory) -> Meaning:
    """What a normalised name means at a provider: as it is written, else without endings that leave the model as it is.

    Returns:
        Empty: it is not known there, and not by another spelling either.
    """
    shelf = directory.shelves.get(biller)
    if shelf is None or not directory.aliases.may_sell(biller, name):
        return ()
    return shelf.exact(name) or next(
        (found for reading in _readings(name, directory) if (found := _read(biller, reading, directory))), ()
    )


def billed_as(biller: str, identity: str, directory: Directory) -> Meaning:
    """What an open model is at a provider, under an id that is no variant of it; empty: not sold there."""
    return _sold(biller, directory.identities.ids(identity, biller), directory)


def hosted_by(host: str, identity: str, directory: Directory) -> Meaning:
    """What an open model is at a provider that a scenario names: the model, else the variant sold there instead."""
    return _sold(host, directory.identities.ids(identity, host, variants=True), directory)


def vendors(name: str, directory: Directory) -> Iterator[str]:
    """Providers whose own a normalised name is."""
    folded = directory.grammar.fold(name)
    return (vendor.provider for vendor in directory.aliases.vendors if vendor.owns(folded))


def identity_of(name: str, directory: Directory) -> str | None:
    """Open model a normalised name means; null: none, or not one."""
    for reading in _readings(name, directory):
        identity = directory.identities.of(reading.base)
        if identity is not None and _came_out(identity, reading.when, directory):
            return identity
    return None


def _sold(provider: str, ids: tuple[str, ...], directory: Directory) -> Meaning:
    shelf = directory.shelves.get(provider)
    known = () if shelf is None else (shelf.exact(id_) for id_ in ids if directory.aliases.may_sell(provider, id_))
    return next((found for found in known if found), ())


def _came_out(identity: str, at: When | None, directory: Directory) -> bool:
    released = directory.identities.released(identity)
    return at is None or (released is not None and at.holds(day_of(released)))


def _readings(name: str, directory: Directory) -> Iterator[Reading]:
    return directory.grammar.readings(directory.grammar.fold(name), directory.is_own)


def _read(biller: str, reading: Reading, directory: Directory) -> Meaning:
    shelf = directory.shelves[biller]
    if reading.when is not None:
        dated = shelf.dated(reading.base, reading.when)
        return dated or _as_at_its_maker(biller, reading.base, reading.when, directory)
    is_bedrock = biller == directory.grammar.bedrock.provider
    spellings = bedrock_spellings(reading.base, directory) if is_bedrock else (reading.base,)
    return next((found for spelling in spellings if (found := shelf.spellings.get(spelling))), ())


def _as_at_its_maker(biller: str, line: str, at: When, directory: Directory) -> Meaning:
    """What a name without its date means at a reseller, where its maker has one model under both names."""
    last = line.rpartition("/")[2]
    for maker in vendors(last, directory):
        shelf = directory.shelves.get(maker)
        dated = () if shelf is None or maker == biller else shelf.dated(last, at)
        if shelf is not None and dated and dated == shelf.spellings.get(last):
            return directory.shelves[biller].spellings.get(line, ())
    return ()
