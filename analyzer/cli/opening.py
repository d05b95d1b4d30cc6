"""From what a command was given to the store it asks: read and priced on the way, with a progress bar."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import reading_from, scenario_from
from analyzer.cli.printing import progress_bar, say, say_warnings

if TYPE_CHECKING:
    from traces.store import Store


def open_traces(sources: Sequence[Path], options: dict[str, Any] | None = None) -> "Store":
    """Open a store, or read raw traces; takes the reading options, if any, out of a command's."""
    from analyzer.session import as_store

    with progress_bar() as progress:
        store = _noted(as_store(sources, reading_from(options) if options else None, progress))
    say_warnings(store)
    return store


def open_priced(sources: Sequence[Path], options: dict[str, Any]) -> "Store":
    """Open a priced store, or read and price; takes the reading and pricing options out of a command's."""
    from analyzer.session import as_priced

    scenario = scenario_from(options)
    store = open_traces(sources, options)
    with progress_bar() as progress:
        return _noted(as_priced(store, scenario, progress=progress))


def say_scenario(store: "Store") -> None:
    """Say under which scenario the figures of a store were priced, where it is not the plain recorded one."""
    for note in scenario_notes_of(store):
        say(f"note: {note}")


def scenario_notes_of(store: "Store") -> tuple[str, ...]:
    """Scenario and deployments of a store in words; nothing where it is not priced, or plainly as recorded."""
    from analyzer.scenario import deployment_notes, scenario_notes
    from pricing.priced_store import scenario_of

    if store.manifest.get("kind") != "priced":
        return ()
    return (*scenario_notes(scenario_of(store)), *deployment_notes(store.manifest))


def _noted(store: "Store") -> "Store":
    """Let the command line know which stores were opened, should one turn out to be damaged."""
    context = click.get_current_context(silent=True)
    if context is not None and isinstance(context.obj, list):
        context.obj.append(store)
    return store
