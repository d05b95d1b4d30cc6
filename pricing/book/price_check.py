"""Checks of a price file: its keys and types (pydantic), then order, overlaps, zeros and sources."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pricing.book.price_file import FACTS, PriceFile, bound, parse_price_file, place, price_file, series, slot
from pricing.book.windows import parse_hours, parse_weekdays, windows_meet
from pricing.schema import DATE_BASES, UNITS
from traces.errors import PricingError

_Rate = Annotated[Decimal | int, Field(ge=0)]
_Name = Annotated[str, Field(min_length=1)]
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Rates(_Strict):
    uncached_input_usd_per_mtok: _Rate | None = None
    cache_read_usd_per_mtok: _Rate | None = None
    cache_write_5m_usd_per_mtok: _Rate | None = None
    cache_write_1h_usd_per_mtok: _Rate | None = None
    output_usd_per_mtok: _Rate | None = None
    reasoning_usd_per_mtok: _Rate | None = None


class _Tier(_Rates):
    min_input_tokens: Annotated[int, Field(gt=0)]
    is_whole_request: bool = True


class _Charge(_Strict):
    kind: _Name
    unit: _Name
    usd_per_unit: _Rate


class _Price(_Rates):
    model: _Name
    effective_date: date | None = None
    effective_at: AwareDatetime | None = None
    effective_earliest_date: date | None = None
    effective_latest_date: date | None = None
    until_date: date | None = None
    until_at: AwareDatetime | None = None
    tier: list[_Tier] = []
    charge: list[_Charge] = []
    service_tier: _Name = "standard"
    is_batch: bool = False
    region: _Name | None = None
    weekdays: _Name | None = None
    hours_utc: _Name | None = None
    priority: Annotated[int, Field(ge=0)] = 0
    is_free: bool = False
    date_basis: _Name | None = None
    source: _Name | None = None
    note: _Name | None = None


class _Fact(_Strict):
    source: _Name | None = None
    note: _Name | None = None


class _Model(_Fact):
    model: _Name
    release_date: date | None = None
    retired_date: date | None = None


class _Cache(_Fact):
    models: list[_Name] = []
    min_tokens: Annotated[int, Field(ge=0)]
    ttl_s: Annotated[float, Field(gt=0)] | None = None
    effective_date: date | None = None


class _Region(_Fact):
    models: list[_Name] = []
    regions: Annotated[list[_Name], Field(min_length=1)]
    multiplier: Annotated[Decimal, Field(gt=0)]
    effective_date: date | None = None


class _Document(_Strict):
    provider: _Name
    currency: Literal["USD"]
    checked_through_date: date | None = None
    retrieved_date: date | None = None
    source_url: _Name | None = None
    price: list[_Price] = []
    model: list[_Model] = []
    cache: list[_Cache] = []
    region: list[_Region] = []


_MODELS: Final[dict[str, type[BaseModel]]] = {
    "price": _Price, "tier": _Tier, "charge": _Charge, "model": _Model, "cache": _Cache, "region": _Region,
}  # fmt: skip


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
        _Document.model_validate(document)
    except ValidationError as error:
        raise _explained(path, error) from error
    if not any(document.get(name) for name in ("price", *FACTS)):
        raise PricingError(f"{path}: no [[price]] table", "see the format of price files: docs/adding.md")
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
    first = error.errors(include_url=False)[0]
    location = first["loc"]
    numbers = [part for part in location if isinstance(part, int)]
    names = [part for part in location if isinstance(part, str)]
    key = names[-1] if names[-1] not in ("decimal", "int") else names[-2]
    where = place(path, numbers[0] + 1, names[0]) if numbers else str(path)
    if first["type"] == "extra_forbidden":
        parent: type[BaseModel] = _MODELS[names[-2]] if len(names) > 1 else _Document
        return PricingError(f"{where}: unknown key {key}", _nearest(key, list(parent.model_fields)))
    if first["type"] == "missing":
        return PricingError(f"{where}: {key} is missing", f"add {key} = ...")
    return PricingError(f"{where}: {key} = {first['input']!r}: {first['msg']}", "see the format of price files")


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
