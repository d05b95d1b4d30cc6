"""The fields of a tau2-bench results file that a replay needs, as msgspec reads them; all text is skipped."""

from typing import Annotated, Any

import msgspec

from traces.decode import BROKEN, Count, UndecodableError, decode, is_cut
from traces.files import content
from traces.registry import SourceFile
from traces.rejects import RejectLog
from traces.usage import Usage

Dollars = Annotated[float, msgspec.Meta(ge=0)]


class RawData(msgspec.Struct, gc=False):
    """What the model API returned: the whole response in newer files, its first choice in older ones."""

    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None


class Message(msgspec.Struct, gc=False):
    """One message."""

    role: str | None = None
    timestamp: str | None = None
    generation_time_seconds: float | None = None
    cost: float | None = None
    usage: Usage | None = None
    raw_data: RawData | None = None


class RewardInfo(msgspec.Struct):
    """The score and its factors."""

    reward: float | None = None
    reward_breakdown: dict[str, float | None] | None = None


class Simulation(msgspec.Struct):
    """One attempt at a task. ``trial`` is unset where the file is cut off before it."""

    id: str | None = None
    task_id: str | int | None = None
    trial: int | msgspec.UnsetType | None = msgspec.UNSET
    start_time: str | None = None
    end_time: str | None = None
    duration: float | None = None
    termination_reason: str | None = None
    agent_cost: Dollars | None = None
    user_cost: Dollars | None = None
    reward_info: RewardInfo | None = None
    messages: list[Message] | None = None


class Participant(msgspec.Struct):
    """Agent or user simulator: its program, its model as LiteLLM is told it, its settings."""

    implementation: str | None = None
    llm: str | None = None
    llm_args: dict[str, Any] | None = None


class Environment(msgspec.Struct):
    """The domain."""

    domain_name: str | None = None


class Info(msgspec.Struct):
    """Settings of the run."""

    git_commit: str | None = None
    num_trials: Count = None
    max_steps: Count = None
    max_errors: Count = None
    seed: Count = None
    retrieval_config: str | None = None
    agent_info: Participant | None = None
    user_info: Participant | None = None
    environment_info: Environment | None = None


class InitialState(msgspec.Struct):
    """State a task starts from, perhaps in the middle of a conversation."""

    message_history: list[Message] | None = None


class Task(msgspec.Struct):
    """One task."""

    id: str | int | None = None
    initial_state: InitialState | None = None


class Indexed(msgspec.Struct):
    """What a results file says of a simulation that has a file of its own."""

    id: str | None = None
    task_id: str | int | None = None
    trial: int | None = None
    reward: float | None = None
    termination_reason: str | None = None
    agent_cost: Dollars | None = None
    duration: float | None = None

    def simulation(self) -> Simulation:
        """Give the simulation, as far as it is told here."""
        return Simulation(
            self.id, self.task_id, self.trial, duration=self.duration, termination_reason=self.termination_reason,
            agent_cost=self.agent_cost, reward_info=RewardInfo(self.reward),
        )  # fmt: skip


class Results(msgspec.Struct):
    """One results file. The index is there where simulations lie in files of their own."""

    info: Info | None = None
    tasks: list[Task] | None = None
    simulations: list[Simulation] | None = None
    simulation_index: list[Indexed] | None = None


def read_results(file: SourceFile, log: RejectLog) -> Results | None:
    """Read a results file; None if nothing of it can be read.

    A simulation in which a broken file is cut off is left out: its messages, and so its cost, are not all there.

    Raises:
        MalformedTraceError: at the first thing that cannot be read, if the log stops on errors.
        TraceError: if the file cannot be opened.
    """
    try:
        with content(file.path) as raw:
            results, problems = decode(raw, Results)
    except UndecodableError as error:
        log.malformed(file.name, "document", str(error))
        return None
    cut_in = _drop_cut(results) if is_cut(problems) else "document"
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, *((cut_in, problem) if place == BROKEN else (place, reason)))
    if not results.simulations and results.simulation_index is None:
        log.malformed(file.name, "simulations", "no simulation in it")
    return results


def _drop_cut(results: Results) -> str:
    """Leave out the simulation the file is cut off in, and name it; the document, where it is cut off in none."""
    simulations = results.simulations or []
    if not simulations or simulations[-1].trial is not msgspec.UNSET:
        return "document"
    simulations.pop()
    return f"simulations[{len(simulations)}]"
