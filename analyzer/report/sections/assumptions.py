"""What was assumed: the scenario, the prices each model was billed at, the manifest, and how to make the page again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from analyzer.report.blocks import Cell, Column, Table, number, table
from analyzer.scenario import deployment_notes
from pricing.scenario import Scenario
from pricing.scenario.text import to_toml

Row = dict[str, Any]
BASES: Final = {
    "exact": "tokens and price are known",
    "upper_bound": "cache split or place of the reasoning not known: the highest figure, the lowest beside it",
    "range": "context tier, hour window or price date not known: lowest and highest, no one figure",
    "tokens_unknown": "no token counts, so no figure",
    "price_unknown": "no such model, or no price in force on that day",
    "not_billed": "answered from a local cache",
    "what_if": "the same tokens at another model, as the scenario says",
    "hardware": "accelerator-time of a deployment at its hourly price, with the bands of what it rests on",
    "hardware_estimate": "the same, resting on more than measured loads of the model at measured lengths",
    "skipped": "left out by the book, which counts nothing for this model",
}
_MAX_ITEMS: Final = 20
_PRICE_KEY: Final = ("provider", "model", "price_model", "price_from", "price_time_basis")
_COLUMNS: Final = (
    Column("Model", "as the trace writes it"),
    Column("Priced as", "provider/model", is_prose=True),
    Column("In force since", "UTC"),
    Column("Chosen by", "time of"),
    Column("Calls", is_number=True),
    Column("Kind of figure", "calls", is_prose=True),
    Column("Layer", "price book"),
    Column("Source", is_prose=True),
)


def price_table(calls: pl.DataFrame, prices: pl.DataFrame) -> Table:
    """Prices used, by model, and the calls they were used for; layer and source of the book's rows of that day."""
    keyed = calls.group_by(*_PRICE_KEY, "cost_basis").agg(n=pl.len()).sort("n", "cost_basis", descending=[True, False])
    basis = pl.format("{} {}", "n", pl.col("cost_basis").str.replace_all("_", " "))
    rows = keyed.group_by(_PRICE_KEY, maintain_order=True).agg(n=pl.col("n").sum(), bases=basis.str.join(", "))
    rows = rows.sort("n", *_PRICE_KEY, descending=[True, *[False] * len(_PRICE_KEY)])
    keys = ["price_model", "price_from"]
    sourced = rows.join(_sources(prices), on=keys, how="left", nulls_equal=True, maintain_order="left")
    empty = "There are no calls, so no price was used."
    return table("Prices used", _COLUMNS, sourced.iter_rows(named=True), _cells, empty=empty)


def scenario_rows(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Scenario in full, as (key, value)."""
    stated = [row for key, value in manifest.get("scenario", {}).items() for row in _flat(key, value)]
    return [*stated, *(("deployed", note) for note in deployment_notes(manifest))]


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Keys of the tables for each model one by one, where they are set."""
    if key in {"hardware", "speed"} and value:
        pairs = ((f"{key} {model} {name}", part) for model, keys in value.items() for name, part in keys.items())
        yield from ((name, _plain(part)) for name, part in pairs if part is not None)
    else:
        yield key, _plain(value)


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Manifest as JSON; of long lists the first items, and how many more there are."""
    return json.dumps(_abridged(manifest), indent=2, sort_keys=True, ensure_ascii=False, default=str)


def commands(manifest: Mapping[str, Any]) -> str:
    """Say how to make this page again from the same inputs."""
    has_scenario = bool(manifest.get("scenario"))
    lines = [
        "evalreplay read TRACES... -o store/   # the inputs named in the manifest",
        f"evalreplay reprice store/{' -s scenario.toml' if has_scenario else ''} -o priced/",
        "evalreplay verify priced/",
        "evalreplay report priced/ -o report.html",
    ]
    return "\n".join(lines)


def scenario_toml(manifest: Mapping[str, Any]) -> str:
    """Scenario as the TOML file that gives it again."""
    scenario = manifest.get("scenario")
    return to_toml(Scenario.model_validate(scenario)) if scenario else ""


def version(manifest: Mapping[str, Any]) -> str:
    """Version of the tool that priced the tables; empty where the manifest does not say."""
    return str(manifest.get("evalreplay", ""))


def _sources(prices: pl.DataFrame) -> pl.DataFrame:
    name = pl.format("{}/{}", "provider", "model").alias("price_model")
    stated = prices.select(name, "layer", "source", price_from="effective_from")
    earliest = prices.drop_nulls("effective_earliest").select(name, "layer", "source", price_from="effective_earliest")
    named = pl.concat([stated, earliest])
    each = named.with_columns(pl.col("source").str.split("; ")).explode("source")
    unique = (pl.col(name).drop_nulls().unique().sort().str.join("; ") for name in ("layer", "source"))
    return each.group_by("price_model", "price_from").agg(*unique)


def _cells(row: Row) -> tuple[Cell, ...]:
    model = "/".join(filter(None, (row["provider"], row["model"]))) or "not told"
    day = "undated" if row["price_model"] and row["price_from"] is None else "-"
    source = row["source"] or "not given"
    return (
        Cell(model),
        Cell(row["price_model"] or "no price"),
        Cell(f"{row['price_from']:%Y-%m-%d}" if row["price_from"] else day),
        Cell(str(row["price_time_basis"]).replace("_", " ")),
        number(row["n"]),
        Cell(row["bases"]),
        Cell(row["layer"] or "not given"),
        Cell(source, link=source if source.startswith("https://") and " " not in source else None),
    )


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, {}) else str(value)


def _abridged(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _abridged(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return list(_first(value))
    return value


def _first(items: list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    yield from (_abridged(item) for item in items[:_MAX_ITEMS])
    if len(items) > _MAX_ITEMS:
        yield f"and {len(items) - _MAX_ITEMS:,} more"
