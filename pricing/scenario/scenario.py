"""A scenario: under which prices and policies a trace is priced again. One TOML file, or a few flags."""

import tomllib
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from traces.errors import PricingError
from traces.schema import ROLES

CachePolicy = Literal["as_recorded", "none"]


class Scenario(BaseModel):
    """How to price. The default: list prices in force at the time of each call, cache as recorded, all roles.

    Args:
        name: Name shown beside every result; where none is given, the scenario in words.
        as_of: "recorded": the price at each call's own time; a moment: the price in force then.
        prices: Price files of the user; they win over the book.
        cache: "as_recorded", or "none": all input is billed as uncached.
        roles: Roles whose calls are counted in the sums of rollouts and runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    as_of: datetime | Literal["recorded"] = "recorded"
    prices: tuple[Path, ...] = ()
    cache: CachePolicy = "as_recorded"
    roles: tuple[Literal["agent", "user", "judge", "other"], ...] = ROLES

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_moment(cls, value: Any) -> Any:
        """A bare date is its first moment, a naive moment is UTC."""
        if isinstance(value, str) and value != "recorded":
            value = datetime.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if isinstance(value, datetime) else value

    @property
    def title(self) -> str:
        """Its name, or the scenario in words."""
        return self.name or _in_words(self)

    @property
    def moment(self) -> datetime | None:
        """The moment whose prices apply to every call; null: each call's own."""
        return None if self.as_of == "recorded" else self.as_of

    def manifest(self) -> dict[str, Any]:
        """The scenario in full, for the manifest; price files by the place a priced store keeps its copies at."""
        copies = [name for name, _ in self.price_copies()]
        return {**self.model_dump(mode="json"), "name": self.title, "prices": copies}

    def price_copies(self) -> list[tuple[str, Path]]:
        """Name the copy a priced store keeps of each price file."""
        return [(f"prices/{number}-{path.name}", path) for number, path in enumerate(self.prices, 1)]


def _in_words(scenario: Scenario) -> str:
    moment = scenario.moment
    parts = ["list prices on the day of each call" if moment is None else f"list prices of {moment:%Y-%m-%d}"]
    parts += [f"{len(scenario.prices)} price file(s) of one's own"] if scenario.prices else []
    parts += ["all input uncached"] if scenario.cache == "none" else []
    parts += [f"only {' and '.join(scenario.roles)} calls"] if set(scenario.roles) != set(ROLES) else []
    return ", ".join(parts)


def load_scenario(path: Path | None = None, **flags: Any) -> Scenario:
    """Load a scenario file, then apply the flags that are not null.

    Raises:
        PricingError: if the file cannot be read, or holds an unknown key or a value that does not fit.
    """
    given = {} if path is None else _read(path)
    given |= {key: value for key, value in flags.items() if value is not None}
    try:
        return Scenario.model_validate(given)
    except (ValidationError, ValueError) as error:
        raise PricingError(*_explained(path, error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PricingError(f"{path}: {error}", "a scenario is a TOML file: see docs/scenarios.md") from error
    given["prices"] = [path.parent / name for name in given.get("prices", [])]
    return given


def _explained(path: Path | None, error: ValueError) -> tuple[str, str]:
    known = list(Scenario.model_fields)
    if not isinstance(error, ValidationError):
        return f"{path or 'scenario'}: {error}", f"known keys: {', '.join(known)}"
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"])) or "scenario"
    if first["type"] == "extra_forbidden":
        near = get_close_matches(key, known, n=1)
        return (
            f"{path or 'scenario'}: unknown key {key!r}",
            f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}",
        )
    return f"{path or 'scenario'}: {key}: {first['msg']}", f"value given: {first['input']!r}"
