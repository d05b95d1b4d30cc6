"""What is wrong with the keys of a file we define: unknown, with the nearest known one, or missing."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from traces.errors import nearest


def first_problem(error: ValidationError) -> ErrorDetails:
    """Give what to mend first: an unknown key before any other, as a misspelled one is missing too."""
    return min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")


def key_problem(first: ErrorDetails, known: Iterable[str]) -> tuple[str, str] | None:
    """Problem and hint of a key that is unknown or missing; null: the key is right, and its value is not.

    Args:
        first: What pydantic says.
        known: Keys of its table.
    """
    key = first["loc"][-1] if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r}", nearest(str(key), known)
    if first["type"] == "missing":
        return f"{key} is missing", f"add {key} = ..."
    return None
