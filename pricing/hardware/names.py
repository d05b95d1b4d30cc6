"""Names of models, accelerators, frameworks and precisions as sources write them -> the one name each goes by here."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import polars as pl
import tomli

from traces.errors import PricingError

FOLDER: Final = Path(str(files("pricing"))) / "data" / "hardware"


@cache
def names_file() -> dict[str, Any]:
    """Content of names.toml: names as sources write them, and how their extracts count.

    Raises:
        PricingError: if it is missing or damaged.
    """
    path = FOLDER / "names.toml"
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomli.TOMLDecodeError) as error:
        raise PricingError(f"{path}: {error}", "the installation is damaged: install evalreplay again") from error


@cache
def model_names() -> dict[str, str]:
    """Short name of a model by every name the architectures list it under."""
    listed = pl.read_csv(FOLDER / "architectures.csv", columns=["model", "names"], infer_schema=False)
    others = {name: model for model, names in listed.iter_rows() for name in (names or "").split(",") if name}
    return {**others, **{model: model for model in listed["model"]}}


@cache
def models_with_mtp() -> tuple[str, ...]:
    """Models, by short name, that have heads to predict several tokens."""
    listed = pl.read_csv(FOLDER / "architectures.csv", columns=["model", "has_mtp"], infer_schema=False)
    return tuple(listed.filter(pl.col("has_mtp") == "true")["model"])


@cache
def labelled_speculation() -> dict[str, str]:
    """Speculative decoding of the configurations for which it is published, though not in the sample itself."""
    listed = pl.read_csv(FOLDER / "labels" / "speculation.csv", columns=["config", "speculation"], infer_schema=False)
    return dict(listed.iter_rows())


def short_model(written: pl.Expr) -> pl.Expr:
    """Short name of a model; a name not listed is kept, in lower case, without the part before a slash."""
    return _bare(written).replace(model_names())


def short_accelerator(written: pl.Expr) -> pl.Expr:
    """Name of an accelerator; a name not listed is kept, in lower case."""
    names = names_file()
    bare = _bare(written).str.replace_all(" ", "-")
    for suffix in names["suffixes"]["accelerators"]:
        bare = bare.str.strip_suffix(suffix)
    return bare.replace(names["accelerators"])


def short_framework(written: pl.Expr) -> pl.Expr:
    """Name of a serving framework; a name not listed is kept, in lower case."""
    return _bare(written).replace(names_file()["frameworks"])


def short_precision(written: pl.Expr) -> pl.Expr:
    """Name of a precision; a name not listed is kept, in lower case."""
    return _bare(written).replace(names_file()["precisions"])


def name_of(written: str, short: Callable[[pl.Expr], pl.Expr]) -> str:
    """Give one name as the tables write it.

    Args:
        written: As a user writes it.
        short: One of the functions above.
    """
    return str(pl.select(short(pl.lit(written))).item())


def _bare(written: pl.Expr) -> pl.Expr:
    return written.str.strip_chars().str.to_lowercase().str.split("/").list.last()
