"""Convert the installed genai-prices (data, not code) into the frozen catalogue; needed to refresh it, never to use it.

Two things are set right. Its constraint is a date or an hour, never both: an hour window here begins with the dated
price it follows. Its variants state only what differs: here every variant has its full set of token prices.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import polars as pl
import tomli

from pricing.book.book import catalogue_book
from pricing.book.catalogue import FOLDER, NAMES_SCHEMA, Catalogue
from pricing.book.makers import MAKERS_SCHEMA, find_makers
from pricing.book.windows import hours_text
from pricing.moments import midnight
from pricing.schema import PRICES, PUSD_PER_USD

PROJECT: Final = "genai-prices"
_TOKEN_KINDS: Final = {
    "input_mtok": "uncached_input", "cache_read_mtok": "cache_read", "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h", "output_mtok": "output", "output_reasoning_mtok": "reasoning",
}  # fmt: skip
_OTHER_KINDS: Final = {
    "web_searches_kcount": ("web_search", "search"), "storage_searches_kcount": ("storage_search", "search"),
    "social_searches_kcount": ("social_search", "search"), "rerank_searches_kcount": ("rerank", "search"),
    "code_executions_kcount": ("code_session", "session"), "requests_kcount": ("request", "request"),
    "input_text_messages_kcount": ("input_text_message", "message"),
    "input_document_kpages": ("input_document", "page"),
    "input_annotated_document_kpages": ("input_annotated_document", "page"),
    "audio_hours": ("audio_s", "s"), "input_audio_hours": ("input_audio_s", "s"),
    "output_audio_hours": ("output_audio_s", "s"), "input_mchars": ("input_chars", "char"),
    "input_gpixels": ("input_pixels", "pixel"),
}  # fmt: skip
_CONTEXTS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("processing", "batch"): {"is_batch": True},
    ("service_tier", "priority"): {"service_tier": "priority"},
    ("service_tier", "flex"): {"service_tier": "flex"},
    ("service_tier", "fast"): {"service_tier": "fast"},
    ("speed", "fast"): {"service_tier": "fast"},
}
_BEGINNING: Final = date.min


@dataclass
class Conversion:
    """A catalogue and what it could not express, counted."""

    catalogue: Catalogue
    counts: Counter[str] = field(default_factory=Counter)


def convert_installed(folder: Path = FOLDER) -> Conversion:
    """Convert the installed genai-prices, with the corrections that lie in the catalogue's folder."""
    from genai_prices.data import providers

    corrections = tomli.loads((folder / "corrections.toml").read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    rows = [row for provider in providers for model in provider.models for row in _rows(provider.id, model, counts)]
    for row in rows:
        row.update(layer="catalogue", source=f"genai_prices=={version(PROJECT)}:data.py")
    kept = _corrected(rows, corrections, counts)
    frame = PRICES.conform(pl.DataFrame(kept, schema=PRICES.schema))
    names = pl.DataFrame(list(_names(providers, counts)), schema=NAMES_SCHEMA, orient="row")
    listed = Catalogue(frame.sort(frame.columns), names.unique().sort(names.columns), MAKERS_SCHEMA.to_frame())
    makers = find_makers(listed.rows, catalogue_book(listed).directory)
    return Conversion(replace(listed, makers=makers), counts)


def freeze(folder: Path, retrieved_date: date) -> None:
    """Write the catalogue's frozen files and their SOURCE.toml from the installed genai-prices."""
    conversion = convert_installed()
    rows = conversion.catalogue.rows.with_columns(retrieved_date=pl.lit(retrieved_date))
    lines = [
        f'project = "{PROJECT}"', f'version = "{version(PROJECT)}"', 'licence = "MIT"',
        'source_url = "https://github.com/pydantic/genai-prices"', f"retrieved_date = {retrieved_date}",
        *(f"n_{name} = {count}" for name, count in sorted(conversion.counts.items())),
    ]  # fmt: skip
    frozen = {"prices": rows, "names": conversion.catalogue.names, "makers": conversion.catalogue.makers}
    for name, frame in frozen.items():
        path = folder / f"{name}.parquet"
        frame.write_parquet(path, compression="zstd")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines += ["", f"[{name}]", f"n_rows = {frame.height}", f'sha256 = "{digest}"']
    (folder / "SOURCE.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(provider: str, model: Any, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    dated, windows = _conditions(model.prices)
    groups: dict[tuple[str, str], list[Any]] = {}
    for variant in model.price_variants or ():
        groups.setdefault(next(iter(variant.when.items())), []).append(variant)
    identity: dict[str, Any] = {"provider": provider, "model": model.id}
    breaks = _breaks([start for start, _ in dated] + [_start(v.constraint) for v in model.price_variants or ()])
    standard = [(day, _standard(dated, day)) for day in breaks]
    yield from _intervals(identity, standard, counts)
    for context, variants in groups.items():
        if context in _CONTEXTS:
            overlaid = [(day, _overlaid(values, variants, day)) for day, values in standard]
            yield from _intervals(identity | _CONTEXTS[context], overlaid, counts)
        elif any(_priced(variant.prices) for variant in variants):
            counts["variants_not_expressed"] += len(variants)
    for (start, window_prices), hours in _grouped(windows):
        limits = {"hours_utc": ",".join(hours), "priority": 1}
        yield from _intervals(identity | limits, [(start, window_prices)], counts)


def _conditions(listed: Any) -> tuple[list[tuple[date, Any]], list[tuple[date, Any, str]]]:
    """Dated prices, and hour windows with the date of the price they follow in the list."""
    if not isinstance(listed, list):
        return [(_BEGINNING, _priced(listed))], []
    dated: list[tuple[date, Any]] = []
    windows: list[tuple[date, Any, str]] = []
    for condition in listed:
        if hasattr(condition.constraint, "start_time"):
            hours = hours_text(_utc(condition.constraint.start_time), _utc(condition.constraint.end_time))
            windows.append((dated[-1][0], _priced(condition.prices), hours))
        else:
            dated.append((_start(condition.constraint), _priced(condition.prices)))
    return dated, windows


def _priced(model_price: Any) -> dict[str, Any]:
    """Price keys of a genai-prices ModelPrice that have a value."""
    return {key: value for key, value in vars(model_price).items() if value is not None}


def _utc(moment: time) -> time:
    return datetime.combine(date(2000, 1, 1), moment).astimezone(UTC).time()


def _start(constraint: Any) -> date:
    start: date = _BEGINNING if constraint is None else constraint.start_date
    return start


def _breaks(starts: Iterable[date]) -> list[date]:
    return sorted({_BEGINNING, *starts})


def _standard(dated: list[tuple[date, Any]], day: date) -> Any:
    return next((values for start, values in reversed(dated) if start <= day), dated[0][1])


def _overlaid(standard: Mapping[str, Any], variants: list[Any], day: date) -> dict[str, Any]:
    """Prices of a variant on a day: its own (the first listed wins), token prices it leaves out as in the standard."""
    active = [_priced(variant.prices) for variant in variants if _start(variant.constraint) <= day]
    own = {key: value for values in reversed(active) for key, value in values.items()}
    return {**{key: value for key, value in standard.items() if key in _TOKEN_KINDS}, **own} if active else {}


def _intervals(
    identity: Mapping[str, Any], dated: list[tuple[date, Any]], counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    """One row per price, tier and stretch of days it does not change."""
    for key in sorted({key for _, values in dated for key in values}):
        steps = [(day, values.get(key)) for day, values in dated]
        changes = [steps[0], *(later for earlier, later in pairwise(steps) if later[1] != earlier[1])]
        for (start, value), until in zip(changes, [day for day, _ in changes[1:]] + [None], strict=True):
            if value is not None:
                limits: dict[str, Any] = {"effective_from": _moment(start), "effective_until": midnight(until)}
                limits["date_basis"] = "undated" if limits["effective_from"] is None else "start_date"
                yield from ({**identity, **limits, **rate} for rate in _tier_rates(key, value, counts))


def _moment(day: date) -> datetime | None:
    return None if day == _BEGINNING else midnight(day)


def _tier_rates(key: str, value: Any, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    kind, unit, per = _unit(key)
    tiers = (
        [(0, value)] if isinstance(value, Decimal) else [(0, value.base), *((t.start, t.price) for t in value.tiers)]
    )
    for threshold, usd in tiers:
        exact = usd * PUSD_PER_USD / per
        pusd = int(exact.to_integral_value())
        counts["prices_rounded_to_1e-12_usd"] += pusd != exact
        yield {"kind": kind, "unit": unit, "price_pusd": pusd, "min_input_tokens": threshold}


def _unit(key: str) -> tuple[str, str, int]:
    from genai_prices.data_units import unit_data

    per = next(unit["per"] for unit in unit_data.values() if unit["price_key"] == key)
    kind, unit = _OTHER_KINDS.get(key) or (_TOKEN_KINDS.get(key, key.removesuffix("_mtok")), "token")
    return kind, unit, per


def _grouped(windows: list[tuple[date, Any, str]]) -> list[tuple[tuple[date, Any], list[str]]]:
    groups: list[tuple[tuple[date, Any], list[str]]] = []
    for start, values, hours in windows:
        if groups and groups[-1][0] == (start, values):
            groups[-1][1].append(hours)
        else:
            groups.append(((start, values), [hours]))
    return groups


def _corrected(
    rows: list[dict[str, Any]], corrections: Mapping[str, Any], counts: Counter[str]
) -> list[dict[str, Any]]:
    weekdays = {(c["provider"], model): c["weekdays"] for c in corrections["weekdays"] for model in c["models"]}
    stale = {(c["provider"], model) for c in corrections["stale"] for model in c["models"]}
    kept = []
    for row in rows:
        owner = (row["provider"], row["model"])
        if owner in stale and row["unit"] == "token":
            counts["stale_rows_left_out"] += 1
            continue
        kept.append({**row, "weekdays": weekdays.get(owner)} if row.get("hours_utc") else row)
    return kept


def _names(providers: Iterable[Any], counts: Counter[str]) -> Iterator[tuple[str, str, str]]:
    """Exact names only: ids and ``equals`` clauses. Where another model of the list takes the name first, it has it."""
    for provider in providers:
        for model in provider.models:
            exact, n_inexact = _clauses(model.match)
            counts["inexact_match_clauses_left_out"] += n_inexact
            for name in {model.id.lower(), *exact}:
                owner = provider.find_model(name) or model
                yield provider.id, name, owner.id


def _clauses(match: Any) -> tuple[set[str], int]:
    if hasattr(match, "equals"):
        return {match.equals.strip().lower()}, 0
    parts = [_clauses(clause) for clause in getattr(match, "or_", ())]
    names = {name for found, _ in parts for name in found}
    return names, sum(n for _, n in parts) if parts else 1
