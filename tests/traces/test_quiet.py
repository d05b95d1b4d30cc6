"""Rare rounds of the garbage collector, and its own again afterwards, whatever happens."""

import gc

import pytest

from traces.quiet import rare_collections


def test_thresholds_are_raised_and_put_back() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="stop"), rare_collections():  # noqa: PT012 - looks inside as well
        assert gc.get_threshold()[0] > before[0]
        raise ValueError("stop")
    assert gc.get_threshold() == before
