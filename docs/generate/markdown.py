"""What the generated parts are written with: tables, lists of values, docstrings."""

import re
from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; bars in cells are kept apart from those of the table."""
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def choices(values: Iterable[str]) -> str:
    """List values as code."""
    return ", ".join(f"`{value}`" for value in values)


def first_line(kind: type) -> str:
    """First line of a docstring."""
    return (kind.__doc__ or "").strip().splitlines()[0]


def documented(model: type) -> dict[str, str]:
    """Meaning of each key of a model, from the Args of its docstring."""
    entries = (model.__doc__ or "").split("Args:")[1].split("Returns:")[0]
    joined = re.sub(r"\n {12}", " ", entries.replace("``", "`"))
    return dict(line.strip().split(": ", 1) for line in joined.strip().splitlines())
