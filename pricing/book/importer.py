"""What an importer is, and how importers are found: every module in ``pricing/book/importers`` that has ``IMPORTER``.

An importer recognises a foreign price table by its content and turns it into rows of PRICES. What the table says and
a row cannot is counted by reason: nothing is dropped unseen.
"""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Literal

import polars as pl

from pricing.book.foreign import Foreign
from pricing.book.named import NameRule, UnlistedRule
from pricing.book.price_file import table_frame
from pricing.book.row_check import check_rows
from pricing.schema import MODEL_FACTS, PRICES, PUSD_PER_USD
from traces.errors import PricingError

Per = Literal["token", "1k", "1m"]
TOKENS_PER: Final[dict[Per, int]] = {"token": 1, "1k": 1_000, "1m": 1_000_000}
_NOISE: Final = Decimal("1e-9")
"""A relative difference this small is what a binary float adds to a decimal price."""
_SHAPE_ERRORS: Final = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, OSError)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What a source may leave open.

    Args:
        per: Tokens a price is for, where the table does not say.
        is_zero_free: A price of 0 means free; without it, not known.
    """

    per: Per | None = None
    is_zero_free: bool = False


@dataclass
class Imported:
    """Rows as they are collected, and what was left out, by reason."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    n_rounded: int = 0

    def pusd(self, where: str, usd: Any, n_units: int = 1) -> int:
        """Pico-dollars per unit of a price for so many units, to the nearest; rounding beyond float noise is counted.

        Raises:
            PricingError: naming the place, if it is no number, or negative.
        """
        exact = number(where, usd) * PUSD_PER_USD / n_units
        whole = exact.to_integral_value()
        self.n_rounded += abs(exact - whole) > _NOISE * (whole or 1)
        return int(whole)

    def converted(self) -> "Converted":
        """What was collected, as tables."""
        rows = PRICES.sort(table_frame(PRICES, self.rows))
        models = MODEL_FACTS.sort(table_frame(MODEL_FACTS, self.models))
        return Converted(rows, models, dict(sorted(self.left_out.items())), self.n_rounded)


@dataclass(frozen=True, slots=True)
class Converted:
    """A source as tables, sorted.

    Args:
        rows: Rows of PRICES.
        models: Rows of MODEL_FACTS.
        left_out: What the source says and a row cannot, counted by reason.
        n_rounded: Prices that had to be rounded to a pico-dollar.
    """

    rows: pl.DataFrame
    models: pl.DataFrame
    left_out: Mapping[str, int]
    n_rounded: int


@dataclass(frozen=True, slots=True)
class Importer:
    """A foreign format: how to recognise it, and how it becomes rows.

    Args:
        name: Name of the format.
        summary: One sentence: what it recognises.
        upstream: Versions of the source it was written against.
        licence: Licence of that source; of somebody's own table: theirs to state.
        names: How names match in a book of it.
        unlisted: What a model costs that it does not list.
        blind_spots: What it cannot express.
        sniff: True if the content is this format.
        parse: Collects the rows of a source.
    """

    name: str
    summary: str
    upstream: tuple[str, ...]
    licence: str
    names: NameRule
    unlisted: UnlistedRule
    blind_spots: tuple[str, ...]
    sniff: Callable[[Foreign], bool]
    parse: Callable[[Foreign, ImportOptions], Imported]


@cache
def discover() -> dict[str, Importer]:
    """All importers by name, in the order they are asked: the plain table last, it recognises the most."""
    package = importlib.import_module("pricing.book.importers")
    modules = (
        importlib.import_module(f"pricing.book.importers.{m.name}") for m in pkgutil.iter_modules(package.__path__)
    )
    found = [module.IMPORTER for module in modules if hasattr(module, "IMPORTER")]
    return {importer.name: importer for importer in sorted(found, key=lambda one: (one.name == "table", one.name))}


def recognise(source: Foreign) -> Importer:
    """Find the importer of a source by its content.

    Raises:
        PricingError: if none recognises it.
    """
    for importer in discover().values():
        with suppress(*_SHAPE_ERRORS):  # what breaks a look at it is another format
            if importer.sniff(source):
                return importer
    known = "; ".join(f"{one.name}: {one.summary}" for one in discover().values())
    raise PricingError(f"{source.path}: no importer recognises it", known)


def convert(importer: Importer, source: Foreign, options: ImportOptions) -> Converted:
    """Convert a source into checked tables.

    Raises:
        PricingError: if it says what cannot be, or is not of the shape the importer knows.
    """
    try:
        converted = importer.parse(source, options).converted()
    except (*_SHAPE_ERRORS, pl.exceptions.PolarsError) as error:
        problem = f"{source.path}: not the shape the importer {importer.name} knows: {error!r}"
        raise PricingError(problem, f"it was written against {'; '.join(importer.upstream)}") from error
    check_rows(str(source.path), converted.rows)
    return converted


def number(where: str, value: Any) -> Decimal:
    """Read a price.

    Raises:
        PricingError: naming the place, if it is no number, or negative.
    """
    try:
        read = Decimal(value) if isinstance(value, (int, Decimal, str)) and not isinstance(value, bool) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite():
        raise PricingError(f"{where}: {value!r} is not a number", "mend the source, or leave the model out")
    if read < 0:
        raise PricingError(f"{where}: the price {value} is negative", "mend the source, or leave the model out")
    return read
