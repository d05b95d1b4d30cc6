"""Files of a Harbor job as one unit; trajectories that belong to no trial as one unit of each input."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from traces.files import peek
from traces.registry import Peek, Source, SourceFile

_TRIAL = (b'"task_name"', b'"trial_name"', b'"agent_info"')


def is_trial(seen: Peek) -> bool:
    """Recognise a trial result by its keys, at either end, as its settings may be long."""
    both = seen.start + seen.end
    return all(key in both for key in _TRIAL) and (b'"agent_result"' in both or b'"task_checksum"' in both)


def is_trajectory(seen: Peek) -> bool:
    """Recognise an ATIF document by its version."""
    return b'"ATIF-v1' in seen.start and b'"schema_version"' in seen.start


def is_job(seen: Peek) -> bool:
    """Recognise the result of a job, whose trials lie in files of their own."""
    both = seen.start + seen.end
    return b'"n_total_trials"' in both and b'"stats"' in both


def group(files: Sequence[SourceFile], companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put the trials of one folder into a unit with their trajectories, the other trajectories into one by input."""
    trials = [file for file in files if is_trial(peek(file.path))]
    homes = {file.path.parent: file for file in trials}
    jobs: dict[Path, list[SourceFile]] = defaultdict(list)
    alone: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        home = next((folder for folder in file.path.parents if folder in homes), None)
        if home is None:
            alone[file.name.split("/")[0]].append(file)
        else:
            jobs[home.parent].append(file)
    for folder, members in sorted(jobs.items()):
        beside = tuple(file for file in companions if file.path.parent == folder)
        yield Source(_name(members, folder), tuple(members), beside)
    for members in alone.values():
        yield Source(_name(members, None), tuple(members))


def _name(members: Sequence[SourceFile], folder: Path | None) -> str:
    """Name a unit by the folder it lies in, or by its first file."""
    first = members[0]
    parts = Path(first.name).parts
    depth = len(first.path.relative_to(folder).parts) if folder is not None else len(parts) - 1
    return "/".join(parts[:-depth]) if 0 < depth < len(parts) else first.name
