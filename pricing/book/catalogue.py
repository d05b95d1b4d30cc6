"""The frozen catalogue: undated and dated prices of many providers, and the exact names they go by."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import polars as pl

from pricing.schema import PRICES
from traces.errors import PricingError

FOLDER: Final = Path(str(files("pricing"))) / "data" / "catalogue"
NAMES_SCHEMA: Final = pl.Schema({"provider": pl.String, "name": pl.String, "model": pl.String})


@dataclass(frozen=True)
class Catalogue:
    """Rows of PRICES, and the names (lower case) each provider's models go by."""

    rows: pl.DataFrame
    names: pl.DataFrame


@cache
def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Read the frozen catalogue; the project it was converted from is not needed.

    Raises:
        PricingError: if its files are missing or damaged.
    """
    try:
        rows = pl.read_parquet(folder / "prices.parquet", memory_map=False)
        names = pl.read_parquet(folder / "names.parquet", memory_map=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PricingError(f"{folder}: {error}", "the installation is damaged: install evalreplay again") from error
    return Catalogue(PRICES.conform(rows), names)


def catalogue_source(folder: Path = FOLDER) -> dict[str, Any]:
    """Project, version, licence, dates, counts and hashes of the frozen catalogue."""
    return tomllib.loads((folder / "SOURCE.toml").read_text(encoding="utf-8"))
