"""Attempts before they become rows: trials with the trajectories beside them, or trajectories that have no trial."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from traces.document import read_document
from traces.files import peek
from traces.readers.harbor.calls import Document
from traces.readers.harbor.file import AgentInfo, ModelInfo, Step, Trajectory, TrajectoryAgent, Trial
from traces.readers.harbor.group import is_trial
from traces.readers.harbor.usage import documents as nested
from traces.registry import Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import digest


@dataclass(frozen=True, slots=True)
class Attempt:
    """A trial and the files its trajectories lie in, or trajectories alone, which are read already."""

    key: str
    trial: Trial
    file: SourceFile
    beside: tuple[SourceFile, ...] = ()
    documents: tuple[Document, ...] = ()

    @property
    def agent(self) -> AgentInfo:
        """Agent of the trial."""
        return self.trial.agent_info or AgentInfo()

    @property
    def model(self) -> ModelInfo:
        """Model of the agent, as the trial names it or else its settings."""
        config = self.trial.config.agent if self.trial.config else None
        named = config.model_name if config else None
        return self.agent.model_info or model_info(named)

    @property
    def run_key(self) -> tuple[str, ...]:
        """What attempts of one run share."""
        agent, model = self.agent, self.model
        parts = (self.trial.source, agent.name, agent.version, model.provider, model.name)
        return tuple(part or "" for part in parts)


def model_info(named: str | None) -> ModelInfo:
    """Provider and name of a model as LiteLLM writes them together."""
    prefix, slash, name = (named or "").partition("/")
    return ModelInfo(name, prefix) if slash else ModelInfo(named)


def attempts(source: Source, log: RejectLog) -> list[Attempt]:
    """Find the attempts of a unit; a trial that lies there twice is listed and left out.

    Raises:
        MalformedTraceError: at the first file that cannot be read, if the log stops on errors.
    """
    results = {file for file in source.files if is_trial(peek(file.path))}
    others = [file for file in source.files if file not in results]
    homes = {file.path.parent for file in results}
    beside: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in others:
        beside[next((folder for folder in file.path.parents if folder in homes), Path())].append(file)
    found: dict[str, Attempt] = {}
    for file in sorted(results, key=lambda file: file.name):
        for attempt in _of_trial(file, tuple(beside[file.path.parent]), log):
            first = found.setdefault(attempt.key, attempt)
            if first is not attempt:
                log.duplicate(file.name, "", first.file.name, f"the same trial {attempt.key}")
    if not results:
        for attempt in _alone(others, log):
            first = found.setdefault(attempt.key, attempt)
            if first is not attempt:
                log.duplicate(attempt.file.name, "", first.file.name, f"the same trajectory {attempt.key}")
    return list(found.values())


def _of_trial(file: SourceFile, beside: tuple[SourceFile, ...], log: RejectLog) -> Iterator[Attempt]:
    read = read_document(file, Trial, log)
    if read is None:
        return
    for number, trial in enumerate([read] if read.trial_results is None else read.trial_results):
        if trial.task_name is None:
            log.malformed(file.name, f"trial {number}", "no task_name: an attempt at no task")
            continue
        key = trial.id or digest([repr((trial.task_name, trial.trial_name, trial.started_at, trial.finished_at))])
        yield Attempt(key, trial, file, beside)


def _alone(files: Sequence[SourceFile], log: RejectLog) -> Iterator[Attempt]:
    """Trajectories without a trial: those of one folder that name each other are one attempt."""
    folders: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        folders[file.path.parent].append(file)
    for members in folders.values():
        read = [(file, read_document(file, Trajectory, log)) for file in members]
        documents = [Document(file, trajectory) for file, trajectory in read if trajectory is not None]
        for linked in _linked(documents):
            yield _of_trajectories(linked)


def _of_trajectories(linked: Sequence[Document]) -> Attempt:
    root = linked[0].trajectory
    agent = root.agent or TrajectoryAgent()
    content = digest([repr(_told(document.trajectory)) for document in linked])
    name = root.session_id or root.trajectory_id or content
    info = AgentInfo(agent.name, agent.version, model_info(agent.model_name))
    return Attempt(f"{name} {content}", Trial(task_name=name, agent_info=info), linked[0].file, (), tuple(linked))


def _told(trajectory: Trajectory) -> tuple[object, ...]:
    """What tells a trajectory from others: its names, and the stamps and sizes of its steps."""
    steps = [(step.timestamp, step.metrics.prompt_tokens if step.metrics else None) for step in trajectory.steps or ()]
    return trajectory.session_id, trajectory.trajectory_id, steps


def _linked(documents: Sequence[Document]) -> list[list[Document]]:
    """Put documents that name or embed each other together, the one that nobody names first."""
    by_name = {document.file.path.name: document for document in documents}
    by_id = {document.trajectory.trajectory_id: name for name, document in by_name.items()}
    named = {name: _targets(document.trajectory, by_name, by_id) for name, document in by_name.items()}
    targets = {target for name, names in named.items() for target in names if target != name}
    roots = [name for name in by_name if name not in targets] or list(by_name)[:1]
    taken: set[str] = set()
    groups = [[by_name[name] for name in _reached(root, named, taken)] for root in roots]
    groups += [[by_name[name]] for name in by_name if name not in taken]
    return [group for group in groups if group]


def _targets(trajectory: Trajectory, by_name: Mapping[str, Document], by_id: Mapping[str | None, str]) -> list[str]:
    """Names of the files there are of what a trajectory goes on in, leaves work to, or embeds."""
    _, *embedded = nested(trajectory)
    ids = [part.trajectory_id for part in embedded if part.trajectory_id is not None]
    return [name for name in _names(trajectory) if name in by_name] + [by_id[key] for key in ids if key in by_id]


def _reached(name: str, named: dict[str, list[str]], taken: set[str]) -> Iterator[str]:
    waiting = [name]
    while waiting:
        current = waiting.pop(0)
        if current not in taken:
            taken.add(current)
            yield current
            waiting += named[current]


def _names(trajectory: Trajectory) -> Iterator[str]:
    """Names of the files a trajectory goes on in, or leaves work to."""
    if trajectory.continued_trajectory_ref:
        yield PurePosixPath(trajectory.continued_trajectory_ref).name
    for step in trajectory.steps or ():
        yield from _step_names(step)


def _step_names(step: Step) -> Iterator[str]:
    for result in (step.observation.results or ()) if step.observation else ():
        references = result.subagent_trajectory_ref
        for reference in references if isinstance(references, list) else [references]:
            if reference is not None and reference.trajectory_path:
                yield PurePosixPath(reference.trajectory_path).name
