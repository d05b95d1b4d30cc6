"""Other parsers of JSON that reading is measured beside, and the interpreter that has them."""

import os
import subprocess
import sys
from typing import Final

PARSERS: Final = {"json.load": "json", "json.loads": "json", "orjson.loads": "orjson"}
"""Module of each."""


def has_parser(parser: str) -> bool:
    """Whether the interpreter of a parser has it; if not, it is said so."""
    tried = [python_of(parser), "-c", f"import {PARSERS[parser]}"]
    is_there = subprocess.run(tried, check=False, capture_output=True).returncode == 0
    if not is_there:
        print(f"{parser} is not installed: left out", file=sys.stderr)
    return is_there


def python_of(what: str) -> str:
    """Interpreter for a piece of work: PEERS_PYTHON names one that has the other parsers."""
    return os.environ.get("PEERS_PYTHON", sys.executable) if what in PARSERS else sys.executable
