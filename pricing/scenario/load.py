"""A scenario from a TOML file and flags; what does not fit is an error that says what would."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

import tomli
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pricing.book.named import BOOKS_FOLDER, LIST_BOOK, book_files
from pricing.key_problems import first_problem, key_problem
from pricing.scenario.model import Scenario, is_file
from traces.errors import PricingError, nearest


def load_scenario(path: Path | None = None, *, book_folders: Sequence[Path] = (), **flags: Any) -> Scenario:
    """Load a scenario file, then apply the flags that are not null.

    Args:
        path: TOML file; the files it names are looked for beside it.
        book_folders: Where books of the user lie, beside those the package ships.
        **flags: Keys of a scenario; they win over the file.

    Raises:
        PricingError: if the file cannot be read, or holds an unknown key or a value that does not fit.
    """
    given = {} if path is None else _read(path)
    given |= {key: value for key, value in flags.items() if value is not None}
    try:
        scenario = Scenario.model_validate(given)
    except ValidationError as error:
        raise _explained(path, error) from error
    except ValueError as error:
        known = f"known keys: {', '.join(Scenario.model_fields)}"
        raise PricingError(f"{path or 'scenario'}: {error}", known) from error
    scenario = scenario.model_copy(update={"books": tuple(_found(name, book_folders) for name in scenario.books)})
    _check_files(path, scenario)
    return scenario


def _found(book: str, folders: Sequence[Path]) -> str:
    """Name of a book that the package ships, or the file of another."""
    if book == LIST_BOOK or is_file(book):
        return book
    shipped, known = book_files(), book_files([BOOKS_FOLDER, *folders])
    if book not in known:
        raise PricingError(f"no book {book!r}", nearest(book, [LIST_BOOK, *known]))
    return book if book in shipped else str(known[book])


def _read(path: Path) -> dict[str, Any]:
    try:
        given = tomli.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise PricingError(f"{path}: {error}", "a scenario is a TOML file: see docs/scenarios.md") from error
    for key in ("prices", "hardware_files"):
        if isinstance(given.get(key), list):
            given[key] = [_beside(path, name) for name in given[key]]
    if isinstance(given.get("books"), list):
        given["books"] = [str(path.parent / name) if is_file(str(name)) else name for name in given["books"]]
    if "catalogue" in given:
        given["catalogue"] = _beside(path, given["catalogue"])
    currency = given.get("currency")
    if isinstance(currency, dict) and "rates" in currency:
        currency["rates"] = _beside(path, currency["rates"])
    return given


def _beside(path: Path, name: Any) -> Any:
    return path.parent / name if isinstance(name, str) else name


def _check_files(path: Path | None, scenario: Scenario) -> None:
    for copy, file in scenario.file_copies():
        if not file.is_file():
            key = copy.partition("/")[0]
            place = f"under {key} of {path}: files are looked for beside it" if path else f"under {key}"
            raise PricingError(f"{file}: no such file", f"it is named {place}")


def _explained(path: Path | None, error: ValidationError) -> PricingError:
    first = first_problem(error)
    problem, loc = first["msg"].removeprefix("Value error, "), first["loc"]
    wrong_key = key_problem(first, _table(loc[:-1]).model_fields)
    if wrong_key is not None:
        return PricingError(f"{_place(path, loc[:-1])}{wrong_key[0]}", wrong_key[1])
    known = _keys(Scenario)
    names = [part for n, part in enumerate(loc) if isinstance(part, int) or part in known or _is_model(loc, n)]
    for python, toml in _IN_TOML.items():
        problem = re.sub(python, toml, problem)
    key = next((part for part in reversed(names) if isinstance(part, str)), "scenario")
    remedy = _remedy(key, first["type"], first["input"])
    if names[:1] == [key] and len(names) > 1 and first["type"] == "value_error":
        return PricingError(f"{_place(path, names)}{problem}", remedy)
    where = _place(path, names[: names.index(key)] if key in names else ())
    return PricingError(f"{where}{key}: {problem}", remedy)


_IN_TOML: Final = {
    "^Input": "it",
    "valid tuple": "list",
    r"valid dictionary( or instance of \w+)?": "table",
    "a valid string": "text",
    "not a valid path for .*": "no name of a file",
    "Tuple should have at least 1 item.*": "it is empty",
}


def _is_model(loc: Sequence[int | str], number: int) -> bool:
    """Whether a part of a place is the model whose table it is."""
    return number == 1 and loc[0] in _BY_MODEL


_BY_MODEL: Final = ("hardware", "speed")
"""Keys with a table for each model."""


def _place(path: Path | None, loc: Sequence[int | str]) -> str:
    """Name a place in a scenario as its author sees it."""
    table, *number = loc or (None,)
    if table is None:
        return f"{path or 'scenario'}: "
    if table in _BY_MODEL and number:
        return f'{path or "scenario"}: [{table}."{number[0]}"]: '
    written = f"[[{table}]] table {int(number[0]) + 1}" if number and isinstance(number[0], int) else f"[{table}]"
    return f"{path or 'scenario'}: {written}: "


def _remedy(key: str, problem: str, given: Any) -> str:
    """Say how a table is written where something else stands, else repeat what was given."""
    is_of_tables = key in Scenario.model_fields and _part_of(Scenario.model_fields[key]) is not Scenario
    written = {"tuple_type": f"[[{key}]]", "model_type": f"[{key}]"}.get(problem) if is_of_tables else None
    if written is not None:
        return f"begin it with {written} on a line of its own: see docs/scenarios.md"
    return f"value given: {given!r}"


def _table(place: Sequence[int | str]) -> type[BaseModel]:
    """Model of the table at a place in a scenario."""
    model: type[BaseModel] = Scenario
    for part in place:
        model = _part_of(model.model_fields[part]) if isinstance(part, str) and part in model.model_fields else model
    return model


def _part_of(field: FieldInfo) -> type[BaseModel]:
    """Model of a table in a scenario, through its list or its alternative of null."""
    pending: list[Any] = [field.annotation]
    while pending:
        kind = pending.pop()
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            return kind
        pending += get_args(kind)
    return Scenario


def _keys(model: type[BaseModel]) -> set[str]:
    parts = [_part_of(field) for field in model.model_fields.values()]
    return set(model.model_fields).union(*(part.model_fields for part in parts))
