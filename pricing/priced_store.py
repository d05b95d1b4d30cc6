"""A store of traces in, a priced store out: the same folders, tables and keys with cost columns added."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl

from pricing.cost.charges import charged_calls, counted_charges, price_charges
from pricing.cost.facts import facts_of_parquet
from pricing.cost.units import in_units
from pricing.prepare import Pricing, prepare
from pricing.reprice import call_table, priced_sums
from pricing.scenario import Scenario
from pricing.schema import PRICED_TABLES
from pricing.unpriced import refuse_unpriced, unpriced_models
from traces.errors import StoreError
from traces.inputs import InputCache
from traces.schema import TABLES
from traces.store import Store, looks_like_store, open_store, write_manifest, write_parquet
from traces.swap import link, replacing

Progress = Callable[[str, int, int], None]
ROWS_PER_BATCH: Final = 5_000_000


def reprice_store(  # noqa: PLR0913 - the options of a command
    store: Store,
    output: Path,
    scenario: Scenario | None = None,
    *,
    is_strict: bool = False,
    is_forced: bool = False,
    progress: Progress | None = None,
) -> Store:
    """Price every call of a store and write the priced store.

    Raises:
        PricingError: with ``is_strict``, if a call has no price.
        StoreError: if the output exists and ``is_forced`` is not given.
    """
    refuse_overwrite(output, is_forced=is_forced)
    scenario = scenario or Scenario()
    store = Store(store.path, store.manifest.get("traces", store.manifest), TABLES)
    tables = {name: store.scan_raw(name).select(table.schema.names()) for name, table in TABLES.items()}
    pricing = prepare(tables, scenario, facts_of_parquet(store.shards("calls")))
    with replacing(output) as folder:
        _write_calls(store, pricing, folder, progress)
        unpriced = _unpriced(folder, pricing, is_strict=is_strict)
        _write_sums(tables, call_batches(store.shards("calls")), pricing, folder)
        _link_rest(store, folder)
        InputCache.copy(store.path, folder)
        _keep_files(scenario, folder)
        rows = {name: _n_rows(folder / name) for name in PRICED_TABLES}
        write_manifest(_manifest(store, pricing, unpriced, rows), folder)
    return open_priced(output)


def open_priced(path: Path) -> Store:
    """Open a priced store.

    Raises:
        StoreError: if it is no store, or one of traces that was not priced yet.
    """
    store = open_store(path, PRICED_TABLES)
    if store.manifest.get("kind") != "priced":
        raise StoreError(f"{path}: not priced yet", f"price it: evalreplay reprice {path} -o priced/")
    return store


def refuse_overwrite(output: Path, *, is_forced: bool) -> None:
    """Refuse to replace what is no store, or a store without ``is_forced``.

    Raises:
        StoreError: if the output may not be replaced.
    """
    if output.exists() and not looks_like_store(output) and (not output.is_dir() or any(output.iterdir())):
        raise StoreError(f"{output}: exists and is not a store", "give another folder: it will not be replaced")
    if looks_like_store(output) and not is_forced:
        raise StoreError(f"{output}: exists", "give another folder, or pass --force to replace it")


def _write_calls(store: Store, pricing: Pricing, folder: Path, progress: Progress | None) -> None:
    shards = store.shards("calls")
    (folder / "calls").mkdir()
    for number, shard in enumerate(shards):
        if progress is not None:
            progress("pricing calls", number, len(shards))
        write_parquet(call_table(_canonical_calls(shard), pricing).collect(), folder / "calls" / shard.name)


def _canonical_calls(shard: Path) -> pl.LazyFrame:
    """Calls of a shard without the columns an earlier pricing added."""
    return pl.scan_parquet(shard).select(TABLES["calls"].schema.names())


def _unpriced(folder: Path, pricing: Pricing, *, is_strict: bool) -> list[dict[str, Any]]:
    shards = sorted((folder / "calls").glob("*.parquet"))
    calls = pl.scan_parquet(shards) if shards else None
    unpriced = [] if calls is None else unpriced_models(calls, pricing.books[0], pricing.scenario)
    refuse_unpriced(unpriced, is_strict=is_strict)
    return unpriced


def call_batches(shards: Iterable[Path]) -> list[pl.LazyFrame]:
    """Calls of shards, small ones taken together: few queries, and few rollouts open in each."""
    batches: list[list[Path]] = []
    n_rows = ROWS_PER_BATCH
    for shard in shards:
        if n_rows >= ROWS_PER_BATCH:
            batches.append([])
            n_rows = 0
        batches[-1].append(shard)
        n_rows += _n_rows_of([shard])
    return [pl.scan_parquet(batch).select(TABLES["calls"].schema.names()) for batch in batches]


def _write_sums(
    tables: Mapping[str, pl.LazyFrame], batches: list[pl.LazyFrame], pricing: Pricing, folder: Path
) -> None:
    charged = {name: tables[name].collect() for name in ("charges", "rollouts", "runs")}
    charged["calls"] = charged_calls(tables["calls"], charged["charges"])
    priced = price_charges(charged, pricing.scenario, pricing.books[0], pricing.exchange, pricing.list_book)
    counted = counted_charges(priced, charged["calls"], pricing.scenario)
    runs, rollouts = priced_sums(tables, counted, pricing, batches)
    frames = {
        "runs": runs,
        "rollouts": rollouts,
        "charges": in_units(priced.lazy(), pricing.scenario.currency).collect(),
    }
    for name, frame in frames.items():
        table = PRICED_TABLES[name]
        (folder / name).mkdir()
        if frame.height:
            write_parquet(table.sort(table.conform(frame)), folder / name / "priced.parquet")


def _link_rest(store: Store, folder: Path) -> None:
    for name in ("tasks", "scores", "rejects"):
        (folder / name).mkdir()
        for shard in store.shards(name):
            link(shard, folder / name / shard.name)


def _keep_files(scenario: Scenario, folder: Path) -> None:
    """Keep the user's files beside what was priced with them, so that it can be priced again anywhere."""
    for name, path in scenario.file_copies():
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, folder / name)


def scenario_of(store: Store) -> Scenario:
    """The scenario a priced store was priced under, with the price files it keeps."""
    return Scenario.model_validate(store.manifest["scenario"]).with_files(lambda path: store.path / path)


def _n_rows(folder: Path) -> int:
    return _n_rows_of(sorted(folder.glob("*.parquet")))


def _n_rows_of(shards: list[Path]) -> int:
    return int(pl.scan_parquet(shards).select(pl.len()).collect().item()) if shards else 0


def _manifest(
    store: Store, pricing: Pricing, unpriced: list[dict[str, Any]], rows: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "kind": "priced",
        "evalreplay": version("evalreplay"),
        "scenario": pricing.scenario.manifest(),
        "price_files_sha256": pricing.sources(),
        "unpriced": unpriced,
        "deployments": [point.manifest() for point in pricing.points],
        "rows": dict(rows),
        "traces": dict(store.manifest),
    }
