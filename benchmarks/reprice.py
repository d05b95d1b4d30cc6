"""Repricing a large table of calls: into sums per rollout, and per call; beside duckdb and the bare sums."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl
from measure import Result, Taken, fresh, taken, tell
from synthetic import CALLS_PER_ROLLOUT, KINDS, STARTS, price_book, rich_price_book, write_calls

from pricing.book import PriceBook
from pricing.cost.charges import price_charges
from pricing.cost.facts import facts_of_parquet
from pricing.prepare import Pricing, prepare
from pricing.priced_store import call_batches
from pricing.reprice import call_table, sums_by_rollout
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount
from pricing.schema import PRICED_TABLES
from traces.schema import TABLES
from traces.store import sink_parquet

N_CALLS: Final = 50_000_000
N_WRITTEN_SHARDS: Final = 4
_TOKENS: Final = [f"{kind}_tokens" for kind in KINDS]
_SQL: Final = """
    select sum(pusd) from (
        select rollout_id, sum(
            uncached_input_tokens * p.uncached_input + cache_read_tokens * p.cache_read
            + cache_write_5m_tokens * p.cache_write_5m + output_tokens * p.output
        ) as pusd
        from read_parquet($files) c join prices p
        on c.provider = p.provider and c.model = p.model and c.service_tier = p.service_tier
        and c.started_at >= p.effective_from and c.started_at < p.effective_until
        group by rollout_id
    )
"""


def results(folder: Path) -> Iterator[Result]:
    """Measure every way in a fresh process; all ways that price must agree to the pico-dollar.

    Args:
        folder: Where the calls are generated (about 1.1 GB), or lie from an earlier run.
    """
    calls, rich = folder / "calls", folder / "rich-calls"
    write_calls(calls, N_CALLS)
    write_calls(rich, N_CALLS, is_rich=True)
    took = {name: fresh(Path(__file__), name, str(rich if name in RICH else calls)) for name in WAYS}
    if took["sums per rollout"].returned != took["duckdb, range join"].returned:
        raise SystemExit(f"the totals differ: {took}")
    for name, each in took.items():
        yield from _rows(f"reprice 50 M calls: {name}", each, is_target=name == "sums per rollout")
    yield Result(
        "reprice 50 M calls", "total of all ways, whole pico-dollars", int(took["sums per rollout"].returned), "pUSD"
    )


def _rows(benchmark: str, each: Taken, *, is_target: bool) -> Iterator[Result]:
    yield Result(benchmark, "wall", round(each.wall_s, 2), "s", "< 7" if is_target else "")
    yield Result(benchmark, "CPU", round(each.cpu_s, 2), "s")
    yield Result(benchmark, "peak memory", round(each.peak_mb), "MB", "< 1000" if is_target else "")


def _pricing(calls: Path, scenario: Scenario | None = None) -> Pricing:
    tables = {name: table.empty().lazy() for name, table in TABLES.items()} | {"calls": pl.scan_parquet(calls)}
    facts = facts_of_parquet(sorted(calls.glob("*.parquet")))
    return prepare(tables, scenario or Scenario(), facts, rich_price_book() if scenario else price_book())


def _all_dimensions(calls: Path) -> str:
    discount = Discount(provider="acme", kinds=("output",), frac=0.1, effective_date=STARTS[1].date())
    return _sums_per_rollout(calls, Scenario(discount=(discount,)))


def _all_dimensions_and_batches(calls: Path) -> str:
    return _sums_per_rollout(calls, Scenario(batch=Batch(share_frac=0.5)))


def _cache_upper_bound(calls: Path) -> str:
    return _sums_per_rollout(calls, Scenario(cache="upper_bound"))


def _sums_per_rollout(calls: Path, scenario: Scenario | None = None) -> str:
    pricing = _pricing(calls, scenario)
    empty = {name: TABLES[name].empty() for name in ("calls", "charges", "rollouts", "runs")}
    charges = price_charges(empty, pricing.scenario, pricing.books[0])
    sums = sums_by_rollout(call_batches(sorted(calls.glob("*.parquet"))), charges, pricing).collect(engine="streaming")
    if sums.height != N_CALLS // CALLS_PER_ROLLOUT:
        raise SystemExit(f"{sums.height} rollouts")
    return str(sum(sums["cost_pusd"].to_list()))


def _per_call(calls: Path) -> int:
    pricing = _pricing(calls)
    shards = sorted(calls.glob("*.parquet"))[:N_WRITTEN_SHARDS]
    for shard in shards:
        target = calls.parent / f"priced-{shard.name}"
        sink_parquet(call_table(pl.scan_parquet(shard), pricing), target, PRICED_TABLES["calls"])
        target.unlink()
    return len(shards)


def _bare_sums(calls: Path) -> str:
    scanned = pl.scan_parquet(calls)
    read = pl.col("started_at").max(), pl.col("provider", "model", "service_tier").null_count()
    sums = scanned.select(pl.col(*_TOKENS, "input_tokens").sum(), *read, rollouts=pl.col("rollout_id").null_count())
    return str(sums.collect(engine="streaming").row(0))


def _duckdb(calls: Path) -> str:
    import duckdb

    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.register("wide", _wide(price_book()).to_arrow())
    connection.execute("create table prices as from wide")
    found = connection.execute(_SQL, {"files": str(calls / "*.parquet")}).fetchone()
    return "" if found is None else str(int(found[0]))


def _wide(book: PriceBook) -> pl.DataFrame:
    """One row of rates per model, tier and stretch of time."""
    key = ["provider", "model", "service_tier", "effective_from", "effective_until"]
    return book.rows.select(*key, "kind", "price_pusd").pivot(on="kind", index=key, values="price_pusd")


WAYS: Final[dict[str, Callable[[Path], Any]]] = {
    "sums per rollout": _sums_per_rollout,
    "all dimensions": _all_dimensions,
    "all dimensions, half of the calls as batches": _all_dimensions_and_batches,
    "all dimensions, cache upper bound": _cache_upper_bound,
    "duckdb, range join": _duckdb,
    "limit: reading and summing the columns": _bare_sums,
    "per-call table of the first 10 M, written": _per_call,
}

RICH: Final = [name for name in WAYS if name.startswith("all dimensions")]

if __name__ == "__main__":
    way, where = sys.argv[1:]
    tell(taken(lambda: WAYS[way](Path(where))))
