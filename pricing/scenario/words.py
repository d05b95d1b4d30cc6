"""A scenario in words, for titles: what differs from list prices on the day of each call."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from pricing.book.named import SUFFIXES
from pricing.hardware.deployment import DEFAULT_TIER
from traces.schema import ROLES

if TYPE_CHECKING:
    from pricing.hardware.deployment import Deployment
    from pricing.scenario.model import Discount, Scenario, Substitute


def in_words(scenario: "Scenario") -> str:
    """Say how a scenario prices, in one line."""
    return ", ".join(words for part in _PARTS if (words := part(scenario)))


def titled(scenario: "Scenario") -> str:
    """Name of a scenario, with all it changes that the name does not say: a name never hides a what-if."""
    changes = (part(scenario) for part in (_moment, *_CHANGES))
    unsaid = [words for words in changes if words and words not in scenario.name]
    return f"{scenario.name} ({', '.join(unsaid)})" if unsaid else scenario.name


def _moment(scenario: "Scenario") -> str:
    return "" if scenario.moment is None else f"prices of {scenario.moment:%Y-%m-%d}"


def _prices(scenario: "Scenario") -> str:
    moment = scenario.moment
    when = "on the day of each call" if moment is None else f"of {moment:%Y-%m-%d}"
    return f"{' then '.join(_book(book) for book in scenario.books)} prices {when}"


def _book(book: str) -> str:
    return "list" if book == "list" else f"book {PurePath(book).stem if book.endswith(SUFFIXES) else book}"


def _files(scenario: "Scenario") -> str:
    n_files = len(scenario.prices)
    return f"{n_files} price file{'' if n_files == 1 else 's'} of one's own" if n_files else ""


def _catalogue(scenario: "Scenario") -> str:
    return f"catalogue {scenario.catalogue.name}" if scenario.catalogue else ""


def _substitutes(scenario: "Scenario") -> str:
    return ", ".join(_substitute(each) for each in scenario.substitute)


def _substitute(each: "Substitute") -> str:
    low, middle, high = each.factors
    span = f" ({low:g} to {high:g})" if low < high else ""
    times = f" times {middle:g}{span}" if (low, middle, high) != (1, 1, 1) else ""
    return f"same tokens{times}, other model: {each.model} priced as {each.to}"


def _cache(scenario: "Scenario") -> str:
    return {"none": "all input uncached", "upper_bound": "most that a prompt cache could hold"}.get(scenario.cache, "")


def _batch(scenario: "Scenario") -> str:
    if scenario.batch is None:
        return ""
    if not scenario.batch.share_frac:
        return "no calls in batches"
    turnaround = scenario.batch.turnaround_s
    time = "time not known" if turnaround is None else f"{turnaround:g} s a turn"
    return f"{100 * scenario.batch.share_frac:.4g} % of calls in batches ({time})"


def _tier(scenario: "Scenario") -> str:
    return f"service tier {scenario.service_tier}" if scenario.service_tier else ""


def _unlisted(scenario: "Scenario") -> str:
    return "half price assumed for batch and flex where none is listed" if scenario.unlisted_tiers == "half" else ""


def _region(scenario: "Scenario") -> str:
    return f"region {scenario.region}" if scenario.region else ""


def _hosts(scenario: "Scenario") -> str:
    return ", ".join(f"{'open models' if model == '*' else model} at {host}" for model, host in scenario.hosts.items())


def _discounts(scenario: "Scenario") -> str:
    return ", ".join(_discount(each) for each in scenario.discount)


def _discount(each: "Discount") -> str:
    whose = " ".join(filter(None, (each.provider, each.model))) or "everything"
    kinds = f"{' and '.join(each.kinds)} of ".replace("_", " ") if each.kinds else ""
    return f"{100 * each.frac:.4g} % off {kinds}{whose} ({', '.join(filter(None, (each.type, days_of(each))))})"


def days_of(each: "Discount") -> str:
    """Days of a discount; empty: always."""
    since, until = each.effective_date, each.until_date
    if since is None or until is None:
        return f"from {since}" if since else f"before {until}" if until else ""
    last = until - timedelta(days=1)
    return f"on {since}" if since == last else f"{since} to {last}"


def _roles(scenario: "Scenario") -> str:
    return f"only {' and '.join(scenario.roles)} calls" if set(scenario.roles) != set(ROLES) else ""


def _speeds(scenario: "Scenario") -> str:
    return ", ".join(f"{model} at {each.tokens_s:g} tokens/s" for model, each in scenario.speed.items())


def _hardware(scenario: "Scenario") -> str:
    return ", ".join(f"{model} {_deployed(each)}" for model, each in scenario.hardware.items())


def _deployed(each: "Deployment") -> str:
    size = "" if each.n_gpus is None else f"{each.n_gpus} x "
    load = f"concurrency {each.concurrency:g}" if each.concurrency else f"{each.min_tokens_s:g} tokens/s each"
    like = f" like {each.like}" if each.like else ""
    return f"on {size}{each.accelerator} at {load}{like}"


def _gpu_hours(scenario: "Scenario") -> str:
    price = scenario.gpu_hours
    if price is None:
        return ""
    cost = f"${price.usd_per_gpu_hour:g}" if price.usd_per_gpu_hour else (price.price_tier or DEFAULT_TIER)
    on = f" as {price.accelerator} {price.speed_up:g} times as fast" if price.accelerator else ""
    return f"accelerator-hours at {cost.replace('_', ' ')}{on}"


def _currency(scenario: "Scenario") -> str:
    return f"also in {scenario.currency.code}" if scenario.currency else ""


_Part = Callable[["Scenario"], str]
_CHANGES: Final[tuple[_Part, ...]] = (
    _substitutes, _speeds, _hardware, _gpu_hours, _cache, _batch, _tier, _unlisted, _region, _hosts, _discounts, _roles,
)  # fmt: skip
_PARTS: Final[tuple[_Part, ...]] = (_prices, _files, _catalogue, *_CHANGES, _currency)
