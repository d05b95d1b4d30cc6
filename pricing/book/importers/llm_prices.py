"""llm-prices.com -> rows: a vendor's file with its price history, or the lists of all current or historic prices."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from pricing.book.foreign import Foreign
from pricing.book.importer import Imported, Importer, ImportOptions
from pricing.moments import midnight
from traces.errors import PricingError

_MTOK: Final = 1_000_000
_KINDS: Final = {"input": "uncached_input", "output": "output", "input_cached": "cache_read"}
_KNOWN: Final = frozenset({*_KINDS, "id", "vendor", "name", "from_date", "to_date"})
_PSEUDO: Final = re.compile(r"(?P<model>.+)-(?P<thousands>\d+)k")


def sniff(source: Foreign) -> bool:
    """Recognise a vendor's models with their price history, or a list of prices by vendor."""
    return any(True for _ in _records(source.document))


def parse(source: Foreign, options: ImportOptions) -> Imported:
    """Collect the rows of every record.

    Raises:
        PricingError: naming file, model and field, if a price is no number or negative, or a date is none.
    """
    found = Imported()
    records = list(_records(source.document))
    listed = {(record["vendor"], record["id"]) for record in records}
    for record in records:
        where = f"{source.path}: {record['vendor']}/{record['id']}"
        if not options.is_zero_free and not any(record.get(field) for field in _KINDS):
            found.left_out["model: 0 throughout: free or not known"] += 1
            continue
        model, threshold = _tier(record, listed)
        start, until = (_moment(where, record.get(name)) for name in ("from_date", "to_date"))
        shared = {
            "provider": record["vendor"],
            "model": model,
            "min_input_tokens": threshold,
            "effective_from": start,
            "effective_until": until,
            "layer": "book",
            "date_basis": "undated" if start is None else "start_date",
            "source": source.path.name,
        }
        for field, kind in _KINDS.items():
            if record.get(field) is not None:
                price = found.pusd(f"{where}: {field}", record[field], _MTOK)
                found.rows.append({**shared, "kind": kind, "price_pusd": price})
        for field in record.keys() - _KNOWN:
            found.left_out[f"field: {field}"] += 1
    return found


def _records(document: Any) -> Iterator[dict[str, Any]]:
    """Prices, one by one, each with its vendor."""
    for part in document if isinstance(document, list) else [document]:
        if not isinstance(part, dict):
            continue
        for model in part.get("models", ()) if "vendor" in part else ():
            named = {"vendor": part["vendor"], "id": model["id"], "name": model.get("name")}
            yield from ({**record, **named} for record in model.get("price_history", ()))
        for record in part.get("prices", ()) if isinstance(part.get("prices"), list) else ():
            if isinstance(record, dict) and {"id", "vendor", "input", "output"} <= record.keys():
                yield dict(record)


def _tier(record: Mapping[str, Any], listed: set[tuple[str, str]]) -> tuple[str, int]:
    """The model and the threshold of a record: "x-272k", "X >272k" by name, is x above 272,000 tokens."""
    match = _PSEUDO.fullmatch(record["id"])
    is_above = ">" in (record.get("name") or ">")
    if match is not None and is_above and (record["vendor"], match["model"]) in listed:
        return match["model"], int(match["thousands"]) * 1_000
    return record["id"], 0


def _moment(where: str, text: Any) -> datetime | None:
    """Start of a day in UTC; null stays null."""
    try:
        return midnight(None if text is None else date.fromisoformat(text))
    except (TypeError, ValueError) as error:
        raise PricingError(f"{where}: {text!r} is no date", "write it as YYYY-MM-DD") from error


IMPORTER: Final = Importer(
    name="llm_prices",
    summary="llm-prices.com: models of a vendor with their price history, or the list of all prices",
    upstream=("simonw/llm-prices: data/*.json, current-v1.json and historical-v1.json as of 2026-08-05",),
    licence="none stated: use it yourself, do not pass it on",
    names="resolve",
    unlisted="unknown",
    blind_spots=(
        "days without an hour, taken as UTC",
        "no cache writes, batch, service tiers, reasoning or per-request prices",
        "few of its prices carry a date; the others hold for all time",
    ),
    sniff=sniff,
    parse=parse,
)
