"""Stirrup caches (state.json): the messages of an agent and of those it called, each answer with its tokens."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import xxhash

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import Count, UndecodableError, decode, is_cut, whole
from traces.errors import TraceError
from traces.files import content, printable
from traces.registry import Batch, Peek, Reader, Source, SourceFile
from traces.rejects import RejectLog
from traces.rows import frame_of
from traces.schema import CALLS, ROLLOUTS, RUNS

_START: Final = re.compile(rb'\s*\{\s*"msgs"\s*:\s*\[')
_HISTORY: Final = re.compile(rb'"(full_msg_history|task_hash)"\s*:')
_MOST_NESTED: Final = 20

Row = dict[str, Any]


class TokenUsage(msgspec.Struct):
    """Tokens of one answer: ``answer`` was called ``output`` before, and never held the reasoning."""

    input: Count = None
    answer: Count = None
    output: Count = None
    reasoning: Count = None


class ModelSpeed(msgspec.Struct):
    """How long the call took, and of which model."""

    model_slug: str | None = None
    llm_call_duration_seconds: float | None = None


class Message(msgspec.Struct):
    """One message; its content is skipped."""

    role: str | None = None
    id: str | None = None
    token_usage: TokenUsage | None = None
    model_speed: ModelSpeed | None = None


class State(msgspec.Struct):
    """One cache. Metadata of tools holds the messages of agents that were called as tools."""

    msgs: list[Message] | None = None
    full_msg_history: list[list[Message]] | None = None
    run_metadata: Any = None
    run_metadata_by_turn: Any = None
    task_hash: str | None = None
    timestamp: str | None = None
    agent_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One cache: an attempt of an agent at a task; its own answers in order, then those of agents it called."""

    path: str
    task_id: str
    ended_at: datetime | None
    is_zone_assumed: bool
    agent: str | None
    model: str | None
    answers: tuple[Message, ...]
    n_own: int


def sniff(peek: Peek) -> bool:
    """Recognise a cache by the messages it begins with and the keys that follow them."""
    return _START.match(peek.start.removeprefix(b"\xef\xbb\xbf")) is not None and (
        _HISTORY.search(peek.start) is not None or _HISTORY.search(peek.end) is not None
    )


def group_caches(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Put the caches of one folder, which lie in a folder each, into one unit."""
    by_folder: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        by_folder[file.path.parent.parent].append(file)
    for own in by_folder.values():
        parts = Path(own[0].name).parts
        yield Source(str(Path(*parts[:-2])) if len(parts) > 2 else own[0].name, tuple(own))  # noqa: PLR2004


def parse(source: Source, log: RejectLog) -> Iterator[Batch]:
    """Map caches to a run per agent and model, one after the other."""
    groups: dict[tuple[str | None, str | None], list[_Attempt]] = defaultdict(list)
    for file in source.files:
        attempt = _read(file, log)
        if attempt is not None:
            groups[attempt.agent, attempt.model].append(attempt)
    for attempts in groups.values():
        yield _tables(attempts, source.name, log)


def _read(file: SourceFile, log: RejectLog) -> _Attempt | None:
    try:
        with content(file.path) as raw:
            state, problems = decode(raw, State)
    except (UndecodableError, TraceError) as error:
        log.malformed(file.name, "document", str(error).removeprefix(f"{file.path}: "))
        return None
    for problem in problems:
        place, _, reason = problem.partition(": ")
        log.malformed(file.name, *((place, reason) if " " not in place else ("document", problem)))
    own, called = _answers(state, file.name, log)
    answers = (*own, *called)
    if not state.task_hash:
        if not is_cut(problems):
            log.malformed(file.name, "task_hash", "no task_hash: an attempt at no task")
        return None
    ended_at, is_assumed = _moment(state.timestamp, file.name, log)
    named = [one.model_speed.model_slug for one in answers if one.model_speed and one.model_speed.model_slug]
    model = max(sorted(set(named)), key=named.count, default=None)
    agent = printable(state.agent_name) if state.agent_name else None
    task_id = printable(state.task_hash)
    return _Attempt(file.name, task_id, ended_at, is_assumed, agent, model and printable(model), answers, len(own))


def _answers(state: State, path: str, log: RejectLog) -> tuple[list[Message], list[Message]]:
    """Give every answer once: the agent's own, over all stretches of its context, and those of agents it called."""
    own = [*(state.full_msg_history or ()), state.msgs or []]
    called = [*_called(state.run_metadata, path, log), *_called(state.run_metadata_by_turn, path, log)]
    seen: set[str] = set()
    return list(_once(own, seen)), list(_once(called, seen))


def _once(stretches: Sequence[Sequence[Message]], seen: set[str]) -> Iterator[Message]:
    for message in (message for stretch in stretches for message in stretch):
        if message.role == "assistant" and not (message.id and message.id in seen):
            seen |= {message.id} if message.id else set()
            yield message


def _called(metadata: Any, path: str, log: RejectLog, depth: int = 0) -> Iterator[list[Message]]:
    """Find the messages of agents called as tools, and of those they called."""
    if depth > _MOST_NESTED:
        log.malformed(path, "run_metadata", f"agents called more than {_MOST_NESTED} deep")
    elif isinstance(metadata, dict | list):
        if isinstance(metadata, dict) and "message_history" in metadata:
            try:
                yield from msgspec.convert(metadata["message_history"], list[list[Message]], strict=False)
            except msgspec.ValidationError as error:
                log.malformed(path, "run_metadata", f"message_history: {error}")
        for name, part in metadata.items() if isinstance(metadata, dict) else enumerate(metadata):
            if name != "message_history":
                yield from _called(part, path, log, depth + 1)


def _moment(stamp: str | None, path: str, log: RejectLog) -> tuple[datetime | None, bool]:
    try:
        moment = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        log.malformed(path, "timestamp", f"{stamp!r} is not a time")
        return None, False
    is_assumed = moment is not None and moment.tzinfo is None
    return (moment.replace(tzinfo=UTC) if moment is not None and is_assumed else moment), is_assumed


def _tables(attempts: Sequence[_Attempt], source_path: str, log: RejectLog) -> Batch:
    told = sorted(f"{one.task_id} {one.ended_at} {len(one.answers)}" for one in attempts)
    run_id = f"stirrup-{xxhash.xxh3_128_hexdigest(chr(10).join(told).encode())[:12]}"
    rollouts: list[Row] = []
    calls: list[Row] = []
    seen: dict[tuple[object, ...], _Attempt] = {}
    number: dict[str, int] = defaultdict(int)
    for one in sorted(attempts, key=lambda attempt: (attempt.task_id, str(attempt.ended_at), attempt.path)):
        first = seen.setdefault((one.task_id, one.ended_at, len(one.answers)), one)
        if first is not one:
            log.duplicate(one.path, "", first.path, "the same cache")
            continue
        key = {"run_id": run_id, "rollout_id": f"{run_id}/{one.task_id}/{number[one.task_id]}", PATH_COLUMN: one.path}
        own = [key | _call_row(one, index, key["rollout_id"]) for index in range(len(one.answers))]
        timed = [answer.model_speed.llm_call_duration_seconds for answer in one.answers if answer.model_speed]
        known_s = [seconds for seconds in timed if seconds]
        rollouts.append(key | {
            PLACE_COLUMN: "", "task_id": one.task_id, "attempt": number[one.task_id], "ended_at": one.ended_at,
            "is_tz_assumed": one.is_zone_assumed, "n_calls": len(own),
            "model_s": sum(known_s) if len(known_s) == len(own) else None,
        })  # fmt: skip
        calls += own
        number[one.task_id] += 1
    run = _run_row(run_id, attempts[0], source_path)
    tables = {"runs": frame_of(RUNS, [run]), "rollouts": frame_of(ROLLOUTS, rollouts)}
    tables["tasks"] = tables["rollouts"].select("task_id").unique(maintain_order=True)
    return tables | ({"calls": frame_of(CALLS, calls)} if calls else {})


def _run_row(run_id: str, one: _Attempt, source_path: str) -> Row:
    named = " + ".join(filter(None, ("Stirrup", one.agent, one.model)))
    return {
        "run_id": run_id, "scaffold": " ".join(filter(None, ("Stirrup", one.agent))), "model": one.model,
        "agent": named, "source_format": "stirrup", "source_path": source_path,
    }  # fmt: skip


def _call_row(attempt: _Attempt, index: int, rollout_id: str) -> Row:
    """One answer; counts that are all 0 are what is written where the provider told none."""
    answer = attempt.answers[index]
    usage, speed = answer.token_usage or TokenUsage(), answer.model_speed or ModelSpeed()
    spoken = whole(usage.answer if usage.answer is not None else usage.output)
    reasoning, sent = whole(usage.reasoning), whole(usage.input)
    is_told = any((sent, spoken, reasoning))
    seconds = speed.llm_call_duration_seconds or None
    return {
        PLACE_COLUMN: f"answer {index}", "call_index": index if index < attempt.n_own else None,
        "call_id": printable(answer.id) if answer.id else f"{rollout_id}#{index}",
        "model": speed.model_slug and printable(speed.model_slug), "latency_s": seconds,
        "time_basis": "measured" if seconds else None, "input_tokens": sent if is_told else None,
        "output_tokens": (spoken or 0) + (reasoning or 0) if is_told else None,
        "reasoning_tokens": reasoning if is_told else None,
    }  # fmt: skip


READER = Reader(
    name="stirrup",
    summary="Stirrup caches: state.json of an agent's attempt, its answers and those of agents it called.",
    upstream=("ArtificialAnalysis/Stirrup 0.1 (core/cache.py, core/models.py) to 2026-07",),
    token_convention=(
        "input is the prompt, cached tokens included, the cache split not told; answer (before: output) leaves the "
        "reasoning out, so output_tokens is answer + reasoning. Counts that are all 0 are not known."
    ),
    blind_spots=(
        "A cache is written where a run did not end well, or where its owner keeps caches: no score, no stop reason.",
        "No call has a stamp; older caches name no model and no duration.",
        "The call that summarises a long context is not in the messages.",
        "A task is the hash of its prompt, in newer versions of agent and model too: the benchmark is not told.",
        "Totals in the metadata of tools are sums of the answers and are not read.",
    ),
    sniff=sniff,
    names=("msgs full_msg_history", "msgs task_hash"),
    parse=parse,
    group=group_caches,
    fills=(
        "runs.scaffold", "runs.model", "rollouts.ended_at", "rollouts.n_calls", "rollouts.model_s", "calls.call_index",
        "calls.model", "calls.latency_s", "calls.time_basis", "calls.input_tokens", "calls.output_tokens",
        "calls.reasoning_tokens", "calls.n_requests",
    ),
)  # fmt: skip
