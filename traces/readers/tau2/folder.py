"""Runs of tau2-bench whose simulations lie in files of their own, in a folder beside the results."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from traces.document import read_document
from traces.files import peek
from traces.readers.tau2.file import Results, Simulation, read_results
from traces.registry import Peek, Source, SourceFile
from traces.rejects import RejectLog

_FIRST: Final = re.compile(rb'\{\s*"(?:id|task_id)"\s*:')
_KEYS: Final = (b'"task_id"', b'"start_time"', b'"termination_reason"', b'"agent_cost"')


def is_simulation(seen: Peek) -> bool:
    """Recognise a simulation alone by its first keys."""
    start = seen.start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return _FIRST.match(start) is not None and all(key in start for key in _KEYS)


def group(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put simulations with the results one folder up, or into one unit where these are not there."""
    folders: dict[str, list[SourceFile]] = defaultdict(list)
    documents = []
    for file in files:
        if is_simulation(peek(file.path)):
            folders[str(file.path.parent.parent)].append(file)
        else:
            documents.append(file)
    for file in documents:
        yield Source(file.name, (file, *folders.pop(str(file.path.parent), ())))
    for members in folders.values():
        yield Source(members[0].name, tuple(members))


def read_run(files: Sequence[SourceFile], log: RejectLog) -> tuple[Results | None, list[tuple[str, Simulation]]]:
    """Read a run with its simulations, each with its place; null if nothing of it can be read.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
        TraceError: if a file cannot be opened.
    """
    first, alone = files[0], [file for file in files if is_simulation(peek(file.path))]
    results = Results() if first in alone else read_results(first, log)
    if results is None:
        return None, []
    placed = [(f"simulations[{number}]", each) for number, each in enumerate(results.simulations or ())]
    for file in sorted(alone, key=lambda file: file.name):
        simulation = read_document(file, Simulation, log)
        placed += [] if simulation is None else [(file.path.name, simulation)]
    placed += _indexed(results, {simulation.id for _, simulation in placed}, first, log)
    results.simulations = [simulation for _, simulation in placed]
    return results, placed


def _indexed(
    results: Results, known: set[str | None], file: SourceFile, log: RejectLog
) -> list[tuple[str, Simulation]]:
    """Simulations of the index whose files are not there."""
    index = enumerate(results.simulation_index or ())
    missing = [(f"simulation_index[{number}]", entry) for number, entry in index if entry.id not in known]
    if missing:
        log.contradiction(file.name, "simulation_index", f"{len(missing)} simulations in it have no file: no calls")
    return [(place, entry.simulation()) for place, entry in missing]
