"""JSON to typed records: fast where the file is clean, field by field where it is not.

msgspec decodes straight into the fields a reader asks for. What it refuses (NaN, lone surrogates, a field of the wrong
type, a file cut short) is decoded again leniently: a field that does not fit becomes null and is named, a truncated
file gives what stood before the cut.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from traces import texts
from traces.depth import MOST_LEVELS, without_deep

T = TypeVar("T")
Count = int | float | None
"""A number as files write it: 12, 12.0 or "12"; null or absent: not known."""

_NO_COUNT = 2**50
NOT_WHOLE = 2**60
"""Stands for a count that is not whole until the checks name it; sums of a few of them fit a column."""
_BOM = b"\xef\xbb\xbf"
_MISSING = "missing field"
BROKEN = "broken JSON"
"""Begins a problem that says where a document is cut off, or no longer JSON."""


class UndecodableError(Exception):
    """Nothing could be read: the content is not JSON of the expected kind."""


def decode(raw: Any, kind: type[T]) -> tuple[T, list[str]]:
    """Decode a JSON document; also return what had to be left out, as "place: problem".

    Raises:
        UndecodableError: if nothing of it can be read.
    """
    try:
        return _decoder(cast("Any", kind)).decode(raw), []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _decode_leniently(bytes(raw), kind, str(error))


def whole(value: Count) -> int | None:
    """Whole number of a count: 12, 12.0.

    What is none is kept for the checks to name: an absurd one is made small enough for a column and too large for
    them, one that is not whole becomes ``NOT_WHOLE``.
    """
    if type(value) is int and -_NO_COUNT < value < _NO_COUNT:  # by far the most frequent case
        return value
    if value is None:
        return None
    if isinstance(value, float) and not math.isinf(value) and not value.is_integer():  # "NaN" in a text is one, too
        return -NOT_WHOLE if value < 0 else NOT_WHOLE
    return int(min(max(value, -_NO_COUNT), _NO_COUNT))


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)


def is_cut(problems: Sequence[str]) -> bool:
    """Whether what had to be left out says that the document is cut off, or breaks somewhere."""
    return any(problem.startswith(BROKEN) for problem in problems)


def load_leniently(raw: Any, first_error: str = "no JSON") -> tuple[Any, list[str], int]:
    """Read a JSON document as plain values, NaN and lone surrogates and all; of a cut-off one what stands before.

    Also return what had to be left out, and how many places of its texts were replaced.

    Raises:
        UndecodableError: if nothing of it can be read.
    """
    return _loads(bytes(raw), first_error)


def convert_leniently(value: Any, kind: type[T]) -> tuple[T, list[str]]:
    """Convert plain values part by part; also return what had to be left out, as "place: problem".

    Raises:
        UndecodableError: if nothing of it fits.
    """
    problems: list[str] = []
    try:
        converted = _convert(value, kind, "", problems)
    except RecursionError as error:
        raise UndecodableError("nested too deeply") from error
    if converted is None:
        raise UndecodableError("; ".join(problems) or f"not of the expected kind ({type(value).__name__})")
    return converted, problems


def n_replaced_in(value: Any) -> int:
    """Count the places in texts of a record, or of plain values, that stand for something replaced."""
    if isinstance(value, str):
        return texts.n_replaced_in(value)
    if isinstance(value, Mapping):
        return sum(n_replaced_in(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return sum(map(n_replaced_in, value))
    if isinstance(value, msgspec.Struct):
        return sum(n_replaced_in(getattr(value, name)) for name in value.__struct_fields__)
    return 0


def _decode_leniently(raw: bytes, kind: type[T], first_error: str) -> tuple[T, list[str]]:
    document, broken, n_replaced = _loads(raw, first_error)
    try:
        value, problems = convert_leniently(document, kind)
    except UndecodableError as error:
        raise UndecodableError("; ".join([*broken, str(error)])) from error
    if is_cut(broken) and problems and _MISSING in problems[-1]:
        problems.pop()  # of the part it is cut off in, which is reported
    n_read = min(n_replaced, n_replaced_in(value)) if n_replaced else 0
    return value, [*broken, *problems, *([f"text: {texts.reason(n_read)}"] if n_read else [])]


def _loads(raw: bytes, first_error: str) -> tuple[Any, list[str], int]:
    """Return the document, or what stands before the place where it breaks."""
    text, n_replaced = texts.decoded(raw.removeprefix(_BOM))
    text, n_halves = texts.mended(text)
    try:
        return *_parsed(text, first_error), n_replaced + n_halves
    except RecursionError:
        text, n_left_out = without_deep(text)
        document, broken = _parsed(text, first_error)
        deep = f"document: nested too deeply: {n_left_out} values below {MOST_LEVELS} levels were left out"
        return document, [*broken, deep], n_replaced + n_halves


def _parsed(text: str, first_error: str) -> tuple[Any, list[str]]:
    try:
        return json.loads(text), []
    except ValueError as error:
        if not text.strip():
            raise UndecodableError("empty file") from error
        start = _loads_start(text, first_error, error)
        return start, [f"{BROKEN}: {error}; only what stands before it was read"]


def _loads_start(text: str, first_error: str, error: ValueError) -> Any:
    import pydantic_core

    position = getattr(error, "pos", len(text))
    try:
        return pydantic_core.from_json(text[:position], allow_partial=True)
    except ValueError:
        raise UndecodableError(f"broken JSON: {first_error}") from error


def _convert(value: Any, kind: Any, place: str, problems: list[str]) -> Any:
    """Convert part by part; a part that does not fit becomes null (or is left out of its list) and is named."""
    struct, element, values = _struct_of(kind), _element_of(kind), _values_of(kind)
    if values is not None and isinstance(value, dict):
        return _convert_values(value, values, place, problems)
    if struct is not None and isinstance(value, Mapping):
        return _convert_struct(value, struct, place, problems)
    if element is not None and isinstance(value, list):
        parts = [_convert(part, element, f"{place}[{number}]", problems) for number, part in enumerate(value)]
        return [part for part in parts if part is not None]
    try:
        return msgspec.convert(_finite(value, place, problems), kind, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # half a character where a number belongs
        problems.append(f"{place or 'document'}: {_first_line(error)}")
    except RecursionError:
        problems.append(f"{place or 'document'}: nested too deeply")
    return None


def _convert_values(value: dict[str, Any], kind: Any, place: str, problems: list[str]) -> dict[str, Any]:
    kept = {}
    for key, part in value.items():
        n_before = len(problems)
        converted = _convert(part, kind, f"{place}.{key}".lstrip("."), problems)
        if converted is not None or len(problems) == n_before:  # null where it may be null
            kept[key] = converted
    return kept


def _convert_struct(value: Mapping[str, Any], struct: type, place: str, problems: list[str]) -> Any:
    fields = {}
    for field in _fields(struct):
        if field.encode_name in value:
            part = _convert(value[field.encode_name], field.type, f"{place}.{field.encode_name}".lstrip("."), problems)
            if part is not None:
                fields[field.name] = part
        elif field.required:
            problems.append(f"{place or 'document'}: {_MISSING} `{field.encode_name}`")
            return None
    try:
        return struct(**fields)
    except TypeError:
        return None


@cache
def _fields(struct: type) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)


def _finite(value: Any, place: str, problems: list[str]) -> Any:
    """Replace NaN and infinities, which JSON does not know and msgspec's conversion lets through, by null."""
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(f"{place or 'document'}: {value} is not a number")
        return None
    if isinstance(value, dict):
        return {key: _finite(part, f"{place}.{key}".lstrip("."), problems) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part, f"{place}[{number}]", problems) for number, part in enumerate(value)]
    return value


@cache
def _struct_of(kind: Any) -> type | None:
    options = getattr(kind, "__args__", ()) or (kind,)
    return next((part for part in options if isinstance(part, type) and issubclass(part, msgspec.Struct)), None)


@cache
def _values_of(kind: Any) -> Any:
    """Kind of the values of a mapping by name; null: no mapping, or one of anything."""
    options = (kind, *getattr(kind, "__args__", ()))
    mappings = [part for part in options if getattr(part, "__origin__", None) is dict]
    return None if not mappings or mappings[0].__args__[1] is Any else mappings[0].__args__[1]


@cache
def _element_of(kind: Any) -> Any:
    options = (kind, *getattr(kind, "__args__", ()))
    lists = [part for part in options if getattr(part, "__origin__", None) in (list, tuple)]
    return lists[0].__args__[0] if lists else None


def _first_line(error: Exception) -> str:
    return re.sub(r" - at `.*`$", "", str(error).splitlines()[0])
