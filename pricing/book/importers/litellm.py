"""LiteLLM's price map (``model_prices_and_context_window.json``) -> rows; tokencost's map has the same shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from pricing.book.foreign import Foreign
from pricing.book.importer import Imported, Importer, ImportOptions
from pricing.book.importers.litellm_rates import BATCH, KINDS, STANDARD, has_ranges, rate, token_rates
from pricing.book.importers.litellm_windows import is_in_utc, windows
from traces.errors import PricingError

_CHARGES: Final[dict[str, tuple[str, str, int]]] = {
    "input_cost_per_request": ("request", "request", 1),
    "code_interpreter_cost_per_session": ("code_session", "session", 1),
    "file_search_cost_per_1k_calls": ("storage_search", "search", 1_000),
    "google_maps_grounding_cost_per_query": ("maps_grounding", "search", 1),
}
_QUERY_KINDS: Final = {"rerank": "rerank", "search": "web_search"}
"""What ``input_cost_per_query`` is a price of, by mode."""
_SEARCH: Final = "search_context_cost_per_query"
_PRICE: Final = re.compile("cost|pric|uplift|search_free|provider_specific_entry")
_NO_MODELS: Final = frozenset({"sample_spec", "fallback_generalizations"})


@dataclass(frozen=True)
class _Entry:
    """One model of the map."""

    provider: str
    model: str
    fields: Mapping[str, Any]
    where: str


def sniff(source: Foreign) -> bool:
    """Recognise the map: models by name, each with the provider it is called through, or a price per token."""
    models = source.document.values() if isinstance(source.document, dict) else ()
    return any(
        isinstance(model, dict) and {"litellm_provider", "input_cost_per_token"} & model.keys() for model in models
    )


def parse(source: Foreign, options: ImportOptions) -> Imported:
    """Collect the rows of the map.

    Raises:
        PricingError: naming file, model and field, if a price is no number or negative.
    """
    found = Imported()
    for model, fields in source.document.items():
        if model in _NO_MODELS or not isinstance(fields, dict):
            found.left_out["entry that is no model"] += 1
            continue
        provider = str(fields.get("litellm_provider") or "litellm")
        entry = _Entry(provider, model, fields, f"{source.path}: {model}")
        _add(entry, found, source.path.name, options)
    return found


def _add(entry: _Entry, found: Imported, name: str, options: ImportOptions) -> None:
    shared = {
        "provider": entry.provider,
        "model": entry.model,
        "layer": "book",
        "date_basis": "undated",
        "source": name,
        "note": entry.fields.get("source"),
    }
    retired = entry.fields.get("deprecation_date")
    if retired is not None:
        day = _day(entry.where, retired)
        found.models.append({**shared, "retired_date": day, "note": "deprecation_date of the map"})
    rows = [*_token_rows(entry), *_charge_rows(entry)]
    if (reason := _refusal(entry, rows, options)) is not None:
        found.left_out[f"model: {reason}"] += 1
        return
    for row in rows:
        usd, n_units = row.pop("usd"), row.pop("n_units", 1)
        found.rows.append({**shared, **row, "price_pusd": found.pusd(f"{entry.where}: {row['kind']}", usd, n_units)})
    for field in _dropped(entry.fields):
        found.left_out[f"price: {field}"] += 1


def _refusal(entry: _Entry, rows: list[dict[str, Any]], options: ImportOptions) -> str | None:
    """Why a model is left out as a whole; null: it is not."""
    if not rows:
        return "no price per text token, request or search"
    if not any(row["usd"] for row in rows) and not options.is_zero_free:
        return "0 throughout: free, retired or not known"
    return None if is_in_utc(entry.fields) else "off-peak by weekdays of a time zone other than UTC"


def _token_rows(entry: _Entry) -> Iterator[dict[str, Any]]:
    rates = token_rates(entry.fields, entry.provider)
    for (tier, threshold), prices in sorted(rates.items()):
        variant: dict[str, Any] = {"is_batch": True} if tier == BATCH else {"service_tier": tier}
        for kind, usd in prices.items():
            yield {**variant, "kind": kind, "usd": usd, "min_input_tokens": threshold}
    thresholds = sorted(threshold for tier, threshold in rates if tier == STANDARD)
    for limits, prices in windows(entry.fields):
        for threshold in thresholds:  # off-peak prices hold whatever the context
            window = {**limits, "priority": 1, "min_input_tokens": threshold}
            yield from ({**window, "kind": KINDS[field], "usd": usd} for field, usd in prices.items() if field in KINDS)


def _charge_rows(entry: _Entry) -> Iterator[dict[str, Any]]:
    for field, (kind, unit, n_units) in _CHARGES.items():
        if (usd := entry.fields.get(field)) is not None:
            yield {"kind": kind, "unit": unit, "usd": usd, "n_units": n_units}
    kind_of_query = _QUERY_KINDS.get(str(entry.fields.get("mode")))
    if kind_of_query is not None and (usd := entry.fields.get("input_cost_per_query")) is not None:
        yield {"kind": kind_of_query, "unit": "search", "usd": usd}
    usd = _medium_search(entry)
    if usd is not None:
        yield {"kind": "web_search", "unit": "search", "usd": usd}


def _medium_search(entry: _Entry) -> Any:
    """Price of a search of medium context: what LiteLLM takes where no size is given."""
    by_size = entry.fields.get(_SEARCH)
    return by_size.get("search_context_size_medium") if isinstance(by_size, dict) else None


def _dropped(fields: Mapping[str, Any]) -> Iterator[str]:
    """Fields that state a price no row was made of."""
    by_range = has_ranges(fields)
    for field in filter(_is_price, fields):
        value = fields[field]
        is_rate = rate(field) is not None and not by_range
        is_repeated = field == "input_cost_per_token_cache_hit" and value == fields.get("cache_read_input_token_cost")
        is_query = field == "input_cost_per_query" and fields.get("mode") in _QUERY_KINDS
        is_used = is_rate or is_repeated or is_query or field in _CHARGES or (field == "tiered_pricing" and by_range)
        if field == _SEARCH and len(set(value.values())) > 1:
            yield f"{field} of low and high context"
        elif value is not None and not is_used and field not in (_SEARCH, "off_peak_pricing"):
            yield field


@cache
def _is_price(field: str) -> bool:
    return _PRICE.search(field) is not None


def _day(where: str, text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise PricingError(f"{where}: deprecation_date {text!r} is no date", "write it as YYYY-MM-DD") from error


IMPORTER: Final = Importer(
    name="litellm",
    summary="LiteLLM's map of models: input_cost_per_token and its many variants, by model",
    upstream=("BerriAI/litellm 1.106.2: litellm/model_prices_and_context_window_backup.json",),
    licence="MIT",
    names="verbatim",
    unlisted="unknown",
    blind_spots=(
        "no dates: a model has one price, whenever it was called",
        "audio, image, video, per-second, per-character and per-page prices are left out",
        "a service tier it has no rate for, and batch without a batch rate, are not known (LiteLLM: standard, half)",
        "regional uplifts and default cache discounts that LiteLLM's code adds to the map are not in it",
        "a search costs what one of medium context costs",
    ),
    sniff=sniff,
    parse=parse,
)
