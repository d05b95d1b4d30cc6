"""``evalreplay read``."""

from pathlib import Path
from typing import Any, Final

import click

from analyzer.cli.options import force_option, read_options
from analyzer.cli.printing import progress_bar, say, say_warnings

_SHOWN: Final = 5


@click.command("read")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the store.")
@click.option("--suggest-mapping", is_flag=True, help="Print a mapping to start from, for a plain table.")
@read_options
@force_option
def command(
    paths: tuple[Path, ...], output: Path | None, *, suggest_mapping: bool, force: bool, **options: Any
) -> None:
    """Read raw traces into a store.

    Formats are recognised by content; folders are walked; .gz and .zst are opened. Reading again into the same store
    parses only what changed. What is found twice is read once, and the copies are listed in the table rejects: a
    duplicate is never an error.

    \b
    Examples:
        evalreplay read runs/ results.json -o store/
        evalreplay read calls.csv --suggest-mapping > mapping.toml
        evalreplay read calls.csv --mapping mapping.toml -o store/
    """
    if suggest_mapping:
        from traces.plain.suggest import suggest_mapping as suggest

        click.echo("\n".join(suggest(path) for path in paths), nl=False)
        return
    if output is None:
        raise click.UsageError("where to? give -o STORE")
    from analyzer.cli.options import reading_from
    from analyzer.words import counted
    from traces.read import read_traces

    with progress_bar() as progress:
        store = read_traces(paths, output, reading_from(options, is_forced=force), progress)
    say_warnings(store)
    rows = store.manifest["rows"]
    say(", ".join(counted(rows[f"{name}s"], name) for name in ("run", "rollout", "call", "reject")) + f" in {output}")
    for row in store.table("rejects").head(_SHOWN).iter_rows(named=True):
        say(f"  {row['kind']}: {': '.join(filter(None, (row['source_path'], row['place'], row['reason'])))}")
    if rows["rejects"] > _SHOWN:
        say(f"  ... and {rows['rejects'] - _SHOWN:,} more in the table rejects: evalreplay show {output}")
