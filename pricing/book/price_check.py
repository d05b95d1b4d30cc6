"""Checks of a price file: its keys and types (``price_keys``), then order, overlaps, zeros and sources."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pricing.book.price_file import FACTS, FORMAT, PriceFile, bound, parse_price_file, place, price_file, series, slot
from pricing.book.price_keys import TABLES, Document
from pricing.book.windows import parse_hours, parse_weekdays, windows_meet
from pricing.key_problems import first_problem, key_problem
from pricing.moments import END, START
from pricing.schema import DATE_BASES, TOKEN_KINDS, UNITS
from traces.errors import PricingError, nearest


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
    read_checked(path)
    return len(parse_price_file(path).get("price", ()))


def check_document(path: Path, document: Mapping[str, Any]) -> None:
    """Check a parsed price file.

    Raises:
        PricingError: naming file, table, key and remedy, at the first thing wrong.
    """
    if document.keys().isdisjoint(("provider", "currency", "price")):
        found = f"its keys are {', '.join(document)}" if document else "it is empty"
        raise PricingError(f"{path}: no price file: {found}", f"it needs provider, currency and prices; {FORMAT}")
    try:
        Document.model_validate(document)
    except ValidationError as error:
        raise _explained(path, error) from error
    if not any(document.get(name) for name in ("price", *FACTS)):
        raise PricingError(f"{path}: no [[price]] table", FORMAT)
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
    first = first_problem(error)
    location = [part for part in first["loc"] if part not in ("decimal", "int")]
    where, key = _where(path, location)
    tables = [part for part in location[:-1] if part in TABLES]
    keys: type[BaseModel] = TABLES[str(tables[-1])] if tables else Document
    wrong_key = key_problem(first, keys.model_fields)
    if wrong_key is not None:
        return PricingError(f"{where}: {wrong_key[0]}", wrong_key[1])
    if first["type"] == "list_type" and key in TABLES:
        nested = f"price.{key}" if key in ("tier", "charge") else key
        return PricingError(f"{where}: {key} is no list of tables", f"begin each with [[{nested}]]")
    given = first["input"] if isinstance(first["input"], date | Decimal) else repr(first["input"])
    problem = first["msg"].replace("Input", "it").removeprefix("Value error, ")
    return PricingError(f"{where}: {key} = {given}: {problem}", FORMAT)


def _where(path: Path, location: Sequence[int | str]) -> tuple[str, str]:
    """Name the table and the key a location of pydantic means."""
    match location:
        case [str(table), int(number), str(nested), int(inner), *rest]:
            return f"{place(path, number + 1, table)}: [[{table}.{nested}]] {inner + 1}", str((*rest, nested)[0])
        case [str(table), int(number), *rest]:
            return place(path, number + 1, table), str((*rest, table)[0])
    return str(path), str(location[0])


def _table_problems(table: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not (table.get("source") or document.get("source_url")):
        yield "no source", "add source = where the figure is written, or source_url for the whole file"
    zero = _zero(table)
    if zero is not None and not table.get("is_free"):
        yield f"a price is 0: {zero}", "say is_free = true if it is free, leave the key out if it is not known"
    basis = table.get("date_basis")
    if basis is not None and basis not in DATE_BASES:
        yield f"date_basis {basis!r} is not known", nearest(basis, DATE_BASES)
    yield from _nested_problems(table)
    if not any(key.endswith("_usd_per_mtok") for key in table) and not table.get("charge"):
        yield "no price", "add uncached_input_usd_per_mtok and output_usd_per_mtok"
    yield from _time_problems(table)


def _nested_problems(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tiers, charges = table.get("tier", ()), table.get("charge", ())
    for tier in tiers:
        if not any(key.endswith("_usd_per_mtok") for key in tier):
            yield f"no price above {tier['min_input_tokens']} tokens", "add what changes there"
    for charge in charges:
        kind, unit = charge["kind"], charge["unit"]
        if unit not in UNITS:
            yield f"unit {unit!r} is not known", nearest(unit, UNITS)
        if kind in TOKEN_KINDS:
            yield f"a charge of kind {kind!r}", f"write it as {kind}_usd_per_mtok"
        if kind == "request" and unit != kind:
            yield f"a charge of kind 'request' with unit {unit!r}", 'write unit = "request"'
    for name, keys in {
        "tier": [tier["min_input_tokens"] for tier in tiers],
        "charge": [(charge["kind"], charge["unit"]) for charge in charges],
    }.items():
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            yield f"two [[price.{name}]] of {twice}", "keep one"


def _time_problems(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("effective", "until"):
        if f"{name}_date" in table and f"{name}_at" in table:
            yield f"both {name}_date and {name}_at", "keep one"
    start, until = bound(table, "effective"), bound(table, "until")
    if until is not None and (start or START) >= until:
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
    _check_regions(path, document.get("region", ()))
    for number, table in enumerate(document.get("model", ()), start=1):
        if (table.get("retired_date") or END.date()) <= (table.get("release_date") or START.date()):
            hint = "retired_date is the first day it can no longer be called"
            raise PricingError(f"{place(path, number, 'model')}: retired before it is released", hint)


def _check_regions(path: Path, tables: Sequence[Mapping[str, Any]]) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for number, table in enumerate(tables, start=1):
        for model, region in product(table.get("models", [None]), table["regions"]):
            first = seen.setdefault((model, region, table.get("effective_date")), number)
            if first != number:
                problem = f"{place(path, number, 'region')}: a second multiplier of {region!r}, after table {first}"
                raise PricingError(problem, "keep one, or say from which day each holds: effective_date")


def _zero(table: Mapping[str, Any]) -> str | None:
    """Key of a price of 0; null: none is."""
    nested = (*table.get("tier", ()), *table.get("charge", ()))
    own = (key for key, value in table.items() if key.endswith(("_usd_per_mtok", "usd_per_unit")) and value == 0)
    return next(own, None) or next(filter(None, map(_zero, nested)), None)


def _order(table: Mapping[str, Any]) -> tuple[str, datetime]:
    return table["model"], bound(table, "effective") or START


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
    return next((_start(other) for other in later), END)


def _start(table: Mapping[str, Any]) -> datetime:
    return bound(table, "effective") or START


def _rivals(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    one_window, other_window = ((table.get("weekdays"), table.get("hours_utc")) for table in (one, other))
    return slot(one) == slot(other) and windows_meet(one_window, other_window)
