"""The public Python API: re-exports, nothing else (``import evalreplay as er``)."""

from analyzer.api import (
    audit,
    card,
    compare,
    coverage,
    curve,
    frontier,
    history,
    montecarlo,
    preview,
    read,
    report,
    reprice,
    show,
    sql,
    tornado,
    verify,
)  # fmt: skip
from analyzer.compare import Comparison
from analyzer.curves.registry import CurveResult
from analyzer.dry_run import DryRun
from analyzer.figures import draw, save
from analyzer.figures.history import draw_history
from analyzer.figures.tornado import draw_tornado
from analyzer.figures.waterfall import draw_comparison
from analyzer.hardware.breakeven import breakeven
from analyzer.hardware.fleet import fleet_view
from analyzer.hardware.recorded import recorded_view
from analyzer.history.options import HistoryResult
from analyzer.prices.diff import price_diff
from analyzer.tornado import Draws
from pricing.book import PriceBook, load_book
from pricing.book.import_book import import_book
from pricing.book.price_check import check_price_file
from pricing.hardware.deployment import Deployment
from pricing.hardware.front import fronts
from pricing.hardware.importer import import_rows
from pricing.hardware.ratio import ratios
from pricing.hardware.shelf import load_hardware
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from traces.errors import AnalysisError, PricingError, ReplayError, StoreError, TraceError, UsageError
from traces.registry import Reader
from traces.store import Store, open_store

__all__ = [
    "AnalysisError", "Comparison", "CurveResult", "Deployment", "Draws", "DryRun", "HistoryResult", "PriceBook",
    "PricingError", "Reader", "ReplayError", "Scenario", "Store", "StoreError", "TraceError", "UsageError", "audit",
    "breakeven", "card", "check_price_file", "compare", "coverage", "curve", "draw", "draw_comparison",
    "draw_history", "draw_tornado", "fleet_view", "frontier", "fronts", "history", "import_book", "import_rows",
    "load_book", "load_hardware", "load_scenario", "montecarlo", "open_store", "preview", "price_diff", "ratios",
    "read", "recorded_view", "report", "reprice", "reprice_tables", "save", "show", "sql", "tornado", "verify",
]  # fmt: skip

if __name__ == "__main__":
    from analyzer.cli.start import run

    run()
