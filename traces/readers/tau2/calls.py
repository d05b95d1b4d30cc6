"""The model calls of a tau2-bench simulation: its messages, with who spoke, who bills, which tokens, how long."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl

from traces.checks import PLACE_COLUMN
from traces.readers.tau2.file import Message, Participant, RawData, Simulation
from traces.rejects import RejectLog
from traces.usage import TOKEN_SCHEMA, UNKNOWN, TokenCounts, Usage, token_counts

_CALL_SCHEMA: Final[Mapping[str, type[pl.DataType]]] = {
    "rollout_id": pl.String, "call_index": pl.Int64, "call_id": pl.String, "role": pl.String, "provider": pl.String,
    "model": pl.String, "service_tier": pl.String, "recorded_cost_usd": pl.Float64, "earlier": pl.String,
    "stamp": pl.String, "latency_s": pl.Float64, "granularity": pl.String, "n_requests": pl.Int64,
    "is_residual": pl.Boolean, PLACE_COLUMN: pl.String, **TOKEN_SCHEMA,
}  # fmt: skip
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


def moment(column: str) -> pl.Expr:
    """Moment in UTC of an ISO stamp; one without a zone is taken as UTC; null: none, or not a time."""
    text = pl.col(column).str.replace(" ", "T", literal=True)
    zoned = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
    return pl.coalesce(_without_zone(column).dt.replace_time_zone("UTC"), zoned)


def is_zone_assumed(column: str) -> pl.Expr:
    """Whether the stamp carries no zone."""
    return _without_zone(column).is_not_null()


def _without_zone(column: str) -> pl.Expr:
    text = pl.col(column).str.replace(" ", "T", literal=True)
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)


def report_stamps(frame: pl.DataFrame, moments: Mapping[str, str], path: str, log: RejectLog) -> None:
    """Report the stamps that are no time; ``moments`` names the column each was read into.

    Raises:
        MalformedTraceError: at the first, if the log stops on errors.
    """
    broken = [pl.col(stamp).is_not_null() & pl.col(read).is_null() for stamp, read in moments.items()]
    for row in frame.filter(pl.any_horizontal(broken)).iter_rows(named=True):
        for stamp in (row[stamp] for stamp, read in moments.items() if row[read] is None and row[stamp] is not None):
            log.malformed(path, row[PLACE_COLUMN], f"{stamp!r} is not a time")


def call_frame(rows: Sequence[Row], path: str, log: RejectLog) -> pl.DataFrame:
    """Rows as a frame of calls. Where no timer ran, a call began when the message before it was stamped, or later."""
    columns = dict(zip(_CALL_SCHEMA, zip(*rows, strict=True), strict=True)) if rows else {}
    frame = pl.DataFrame(columns, schema=_CALL_SCHEMA).with_columns(
        started_at=moment("earlier"),
        ended_at=moment("stamp"),
        is_tz_assumed=is_zone_assumed("stamp") | is_zone_assumed("earlier"),
    )
    report_stamps(frame, {"earlier": "started_at", "stamp": "ended_at"}, path, log)
    backwards = pl.col("ended_at") < pl.col("started_at")
    for place, earlier, stamp in frame.filter(backwards).select(PLACE_COLUMN, "earlier", "stamp").iter_rows():
        log.contradiction(path, place, f"stamped {stamp}, before the message it answers ({earlier})")
    return frame.with_columns(*_clock()).drop("earlier", "stamp")


def _clock() -> Sequence[pl.Expr]:
    ended, timed_s = pl.col("ended_at"), pl.col("latency_s")
    earlier = pl.when(~(ended < pl.col("started_at")).fill_null(value=False)).then("started_at")
    is_call, is_timed = pl.col("granularity") == "call", timed_s.is_not_null()
    gap_s = (ended - earlier).dt.total_microseconds() / 1e6
    timed_start = ended - pl.duration(microseconds=(timed_s * 1e6).cast(pl.Int64, strict=False))
    basis = (
        pl.when(is_timed).then(pl.lit("measured")).when(gap_s.is_not_null()).then(pl.lit("upper_bound"))
        .when(pl.coalesce(ended, earlier).is_not_null()).then(pl.lit("lower_bound"))
    )  # fmt: skip
    return (
        pl.coalesce(pl.when(timed_s >= 0).then(timed_start), earlier, ended).alias("started_at"),
        pl.coalesce(timed_s, pl.when(is_call).then(gap_s)).alias("latency_s"),
        pl.when(is_call).then(basis).alias("time_basis"),
    )


def call_rows(rollout: Rollout, agent: Party, user: Party, report: Contradiction) -> tuple[list[Row], float | None]:
    """Rows for ``call_frame`` of a simulation, and what it claims to have cost in dollars (null: not known)."""
    listed = list(_listed(rollout, {"assistant": agent, "user": user}, report))
    simulation = rollout.simulation
    costs: list[float | None] = []
    for party, claimed in ((agent, simulation.agent_cost), (user, simulation.user_cost)):
        own = [row for row in listed if row[_ROLE] == party.role]
        rest = _rest(rollout, party, claimed, own)
        listed += rest
        costs.append(claimed or (None if any(map(_may_cost, own + rest)) else 0.0))
    return listed, None if None in costs else sum(cost for cost in costs if cost is not None)


_ROLE, _COST, _FIRST_TOKENS = (list(_CALL_SCHEMA).index(name) for name in ("role", "recorded_cost_usd", "input_tokens"))


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
                previous, message.timestamp, message.generation_time_seconds, "call", 1, False, place, *tokens,
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
    if split == UNKNOWN:
        return totals
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


def _rest(rollout: Rollout, party: Party, claimed_usd: float | None, listed: list[Row]) -> list[Row]:
    """One row for the calls that are not listed: all, where there are no messages, or those behind a higher claim."""
    has_messages = bool(rollout.simulation.messages)
    known = [row[_COST] for row in listed]
    exceeds_usd = None if None in known or claimed_usd is None else claimed_usd - sum(known)
    if (not has_messages and party.is_llm) or (exceeds_usd is not None and exceeds_usd > _ROUNDING_USD):
        simulation = rollout.simulation
        return [(
            rollout.rollout_id, None, f"{rollout.rollout_id}#{party.role}", party.role, party.provider, party.model,
            None, exceeds_usd or None, simulation.start_time, simulation.end_time, None, "rollout", None, has_messages,
            f"{rollout.place}.{party.role}_cost", *UNKNOWN,
        )]  # fmt: skip
    return []


def _may_cost(row: Row) -> bool:
    tokens = TokenCounts(*row[_FIRST_TOKENS:])
    return tokens.input_tokens != 0 or tokens.output_tokens != 0
