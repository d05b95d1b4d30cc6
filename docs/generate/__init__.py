"""The generated parts of the docs: functions from declarations, registries and commands to Markdown.

cog calls them from the pages (``make docs``); ``python -m docs.generate`` draws the figures of ``docs/images`` again.
"""

from docs.generate.declared import curves, errors, formats, frontiers, tables
from docs.generate.hardware import hardware_files, hardware_sources
from docs.generate.helps import commands
from docs.generate.pages import console, page_files
from docs.generate.prices import (
    date_bases,
    named_books,
    names,
    price_bases,
    price_file_keys,
    price_files,
    price_importers,
    price_units,
)
from docs.generate.scenarios import scenario_keys

__all__ = [
    "commands", "console", "curves", "date_bases", "errors", "formats", "frontiers", "hardware_files",
    "hardware_sources", "named_books", "names", "page_files", "price_bases", "price_file_keys", "price_files",
    "price_importers", "price_units", "scenario_keys", "tables",
]  # fmt: skip
