"""Finding how each price key of a trace is billed: its names in the books, its rows at its tier and region.

A price key is who bills which model at which tier in which region, as the trace writes it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import polars as pl

from pricing.book import PriceBook
from pricing.moments import END, START, midnight
from pricing.names.resolve import PAIR, resolve
from pricing.rates.in_force import KINDS, PriceRows, price_rows
from pricing.rates.key import Key, RowSet, Stretch
from pricing.scenario import Scenario
from pricing.scenario.model import Substitute

KEY_COLUMNS: Final = ("provider", "model", "service_tier", "is_batch", "region")
STANDARD_TIERS: Final = frozenset({"", "standard", "default", "auto", "on_demand"})
HALVED_TIERS: Final = frozenset({"flex"})
"""Tiers that may be assumed to cost half, besides batches of the standard tier or of these."""
BATCH: Final = "batch"
"""What a trace or a scenario may name as a tier: the standard one, through the batch endpoint."""
_ALL: Final = "*"
Row = Mapping[str, Any]
"""A row of PRICES."""


def price_keys(pairs: pl.DataFrame, books: Sequence[PriceBook], scenario: Scenario) -> tuple[pl.DataFrame, list[Key]]:
    """Find out how each distinct key of a trace is billed under a scenario; the first book that lists a model counts.

    Returns:
        KEY_COLUMNS sorted with key (its number), and the keys in that order.
    """
    unique = pairs.select(KEY_COLUMNS).unique().sort(KEY_COLUMNS, nulls_last=False).with_row_index("key")
    wanted = [_wanted(row, scenario) for row in unique.iter_rows(named=True)]
    targets = _targets({want.pair for want in wanted}, books, scenario)
    rows = _Listing(_listed(targets))
    is_skipped = any(book.unlisted == "skipped" for book in books)
    return unique, [_key(want, targets[want.pair], rows, scenario, is_skipped=is_skipped) for want in wanted]


_Pair = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a key asks of the books: provider and model, tiers, batch share, region, the substitute it stands for."""

    pair: _Pair
    tier: str
    batch_tier: str
    share_frac: float
    region: str | None
    substitute: Substitute | None


def _wanted(row: Mapping[str, Any], scenario: Scenario) -> _Wanted:
    pair = row["provider"], row["model"]
    stated = plain_tier(scenario.service_tier or row["service_tier"])
    is_batch, tier = bool(row["is_batch"]) or stated == BATCH, "standard" if stated == BATCH else stated
    share = float(is_batch) if scenario.batch is None else scenario.batch.share_frac
    batch_tier = tier if scenario.batch is None else "standard"
    region, substitute = scenario.region or row["region"], scenario.substitute_of(*pair)
    return _Wanted(scenario.billed_as(*pair), tier, batch_tier, share, region, substitute)


def plain_tier(stated: str | None) -> str:
    """Tier as the books write it: "standard" by any of its names, or where none is stated."""
    tier = (stated or "").lower()
    return "standard" if tier in STANDARD_TIERS else tier


_Found = tuple[PriceBook, list[Row]]
"""The book that lists a model, and what its name meant there."""


def _targets(pairs: Iterable[_Pair], books: Sequence[PriceBook], scenario: Scenario) -> dict[_Pair, _Found | None]:
    found: dict[_Pair, _Found | None] = dict.fromkeys(pairs)
    for book in books:
        missing = [pair for pair, known in found.items() if known is None]
        frame = pl.DataFrame(missing, schema=PAIR, orient="row")
        listed = resolve(frame, book.directory, scenario.hosts)
        for target in listed.drop_nulls("price_model").iter_rows(named=True):
            pair = target["provider"], target["model"]
            known = found[pair]
            found[pair] = (book, [*(known[1] if known else []), target])
    return found


_Owner = tuple[int, str, str]
"""A book (by its identity), provider and model."""


def _listed(found: Mapping[_Pair, _Found | None]) -> dict[_Owner, list[Row]]:
    """Rows of the models found, of the kinds a call is priced by."""
    wanted: dict[int, tuple[PriceBook, set[tuple[str, str]]]] = {}
    for book, targets in filter(None, found.values()):
        models = wanted.setdefault(id(book), (book, set()))[1]
        models |= {(target["price_provider"], target["price_model"]) for target in targets}
    rows: dict[_Owner, list[Row]] = {}
    for number, (book, models) in wanted.items():
        frame = pl.DataFrame(sorted(models), schema=PAIR, orient="row")
        listed = book.rows.join(frame, on=["provider", "model"], how="semi").filter(pl.col("kind").is_in(KINDS))
        for row in listed.iter_rows(named=True):
            rows.setdefault((number, row["provider"], row["model"]), []).append(row)
    return rows


class _Set(NamedTuple):
    """Model, region, platform of its biller, and tokens billed per token counted."""

    owner: _Owner
    region: str | None
    platform: str | None
    factor: float


@dataclass(frozen=True)
class _Listing:
    """Rows of the models found, by what keys ask for; keys that ask for the same share it."""

    rows: Mapping[_Owner, list[Row]]
    known: dict[tuple[_Set, str, bool], PriceRows] = field(default_factory=dict)

    def in_region(self, which: _Set) -> list[Row]:
        """Rows of the region, else of the platform, where it has prices of its own, else those of any region."""
        listed = self.rows.get(which.owner, [])
        for region in filter(None, (which.region, which.platform)):
            own = [row for row in listed if row["region"] == region]
            if own:
                return own
        anywhere = [row for row in listed if row["region"] is None]
        return [row for row in anywhere if row["price_pusd"]] if which.platform else anywhere

    def of(self, which: _Set, tier: str, *, is_batch: bool) -> PriceRows:
        """Rows of a tier by kind, none where it lists none of a kind."""
        if (which, tier, is_batch) not in self.known:
            by_kind: dict[str, list[Row]] = {kind: [] for kind in KINDS}
            for row in self.in_region(which):
                if row["service_tier"] == tier and row["is_batch"] == is_batch:
                    by_kind[row["kind"]].append(row)
            self.known[which, tier, is_batch] = {kind: price_rows(rows, which.factor) for kind, rows in by_kind.items()}
        return self.known[which, tier, is_batch]


def _key(wanted: _Wanted, found: _Found | None, rows: _Listing, scenario: Scenario, *, is_skipped: bool) -> Key:
    is_what_if = wanted.substitute is not None
    if found is None:
        return Key((), wanted.share_frac, is_what_if=is_what_if, is_skipped=is_skipped)
    book, targets = found
    if book.is_tier_blind:
        wanted = replace(wanted, tier="standard", share_frac=0.0)
    stretches = tuple(_stretch(target, wanted, book, rows, scenario) for target in targets)
    is_timeless = book.own_directory is not None and not any(stretch.moments for stretch in stretches)
    return Key(stretches, wanted.share_frac, is_what_if=is_what_if, is_timeless=is_timeless)


def _stretch(
    target: Mapping[str, Any],
    wanted: _Wanted,
    book: PriceBook,
    rows: _Listing,
    scenario: Scenario,
) -> Stretch:
    provider, model = target["price_provider"], target["price_model"]
    biller, region = target["biller"] or provider, wanted.region or target["region"]
    owner = id(book), provider, model
    factors = wanted.substitute.factors if wanted.substitute else (1.0, 1.0, 1.0)
    places = {factor: _Set(owner, region, target["platform"], factor) for factor in factors}
    sets = {factor: _row_set(rows, place, wanted, scenario) for factor, place in places.items()}
    has_own_rows = any(row["region"] is not None for row in rows.in_region(places[factors[0]]))
    return Stretch(
        target["alias_from"] or START,
        target["alias_until"] or END,
        biller,
        provider,
        model,
        (sets[factors[0]], sets[factors[1]], sets[factors[2]]),
        () if has_own_rows else _multipliers(book, biller, model, region),
        _caches(book, provider, model) if scenario.cache == "upper_bound" else (),
        midnight(book.retired.get((provider, model)), END),
    )


def _row_set(rows: _Listing, of: _Set, wanted: _Wanted, scenario: Scenario) -> RowSet:
    is_half, share = scenario.unlisted_tiers == "half", wanted.share_frac
    is_own_halved = is_half and wanted.tier in HALVED_TIERS
    is_batch_halved = is_half and share > 0 and wanted.batch_tier in {"standard", *HALVED_TIERS}
    return RowSet(
        own=rows.of(of, wanted.tier, is_batch=False),
        batch=rows.of(of, wanted.batch_tier, is_batch=True) if share > 0 else {},
        standard=rows.of(of, "standard", is_batch=False) if is_own_halved or is_batch_halved else None,
        is_halved=(is_own_halved, is_batch_halved),
    )


def _multipliers(book: PriceBook, provider: str, model: str, region: str | None) -> tuple[tuple[datetime, float], ...]:
    if region is None:
        return ()
    fitting = [
        (row["effective_from"] or START, row["multiplier"])
        for row in book.regions.filter(provider=provider, region=region).iter_rows(named=True)
        if fits(row["models"], model)
    ]
    return tuple(sorted(fitting))


def _caches(book: PriceBook, provider: str, model: str) -> tuple[tuple[datetime, tuple[int, float]], ...]:
    """Rules of the provider's cache for a model; of several from one moment on the first listed counts."""
    rules: dict[datetime, tuple[int, float]] = {}
    for row in book.caches.filter(provider=provider).iter_rows(named=True):
        if fits(row["models"], model):
            ttl_s = math.nan if row["ttl_s"] is None else row["ttl_s"]
            rules.setdefault(row["effective_from"] or START, (row["min_tokens"], ttl_s))
    return tuple(sorted(rules.items()))


def fits(models: str | None, model: str) -> bool:
    """Tell whether a model is meant by a model id, by the start of ids and *, or by null (all)."""
    if models is None or models == model:
        return True
    return models.endswith(_ALL) and model.startswith(models.removesuffix(_ALL))
