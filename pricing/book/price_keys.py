"""Keys of a price file and the values they may have, as pydantic models; nothing is converted."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _in_years(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such moment in UTC: years are 1 to 9999") from error


_Rate = Annotated[Decimal | int, Field(ge=0, le=1_000_000)]
_Name = Annotated[str, Field(min_length=1)]
_Moment = Annotated[AwareDatetime, AfterValidator(_in_years)]
_Tokens = Annotated[int, Field(ge=0, le=10**12)]


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
    min_input_tokens: Annotated[_Tokens, Field(gt=0)]
    is_whole_request: bool = True


class _Charge(_Strict):
    kind: _Name
    unit: _Name
    usd_per_unit: _Rate


class _Price(_Rates):
    model: _Name
    effective_date: date | None = None
    effective_at: _Moment | None = None
    effective_earliest_date: date | None = None
    effective_latest_date: date | None = None
    until_date: date | None = None
    until_at: _Moment | None = None
    tier: list[_Tier] = []
    charge: list[_Charge] = []
    service_tier: _Name = "standard"
    is_batch: bool = False
    region: _Name | None = None
    weekdays: _Name | None = None
    hours_utc: _Name | None = None
    priority: Annotated[int, Field(ge=0, le=1_000_000)] = 0
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
    min_tokens: _Tokens
    ttl_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    effective_date: date | None = None


class _Region(_Fact):
    models: list[_Name] = []
    regions: Annotated[list[_Name], Field(min_length=1)]
    multiplier: Annotated[Decimal | int, Field(gt=0, le=1000)]
    effective_date: date | None = None


class Document(_Strict):
    """A whole price file."""

    provider: _Name
    currency: Literal["USD"]
    checked_through_date: date | None = None
    retrieved_date: date | None = None
    source_url: _Name | None = None
    price: list[_Price] = []
    model: list[_Model] = []
    cache: list[_Cache] = []
    region: list[_Region] = []


TABLES_OF_KEYS: Final[dict[str, type[BaseModel]]] = {
    "price": _Price, "tier": _Tier, "charge": _Charge, "model": _Model, "cache": _Cache, "region": _Region,
}  # fmt: skip
"""Keys of each table of a price file, nested ones too."""
