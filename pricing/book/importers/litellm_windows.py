"""The off-peak windows of LiteLLM's map: hours (UTC) and weekdays at which other rates hold."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pricing.book.windows import DAYS

_RULES: Final = frozenset({"hours_utc", "windows", "weekday_timezone"})


def is_in_utc(fields: Mapping[str, Any]) -> bool:
    """Say whether a model's windows, if it has any, count their weekdays in UTC, as price rows do."""
    block = fields.get("off_peak_pricing")
    return not isinstance(block, Mapping) or block.get("weekday_timezone") in (None, "UTC")


def windows(fields: Mapping[str, Any]) -> Iterator[tuple[dict[str, str | None], dict[str, Any]]]:
    """Each window of a model: its limits as price rows have them, and its prices by field of the map."""
    block = fields.get("off_peak_pricing")
    if not isinstance(block, Mapping):
        return
    prices = {field: usd for field, usd in block.items() if field not in _RULES}
    rules = [*block.get("windows", ()), *([{"hours_utc": block["hours_utc"]}] if "hours_utc" in block else [])]
    for rule in rules:
        yield {"weekdays": _days(rule.get("weekdays")), "hours_utc": _hours(rule)}, prices


def _days(numbers: Any) -> str | None:
    """Days by their ISO numbers as price rows write them; null: every day."""
    return None if numbers is None else ",".join(DAYS[number - 1] for number in sorted(numbers))


def _hours(rule: Mapping[str, Any]) -> str | None:
    """Hours as price rows write them; null: all day, which the map writes as a span that ends where it begins."""
    stated = rule["hours_utc"]
    spans = [stated] if isinstance(stated, str) else list(stated)
    is_all_day = any(start.strip() == end.strip() for start, _, end in (span.partition("-") for span in spans))
    return None if is_all_day else ",".join(spans)
