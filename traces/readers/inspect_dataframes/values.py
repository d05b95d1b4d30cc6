"""Values of dataframe cells: JSON in texts, and plain values as the records a log is made of."""

import math
from typing import Any, TypeVar

import msgspec

from traces.decode import convert_leniently

T = TypeVar("T")
Fitted = tuple[T, list[str]]
"""A value, and what had to be left out of it."""


def parsed(text: Any) -> Fitted[Any]:
    """Value of a cell that holds JSON; null for none."""
    if not isinstance(text, str) or not text:
        return None, []
    try:
        return msgspec.json.decode(text), []
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return None, [f"no JSON: {error}"]


def fitted(value: Any, kind: type[T]) -> Fitted[T]:
    """Make a record of plain values; what does not fit is null and named."""
    try:
        return msgspec.convert(value, kind, strict=False), []
    except msgspec.ValidationError:
        return convert_leniently(value, kind)


def text_of(value: Any) -> str | None:
    """Text of a cell; null for none or an empty one."""
    return value if isinstance(value, str) and value else None


def number_of(value: Any) -> int | float | None:
    """Give the number of a cell; null for none, NaN or no number."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def object_of(value: Any) -> dict[str, Any] | None:
    """Object a cell holds as JSON; null for none."""
    found = parsed(value)[0]
    return found if isinstance(found, dict) else None
