"""Episodes of an AgentLab study as its two kinds of files tell them: a row of the table, or a summary of its own."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from traces.delimited import delimited_rows, header_names, number
from traces.document import read_document
from traces.errors import TraceError
from traces.files import peek
from traces.registry import Peek, Source, SourceFile
from traces.rejects import RejectLog

_COLUMNS: Final = frozenset({"env_task_name", "n_steps", "cum_reward", "stats_cum_steps"})
_KEYS: Final = (b'"n_steps"', b'"cum_reward"', b'"stats.cum_steps"')
_NUMBERS: Final = (
    "n_steps", "cum_reward", "env_max_steps", "env_task_seed", "stats_cum_input_tokens", "stats_cum_output_tokens",
    "stats_cum_cost", "stats_cum_openai_prompt_tokens", "stats_cum_openai_completion_tokens",
    "stats_cum_openai_total_cost", "stats_cum_step_elapsed", "stats_cum_agent_elapsed",
)  # fmt: skip
_MOST: Final = 10**18
_FOLDER: Final = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_(?P<agent>.+?)_on_(?P<task>.+?)_(?P<seed>\d+)(?:_\w+)?")
_MODEL: Final = re.compile(r"agent_.*model_name")
"""The model's settings are called chat_model, model or by the agent's own name for them."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode: its numbers by column, what is known of its settings, and where it stands."""

    task: str
    agent: str | None
    benchmark: str | None
    model: str | None
    key: str
    numbers: Mapping[str, float | None]
    is_terminated: bool | None
    is_truncated: bool | None
    has_error: bool
    temperature: str | None
    file: SourceFile
    place: str

    def first(self, *names: str) -> float | None:
        """The first of several numbers that is told."""
        return next((self.numbers[name] for name in names if self.numbers.get(name) is not None), None)


def is_table(seen: Peek) -> bool:
    """Recognise the table of a study by its columns."""
    return set(header_names(seen)) >= _COLUMNS


def is_either(seen: Peek) -> bool:
    """Recognise the table by its columns, a summary by its keys, at either end as its error may be long."""
    if not seen.start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return is_table(seen)
    both = seen.start + seen.end
    return all(key in both for key in _KEYS)


def group(files: Sequence[SourceFile], _companions: Sequence[SourceFile]) -> Iterable[Source]:
    """Make one unit of a study: its table, and the summaries in the folders beside it."""
    studies: dict[Path, list[SourceFile]] = defaultdict(list)
    for file in files:
        studies[file.path.parent if is_table(peek(file.path)) else file.path.parent.parent].append(file)
    for members in studies.values():
        yield Source(members[0].name, tuple(sorted(members, key=lambda file: not is_table(peek(file.path)))))


def episodes(source: Source, log: RejectLog) -> Iterator[Episode]:
    """Give each episode of a study once: tables of later trials, and summaries, list those of the first ones again.

    What broke off is run again in a later trial, in the same folder: the episode that did not break off counts.
    """
    by_key: dict[str, list[Episode]] = defaultdict(list)
    for file in source.files:
        for episode in _of_file(file, log):
            by_key[episode.key].append(episode)
    for same in by_key.values():
        chosen, *others = sorted(same, key=lambda episode: episode.has_error)
        for other in others:
            log.duplicate(other.file.name, other.place, f"{chosen.file.name} {chosen.place}", "the same episode")
        yield chosen


def _of_file(file: SourceFile, log: RejectLog) -> Iterator[Episode]:
    try:
        is_csv = is_table(peek(file.path))
    except TraceError as error:
        log.malformed(file.name, "", error.problem.removeprefix(f"{file.path}: "))
        return
    yield from _of_table(file, log) if is_csv else _of_summary(file, log)


def _of_table(file: SourceFile, log: RejectLog) -> Iterator[Episode]:
    for place, row in delimited_rows(file, log):
        task = row.get("env_task_name")
        if task is None:
            log.malformed(file.name, place, "no env.task_name: an episode of no task")
            continue
        model = next((name for name in row if _MODEL.fullmatch(name)), "")
        folder = PurePath(row.get("exp_dir", "")).name
        yield Episode(
            task, row.get("agent_agent_name"), row.get("env_benchmark"), row.get(model),
            folder or row.get("exp_id") or f"{file.name} {place}",
            {name: number(row, name, place, file.name, log) for name in _NUMBERS},
            _truth(row.get("terminated")), _truth(row.get("truncated")), "err_msg" in row,
            row.get(model.replace("model_name", "temperature")), file, place,
        )  # fmt: skip


def _of_summary(file: SourceFile, log: RejectLog) -> Iterator[Episode]:
    """Read a summary; its task, agent and seed are told by its folder alone."""
    summary = read_document(file, dict[str, Any], log)
    if summary is None:
        return
    told = {name.replace(".", "_"): value for name, value in summary.items()}
    folder = file.path.parent.name
    found = _FOLDER.fullmatch(folder)
    seed = {"env_task_seed": float(found["seed"])} if found else {}
    yield Episode(
        found["task"] if found else folder, found["agent"] if found else None, None, None, folder,
        {name: _number(told.get(name), f"stats {name}", file, log) for name in _NUMBERS} | seed,
        _truth(told.get("terminated")), _truth(told.get("truncated")), told.get("err_msg") is not None, None,
        file, "summary_info",
    )  # fmt: skip


def _number(value: Any, place: str, file: SourceFile, log: RejectLog) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST:
        return float(value)
    log.malformed(file.name, place, f"{str(value)[:40]!r} is not a number of the field")
    return None


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())
