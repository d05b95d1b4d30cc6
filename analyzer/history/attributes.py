"""Facts of models joined to agents by exact names, as attributes to filter by, to colour with, or to draw along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from analyzer.curves.parts.attempts import GROUP
from analyzer.curves.registry import Tables
from analyzer.history.attribute_file import MODEL, PROVIDER, read_attributes
from analyzer.history.options import HistoryOptions
from analyzer.words import counted, listed
from pricing.book import PriceBook
from pricing.names.aliases import normalised
from pricing.names.directory import Directory
from pricing.names.resolve import PAIR, resolve
from traces.errors import AnalysisError, UsageError
from traces.schema import UTC_TIME

_Pair = tuple[str | None, str | None]
_OF_RUN: Final = pl.Schema({"run_id": pl.String, "trace_model": pl.String})
RELEASED: Final = "release_date"
"""Attribute that says when a model could first be called."""


@dataclass(frozen=True)
class Attributed:
    """The agents asked for, with their attributes.

    Args:
        tables: Tables of their runs.
        facts: run_id, and one column per attribute; null: not known.
        notes: What was joined and what was not.
    """

    tables: Tables
    facts: pl.DataFrame
    notes: tuple[str, ...]

    def release_dates(self) -> pl.DataFrame:
        """Release dates the attributes state, if any: trace_model (as the trace writes it) and _stated_at.

        Raises:
            AnalysisError: if the column holds something else than dates.
        """
        if RELEASED not in self.facts.columns:
            return pl.DataFrame(schema={"trace_model": pl.String, "_stated_at": UTC_TIME})
        if not self.facts[RELEASED].dtype.is_temporal() and self.facts[RELEASED].count():
            raise AnalysisError(f"column {RELEASED!r} of the attributes: not dates", "write them as 2026-06-09")
        models = pl.DataFrame([(run, pair[1]) for run, pair in _pairs(self.tables).items()], _OF_RUN, orient="row")
        at = pl.col(RELEASED).cast(pl.Date).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("_stated_at")
        stated = self.facts.select("run_id", at).join(models, on="run_id").drop_nulls()
        return stated.group_by("trace_model").agg(pl.col("_stated_at").min())

    def of_agents(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Attributes of agents: null where runs of one differ.

        Args:
            rows: The columns of an agent, and _run_id, each of its runs.
        """
        names = [name for name in self.facts.columns if name != "run_id"]
        joined = rows.join(self.facts, left_on="_run_id", right_on="run_id", how="left")
        one = (pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first()).alias(name) for name in names)
        return joined.group_by(GROUP, maintain_order=True).agg(one)


def attributed(tables: Tables, options: HistoryOptions, book: PriceBook) -> Attributed:
    """Join attributes to runs and keep the runs that were asked for.

    Raises:
        UsageError: if a filter names no attribute, or a value no agent has.
        AnalysisError: if the table of attributes does not hold.
    """
    pairs = _pairs(tables)
    prices = _price_models(pairs, book.directory)
    found = pl.DataFrame(
        {"run_id": list(pairs), PROVIDER: [_provider(pair, prices) for pair in pairs.values()]},
        schema={"run_id": pl.String, PROVIDER: pl.String},
    )
    notes: tuple[str, ...] = ()
    if options.attributes is not None:
        rows = read_attributes(options.attributes)
        numbers = _matches(pairs, prices, rows, book.directory, options.attributes)
        placed = pl.DataFrame({"_row": [numbers[pair] for pair in pairs.values()]}, schema={"_row": pl.UInt32})
        facts = placed.join(rows.with_row_index("_row"), on="_row", how="left", maintain_order="left")
        found = found.hstack(facts.drop("_row", MODEL))
        notes = tuple(_coverage(numbers, rows))
    kept = found
    for where in options.where:
        kept = kept.filter(_is_asked_for(kept, where))
    return Attributed(_of_runs(tables, kept["run_id"].to_list()) if options.where else tables, kept, notes)


def numbers_of(agents: pl.DataFrame, option: str, name: str) -> pl.Series:
    """Values of an attribute that is a number or a date (as Float64 or Date).

    Raises:
        UsageError: if there is no such attribute, or it is neither.
    """
    values = column_of(agents, option, name)
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    if values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Date)
    raise UsageError(
        f"{option} {name}: neither numbers nor dates", f"use it as --colour {name} or --where {name}=VALUE"
    )


def column_of(agents: pl.DataFrame, option: str, name: str) -> pl.Series:
    """Values of an attribute, or of another column of the agents.

    Raises:
        UsageError: if there is no such column.
    """
    if name not in agents.columns:
        raise UsageError(f"{option} {name}: no such attribute", f"there are: {', '.join(agents.columns[len(GROUP) :])}")
    return agents[name]


def _pairs(tables: Tables) -> dict[str, _Pair]:
    """Who bills and which model, of every run: the model of the run, or the most frequent one of its agent's calls."""
    own = tables["calls"].filter(pl.col("role") == "agent").group_by("run_id", "provider", MODEL).agg(n=pl.len())
    own = own.rename({MODEL: "_called"}).sort("n", "provider", "_called", descending=[True, False, False])
    rows = tables["runs"].select("run_id", MODEL).join(own, on="run_id", how="left", maintain_order="left_right")
    is_its = pl.col("_called").eq_missing(pl.col(MODEL))
    firsts = rows.group_by("run_id", maintain_order=True).agg(
        pl.coalesce(pl.col("provider").filter(is_its).first(), pl.when(pl.col(MODEL).first().is_null()).then(
            pl.col("provider").first())).alias("provider"),
        pl.coalesce(pl.col(MODEL).first(), pl.col("_called").first()).alias(MODEL),
    )  # fmt: skip
    return {run_id: (provider, model) for run_id, provider, model in firsts.iter_rows()}


def _price_models(pairs: Mapping[str, _Pair], directory: Directory) -> dict[_Pair, _Pair]:
    """Provider and model of the book, the latest where a name moved; (None, None): in no book."""
    frame = pl.DataFrame(sorted(set(pairs.values()), key=str), schema=PAIR, orient="row")
    return {(row[0], row[1]): (row[2], row[3]) for row in resolve(frame, directory).iter_rows()}


def _provider(pair: _Pair, prices: Mapping[_Pair, _Pair]) -> str | None:
    return prices.get(pair, (None, None))[0] or pair[0]


def _matches(
    pairs: Mapping[str, _Pair], prices: Mapping[_Pair, _Pair], rows: pl.DataFrame, directory: Directory, path: Path
) -> dict[_Pair, int | None]:
    """Row of every model: by its name in the trace, then by that in the book, then by what the name of a row means."""
    named = {normalised(name): number for number, name in enumerate(rows[MODEL].cast(pl.String))}
    meant: dict[_Pair, list[int]] = {}
    for name, number in named.items():
        for target in _price_models({"": (None, name)}, directory).values():
            meant.setdefault(target, []).append(number)
    found: dict[_Pair, int | None] = {}
    for pair in pairs.values():
        spellings = [normalised(name) for name in _spellings(pair, prices.get(pair, (None, None)))]
        exact = next((named[name] for name in spellings if name in named), None)
        found[pair] = exact if exact is not None else _only(meant, prices.get(pair, (None, None)), rows, path)
    return found


def _spellings(pair: _Pair, price: _Pair) -> Iterator[str]:
    if pair[1]:
        yield pair[1]
    if price[1]:
        yield f"{price[0]}/{price[1]}"
        yield price[1]


def _only(meant: Mapping[_Pair, Sequence[int]], price: _Pair, rows: pl.DataFrame, path: Path) -> int | None:
    numbers = meant.get(price, []) if price[1] else []
    if len({rows.drop(MODEL).row(number) for number in numbers}) > 1:
        names = " and ".join(repr(rows[MODEL][number]) for number in numbers)
        raise AnalysisError(f"{path}: {names} in column 'model' are one model", "keep one of the rows")
    return numbers[0] if numbers else None


def _coverage(numbers: Mapping[_Pair, int | None], rows: pl.DataFrame) -> Iterator[str]:
    """Say which models here have no attributes, and how many rows name models that are not here."""
    missing = sorted({pair[1] or "no model" for pair, number in numbers.items() if number is None})
    yield f"Attributes of {counted(len(numbers) - len(missing), 'model')} were found."
    if missing:
        yield f"No attributes for {listed(missing)}: null."
    used = {number for number in numbers.values() if number is not None}
    strange = [str(name) for number, name in enumerate(rows[MODEL]) if number not in used]
    if strange:
        yield f"{counted(len(strange), 'row')} of attributes name models that are not here: {listed(strange)}."


def _is_asked_for(found: pl.DataFrame, where: str) -> pl.Series:
    """Rows with this value of an attribute: text without regard to case, numbers by value, dates as 2026-06-09."""
    name, equals, value = where.partition("=")
    if not equals:
        raise UsageError(f"--where {where}: no value", "write --where NAME=VALUE")
    if name not in found.columns or name == "run_id":
        raise UsageError(f"--where {where}: no attribute {name!r}", f"there are: {', '.join(found.columns[1:])}")
    same = _equal(found[name], value)
    if not same.any():
        values = found[name].drop_nulls().unique().sort().cast(pl.String).to_list()
        raise UsageError(f"--where {where}: no agent has it", f"there are: {listed(values) or 'none'}")
    return same


def _equal(values: pl.Series, value: Any) -> pl.Series:
    if values.dtype.is_numeric():
        try:
            return (values == float(value)).fill_null(value=False)
        except ValueError:
            return pl.Series([False] * len(values), dtype=pl.Boolean)
    return (values.cast(pl.String).str.strip_chars().str.to_lowercase() == normalised(value)).fill_null(value=False)


def _of_runs(tables: Tables, run_ids: Sequence[str]) -> dict[str, pl.DataFrame]:
    is_kept = pl.col("run_id").is_in(run_ids)
    return {name: rows.filter(is_kept) if "run_id" in rows.columns else rows for name, rows in tables.items()}
