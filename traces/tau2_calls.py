"""The model calls of a tau2-bench simulation: its messages, with who spoke, who bills, which tokens, how long."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl

from traces.checks import PLACE_COLUMN
from traces.schema import UTC_TIME
from traces.tau2_file import Message, Participant, RawData, Simulation
from traces.usage import TOKEN_SCHEMA, UNKNOWN, TokenCounts, Usage, token_counts

CALL_SCHEMA: Final = pl.Schema({
    "rollout_id": pl.String, "call_index": pl.Int64, "call_id": pl.String, "role": pl.String, "provider": pl.String,
    "model": pl.String, "service_tier": pl.String, "recorded_cost_usd": pl.Float64, "started_at": UTC_TIME,
    "ended_at": UTC_TIME, "latency_s": pl.Float64, "time_basis": pl.String, "is_tz_assumed": pl.Boolean,
    "granularity": pl.String, "n_requests": pl.Int64, "is_residual": pl.Boolean, PLACE_COLUMN: pl.String,
    **TOKEN_SCHEMA,
})  # fmt: skip
_ROUNDING_USD: Final = 1e-6

Row = tuple[Any, ...]
Contradiction = Callable[[str, str], None]
"""Reports a place in the file and the two statements there that cannot both be true."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who speaks under a message role: the role of its calls, who bills them, whether it is a model at all."""

    role: str
    provider: str | None
    model: str | None
    is_llm: bool

    @classmethod
    def of(cls, role: str, participant: Participant | None) -> "Party":
        """Read the biller off LiteLLM's model name (``biller/model``), or off the address called instead of it."""
        participant = participant or Participant()
        host = host_of(participant.llm_args or {})
        prefix, slash, name = (participant.llm or "").partition("/")
        provider, model = (prefix, name) if slash and host is None else (host, participant.llm)
        return cls(role, provider, model, "dummy" not in (participant.implementation or ""))

    def model_of(self, raw_data: RawData | None) -> str | None:
        """Name the model as the response does, which is more exact, unless it hides a fine-tuned one."""
        named = raw_data.model if raw_data is not None else None
        if not named or (self.model or "").startswith("ft:"):
            return self.model
        return named.removeprefix(f"{self.provider}/")


@dataclass(frozen=True, slots=True)
class Rollout:
    """A simulation with its place and key; its first ``n_given`` messages were given by the task."""

    simulation: Simulation
    place: str
    rollout_id: str
    task_id: str
    attempt: int
    n_given: int


def host_of(llm_args: Mapping[str, Any]) -> str | None:
    """Host of the address the model was called at; null: the provider's own."""
    address = llm_args.get("base_url") or llm_args.get("api_base")
    try:
        return urlsplit(str(address)).hostname if address else None
    except ValueError:
        return None


def utc(stamp: datetime | None) -> datetime | None:
    """Moment in UTC; a stamp without a zone is taken as UTC."""
    if stamp is None or stamp.tzinfo is UTC:
        return stamp
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def is_naive(*stamps: datetime | None) -> bool:
    """Whether any of the stamps there are carries no zone."""
    return any(stamp is not None and stamp.tzinfo is None for stamp in stamps)


def call_rows(rollout: Rollout, agent: Party, user: Party, report: Contradiction) -> tuple[list[Row], float | None]:
    """Rows of ``CALL_SCHEMA`` for a simulation, and what it claims to have cost in dollars (null: not known)."""
    listed = list(_listed(rollout, {"assistant": agent, "user": user}, report))
    simulation = rollout.simulation
    costs: list[float | None] = []
    for party, claimed in ((agent, simulation.agent_cost), (user, simulation.user_cost)):
        own = [row for row in listed if row[_ROLE] == party.role]
        rest = _rest(rollout, party, claimed, own)
        listed += rest
        costs.append(claimed or (None if any(map(_may_cost, own + rest)) else 0.0))
    return listed, None if None in costs else sum(cost for cost in costs if cost is not None)


_ROLE, _COST, _FIRST_TOKENS = (list(CALL_SCHEMA).index(name) for name in ("role", "recorded_cost_usd", "input_tokens"))


def _listed(rollout: Rollout, parties: Mapping[str, Party], report: Contradiction) -> Iterator[Row]:
    index, previous = 0, rollout.simulation.start_time
    for number, message in enumerate(rollout.simulation.messages or ()):
        party = parties.get(message.role or "")
        if party is not None and _is_call(message, number, rollout, parties):
            place = f"{rollout.place}.messages[{number}]"
            raw_data = message.raw_data or RawData()
            tokens = _tokens(message.usage, raw_data.usage, place, report)
            yield (
                rollout.rollout_id, index, raw_data.id or f"{rollout.rollout_id}#{index}", party.role, party.provider,
                party.model_of(raw_data), _tier(raw_data), _cost(message.cost, tokens),
                *_clock(message, previous, place, report), "call", 1, False, place, *tokens,
            )  # fmt: skip
            index += 1
        previous = message.timestamp or previous


def _is_call(message: Message, number: int, rollout: Rollout, parties: Mapping[str, Party]) -> bool:
    """Tell a call from what no model wrote: the task's own messages, a scripted user, the canned greeting."""
    has_usage = message.usage is not None or (message.raw_data is not None and message.raw_data.usage is not None)
    is_greeting = number == 0 and message.role == "assistant" and parties["user"].is_llm and not message.cost
    is_written = number < rollout.n_given or is_greeting or not parties[message.role or ""].is_llm
    return has_usage or not is_written


def _tokens(stated: Usage | None, raw: Usage | None, place: str, report: Contradiction) -> TokenCounts:
    """Take the provider's own usage where it agrees with the totals tau2 states, else those totals alone.

    tau2 states no cache split. Totals that leave the cache out agree with a raw usage that counts it apart.
    """
    if raw is None or stated is None:
        return token_counts(raw or stated)
    split, totals = token_counts(raw), token_counts(stated)
    inputs = (None, split.input_tokens, split.uncached_input_tokens, raw.prompt_tokens)
    outputs = (None, split.output_tokens, raw.completion_tokens)
    is_possible = (split.uncached_input_tokens or 0) >= 0
    if is_possible and totals.input_tokens in inputs and totals.output_tokens in outputs:
        return split
    report(place, f"usage states {_said(totals)}, raw_data.usage {_said(split)}: its split is not used")
    return UNKNOWN._replace(input_tokens=totals.input_tokens, output_tokens=totals.output_tokens)


def _said(counts: TokenCounts) -> str:
    return f"{counts.input_tokens} in ({counts.cache_read_tokens} cached), {counts.output_tokens} out"


def _tier(raw_data: RawData) -> str | None:
    in_usage = raw_data.usage.service_tier if raw_data.usage is not None else None
    return raw_data.service_tier or in_usage


def _cost(cost_usd: float | None, tokens: TokenCounts) -> float | None:
    """LiteLLM writes 0 for a model it has no price for: a cost of 0 is known only where nothing was used."""
    is_unused = tokens.input_tokens == 0 and tokens.output_tokens == 0
    return cost_usd if cost_usd or is_unused else None


def _clock(message: Message, previous: datetime | None, place: str, report: Contradiction) -> Row:
    """Return started_at, ended_at, latency_s, time_basis, is_tz_assumed.

    Where no timer ran, a call began at the earliest when the message it answers was stamped.
    """
    ended, earlier, timed_s = utc(message.timestamp), utc(previous), message.generation_time_seconds
    naive = is_naive(message.timestamp, previous)
    if timed_s is not None:
        return ended - timedelta(seconds=max(timed_s, 0)) if ended else earlier, ended, timed_s, "measured", naive
    if ended is None or earlier is None:
        return ended or earlier, ended, None, "lower_bound" if ended or earlier else None, naive
    if ended < earlier:
        report(place, f"stamped {message.timestamp}, before the message it answers ({previous})")
        return ended, ended, None, "lower_bound", naive
    return earlier, ended, (ended - earlier).total_seconds(), "upper_bound", naive


def _rest(rollout: Rollout, party: Party, claimed_usd: float | None, listed: list[Row]) -> list[Row]:
    """One row for the calls that are not listed: all, where there are no messages, or those behind a higher claim."""
    has_messages = bool(rollout.simulation.messages)
    known = [row[_COST] for row in listed]
    exceeds_usd = None if None in known or claimed_usd is None else claimed_usd - sum(known)
    if (not has_messages and party.is_llm) or (exceeds_usd is not None and exceeds_usd > _ROUNDING_USD):
        simulation = rollout.simulation
        start, end = utc(simulation.start_time), utc(simulation.end_time)
        return [(
            rollout.rollout_id, None, f"{rollout.rollout_id}#{party.role}", party.role, party.provider, party.model,
            None, exceeds_usd or None, start, end, None, None, is_naive(simulation.start_time), "rollout", None,
            has_messages, f"{rollout.place}.{party.role}_cost", *UNKNOWN,
        )]  # fmt: skip
    return []


def _may_cost(row: Row) -> bool:
    tokens = TokenCounts(*row[_FIRST_TOKENS:])
    return tokens.input_tokens != 0 or tokens.output_tokens != 0
