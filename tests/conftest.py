"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(os.environ.get("EVALREPLAY_SHARED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        place = os.path.relpath(SHARED_DATA, ROOT)
        pytest.skip(
            f"real traces are not at {place} (too large or not free to ship); EVALREPLAY_SHARED_DATA names them"
        )
    return SHARED_DATA
