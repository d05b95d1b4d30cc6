"""The frozen catalogue: undated and dated prices of many providers, and the exact names they go by."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import polars as pl
import tomli

from pricing.schema import PRICES
from traces.errors import PricingError

FOLDER: Final = Path(str(files("pricing"))) / "data" / "catalogue"
FILES: Final = ("prices.parquet", "names.parquet", "makers.parquet")
NAMES_SCHEMA: Final = pl.Schema({"provider": pl.String, "name": pl.String, "model": pl.String})


@dataclass(frozen=True)
class Catalogue:
    """Rows of PRICES, the names (lower case) each provider's models go by, and the makers of those it resells."""

    rows: pl.DataFrame
    names: pl.DataFrame
    makers: pl.DataFrame


@cache
def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Read the frozen catalogue; the project it was converted from is not needed.

    Raises:
        PricingError: if its files are missing or damaged.
    """
    try:
        rows, names, makers = (pl.read_parquet(folder / name, memory_map=False) for name in FILES)
    except (OSError, pl.exceptions.PolarsError) as error:
        remedy = "the installation is damaged: install evalreplay again" if folder == FOLDER else "make it again"
        raise PricingError(f"{folder}: no catalogue: {error}", f"{remedy} (evalreplay prices update)") from error
    return Catalogue(PRICES.conform(rows), names, makers)


def catalogue_source(folder: Path = FOLDER) -> dict[str, Any]:
    """Project, version, licence, dates, counts and hashes of the frozen catalogue."""
    return tomli.loads((folder / "SOURCE.toml").read_text(encoding="utf-8"))
