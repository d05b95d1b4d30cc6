"""Rarer rounds of the garbage collector while much is read that lives: rows are kept, and none of them in a circle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (100_000, 50, 100)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for circles after every 100,000 new objects, not 700; then as before."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
