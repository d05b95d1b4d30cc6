"""Rows of ``calls`` for one rollout: the calls its trajectories list, and what its totals exceed them by."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from traces.checks import PATH_COLUMN, PLACE_COLUMN
from traces.decode import whole
from traces.readers.harbor.file import Trajectory
from traces.readers.harbor.usage import Call, Reading, Used, documents, final, reading, rest
from traces.registry import SourceFile
from traces.rejects import RejectLog
from traces.rows import input_columns, known_usd, moment, reported_moment

Row = dict[str, Any]
Report = Callable[[str, str, str], None]
_ROUNDING_USD: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Document:
    """A trajectory and the file it was read from."""

    file: SourceFile
    trajectory: Trajectory
    place: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a rollout is made of: its key, who answers, its totals (null: not told) and its trajectories."""

    rollout_id: str
    provider: str | None
    model: str | None
    total: Used | None
    documents: Sequence[Document]
    file: SourceFile


def call_rows(rollout: Rollout, log: RejectLog) -> tuple[list[Row], list[Used | None]]:
    """Rows of a rollout's calls, and the usage of each.

    Raises:
        MalformedTraceError: at a stamp that is no time, if the log stops on errors.
    """
    listed = _in_order(
        [(document, call) for document in _each(rollout.documents) for call in _read(document, rollout, log)]
    )
    total = _total(rollout)
    is_told = total is None or all(call.used for _, call in listed)
    kept = listed if is_told else [(document, call) for document, call in listed if call.used]
    rows = [_row(rollout, document, call, index, log) for index, (document, call) in enumerate(kept)]
    used = [call.used for _, call in kept]
    beyond = rest(total, used) if total is not None else None
    if beyond is not None and min(whole(beyond.prompt) or 0, whole(beyond.completion) or 0) < 0:
        log.contradiction(rollout.file.name, rollout.rollout_id, "totals are below the sum of the trajectories")
        beyond = None
    if beyond is not None or (not rows and rollout.model is not None):
        rows.append(_total_row(rollout, beyond or Used(), is_residual=bool(rows)))
        used.append(beyond)
    return rows, used


def _in_order(listed: list[tuple[Document, Call]]) -> list[tuple[Document, Call]]:
    """Order calls by their stamps, where all have one; else as the files list them."""
    stamps = [moment(call.step.timestamp).at for _, call in listed]
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(listed):
        return listed
    return [listed[place] for place in sorted(range(len(listed)), key=known.__getitem__)]


def _each(found: Sequence[Document]) -> Iterator[Document]:
    """Give every trajectory once: one may be embedded, and lie in a file of its own as well."""
    seen = set()
    for document in found:
        for number, nested in enumerate(documents(document.trajectory)):
            name = nested.trajectory_id or (nested.session_id if number == 0 else None)
            is_new = name is None or (name, len(nested.steps or ())) not in seen
            seen.add((name, len(nested.steps or ())))
            if is_new:
                yield Document(document.file, nested, f"subagent {number}: " if number else "")


def _read(document: Document, rollout: Rollout, log: RejectLog) -> Sequence[Call]:
    stated = final(document.trajectory.final_metrics)
    found: Reading = reading(document.trajectory, stated or rollout.total, document.place)
    if found.remark is not None:
        log.contradiction(document.file.name, document.place or "final_metrics", found.remark)
    return found.calls


def _total(rollout: Rollout) -> Used | None:
    """Totals of the trial, or of its trajectories: these where they agree, as they tell more."""
    told, stated = rollout.total, _largest(rollout.documents)
    if told is None or stated is None:
        return told or stated
    is_same = whole(told.prompt) == whole(stated.prompt) and whole(told.completion) == whole(stated.completion)
    return stated if is_same else told


def _largest(found: Sequence[Document]) -> Used | None:
    """Totals of the trajectory that states most: those of a continued one count what went before."""
    stated = [used for document in found if (used := final(document.trajectory.final_metrics)) is not None]
    return max(stated, key=lambda used: (used.prompt or 0) + (used.completion or 0), default=None)


def _row(rollout: Rollout, document: Document, call: Call, index: int, log: RejectLog) -> Row:
    at = reported_moment(call.step.timestamp, document.file, call.place, log)
    agent = document.trajectory.agent
    n_requests = whole(call.step.llm_call_count)
    extra = call.step.metrics.extra if call.step.metrics else None
    named = call.step.model_name or (agent.model_name if agent else None)
    return {
        **_shared(rollout, call.used or Used(), f"#{index}", n_requests or 1),
        **_named(rollout, named), "call_index": index,
        "service_tier": extra.service_tier if extra else None,
        "started_at": at.at, "time_basis": None if at.at is None else "lower_bound", "is_tz_assumed": at.is_assumed,
        "n_requests": 1 if n_requests is None else n_requests,
        PATH_COLUMN: document.file.name, PLACE_COLUMN: call.place,
    }  # fmt: skip


def _total_row(rollout: Rollout, used: Used, *, is_residual: bool) -> Row:
    return {
        **_shared(rollout, used, "#total", None), **_named(rollout, None), "call_index": None, "n_requests": None,
        "granularity": "rollout", "is_residual": is_residual,
        PATH_COLUMN: rollout.file.name, PLACE_COLUMN: "totals",
    }  # fmt: skip


def _shared(rollout: Rollout, used: Used, suffix: str, n_calls: int | None) -> Row:
    columns = input_columns(used.prompt, used.read, used.write, is_cache_inside=used.is_inside)
    short, long = whole(used.write_5m), whole(used.write_1h)
    if columns["cache_write_unspecified_tokens"] is not None and (short or long):
        columns["cache_write_5m_tokens"], columns["cache_write_1h_tokens"] = short or 0, long or 0
        columns["cache_write_unspecified_tokens"] -= (short or 0) + (long or 0)
    cost_usd = None if used.cost_usd is None or abs(used.cost_usd) < _ROUNDING_USD else used.cost_usd
    return {
        "rollout_id": rollout.rollout_id, "call_id": f"{rollout.rollout_id}{suffix}", "granularity": "call",
        **columns, "output_tokens": whole(used.completion), "reasoning_tokens": whole(used.reasoning),
        "claimed_cost_usd": known_usd(cost_usd, n_calls if n_calls is not None else 1),
    }  # fmt: skip


def _named(rollout: Rollout, named: str | None) -> Row:
    """Name the biller by the prefix LiteLLM gives a model, or as the trial does."""
    prefix, slash, name = (named or "").partition("/")
    if slash:
        return {"provider": prefix, "model": name}
    return {"provider": rollout.provider, "model": named or rollout.model}
