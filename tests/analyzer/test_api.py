"""What the Python interface refuses."""

import pytest

import evalreplay as er
from analyzer.tour import BUNDLED


def test_keys_beside_a_scenario_are_refused_and_not_left_unheard() -> None:
    with pytest.raises(er.UsageError, match="keys beside it: cache"):
        er.preview(BUNDLED, er.Scenario(), cache="none")
