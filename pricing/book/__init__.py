"""Price books: dated, sourced prices in layers, and how they are read."""

from pricing.book.book import PriceBook, load_book

__all__ = ["PriceBook", "load_book"]
