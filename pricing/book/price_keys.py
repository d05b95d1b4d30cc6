"""Every table and key a price file may have, with what it means: what is checked, and what the docs list."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _in_years(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such moment in UTC: years are 1 to 9999") from error


Rate = Annotated[Decimal | int, Field(ge=0, le=1_000_000)]
Factor = Annotated[Decimal | int, Field(gt=0, le=1000)]
Name = Annotated[str, Field(min_length=1)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_years)]
Tokens = Annotated[int, Field(ge=0, le=10**12)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Rates(_Strict):
    """Prices of tokens, in USD per million.

    Args:
        uncached_input_usd_per_mtok: Input that came from no cache.
        cache_read_usd_per_mtok: Input read from the provider's cache; not stated: as uncached input.
        cache_write_5m_usd_per_mtok: Input written to the cache for five minutes; neither duration stated: as uncached
            input, only the other: not known.
        cache_write_1h_usd_per_mtok: Input written to the cache for an hour; likewise.
        output_usd_per_mtok: Output.
        reasoning_usd_per_mtok: Reasoning; not stated: as output.
    """

    uncached_input_usd_per_mtok: Rate | None = None
    cache_read_usd_per_mtok: Rate | None = None
    cache_write_5m_usd_per_mtok: Rate | None = None
    cache_write_1h_usd_per_mtok: Rate | None = None
    output_usd_per_mtok: Rate | None = None
    reasoning_usd_per_mtok: Rate | None = None


class Tier(Rates):
    """Prices of longer requests; a kind it does not state keeps the price below it.

    Args:
        min_input_tokens: For requests with more input tokens than this, cached ones included.
        is_whole_request: True: all tokens of such a request pay the tier's price. False: only its input above it.
    """

    min_input_tokens: Annotated[Tokens, Field(gt=0)]
    is_whole_request: bool = True


class Charge(_Strict):
    """A price of something that is no token.

    Args:
        kind: What is charged, as the trace names it, such as web_search; "request": a fee of every request.
        unit: What one is of, see the known units.
        usd_per_unit: USD for one.
    """

    kind: Name
    unit: Name
    usd_per_unit: Rate


class Price(Rates):
    """What a model costs from a moment on, with any of the keys of rates.

    Args:
        model: Model id at the provider.
        effective_date: In force from the first moment of this day, UTC; neither this nor effective_at: always.
        effective_at: The same to the minute, with a time zone.
        effective_earliest_date: Where only a window is known: the earliest day it can have begun.
        effective_latest_date: Where only a window is known: the latest day it can have begun.
        until_date: No longer in force from this day on; neither this nor until_at: the next table ends it.
        until_at: The same to the minute, with a time zone.
        tier: Prices of longer requests.
        charge: Prices of what is no token.
        service_tier: Service tier it is the price of.
        is_batch: Whether it is the price of the batch endpoint.
        region: Region it is the price in; not stated: any.
        weekdays: Days in UTC it holds on, such as "Mon-Fri" or "Mon,Wed,Sat-Sun"; not stated: every day.
        hours_utc: Hours it holds in, the end excluded, such as "16:30-00:30"; several with commas; not stated: all day.
        priority: Of two prices that hold at once the higher wins; a price with weekdays or hours needs at least 1.
        is_free: A price of 0 is meant: without it a 0 is an error.
        date_basis: How its day is known; not stated: announcement, or undated where it has none.
        source: Where the figure is written; not stated: source_url of the file.
        note: Anything else worth knowing.
    """

    model: Name
    effective_date: date | None = None
    effective_at: Moment | None = None
    effective_earliest_date: date | None = None
    effective_latest_date: date | None = None
    until_date: date | None = None
    until_at: Moment | None = None
    tier: list[Tier] = []
    charge: list[Charge] = []
    service_tier: Name = "standard"
    is_batch: bool = False
    region: Name | None = None
    weekdays: Name | None = None
    hours_utc: Name | None = None
    priority: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    is_free: bool = False
    date_basis: Name | None = None
    source: Name | None = None
    note: Name | None = None


class _Fact(_Strict):
    source: Name | None = None
    note: Name | None = None


class Model(_Fact):
    """What is known of a model beside its prices; one table a model.

    Args:
        model: Model id at the provider.
        release_date: First day it could be called.
        retired_date: First day it could no longer be called.
        source: Where it is written; not stated: source_url of the file.
        note: Anything else worth knowing.
    """

    model: Name
    release_date: date | None = None
    retired_date: date | None = None


class Cache(_Fact):
    """What the provider's prompt cache holds, for ``cache = "upper_bound"``.

    Args:
        models: Model ids, or the start of ids and *; not stated: every model of the provider.
        min_tokens: Shorter prompts are not cached.
        ttl_s: Seconds an entry is kept at least after it was last used; not stated: for good.
        effective_date: From this day on, UTC; not stated: always. Of several that fit the latest counts.
        source: Where it is written; not stated: source_url of the file.
        note: Anything else worth knowing.
    """

    models: list[Name] = []
    min_tokens: Tokens
    ttl_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    effective_date: date | None = None


class Region(_Fact):
    """A factor on all prices of no region, where the provider states one and no price has that region.

    Args:
        models: Model ids, or the start of ids and *; not stated: every model of the provider.
        regions: Regions as calls and scenarios name them.
        multiplier: Factor.
        effective_date: From this day on, UTC; not stated: always. Of several that fit the latest counts.
        source: Where it is written; not stated: source_url of the file.
        note: Anything else worth knowing.
    """

    models: list[Name] = []
    regions: Annotated[list[Name], Field(min_length=1)]
    multiplier: Factor
    effective_date: date | None = None


class Document(_Strict):
    """A whole price file: one provider.

    Args:
        provider: Who bills.
        currency: Of every price: USD, no other.
        checked_through_date: Until when the file was kept: `history` goes no further by itself; in the package's own
            files the catalogue takes over from this day.
        retrieved_date: Day the sources were read.
        source_url: Source of every table that states none of its own.
        price: Prices, sorted by model, then by moment.
        model: Facts of models.
        cache: Rules of the prompt cache.
        region: Factors of regions.
    """

    provider: Name
    currency: Literal["USD"]
    checked_through_date: date | None = None
    retrieved_date: date | None = None
    source_url: Name | None = None
    price: list[Price] = []
    model: list[Model] = []
    cache: list[Cache] = []
    region: list[Region] = []


TABLES: Final[dict[str, type[BaseModel]]] = {
    "price": Price, "tier": Tier, "charge": Charge, "model": Model, "cache": Cache, "region": Region,
}  # fmt: skip
"""Tables of a price file by name; ``tier`` and ``charge`` stand below a ``price``."""
