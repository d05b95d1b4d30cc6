"""The public Python API: re-exports, nothing else (``import evalreplay as er``)."""

from analyzer.api import audit, card, curve, frontier, montecarlo, read, report, reprice, show, sql, tornado, verify
from analyzer.curves.registry import CurveResult
from analyzer.figures import draw, save
from analyzer.figures.tornado import draw_tornado
from analyzer.tornado import Draws
from pricing.book import PriceBook, load_book
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from traces.errors import AnalysisError, PricingError, ReplayError, StoreError, TraceError, UsageError
from traces.registry import Reader
from traces.store import Store, open_store

__all__ = [
    "AnalysisError", "CurveResult", "Draws", "PriceBook", "PricingError", "Reader", "ReplayError", "Scenario", "Store",
    "StoreError", "TraceError", "UsageError", "audit", "card", "curve", "draw", "draw_tornado", "frontier",
    "load_book", "load_scenario", "montecarlo", "open_store", "read", "report", "reprice", "reprice_tables", "save",
    "show", "sql", "tornado", "verify",
]  # fmt: skip
