"""What the columns of a price table are, by the words of their names: role, tokens priced, currency."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pricing.book.importer import Per
from traces.errors import PricingError

PRICES: Final = frozenset({"input", "output"})
"""Roles of columns that hold prices."""
_ROLES: Final[dict[str, tuple[str, ...]]] = {
    "model": ("model", "model id", "id", "model name", "name"),
    "input": ("input", "prompt", "in"),
    "output": ("output", "completion", "out"),
    "provider": ("provider", "vendor"),
    "date": ("effective from", "effective date", "from date", "start date", "from", "since", "date"),
    "currency": ("currency",),
    "free": ("is free", "free"),
}
"""Names a role goes by; where a table has several columns of one role, the first name counts."""
_BY_WORDS: Final = {
    frozenset(words.split()): (role, rank) for role, names in _ROLES.items() for rank, words in enumerate(names)
}
_UNITS: Final[dict[Per, str]] = {
    "1m": r"\b(?:1m|m|mtok|mtoken|mtokens|million|1 000 000|1000000)\b",
    "1k": r"\b(?:1k|k|ktok|ktoken|ktokens|thousand|1 000|1000)\b",
    "token": r"\bper token\b",
}
_CURRENCIES: Final = {
    "usd": ("usd", "$", "dollar", "dollars"),
    "eur": ("eur", "€", "euro"),
    "gbp": ("gbp", "£"),
    "cny": ("cny", "rmb", "¥"),
    "jpy": ("jpy",),
    "inr": ("inr", "₹"),
    "krw": ("krw", "₩"),
    "chf": ("chf",),
}
_FILLERS: Final = frozenset({"price", "prices", "pricing", "cost", "costs", "rate", "per", "token", "tokens"})


@dataclass(frozen=True)
class Column:
    """A column; role null: not recognised; per null: its name does not say; currency null: neither."""

    name: str
    role: str | None
    per: Per | None
    currency: str | None


def columns_of(where: str, header: Sequence[str], chosen: Mapping[str, str]) -> list[Column]:
    """Say what each column is.

    Args:
        where: File, for the message.
        header: Names of the columns.
        chosen: Column by role, where the user says so.

    Raises:
        PricingError: if a chosen column or role does not exist, or two columns have one role.
    """
    for role, name in chosen.items():
        if role not in _ROLES or name not in header:
            known = f"roles: {', '.join(_ROLES)}; columns: {', '.join(header)}"
            raise PricingError(f"{where}: no column {name!r} for the role {role!r}", known)
    ranked = [_ranked(name, {column: role for role, column in chosen.items()}) for name in header]
    best: dict[str, int] = {}
    for column, rank in ranked:
        if column.role is not None:
            best[column.role] = min(rank, best.get(column.role, rank))
    columns = [column if rank == best.get(column.role or "") else replace(column, role=None) for column, rank in ranked]
    _refuse_two_of_one_role(where, columns)
    return columns


def _refuse_two_of_one_role(where: str, columns: Sequence[Column]) -> None:
    roles = [column.role for column in columns if column.role is not None]
    twice = next((role for role in roles if roles.count(role) > 1), None)
    if twice is not None:
        names = ", ".join(repr(column.name) for column in columns if column.role == twice)
        raise PricingError(f"{where}: {names} could all be the column of {twice}", "name the others differently")


def _ranked(name: str, chosen: Mapping[str, str]) -> tuple[Column, int]:
    """A column, and how good its claim to its role is: the lower the better, -1: the user says so."""
    text = _spaced(name)
    per = next((unit for unit, pattern in _UNITS.items() if re.search(pattern, text)), None)
    currency = next((code for code, signs in _CURRENCIES.items() if set(signs) & set(text.split())), None)
    for pattern in _UNITS.values():
        text = re.sub(pattern, " ", text)
    signs = {sign for listed in _CURRENCIES.values() for sign in listed}
    meaning = frozenset(text.split()) - _FILLERS - signs
    role, rank = (chosen[name], -1) if name in chosen else _BY_WORDS.get(meaning, (None, 0))
    return Column(name, role, per, currency), rank


def _spaced(name: str) -> str:
    """Lower-case words, currency signs as words of their own."""
    apart = re.sub(r"([$€£¥₹₩])", r" \1 ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return " ".join(re.sub(r"[^\w$€£¥₹₩]|_", " ", apart).lower().split())
