"""A deployment and the price of its hours: on what, at which load and at whose hourly price a model is taken to run."""

from datetime import date
from functools import partial
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pricing.hardware.names import name_of, short_accelerator, short_framework, short_precision
from pricing.hardware.schema import Tier

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Frac = Annotated[float, Field(ge=0, le=1)]
Busy = Annotated[float, Field(gt=0, le=1)]
Accelerator = Annotated[str, AfterValidator(partial(name_of, short=short_accelerator))]
Precision = Annotated[str, AfterValidator(partial(name_of, short=short_precision))]
Framework = Annotated[str, AfterValidator(partial(name_of, short=short_framework))]
Percentile = Literal["mean", "p50", "p90", "p99"]
DEFAULT_TIER: Final = "neocloud"


class HourPrice(BaseModel):
    """What an accelerator-hour costs: stated, or read from the table.

    Args:
        usd_per_gpu_hour: What an accelerator-hour costs; null: as the table says of the tier.
        price_tier: Whose hour it is; null: DEFAULT_TIER.
        price_cloud: Cloud that rents it out; null: any.
        price_date: Day whose price counts; null: the latest stated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    usd_per_gpu_hour: Positive | None = None
    price_tier: Tier | None = None
    price_cloud: str | None = None
    price_date: date | None = None

    @model_validator(mode="after")
    def _price_is_one(self) -> Self:
        others = (self.price_tier, self.price_cloud, self.price_date)
        if self.usd_per_gpu_hour is not None and any(each is not None for each in others):
            raise ValueError("usd_per_gpu_hour, or a price of the table (price_tier, price_cloud, price_date)")
        return self


class GpuHours(HourPrice):
    """What the accelerator-hours cost that a trace states as charges: on the accelerator it names, or on another.

    Training and simulation do not speed up as serving does: only the user can say how much.

    Args:
        accelerator: Accelerator they are taken to run on instead; null: the one named, and no other.
        speed_up: How many of the hours one of that accelerator stands for.
    """

    accelerator: Accelerator | None = None
    speed_up: Positive | None = None

    @model_validator(mode="after")
    def _speed_up_is_stated(self) -> Self:
        if (self.accelerator is None) != (self.speed_up is None):
            raise ValueError(
                "accelerator and speed_up go together: how much faster another accelerator trains or simulates is not "
                "known from how it serves models, and is yours to state"
            )
        return self


class Deployment(HourPrice):
    """Where the calls of a model are taken to run: a what-if, never a vendor's price.

    Args:
        accelerator: Accelerator, such as b200.
        n_gpus: Accelerators one copy of the model runs on; null: as the engine chosen.
        n_copies: Copies of the model the fleet holds.
        precision: Precision of the weights; null: any that was measured.
        kv_precision: Precision of the key-value cache; null: as the engine states.
        framework: Serving framework; null: any.
        tp: Tensor-parallel degree; null: any.
        ep: Expert-parallel degree; null: any.
        speculation: Speculative decoding of the rows used: "any", or only those without ("none") or with it.
        acceptance_length: Tokens a step yields with speculative decoding that the rows do not have; null: none.
        concurrency: Requests under way at a time on each copy.
        min_tokens_s: Output tokens per second each request must get; the cheapest load that gives it is taken.
        max_ttft_s: Seconds the first token may take, at the percentile.
        utilisation_frac: Share of the rented time the accelerators are busy at that load.
        startup_s: Seconds the fleet is paid for before its first request.
        idle_s: Seconds it is paid for after its last.
        cached_cost_frac: What a cached input token costs of an uncached one; null: as the table says.
        percentile: Of the seconds to the first token.
        like: Model it is taken to run like; needed where the tables do not have it.
        like_factor: Accelerator-time of the model over that of its stand-in.
        like_factor_low: Lowest it may be; null: like_factor.
        like_factor_high: Highest it may be; null: like_factor.
    """

    accelerator: Accelerator
    n_gpus: Count | None = None
    n_copies: Count = 1
    precision: Precision | None = None
    kv_precision: Precision | None = None
    framework: Framework | None = None
    tp: Count | None = None
    ep: Count | None = None
    speculation: Literal["any", "none", "mtp", "eagle"] = "any"
    acceptance_length: Annotated[float, Field(ge=1, le=64)] | None = None
    concurrency: Positive | None = None
    min_tokens_s: Positive | None = None
    max_ttft_s: Positive | None = None
    utilisation_frac: Busy = 1.0
    startup_s: NotNegative = 0.0
    idle_s: NotNegative = 0.0
    cached_cost_frac: Frac | None = None
    percentile: Percentile = "mean"
    like: str | None = None
    like_factor: Positive = 1.0
    like_factor_low: Positive | None = None
    like_factor_high: Positive | None = None

    @property
    def like_factors(self) -> tuple[float, float, float]:
        """Lowest, stated and highest factor of the stand-in."""
        return (self.like_factor_low or self.like_factor, self.like_factor, self.like_factor_high or self.like_factor)

    @model_validator(mode="after")
    def _load_is_one(self) -> Self:
        if self.concurrency is not None and (self.min_tokens_s is not None or self.max_ttft_s is not None):
            raise ValueError("concurrency, or a speed to meet (min_tokens_s, max_ttft_s): not both")
        if self.concurrency is None and self.min_tokens_s is None:
            raise ValueError("the load is missing: concurrency, or min_tokens_s (output tokens per second and request)")
        return self

    @model_validator(mode="after")
    def _factors_are_ordered(self) -> Self:
        low, middle, high = self.like_factors
        if not low <= middle <= high:
            raise ValueError("like_factor_low <= like_factor <= like_factor_high must hold")
        if self.like is None and (low, middle, high) != (1.0, 1.0, 1.0):
            raise ValueError("like_factor without like: which model is it a factor on?")
        return self
