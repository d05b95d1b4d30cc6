"""Random price books, calls and scenarios for property tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from builders import call, charge, rollout, run, tables
from decimal_rates import TOKEN_KINDS, Row
from decimal_reference import PARTS
from hypothesis import strategies as st
from price_rows import day, price

from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount, Substitute
from traces.schema import ROLES

A_MOMENT = timedelta(microseconds=1)
CHANGES = (day(2), day(3), day(4, hour=16))
DOUBT = timedelta(days=5)
WINDOWS = ({"hours_utc": "16:30-00:30"}, {"weekdays": "Mon-Fri", "hours_utc": "01:00-04:00,06:00-10:00"})
MOMENTS = [
    day(1), *CHANGES, *(change - A_MOMENT for change in CHANGES), *(change - DOUBT for change in CHANGES),
    *(change + DOUBT for change in CHANGES), day(5), day(3, 2, 16, 30), day(3, 2, 16, 29), day(3, 3, 0, 30),
    day(3, 8, 3, 59), day(3, 9, 4), day(3, 9, 9, 59),
]  # fmt: skip
MODELS = ("acme-large", "acme-small", "no-such-model", None)
COUNTS = st.sampled_from([0, 1, 40, 60, 61, 99, 100, 101, 150, 2000])

SCENARIOS = (
    Scenario(),
    Scenario(cache="none"),
    Scenario(cache="upper_bound"),
    Scenario(as_of=day(2)),
    Scenario(as_of=day(3, 9, 4)),
    Scenario(roles=("agent",)),
    Scenario(batch=Batch(share_frac=0.25)),
    Scenario(batch=Batch(share_frac=1), unlisted_tiers="half"),
    Scenario(service_tier="flex"),
    Scenario(service_tier="flex", batch=Batch(share_frac=0.5), unlisted_tiers="half"),
    Scenario(discount=(Discount(frac=0.25, kinds=("uncached_input", "output", "reasoning")),)),
    Scenario(discount=(Discount(frac=0.25, model="acme-large"), Discount(frac=0.5, effective_date=day(3).date()))),
    Scenario(substitute=(Substitute(model="acme-small", to="acme-large", to_provider="acme"),)),
    Scenario(
        substitute=(
            Substitute(
                model="acme-large", to="acme-small", to_provider="acme", tokens_factor=1.5, tokens_factor_low=0.5,
                tokens_factor_high=2.5,
            ),
        )
    ),
)  # fmt: skip


# Random books and calls


@st.composite
def series(draw: Any, kind: str, **where: Any) -> list[Row]:
    """Rows of one price: from some of the changes on, each perhaps only known within a window."""
    starts = sorted(draw(st.sets(st.sampled_from([day(1, year=2025), *CHANGES]), max_size=3)))
    ends = [*starts[1:], draw(st.sampled_from([None, day(5)]))]
    rows = []
    for start, end in zip(starts, ends, strict=False):
        doubt = {"effective_earliest": start - DOUBT, "effective_latest": start + DOUBT}
        values = doubt if draw(st.integers(0, 3)) == 0 else {}
        usd = draw(st.integers(0, 30)) / 2
        rows.append(price(kind, usd, start, effective_until=end, **values, **where))
    return rows


@st.composite
def books(draw: Any) -> list[Row]:
    rows: list[Row] = []
    for model in MODELS[:2]:
        for kind in (*TOKEN_KINDS, "request"):
            rows += draw(series(kind, model=model))
            if draw(st.integers(0, 3)) == 0:
                rows += draw(series(kind, model=model, min_input_tokens=100))
            if draw(st.integers(0, 3)) == 0:
                rows += draw(series(kind, model=model, priority=1, **draw(st.sampled_from(WINDOWS))))
    rows += draw(series("uncached_input", service_tier="flex")) + draw(series("output", service_tier="flex"))
    return rows + draw(series("uncached_input", is_batch=True)) + draw(series("output", is_batch=True))


@st.composite
def usages(draw: Any) -> Row:
    parts: Row = {f"{part}_tokens": draw(COUNTS) if draw(st.booleans()) else 0 for part in PARTS}
    total = sum(parts.values())
    output = draw(COUNTS)
    usage: Row = {
        **parts, "input_tokens": total, "output_tokens": output, "output_high_tokens": None,
        "reasoning_tokens": draw(st.sampled_from([0, output // 2, output, None])),
    }  # fmt: skip
    match draw(st.integers(0, 9)):
        case 0:
            usage |= dict.fromkeys(parts)
        case 1:
            usage |= dict.fromkeys(parts) | {"input_tokens": None}
        case 2:
            usage |= {"output_tokens": None, "reasoning_tokens": None}
        case 3:
            usage |= {"reasoning_tokens": 7, "output_high_tokens": output + 7}
        case 4:
            usage |= {"cache_write_1h_tokens": None, "cache_read_tokens": None}
    return usage


@st.composite
def calls(draw: Any) -> Row:
    """Draw a call of a model that may not exist, at a moment that may not be known."""
    values = {
        "provider": "acme" if draw(st.integers(0, 7)) else draw(st.sampled_from([None, "other"])),
        "model": draw(st.sampled_from([*MODELS[:2], *MODELS])),
        "service_tier": draw(st.sampled_from([None, None, "standard", "Flex", "batch", "no-such-tier"])),
        "is_batch": draw(st.sampled_from([None, False, False, True])),
        "granularity": draw(st.sampled_from(["call", "call", "call", "rollout"])),
        "n_requests": draw(st.sampled_from([1, 1, 1, 0, 3, None])),
        "is_billed": draw(st.integers(0, 7)) > 0,
        "role": draw(st.sampled_from(ROLES[:2])),
        "started_at": draw(st.sampled_from([*MOMENTS, None])),
        "rollout_id": draw(st.sampled_from(["run/task/0", "run/task/1", "run/late/0", None])),
    }
    return call(**values, **draw(usages()))


@st.composite
def charges(draw: Any) -> Row:
    return charge(
        quantity=draw(st.sampled_from([None, 0.0, 2.0])), provider="acme", model="acme-large",
        started_at=draw(st.sampled_from([day(3), None])), resource=str(draw(st.integers())),
        rollout_id=draw(st.sampled_from(["run/task/0", "run/task/1", None])),
    )  # fmt: skip


def traces(listed: Sequence[Row], charged: Sequence[Row] = (), **of_rollout: Any) -> dict[str, pl.DataFrame]:
    """Tables of one run: two rollouts with a start, one without and one of which nothing was seen."""
    numbered = [{**row, "call_index": i, "call_id": f"c{i:03}"} for i, row in enumerate(listed)]
    rollouts = [
        rollout(started_at=day(3, 2, 16, 30), **of_rollout), rollout(attempt=1, started_at=day(1)),
        rollout(task_id="late"), rollout(task_id="unseen"),
    ]  # fmt: skip
    return tables([run(started_at=day(4))], rollouts, numbered, charges=list(charged))


def moment_of(row: Row) -> datetime | None:
    """When a call of ``traces`` was made: its own time, or that of its rollout, or that of its run."""
    own = {"run/task/0": day(3, 2, 16, 30), "run/task/1": day(1)}
    return row["started_at"] or own.get(row["rollout_id"], day(4))
