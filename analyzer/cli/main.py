"""The command line: names of commands, loaded one at a time; errors become two lines and an exit code."""

import sys
from typing import TYPE_CHECKING, Final

import click

from analyzer.cli.groups import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from traces.store import Store

COMMANDS: Final = {
    "demo": "Run the whole tour on the bundled figures and write a report.",
    "read": "Read raw traces into a store.",
    "show": "Show what a store holds: runs, attempts, tokens, dates, coverage, rejects.",
    "reprice": "Add cost and time to every call under a scenario.",
    "audit": "Compare recomputed with recorded dollars and scores, worst first.",
    "card": "Print the budget statement beside each score, ready to paste.",
    "curve": "Compute a curve: score against dollars, seconds, tokens or turns.",
    "frontier": "List the agents no other agent beats, per benchmark.",
    "tornado": "Say what moves a cost: every price and policy as a lever, or draws of prices.",
    "compare": "Say what lies between two costs: price, policy, mix, volume; and which conclusions flipped.",
    "history": "Price the same rollouts at every date: the cheapest cost of a score, the best agent, the frontier.",
    "report": "Write one self-contained HTML report.",
    "sql": "Ask a store a question in SQL.",
    "verify": "Hash the inputs again, recompute, say whether the numbers still hold.",
    "formats": "List the trace formats that can be read.",
    "curves": "List the curves, their options and their sources.",
    "prices": "List, compare, check and import prices; show those of a model with their sources.",
    "hardware": "What rented accelerators give and cost: list, fronts, ratios, break-even, fleets, checks.",
    "scenario": "Show a scenario resolved: every key, and what its names mean.",
}


_BUG: Final = 70


@click.group(
    cls=LazyGroup,
    package="analyzer.cli",
    names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="evalreplay", prog_name="evalreplay")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(*, debug: bool) -> None:
    """Replay AI-evaluation rollouts offline: read traces that exist, price them again, redraw the curves.

    Wherever a command takes a store it also takes raw traces, and reads them first.
    """


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 a check failed, 2 usage, 3 trace, 4 pricing, 5 analysis."""
    given = sys.argv[1:] if arguments is None else arguments
    opened: list[Store] = []
    try:
        main.main(given, prog_name="evalreplay", standalone_mode=False, obj=opened)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        asked = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "evalreplay"
        _explain(error.format_message(), f"see: {asked} --help")
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing was left half-written", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if "--debug" in given:
            raise
        sys.exit(_fail(error, opened))


def _fail(error: Exception, opened: "Sequence[Store]") -> int:
    """Say what went wrong; the exit code."""
    from analyzer.cli.failures import explained
    from traces.errors import ReplayError

    known = error if isinstance(error, ReplayError) else explained(error, opened)
    if known is None:
        _explain(f"{type(error).__name__}: {error}", "this is a bug: run again with --debug and report the traceback")
        return _BUG
    _explain(known.problem, known.hint)
    return known.exit_code


def _explain(problem: str, hint: str | None) -> None:
    click.echo(f"error: {problem.strip()}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)


if __name__ == "__main__":
    run()
