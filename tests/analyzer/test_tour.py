"""The tour shows what its commands print."""

from pathlib import Path

from analyzer.prices.listing import price_rows
from analyzer.tour import tour
from pricing.book import load_book


def test_every_price_of_the_day_is_shown(tmp_path: Path) -> None:
    [prices] = [step.table for step in tour(tmp_path) if step.command.startswith("evalreplay prices")]
    assert prices is not None
    assert prices.height == price_rows(load_book(), "o3", "2025-06-09").height
