"""Whose models a catalogue resells: for every model of it without a day, the maker's own model, or when it came out.

Finding them takes resolving hundreds of names, so it is done once, when the catalogue is frozen.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from pricing.names.bedrock import maker_and_name
from pricing.names.directory import Directory
from pricing.names.resolve import resolve
from traces.schema import UTC_TIME

MAKERS_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String(),
        "model": pl.String(),
        "maker": pl.String(),
        "maker_model": pl.String(),
        "alias_from": UTC_TIME,
        "alias_until": UTC_TIME,
        "released_date": pl.Date(),
        "is_priced_alike": pl.Boolean(),
    }
)
"""One row per model and stretch of time its maker's name meant one: the maker's model, or the day an open model came
out; whether the maker alone serves it, so that what it costs elsewhere follows the maker's price."""
_PAIR: Final = ("provider", "model")


def find_makers(rows: pl.DataFrame, directory: Directory) -> pl.DataFrame:
    """Find the makers of the models a catalogue has prices of without a day.

    Args:
        rows: Rows of the catalogue.
        directory: Names of the book they are in.

    Returns:
        Rows of MAKERS_SCHEMA, sorted; models sold by their maker, or nobody's known, have none.
    """
    undated = rows.filter(pl.col("effective_from").is_null()).select(_PAIR).unique().sort(_PAIR).iter_rows()
    named = [(provider, model, *_asked(provider, model, directory)) for provider, model in undated]
    asked = pl.DataFrame({"model": [name for *_, name, _ in named]}, schema={"model": pl.String})
    meant = resolve(asked.select(pl.lit(None, pl.String).alias("provider"), "model"), directory)
    found = {name: list(group) for name, group in _by_name(meant.iter_rows(named=True))}
    listed = (
        row
        for provider, model, name, is_itself in named
        for row in _makers(provider, model, found[name], directory, is_itself=is_itself)
    )
    return pl.DataFrame(list(listed), schema=MAKERS_SCHEMA, orient="row").sort(MAKERS_SCHEMA.names())


def _asked(provider: str, model: str, directory: Directory) -> tuple[str, bool]:
    """Name to look a reseller's model up by, and whether it is the model itself, no variant (``:free``) of it."""
    if provider == directory.grammar.bedrock.provider:
        return maker_and_name(model, directory), True
    base, colon, _ = model.partition(":")
    return base, not colon


def _by_name(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["model"], []).append(row)
    return iter(found.items())


_Row = tuple[str, str, str | None, str | None, datetime | None, datetime | None, date | None, bool]


def _makers(
    provider: str, model: str, targets: Iterable[dict[str, Any]], directory: Directory, *, is_itself: bool
) -> Iterator[_Row]:
    own_makers = {directory.aliases.biller(author) for author in directory.aliases.authors} - directory.aliases.clouds
    for target in targets:
        maker, identity = target["price_provider"], target["identity"]
        if provider == maker or provider in own_makers:
            continue
        if maker is not None:
            own = target["price_model"], target["alias_from"], target["alias_until"]
            yield provider, model, maker, *own, None, is_itself and identity is None
        elif identity is not None:
            released = directory.identities.released(identity)
            if released is not None:
                yield provider, model, None, None, None, None, released, False
