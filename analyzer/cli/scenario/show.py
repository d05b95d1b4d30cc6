"""``evalreplay scenario show``."""

from typing import Any

import click

from analyzer.cli.options import pricing_options
from analyzer.cli.printing import say_notes, to_json


@click.command("show")
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False), metavar="FILE")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@pricing_options
def command(path: str | None, *, is_json: bool, **options: Any) -> None:
    """Print a scenario resolved, as TOML: every key with its value, flags applied, and what its names mean.

    A key, model, provider or file that is not known is an error with the nearest that is (exit code 4).

    \b
    Examples:
        evalreplay scenario show today.toml
        evalreplay scenario show --book hal-harness --json
    """
    from pathlib import Path

    from analyzer.cli.options import scenario_from
    from analyzer.scenario import resolved
    from pricing.scenario import Scenario
    from pricing.scenario.text import to_toml

    if path is not None and options["scenario"] is not None:
        raise click.UsageError(f"{path} and -s {options['scenario']}: which one?")
    options["scenario"] = options["scenario"] or (Path(path) if path else None)
    found = resolved(scenario_from(options) or Scenario())
    if is_json:
        stated = found.scenario.model_dump(mode="json")
        parts = {"title": found.scenario.title, "scenario": stated, "notes": list(found.notes)}
        click.echo(to_json({**parts, "sources_sha256": found.sources}))
        return
    click.echo(to_toml(found.scenario), nl=False)
    say_notes(found.notes)
