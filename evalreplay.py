"""The public Python API: re-exports, nothing else (``import evalreplay as er``)."""

if __name__ == "__main__":
    from analyzer.cli.start import run

    run()
elif __name__ != "__mp_main__":  # ``python -m evalreplay`` and the processes it starts need none of this
    from analyzer import api_hardware as hardware
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
    from analyzer.history.options import HistoryResult
    from analyzer.prices.diff import price_diff
    from analyzer.tornado import Draws
    from pricing.book import PriceBook, load_book
    from pricing.book.import_book import import_book
    from pricing.book.price_check import check_price_file
    from pricing.hardware.deployment import Deployment, HourPrice
    from pricing.reprice import reprice_tables
    from pricing.scenario import Scenario, load_scenario
    from traces.errors import AnalysisError, PricingError, ReplayError, StoreError, TraceError, UsageError
    from traces.registry import Reader
    from traces.store import Store, open_store

__all__ = [
    "AnalysisError", "Comparison", "CurveResult", "Deployment", "Draws", "DryRun", "HistoryResult", "HourPrice",
    "PriceBook", "PricingError", "Reader", "ReplayError", "Scenario", "Store", "StoreError", "TraceError",
    "UsageError", "audit", "card", "check_price_file", "compare", "coverage", "curve", "draw", "draw_comparison",
    "draw_history", "draw_tornado", "frontier", "hardware", "history", "import_book", "load_book", "load_scenario",
    "montecarlo", "open_store", "preview", "price_diff", "read", "report", "reprice", "reprice_tables", "save",
    "show", "sql", "tornado", "verify",
]  # fmt: skip
