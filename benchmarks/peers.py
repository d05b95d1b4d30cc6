"""The same calls priced one by one with other libraries, and all at once with ours: calls per second."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from measure import Result, Taken, fresh, taken, tell

N_CALLS: Final = 5_000
N_REPEATS: Final = 800
Call = tuple[str, str, int, int, int]
"""Provider, model, input tokens of which cached, and output tokens."""
_AT: Final = datetime(2026, 1, 10, tzinfo=UTC)
_VENDORS: Final = ("openai", "anthropic", "google")


def results(folder: Path) -> Iterator[Result]:
    """Price calls that every library present knows; one that is not installed is left out, and said so.

    Args:
        folder: Where the calls are written. PEERS_PYTHON names an interpreter that has the other libraries.
    """
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    present = [name for name in PEERS if _has(python, name)]
    path = folder / "peer_calls.json"
    path.write_text(json.dumps(_models()), encoding="utf-8")
    for name in present:
        known = fresh(Path(__file__), "known", name, str(path), python=python).returned
        path.write_text(json.dumps(known), encoding="utf-8")
    ours = fresh(Path(__file__), "ours", "", str(path))
    our_rate = N_CALLS * N_REPEATS / ours.wall_s
    yield Result("peers", "evalreplay: calls per second", round(our_rate), "calls/s")
    for name in PEERS:
        if name not in present:
            print(f"{name} is not installed: left out", file=sys.stderr)
            continue
        theirs = fresh(Path(__file__), "price", name, str(path), python=python)
        rate = N_CALLS / theirs.wall_s
        yield Result("peers", f"{name}: calls per second", round(rate), "calls/s")
        yield Result("peers", f"evalreplay / {name}", round(our_rate / rate), "times", ">= 500")


def _has(python: str, name: str) -> bool:
    found = subprocess.run([python, "-c", f"import {PEERS[name][0]}"], check=False, capture_output=True)
    return found.returncode == 0


def _models() -> list[list[str]]:
    """Models of the vendors that our book has a price of at that moment."""
    import polars as pl

    from pricing.book import load_book

    began = pl.col("effective_from").is_null() | (pl.col("effective_from") <= _AT)
    lasts = pl.col("effective_until").is_null() | (pl.col("effective_until") > _AT)
    is_plain = (pl.col("service_tier") == "standard") & ~pl.col("is_batch")
    rows = load_book().rows.filter(began, lasts, is_plain, kind="uncached_input")
    both = rows.join(
        load_book().rows.filter(began, lasts, is_plain, kind="output"), on=["provider", "model"], how="semi"
    )
    models = both.select("provider", "model").unique().sort("provider", "model").rows()
    return [[provider, model] for provider, model in models if provider in _VENDORS]


def _calls(path: Path) -> list[Call]:
    models = json.loads(path.read_text(encoding="utf-8"))
    return [
        (*models[i % len(models)], 1_000 + 37 * i % 50_000, 37 * i % 1_000, 10 + 13 * i % 3_000) for i in range(N_CALLS)
    ]


def _genai_prices() -> Callable[[Call], Any]:
    from genai_prices import Usage, calc_price

    def price(call: Call) -> Any:
        provider, model, input_, cached, output = call
        usage = Usage(input_tokens=input_, cache_read_tokens=cached, output_tokens=output)
        return calc_price(usage, model, provider_id=provider, genai_request_timestamp=_AT).total_price

    return price


def _litellm() -> Callable[[Call], Any]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm = import_module("litellm")
    names = {"google": "gemini"}

    def price(call: Call) -> Any:
        provider, model, input_, cached, output = call
        prefixed = f"{names.get(provider, provider)}/{model}"
        return litellm.cost_per_token(
            prefixed, prompt_tokens=input_, completion_tokens=output, cache_read_input_tokens=cached
        )

    return price


PEERS: Final[dict[str, tuple[str, Callable[[], Callable[[Call], Any]]]]] = {
    "genai-prices calc_price": ("genai_prices", _genai_prices),
    "litellm cost_per_token": ("litellm", _litellm),
}


def _known(name: str, path: Path) -> list[list[str]]:
    """Models the library has a price of."""
    price, models = PEERS[name][1](), json.loads(path.read_text(encoding="utf-8"))
    return [model for model in models if _is_priced(price, (*model, 1_000, 100, 100))]


def _is_priced(price: Callable[[Call], Any], call: Call) -> bool:
    try:
        cost = price(call)
    except Exception:  # noqa: BLE001 - whatever it raises, this library cannot price the call
        return False
    return bool(sum(cost) if isinstance(cost, tuple) else cost)


def _price_all(name: str, path: Path) -> Taken:
    price, calls = PEERS[name][1](), _calls(path)
    price(calls[0])
    return taken(lambda: len([price(call) for call in calls]))


def _ours(path: Path) -> Taken:
    import polars as pl

    from pricing.book import load_book
    from pricing.cost.facts import facts_of
    from pricing.prepare import prepare
    from pricing.reprice import priced_calls
    from pricing.scenario import Scenario
    from traces.schema import CALLS, TABLES

    names = ("provider", "model", "input_tokens", "cache_read_tokens", "output_tokens")
    few = pl.DataFrame(_calls(path), schema=names, orient="row")
    none = {f"cache_write_{end}_tokens": 0 for end in ("5m", "1h", "unspecified")} | {"reasoning_tokens": 0}
    few = few.with_columns(
        run_id=pl.lit("run"), call_id=pl.int_range(pl.len()).cast(pl.String), started_at=pl.lit(_AT),
        uncached_input_tokens=pl.col("input_tokens") - pl.col("cache_read_tokens"),
        **{name: pl.lit(value, pl.Int64) for name, value in none.items()},
    )  # fmt: skip
    stored = CALLS.conform(few).cast({name: pl.Categorical() for name in CALLS.repeated})
    calls = pl.concat([stored] * N_REPEATS)
    book = load_book()

    def price() -> int:
        tables = {name: table.empty().lazy() for name, table in TABLES.items()} | {"calls": calls.lazy()}
        pricing = prepare(tables, Scenario(), facts_of(calls), book)
        costs = priced_calls(tables["calls"], pricing).select("cost_pusd").collect(engine="streaming")
        return costs["cost_pusd"].len() - costs["cost_pusd"].null_count()

    return taken(price)


if __name__ == "__main__":
    what, peer, where = sys.argv[1:]
    if what == "known":
        tell(taken(lambda: _known(peer, Path(where))))
    else:
        tell(_ours(Path(where)) if what == "ours" else _price_all(peer, Path(where)))
