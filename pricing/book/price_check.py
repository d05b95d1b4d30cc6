"""Checks of a price file: its keys and types (pydantic), then order, overlaps, zeros and sources."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from pricing.book.price_file import FACTS, PriceFile, bound, parse_price_file, place, price_file, series, slot
from pricing.book.price_keys import TABLES, Document
from pricing.book.windows import parse_hours, parse_weekdays, windows_meet
from pricing.schema import DATE_BASES, UNITS
from traces.errors import PricingError

_FORMAT: Final = "the format of price files: docs/price-files.md"
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)


def read_checked(path: Path) -> PriceFile:
    """Read a price file of a user, checked.

    Raises:
        PricingError: naming file, table, key and remedy, at the first thing wrong.
    """
    document = parse_price_file(path)
    check_document(path, document)
    return price_file(path, document, "user")


def check_price_file(path: Path) -> int:
    """Check a price file and return its number of ``[[price]]`` tables.

    Raises:
        PricingError: naming file, table, key and remedy, at the first thing wrong.
    """
    document = parse_price_file(path)
    check_document(path, document)
    return len(document.get("price", ()))


def check_document(path: Path, document: Mapping[str, Any]) -> None:
    """Check a parsed price file.

    Raises:
        PricingError: naming file, table, key and remedy, at the first thing wrong.
    """
    try:
        Document.model_validate(document)
    except ValidationError as error:
        raise _explained(path, error) from error
    if not any(document.get(name) for name in ("price", *FACTS)):
        raise PricingError(f"{path}: no [[price]] table", _FORMAT)
    prices = document.get("price", [])
    for number, table in enumerate(prices, start=1):
        for problem, hint in _table_problems(table, document):
            raise PricingError(f"{place(path, number)}: {problem}", hint)
    for (number, table), (_, following) in pairwise(enumerate(prices, start=1)):
        if _order(table) > _order(following):
            raise PricingError(f"{place(path, number + 1)}: comes before table {number}", "sort by model, then date")
    _check_overlaps(path, prices)
    _check_facts(path, document)


def _explained(path: Path, error: ValidationError) -> PricingError:
    errors = error.errors(include_url=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])  # misspelled, so missing too
    location = first["loc"]
    numbers = [part for part in location if isinstance(part, int)]
    names = [part for part in location if isinstance(part, str)]
    key = names[-1] if names[-1] not in ("decimal", "int") else names[-2]
    where = place(path, numbers[0] + 1, names[0]) if numbers else str(path)
    if first["type"] == "extra_forbidden":
        parent: type[BaseModel] = TABLES[names[-2]] if len(names) > 1 else Document
        return PricingError(f"{where}: unknown key {key}", _nearest(key, list(parent.model_fields)))
    if first["type"] == "missing":
        return PricingError(f"{where}: {key} is missing", f"add {key} = ...")
    given = first["input"]
    shown = str(given) if isinstance(given, (date, Decimal)) else repr(given)
    return PricingError(f"{where}: {key} = {shown}: {first['msg']}", _FORMAT)


def _table_problems(table: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not (table.get("source") or document.get("source_url")):
        yield "no source", "add source = where the figure is written, or source_url for the whole file"
    if _has_zero(table) and not table.get("is_free"):
        yield "a price is 0", "say is_free = true if it is free, leave the key out if it is not known"
    basis = table.get("date_basis")
    if basis is not None and basis not in DATE_BASES:
        yield f"date_basis {basis!r} is not known", _nearest(basis, DATE_BASES)
    for charge in table.get("charge", ()):
        if charge["unit"] not in UNITS:
            nearest = get_close_matches(charge["unit"], UNITS, n=1)
            yield (
                f"unit {charge['unit']!r} is not known",
                f"did you mean {nearest[0]}?" if nearest else ", ".join(UNITS),
            )
    if not any(key.endswith("_usd_per_mtok") for key in table) and not table.get("charge"):
        yield "no price", "add uncached_input_usd_per_mtok and output_usd_per_mtok"
    yield from _time_problems(table)


def _nearest(given: str, known: Sequence[str]) -> str:
    nearest = get_close_matches(given, known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(known)}"


def _time_problems(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("effective", "until"):
        if f"{name}_date" in table and f"{name}_at" in table:
            yield f"both {name}_date and {name}_at", "keep one"
    start, until = bound(table, "effective"), bound(table, "until")
    if until is not None and (start or _BEGINNING) >= until:
        yield "ends before it begins", "until is the first moment the price is no longer in force"
    earliest, latest = bound(table, "effective_earliest"), bound(table, "effective_latest")
    if (earliest is None) != (latest is None):
        yield "half a window", "give effective_earliest_date and effective_latest_date, or neither"
    if earliest and latest and not (start and earliest <= start <= latest):
        yield (
            "effective_date lies outside its window",
            "effective_earliest_date <= effective_date <= effective_latest_date",
        )
    if ("weekdays" in table or "hours_utc" in table) and not table.get("priority"):
        yield "a window without priority", "add priority = 1: it lies over the price of the rest of the time"
    try:
        parse_weekdays(table.get("weekdays"))
        parse_hours(table.get("hours_utc"))
    except PricingError as error:
        yield error.problem, error.hint or ""


def _check_facts(path: Path, document: Mapping[str, Any]) -> None:
    for name in FACTS:
        for number, table in enumerate(document.get(name, ()), start=1):
            if not (table.get("source") or document.get("source_url")):
                hint = "add source = where it is written, or source_url for the whole file"
                raise PricingError(f"{place(path, number, name)}: no source", hint)
    models = [table["model"] for table in document.get("model", ())]
    twice = next((model for model in models if models.count(model) > 1), None)
    if twice is not None:
        raise PricingError(f"{path}: two [[model]] tables of {twice!r}", "put what is known of it into one")


def _has_zero(table: Mapping[str, Any]) -> bool:
    nested = (*table.get("tier", ()), *table.get("charge", ()))
    own = (value for key, value in table.items() if key.endswith(("_usd_per_mtok", "usd_per_unit")))
    return any(value == 0 for value in own) or any(_has_zero(inner) for inner in nested)


def _order(table: Mapping[str, Any]) -> tuple[str, datetime]:
    return table["model"], bound(table, "effective") or _BEGINNING


def _check_overlaps(path: Path, tables: list[Mapping[str, Any]]) -> None:
    numbered = [(number, table, _end(tables, number)) for number, table in enumerate(tables, start=1)]
    for index, (number, table, end) in enumerate(numbered):
        for other_number, other, _ in numbered[index + 1 :]:
            if other["model"] != table["model"] or _start(other) >= end:
                break
            if _rivals(table, other):
                raise PricingError(
                    f"{place(path, other_number)}: overlaps table {number}",
                    "end the earlier one, or give the narrower one a higher priority",
                )


def _end(tables: list[Mapping[str, Any]], number: int) -> datetime:
    table = tables[number - 1]
    until = bound(table, "until")
    if until is not None:
        return until
    later = (other for other in tables[number:] if series(other) == series(table) and _start(other) > _start(table))
    return next((_start(other) for other in later), _END)


def _start(table: Mapping[str, Any]) -> datetime:
    return bound(table, "effective") or _BEGINNING


def _rivals(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    one_window, other_window = ((table.get("weekdays"), table.get("hours_utc")) for table in (one, other))
    return slot(one) == slot(other) and windows_meet(one_window, other_window)
