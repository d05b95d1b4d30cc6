"""Declared tables, readers, curves, frontiers and errors."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from docs.generate.markdown import choices, first_line, markdown_table

if TYPE_CHECKING:
    from traces.errors import ReplayError
    from traces.table import Column, Table


def tables(declared: Mapping[str, "Table"], known: Mapping[str, "Table"] | None = None) -> str:
    """Document tables: what a row is, the key, every column with type and null.

    Args:
        declared: Tables by name.
        known: Tables documented elsewhere: of theirs only the added columns are listed.
    """
    return "\n\n".join(_table(table, (known or {}).get(name)) for name, table in declared.items())


def formats() -> str:
    """Describe every reader: what it recognises, its token convention, what it cannot tell."""
    from traces.registry import discover

    readers = discover().values()
    overview = markdown_table(
        ("format", "what is read"), [(f"[{each.name}](#{each.name})", each.summary) for each in readers]
    )
    pages = (
        "\n".join((
            f"## {reader.name}",
            "",
            reader.summary,
            "",
            f"- **Written against** {'; '.join(reader.upstream)}",
            f"- **Tokens**: {reader.token_convention}",
            *(f"- **Fills `{table}`**: {', '.join(columns)}" for table, columns in reader.fills_by_table().items()),
            "- **Blind spots**",
            *(f"    - {spot}" for spot in reader.blind_spots),
        ))
        for reader in readers
    )  # fmt: skip
    return "\n\n".join((overview, *pages))


def curves() -> str:
    """Describe every curve: what it shows, where the definition comes from, its options."""
    from analyzer.curves.registry import discover

    pages = []
    for curve in discover().values():
        rows = [(f"`{option.name}`", choices(option.choices), option.doc) for option in curve.options]
        options = markdown_table(("option", "choices (the first is the default)", "meaning"), rows)
        pages.append(f"## {curve.name}\n\n{curve.summary}\n\nSource: {curve.source}\n\n{options}")
    return "\n\n".join(pages)


def frontiers() -> str:
    """List the definitions of the frontier."""
    from analyzer.frontier_kinds import KINDS

    return markdown_table(("kind", "definition"), [(f"`{name}`", words) for name, words in KINDS.items()])


def errors() -> str:
    """Draw the tree of errors with their exit codes and meaning."""
    from traces.errors import ReplayError

    rows = [(f"{'&emsp;' * depth}`{kind.__name__}`", str(kind.exit_code), first_line(kind)) for depth, kind in
            _descend(ReplayError, 0)]  # fmt: skip
    return markdown_table(("error", "exit code", "meaning"), rows)


def _table(table: "Table", known: "Table | None") -> str:
    inherited = {column.name for column in known.columns} if known else set()
    rows = [_row(column) for column in table.columns if column.name not in inherited]
    if not rows:
        return f"### priced {table.name}\n\nAs [{table.name}](#{table.name}): nothing is added."
    grid = markdown_table(("column", "type", "null", "meaning"), rows)
    if known:
        return f"### priced {table.name}\n\nThe columns of [{table.name}](#{table.name}), and:\n\n{grid}"
    key = f" Key: {', '.join(f'`{name}`' for name in table.key)}." if table.key else ""
    return f"### {table.name}\n\n{table.doc}{key}\n\n{grid}"


def _row(column: "Column") -> tuple[str, str, str, str]:
    values = "" if column.values is None else f" One of {choices(column.values)}."
    return f"`{column.name}`", _type(column.dtype), "" if column.nullable else "no", f"{column.doc}{values}"


def _type(dtype: object) -> str:
    return str(dtype).replace("Datetime(time_unit='us', time_zone='UTC')", "UTC time")


def _descend(kind: "type[ReplayError]", depth: int) -> Iterator[tuple[int, "type[ReplayError]"]]:
    yield depth, kind
    for child in kind.__subclasses__():
        yield from _descend(child, depth + 1)
