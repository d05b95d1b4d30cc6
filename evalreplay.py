"""The public Python API: re-exports, nothing else (``import evalreplay as er``)."""

from analyzer.api import audit, card, curve, frontier, history, read, report, reprice, show, sql, verify
from analyzer.curves.registry import CurveResult
from analyzer.figures import draw, save
from analyzer.figures.history import draw_history
from analyzer.history.options import HistoryResult
from pricing.book import PriceBook, load_book
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from traces.errors import AnalysisError, PricingError, ReplayError, StoreError, TraceError, UsageError
from traces.registry import Reader
from traces.store import Store, open_store

__all__ = [
    "AnalysisError", "CurveResult", "HistoryResult", "PriceBook", "PricingError", "Reader", "ReplayError", "Scenario",
    "Store", "StoreError", "TraceError", "UsageError", "audit", "card", "curve", "draw", "draw_history", "frontier",
    "history", "load_book", "load_scenario", "open_store", "read", "report", "reprice", "reprice_tables", "save",
    "show", "sql", "verify",
]  # fmt: skip
