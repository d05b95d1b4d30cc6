"""A scenario: how to price, as a value that can be checked, written down and read again."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pricing.book.catalogue import FILES as CATALOGUE_FILES
from pricing.book.named import LIST_BOOK, SUFFIXES
from pricing.hardware.deployment import Deployment, GpuHours
from pricing.scenario.words import in_words, titled
from traces.schema import ROLES

CachePolicy = Literal["as_recorded", "none", "upper_bound"]
Frac = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
TokensFactor = Annotated[float, Field(ge=0.001, le=1000)]
_STATEMENTS: Final = frozenset(
    (
        "name", "books", "prices", "service_tier", "region", "hosts", "discount", "currency", "roles",
        "speed", "gpu_hours", "hardware_files", "allow_estimate",
    )
)  # fmt: skip
"""Keys that state what a bill rests on, or how it is shown; any other key changes what was billed."""


def _as_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such moment in UTC: years are 1 to 9999") from error


def _as_moment(value: Any) -> Any:
    """A bare date is its first moment; a number is no date, though it may look like one."""
    if isinstance(value, str) and value != "recorded":
        value = datetime.fromisoformat(value)
    value = _no_number(value)
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if is_day else value


def _no_number(value: Any) -> Any:
    """Refuse what would be read as seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("not a date: write 2026-08-31")  # noqa: TRY004 - pydantic explains no other error
    return value


Moment = Annotated[datetime, AfterValidator(_as_utc)]
Day = Annotated[date, BeforeValidator(_no_number)]


def is_file(book: str) -> bool:
    """Tell whether a book of a scenario is named by its file."""
    return Path(book).suffix in SUFFIXES


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Batch(_Part):
    """Calls sent through the batch endpoint.

    Args:
        share_frac: Share of every model's calls that is; a call costs the mean of both prices.
        turnaround_s: Seconds a batch takes, paid by every turn of a rollout; null: the time is not known.
    """

    share_frac: Frac
    turnaround_s: Positive | None = None


class Substitute(_Part):
    """The same tokens at another model: a what-if, never a measurement.

    Args:
        model: Model as the trace writes it.
        provider: Only where this provider bills it; null: whoever does.
        to: Model it is priced as.
        to_provider: Who bills that; null: as its name says.
        tokens_factor: Tokens the other model is taken to need per token of this one.
        tokens_factor_low: Fewest it may need; null: tokens_factor.
        tokens_factor_high: Most it may need; null: tokens_factor.
    """

    model: str
    provider: str | None = None
    to: str
    to_provider: str | None = None
    tokens_factor: TokensFactor = 1.0
    tokens_factor_low: TokensFactor | None = None
    tokens_factor_high: TokensFactor | None = None

    def fits(self, provider: str | None, model: str | None) -> bool:
        """Whether it is for the calls of a model, as the trace writes it and who bills it."""
        return self.model == model and self.provider in {None, provider}

    @property
    def factors(self) -> tuple[float, float, float]:
        """Lowest, stated and highest factor."""
        return (
            self.tokens_factor_low or self.tokens_factor,
            self.tokens_factor,
            self.tokens_factor_high or self.tokens_factor,
        )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, middle, high = self.factors
        if not low <= middle <= high:
            raise ValueError("tokens_factor_low <= tokens_factor <= tokens_factor_high must hold")
        return self


class Speed(_Part):
    """How fast an API answers.

    Args:
        tokens_s: Output tokens per second of one request.
        ttft_s: Seconds to the first of them.
    """

    tokens_s: Positive
    ttft_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Discount(_Part):
    """A share taken off the list price; several that fit a call are taken one after the other.

    Args:
        frac: Share taken off.
        provider: Only calls this provider bills, at whosever list prices; null: all.
        model: Only this model; null: all.
        kinds: Only these kinds of usage, and those that pay their price for want of one of their own; none:
            all.
        effective_date: From this day (UTC) on; null: always.
        until_date: Before this day; null: for good.
        type: "contract": a negotiated price (FOCUS ContractedCost); "commitment": what prepaid or committed spend
            takes off on top (FOCUS EffectiveCost).
    """

    frac: Frac
    provider: str | None = None
    model: str | None = None
    kinds: tuple[str, ...] = ()
    effective_date: Day | None = None
    until_date: Day | None = None
    type: Literal["contract", "commitment"] = "contract"

    @model_validator(mode="after")
    def _begins_first(self) -> Self:
        if self.effective_date and self.until_date and self.until_date <= self.effective_date:
            raise ValueError("ends before it begins: until_date is its first day without it")
        return self


class Currency(_Part):
    """Another currency costs are also given in; its rates are the user's, none are built in.

    Args:
        code: Such as EUR.
        rates: CSV with the columns date, currency and units_per_usd (or usd_per_unit).
        carry_days: Days a rate is used on after its own, for weekends and holidays.
    """

    code: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    rates: Path
    carry_days: Annotated[int, Field(ge=0, le=3650)] = 0


class Scenario(_Part):
    """How to price. The default: list prices in force at the time of each call, everything as recorded, all roles.

    Args:
        name: Name shown beside every result, with what it leaves unsaid; where none is given, the scenario in words.
        as_of: "recorded": the price at each call's own time; a moment: the price in force then.
        books: Price books; a model is priced by the first that lists it. "list": dated list prices.
        prices: Price files of the user; they win over the list book.
        catalogue: Folder of a catalogue for the list book, as `evalreplay prices update` writes it; null: the one
            frozen in the package.
        cache: "as_recorded"; "none": all input is billed as uncached; "upper_bound": all that a prompt cache could
            hold is read from it.
        batch: Share of calls sent through the batch endpoint, and how long one takes; null: as recorded.
        service_tier: Tier every call is billed at; null: as recorded.
        region: Region every call is billed in; null: as recorded.
        unlisted_tiers: What batch and flex calls cost where no such price is in force: "unknown", or "half" the
            standard price, marked as assumed.
        hosts: Who bills a model of open weights where the trace does not say, by model; "*": any other such model.
        substitute: Models priced as another.
        discount: Shares taken off list prices.
        currency: Another currency to give costs in; null: dollars only.
        roles: Roles whose calls are counted in the sums of rollouts and runs.
        speed: Speed of the API by model, as the trace writes it, "*" any other; api_s then rests on it.
        hardware: Deployments by model, "*" any other: its calls cost accelerator-time, not list prices.
        hardware_files: Hardware tables of the user; they win over the package's.
        gpu_hours: What accelerator-hours cost that a trace states as charges; null: not known.
        allow_estimate: Whether a deployment may rest on more than measured rows of its model at measured lengths.
    """

    name: str = ""
    as_of: Moment | Literal["recorded"] = "recorded"
    books: Annotated[tuple[str, ...], Field(min_length=1)] = (LIST_BOOK,)
    prices: tuple[Path, ...] = ()
    catalogue: Path | None = None
    cache: CachePolicy = "as_recorded"
    batch: Batch | None = None
    service_tier: str | None = None
    region: str | None = None
    unlisted_tiers: Literal["unknown", "half"] = "unknown"
    hosts: dict[str, str] = {}
    substitute: tuple[Substitute, ...] = ()
    discount: tuple[Discount, ...] = ()
    currency: Currency | None = None
    roles: Annotated[tuple[Literal["agent", "user", "judge", "other"], ...], Field(min_length=1)] = ROLES
    speed: dict[str, Speed] = {}
    hardware: dict[str, Deployment] = {}
    hardware_files: tuple[Path, ...] = ()
    allow_estimate: bool = False
    gpu_hours: GpuHours | None = None

    _moment_first = field_validator("as_of", mode="before")(_as_moment)

    @model_validator(mode="after")
    def _caches_are_one_kind(self) -> Self:
        if self.hardware and self.cache == "upper_bound":
            raise ValueError("upper_bound is a vendor's cache: what a deployment holds is stated as cached_cost_frac")
        return self

    @property
    def title(self) -> str:
        """Its name with what that leaves unsaid, or the scenario in words."""
        return titled(self) if self.name else in_words(self)

    @property
    def is_plain(self) -> bool:
        """Whether it is the default: list prices on the day of each call, everything as recorded, without a name."""
        return self.is_unnamed and self.model_copy(update={"name": ""}) == Scenario()

    @property
    def is_unnamed(self) -> bool:
        """Whether its name, if any, is the scenario in words, as manifests have it."""
        return self.name in {"", in_words(self)}

    @property
    def moment(self) -> datetime | None:
        """The moment whose prices apply to every call; null: each call's own."""
        return None if self.as_of == "recorded" else self.as_of

    def substitute_of(self, provider: str | None, model: str | None) -> Substitute | None:
        """What the calls of a model are priced as, the first that fits; null: as what they are."""
        return next((each for each in self.substitute if each.fits(provider, model)), None)

    def billed_as(self, provider: str | None, model: str | None) -> tuple[str | None, str | None]:
        """Provider and model whose names count for the calls of a model."""
        other = self.substitute_of(provider, model)
        return (provider, model) if other is None else (other.to_provider, other.to)

    @property
    def is_as_billed(self) -> bool:
        """Whether it prices what was sent, when, where and how it was sent: only then can bills be compared."""
        changed = {name for name, field in Scenario.model_fields.items() if getattr(self, name) != field.default}
        return changed <= _STATEMENTS

    def manifest(self) -> dict[str, Any]:
        """The scenario in full, for the manifest; files by the place a priced store keeps its copies at."""
        copies = {path: Path(name) for name, path in self.file_copies()}
        return {**self.with_files(lambda path: copies[path]).model_dump(mode="json"), "name": self.title}

    def file_copies(self) -> list[tuple[str, Path]]:
        """Name the copy a priced store keeps of each file of the user."""
        rates = [] if self.currency is None else [self.currency.rates]
        books = [Path(name) for name in self.books if is_file(name)]
        kinds = {"prices": self.prices, "books": books, "rates": rates, "hardware": self.hardware_files}
        numbered = [(kind, number, path) for kind, paths in kinds.items() for number, path in enumerate(paths, 1)]
        copies = [(f"{kind}/{number}-{path.name}", path) for kind, number, path in numbered]
        if self.catalogue is not None:
            copies += [(f"catalogue/{name}", self.catalogue / name) for name in CATALOGUE_FILES]
        return copies

    def with_files(self, place: Callable[[Path], Path]) -> "Scenario":
        """Return the same scenario with each file it names found elsewhere."""
        currency = self.currency and self.currency.model_copy(update={"rates": place(self.currency.rates)})
        books = tuple(str(place(Path(name))) if is_file(name) else name for name in self.books)
        prices = tuple(place(path) for path in self.prices)
        catalogue = self.catalogue and place(self.catalogue / CATALOGUE_FILES[0]).parent
        files = tuple(place(path) for path in self.hardware_files)
        changed = {"prices": prices, "catalogue": catalogue, "books": books, "currency": currency}
        return self.model_copy(update={**changed, "hardware_files": files})
