"""Options that several commands share, each group as one decorator."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from analyzer.cli.dates import DateType
from analyzer.frontier_kinds import KINDS

if TYPE_CHECKING:
    from pricing.scenario import Scenario
    from traces.read import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])
SUFFIXES: Final = (".png", ".svg", ".pdf")
"""Figures that can be written (``analyzer.figures.save``)."""
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_ROLE: Final = click.Choice(["agent", "user", "judge", "other"])
_ON_ERROR: Final = click.Choice(["stop", "skip"])
_PRICING: Final = (
    "scenario", "as_of", "books", "prices", "cache", "batch_frac", "turnaround_s", "service_tier", "region",
    "unlisted_tiers", "host", "priced_as", "hardware", "gpu_hours", "allow_estimate",
    "roles",
)  # fmt: skip
_READING: Final = ("format_name", "mapping", "task_map", "benchmark_name", "on_error")
_CHOICES: Final = ("password", "scorer")


def stacked(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Join options to one decorator, in the order they are listed."""

    def decorate(command: F) -> F:
        return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)

    return decorate


sources_argument = click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="STORE..."
)
"""A store, a priced store, or raw traces."""

output_options = stacked(
    click.option("--json", "style", flag_value="json", help="Print JSON."),
    click.option("--csv", "style", flag_value="csv", help="Print CSV."),
)


def _figure_of(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file that no figure can be written to before anything is worked out."""
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(
            f"{path}: no figures of type {path.suffix or 'without suffix'}: use {', '.join(SUFFIXES)}"
        )
    return path


figure_option = click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_figure_of,
    help="Draw it: a file ending in .png, .svg or .pdf.",
)
kind_option = click.option(
    "--kind", type=click.Choice(list(KINDS)), default="staircase", show_default=True, help="Definition of the frontier."
)
tasks_option = click.option(
    "--tasks",
    type=click.Choice(["own", "common"]),
    default="own",
    show_default=True,
    help="Tasks compared: all an agent attempted, or those every agent attempted.",
)
force_option = click.option("--force", is_flag=True, help="Replace what is there.")

benchmark_option = click.option("--benchmark", multiple=True, help="Only this benchmark (may be repeated).")
benchmark_options = stacked(
    benchmark_option,
    click.option("--facet", is_flag=True, help="Also write one figure per benchmark."),
)

_scenario_option = click.option("-s", "--scenario", type=FILE, help="Scenario file (TOML).")
_as_of_option = click.option(
    "--as-of",
    type=DateType(recorded="the day of each call"),
    metavar="DATE",
    help="Prices in force on this day; default: the day of each call.",
)
_how_options = stacked(
    click.option(
        "--book", "books", multiple=True, metavar="NAME", help="Price book: list, or a named one (repeatable)."
    ),
    click.option("--prices", multiple=True, type=FILE, help="Price file of your own; it wins (may be repeated)."),
    click.option("--cache", type=click.Choice(["as_recorded", "none", "upper_bound"]), help="Use of the prompt cache."),
    click.option(
        "--batch", "batch_frac", type=click.FloatRange(0, 1), metavar="SHARE", help="Share of calls in batches."
    ),
    click.option("--turnaround", "turnaround_s", type=float, metavar="SECONDS", help="What a batch takes, per turn."),
    click.option("--service-tier", metavar="TIER", help="Tier every call is billed at."),
    click.option("--region", metavar="REGION", help="Region every call is billed in."),
    click.option(
        "--unlisted-tiers", type=click.Choice(["unknown", "half"]), help="half: batch, flex cost half if not listed."
    ),
    click.option(
        "--host", multiple=True, metavar="[MODEL=]HOST", help="Who bills a model of open weights (repeatable)."
    ),
    click.option("--priced-as", multiple=True, metavar="MODEL=OTHER", help="The same tokens at another model."),
    click.option(
        "--hardware", multiple=True, metavar="MODEL=GPU,KEY=VALUE...", help="Run a model on accelerators (repeatable)."
    ),
    click.option("--gpu-hours", metavar="TIER", help="What accelerator-hours of charges cost: a tier, or USD an hour."),
    click.option("--allow-estimate", is_flag=True, default=None, help="Let a deployment rest on more than its rows."),
    click.option("--role", "roles", multiple=True, type=_ROLE, help="Count only this role (may be repeated)."),
)
pricing_options = stacked(_scenario_option, _as_of_option, _how_options)
"""Say how to price; ``scenario_from`` takes them."""

undated_pricing_options = stacked(_scenario_option, _how_options)
"""The same where every date is priced."""


book_options = stacked(
    click.option("--book", default="list", show_default=True, metavar="NAME", help="Price book: list, or a named one."),
    click.option("--prices", "files", multiple=True, type=FILE, help="Price file of your own (may be repeated)."),
)

verifying_options = stacked(
    click.option("--format", "format", metavar="NAME", help="Read only this format; default: as it was read."),
    click.option("--mapping", type=FILE, help="Mapping of plain tables; default: the one it was read with."),
    click.option("--benchmark-name", "benchmark", metavar="NAME", help="Name of the benchmark; default: as then."),
    click.option("--scorer", metavar="NAME", help="Scorer that counts, of several; default: as then."),
    click.option("--password", metavar="WORD", help="Opens encrypted files; default: their publisher's own."),
)

_reading_options = stacked(
    click.option("--format", "format_name", metavar="NAME", help="Read only this format; default: by content."),
    click.option("--mapping", type=FILE, help="Mapping (TOML) for plain tables."),
    click.option("--task-map", type=FILE, help="CSV of one name for tasks that sources name differently."),
    click.option("--benchmark-name", metavar="NAME", help="Name of the benchmark, where the trace does not say."),
    click.option("--on-error", type=_ON_ERROR, default="stop", show_default=True, help="skip: list it, go on."),
    click.option("--password", metavar="WORD", help="Opens encrypted files; default: their publisher's own."),
    click.option("--jobs", type=click.IntRange(min=1), help="Processes to read in; default: one per processor."),
)  # fmt: skip


def _scorer_option(*names: str) -> Callable[[F], F]:
    return click.option(*names, "scorer", metavar="NAME", help="Scorer that counts, of several; default: the first.")


reading_options = stacked(_reading_options, _scorer_option("--scorer"))
"""For commands that read on their way: some have a ``--score`` of their own."""
read_options = stacked(_reading_options, _scorer_option("--scorer", "--score"))


def scenario_from(options: dict[str, Any]) -> "Scenario | None":
    """Take the pricing options, or those a command has, out of its options; null: none was given."""
    from analyzer.session import books_folder
    from pricing.scenario import load_scenario

    chosen = {name: options.pop(name, None) for name in _PRICING}
    given = {key: value for key, value in chosen.items() if value not in (None, ())}
    if not given:
        return None
    path = given.pop("scenario", None)
    return load_scenario(path, book_folders=[books_folder()], **_nested(given))


def _nested(given: dict[str, Any]) -> dict[str, Any]:
    """Turn the flags into keys of a scenario."""
    share, turnaround_s = given.pop("batch_frac", None), given.pop("turnaround_s", None)
    if turnaround_s is not None and share is None:
        raise click.UsageError("--turnaround without --batch: what share of the calls goes in batches?")
    if share is not None:
        given["batch"] = {"share_frac": share, "turnaround_s": turnaround_s}
    if "host" in given:
        pairs = [text.rpartition("=") for text in given.pop("host")]
        given["hosts"] = {model or "*": host for model, _, host in pairs}
    if "priced_as" in given:
        given["substitute"] = [_substitute(text) for text in given.pop("priced_as")]
    if "gpu_hours" in given:
        given["gpu_hours"] = _gpu_hours(given["gpu_hours"])
    if "hardware" in given:
        given["hardware"] = dict(_deployment(text) for text in given.pop("hardware"))
    return given


def _gpu_hours(text: str) -> dict[str, str]:
    """Price of an hour: USD, or a tier of the table."""
    is_number = text.replace(".", "", 1).lstrip("-").isdigit()
    return {"usd_per_gpu_hour" if is_number else "price_tier": text}


def _deployment(text: str) -> tuple[str, dict[str, str]]:
    """Deployment of ``MODEL=GPU,KEY=VALUE...``."""
    model, equals, stated = text.rpartition("=") if "," not in text else text.partition(",")[0].rpartition("=")
    accelerator, *keys = [stated, *text.split(",")[1:]]
    pairs = [key.partition("=")[::2] for key in keys]
    if not equals or not model or not all(name and value for name, value in pairs):
        raise click.UsageError(f"--hardware {text}: write --hardware MODEL=GPU,concurrency=N (keys: docs/hardware.md)")
    return model, {"accelerator": accelerator, **dict(pairs)}


def _substitute(text: str) -> dict[str, str]:
    model, equals, other = text.partition("=")
    if not equals or not model or not other:
        raise click.UsageError(f"--priced-as {text}: write --priced-as MODEL=OTHER")
    return {"model": model, "to": other}


def reading_from(options: dict[str, Any], *, is_forced: bool = False) -> "ReadOptions":
    """Take the reading options out of a command's."""
    from traces.read import ReadOptions
    from traces.registry import Choices

    name, mapping, task_map, benchmark, on_error = (options.pop(name) for name in _READING)
    choices = Choices(**{name: options.pop(name) for name in _CHOICES})
    jobs = options.pop("jobs") or os.cpu_count() or 1
    return ReadOptions(name, mapping, task_map, benchmark, on_error, is_forced=is_forced, choices=choices, jobs=jobs)
