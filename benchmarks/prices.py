"""Loading all prices, and pricing the bundled store under a thousand scenarios of each kind, from its token sums."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from measure import Result, fresh, taken, tell

from analyzer.tour import BUNDLED
from pricing.book import load_book
from pricing.scenario import Scenario
from pricing.scenario.model import Batch, Discount
from pricing.sweep.plan import plan_of
from pricing.sweep.sweep import Sweep
from traces.store import open_store

N_SCENARIOS: Final = 1_000
_FIRST: Final = datetime(2024, 6, 1, tzinfo=UTC)


def results(folder: Path) -> Iterator[Result]:  # noqa: ARG001
    """Measure each in a fresh process; imports are not counted.

    Args:
        folder: Not used: everything is bundled.
    """
    loaded = fresh(Path(__file__), "load")
    yield Result("prices: load catalogue and history", "wall", round(loaded.wall_s, 3), "s", "< 0.2")
    yield Result("prices: load catalogue and history", "CPU", round(loaded.cpu_s, 3), "s")
    for name in SCENARIOS:
        swept = fresh(Path(__file__), name)
        yield Result(f"prices: {N_SCENARIOS} scenarios, {name}", "wall", round(swept.wall_s, 3), "s", "< 1")
        yield Result(f"prices: {N_SCENARIOS} scenarios, {name}", "CPU", round(swept.cpu_s, 3), "s")
        yield Result(f"prices: {N_SCENARIOS} scenarios, {name}", "CPU without planning", round(swept.returned, 3), "s")


def _load() -> int:
    return int(load_book().rows.height)


def _swept(scenarios: list[Scenario]) -> float:
    """Load prices, open the store, plan and price; gives the CPU seconds of the last step alone."""
    swept = Sweep(plan_of(open_store(BUNDLED).tables(), scenarios, ("run_id",)))
    return taken(lambda: swept.costs(scenarios).height).cpu_s


def _dates() -> list[Scenario]:
    return [Scenario(as_of=_FIRST + timedelta(hours=20 * number)) for number in range(N_SCENARIOS)]


def _batch_shares() -> list[Scenario]:
    return [Scenario(batch=Batch(share_frac=number / N_SCENARIOS)) for number in range(N_SCENARIOS)]


def _discounts() -> list[Scenario]:
    return [Scenario(discount=(Discount(frac=number / N_SCENARIOS),)) for number in range(N_SCENARIOS)]


SCENARIOS: Final[dict[str, Callable[[], list[Scenario]]]] = {
    "dates": _dates,
    "batch shares": _batch_shares,
    "discounts": _discounts,
}

if __name__ == "__main__":
    what = sys.argv[1]
    scenarios = SCENARIOS[what]() if what in SCENARIOS else []
    tell(taken(lambda: _swept(scenarios) if scenarios else _load()))
