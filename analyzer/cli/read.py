"""``evalreplay read``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from analyzer.cli.options import force_option, read_options
from analyzer.cli.printing import progress_bar, say, say_warnings

if TYPE_CHECKING:
    from traces.store import Store

_SHOWN: Final = 5
_KINDS: Final = ("malformed", "contradiction", "duplicate", "unrecognised")


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
    from traces.read import read_traces

    with progress_bar() as progress:
        store = read_traces(paths, output, reading_from(options, is_forced=force), progress)
    say_warnings(store)
    say(f"{_counts(store)} in {output}")
    _say_rejects(store, output)


def _counts(store: "Store") -> str:
    """Count what was read; a total that stands for many calls is not one."""
    import polars as pl

    from analyzer.words import counted

    rows = store.manifest["rows"]
    n_totals = int(store.scan("calls").filter(pl.col("granularity") != "call").select(pl.len()).collect().item())
    counts = {"run": rows["runs"], "rollout": rows["rollouts"], "call": rows["calls"] - n_totals}
    counts |= {"call total": n_totals} if n_totals else {}
    kinds = store.table("rejects")["kind"].value_counts().sort("count", "kind", descending=[True, False])
    of = ", ".join(f"{n:,} {kind}" for kind, n in kinds.iter_rows())
    listed = [*(counted(n, name) for name, n in counts.items()), counted(rows["rejects"], "reject")]
    return ", ".join(listed) + (f" ({of})" if of else "")


def _say_rejects(store: "Store", output: Path) -> None:
    """Write the first rejects, those that cost data before those that only say what was no trace."""
    import polars as pl

    rejects = store.table("rejects")
    order = rejects["kind"].cast(pl.Enum(_KINDS), strict=False)
    for row in (
        rejects.with_columns(order.alias("kind")).sort("kind", maintain_order=True).head(_SHOWN).iter_rows(named=True)
    ):
        say(f"  {row['kind']}: {': '.join(filter(None, (row['source_path'], row['place'], row['reason'])))}")
    if rejects.height > _SHOWN:
        say(f"  ... and {rejects.height - _SHOWN:,} more: evalreplay sql {output} 'from rejects'")
