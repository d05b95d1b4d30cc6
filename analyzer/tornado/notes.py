"""What a reader of a tornado must know: what moved, what is left out, what is not known, in words."""

from collections.abc import Iterator, Sequence

import polars as pl

from analyzer.tornado.lever import LEAST_FRAC, Lever
from analyzer.tornado.question import SCOPE, Question
from analyzer.words import counted, listed, percent


def notes_of(
    question: Question, frame: pl.DataFrame, scopes: pl.DataFrame, still: Sequence[Lever], moved: str
) -> Iterator[str]:
    """Notes of a tornado.

    Args:
        question: The priced trace.
        frame: Rows of the levers.
        scopes: Base costs, with priced_usd.
        still: Levers that change nothing.
        moved: How far levers are moved, in words.
    """
    yield f"Base: {question.scenario.title}."
    yield moved
    yield (
        "Elasticity: per cent of cost per per cent of price. Cost is linear in prices, so it is exact, and those of "
        "all prices add up to 1. Tokens stay as recorded: at other prices people and agents may use others."
    )
    yield from _bounds(scopes)
    yield from _unlisted(frame, scopes.height)
    unlisted = [lever.name for lever in still if _is_unlisted(lever, scopes.height)]
    if unlisted:
        yield f"Left out, as no model lists such prices at the time of its calls: {listed(unlisted, '; ')}."
    unmoved = [lever.name for lever in still if lever.name not in unlisted]
    if unmoved:
        n_levers = counted(len(unmoved), "lever")
        yield f"Left out, as {n_levers} would change nothing of what is priced: {listed(unmoved, '; ')}."


def _is_unlisted(lever: Lever, n_scopes: int) -> bool:
    return lever.is_optional and any(lever.is_unknown(scope) for scope in range(n_scopes))


def _bounds(scopes: pl.DataFrame) -> Iterator[str]:
    if scopes.filter(pl.col("base_low_usd") < (1 - LEAST_FRAC) * pl.col("priced_usd")).height:
        yield (
            "Where a trace does not tell how much input came from a cache, or where reasoning lies, the cost is the "
            "highest it can be, and its levers are those of that reading."
        )
    known = scopes.filter(pl.col("priced_usd") > 0, pl.col("base_usd").is_null())
    if known.height:
        shares = [f"{scope_name(row)} ({percent(row['coverage_frac'])})" for row in known.iter_rows(named=True)]
        yield f"Not priced in full; levers are those of the priced part: {listed(shares)}."
    nothing = scopes.filter(pl.col("priced_usd") <= 0)
    if nothing.height:
        names = [scope_name(row) for row in nothing.iter_rows(named=True)]
        yield f"Without any lever, as nothing of it has a price above zero: {listed(names)}."


def _unlisted(frame: pl.DataFrame, n_scopes: int) -> Iterator[str]:
    unknown = frame.filter(pl.col("swing_usd").is_null()).group_by("lever", maintain_order=True).len()
    names = [lever if n_scopes == 1 else f"{lever} ({n} of {n_scopes})" for lever, n in unknown.iter_rows()]
    if names:
        yield f"Not known, as no such price is listed at the time of the calls: {listed(names, '; ')}."
    partly = frame.filter(pl.col("swing_usd").is_not_null(), pl.col("known_frac") < 1)
    if partly.height:
        shares = partly.group_by("lever", maintain_order=True).agg(pl.col("known_frac").min())
        names = [f"{lever} (of {percent(share)} of the dollars)" for lever, share in shares.iter_rows()]
        yield f"Listed for some models only, and their change is that of those: {listed(names, '; ')}."
    assumed = frame.filter("is_assumed")["lever"].unique(maintain_order=True).to_list()
    if assumed:
        yield f"Assumed at half the standard price where none is listed: {listed(assumed, '; ')}."


def scope_name(row: dict[str, str | None]) -> str:
    """Name a scope, by its SCOPE columns."""
    named = [row[name] for name in SCOPE if row[name] is not None]
    return ": ".join(map(str, named)) or "all runs"
