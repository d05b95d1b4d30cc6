"""The price book: layered, dated rows of PRICES, which of them are in force, and what they were read from."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pricing.book.catalogue import FILES as CATALOGUE_FILES
from pricing.book.catalogue import FOLDER, NAMES_SCHEMA, Catalogue, load_catalogue
from pricing.book.layers import merge_layers
from pricing.book.price_check import read_checked
from pricing.book.price_file import PriceFile, joined, read_price_file
from pricing.book.windows import is_in_window
from pricing.names.aliases import ALIASES_PATH, Aliases, load_aliases
from pricing.names.directory import Directory, directory
from pricing.names.grammar import GRAMMAR_PATH
from pricing.names.identities import IDENTITIES_PATH
from pricing.names.resolve import PAIR, resolve_one
from pricing.schema import CACHE_RULES, MODEL_FACTS, PRICES, REGION_MULTIPLIERS
from traces.errors import PricingError
from traces.schema import UTC_TIME

HISTORY_FOLDER: Final = Path(str(files("pricing"))) / "data" / "prices"
_PRICE: Final = ("provider", "model", "kind", "unit", "min_input_tokens", "service_tier", "is_batch", "region")


@dataclass(frozen=True, eq=False)
class PriceBook:
    """Prices of all layers, merged: of one price and priority, at most one row is in force at any moment.

    Each kind is looked up on its own: the row in force with the highest priority whose ``min_input_tokens`` the
    request exceeds most closely. Where a model has no row of a cache kind it is billed as uncached input, reasoning as
    output; without a row of uncached input or output the price is not known.

    Args:
        rows: Rows of PRICES.
        names: Further names (lower case) of the models in rows: provider, name, model.
        aliases: Table of dated aliases, billers and vendors.
        sources: sha256 of every file the book was read from, by name.
        models: Rows of MODEL_FACTS.
        caches: Rows of CACHE_RULES; the first that fits counts.
        regions: Rows of REGION_MULTIPLIERS.
        own_directory: Names in the book's own way; null: by who bills, of the rows and names above.
        unlisted: What a model it does not list costs: "unknown" (null), or "skipped" (left out of every sum).
        is_tier_blind: Its rows are the prices of every service tier and of batches too: its author tells none apart.
        checked_through: Latest moment a price file was kept until; null: no file says.
    """

    rows: pl.DataFrame
    names: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NAMES_SCHEMA))
    aliases: Aliases = field(default_factory=load_aliases)
    sources: Mapping[str, str] = field(default_factory=dict)
    models: pl.DataFrame = field(default_factory=MODEL_FACTS.empty)
    caches: pl.DataFrame = field(default_factory=CACHE_RULES.empty)
    regions: pl.DataFrame = field(default_factory=REGION_MULTIPLIERS.empty)
    own_directory: Directory | None = None
    unlisted: Literal["unknown", "skipped"] = "unknown"
    is_tier_blind: bool = False
    checked_through: datetime | None = None

    def on(self, model: str, at: datetime | None, provider: str | None = None) -> pl.DataFrame:
        """Rows in force for a model, sorted; at every host of it where no provider is given and none owns its name.

        Args:
            model: Name as a trace writes it.
            at: Moment (naive: UTC); null: all rows, whenever in force.
            provider: Who bills; null: not known.
        """
        moment = None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        found = self._targets(model, provider)
        rows = self.rows.join(found, on=["provider", "model"], how="inner")
        if moment is not None:
            rows = rows.filter(_covers("effective", moment), _covers("alias", moment))
            rows = self._prevailing(rows, moment)
        return rows.select(PRICES.schema.names()).sort(*_PRICE, "effective_from", "priority", nulls_last=False)

    @cached_property
    def directory(self) -> Directory:
        """Names of its models."""
        if self.own_directory is not None:
            return self.own_directory
        models = self.rows.select("provider", "model").unique().iter_rows()
        released = self.models.select("provider", "model", "release_date").iter_rows()
        return directory(self.names.iter_rows(), models, self.aliases, released)

    @cached_property
    def retired(self) -> Mapping[tuple[str, str], date]:
        """First day a model could no longer be called, by provider and model; the others have none that is known."""
        days = self.models.drop_nulls("retired_date").select("provider", "model", "retired_date")
        return {(provider, model): day for provider, model, day in days.iter_rows()}

    def _targets(self, model: str, provider: str | None) -> pl.DataFrame:
        resolved = resolve_one(provider, model, self.directory)
        found = resolved.filter(pl.col("price_model").is_not_null())
        found = found.select(pl.col("price_provider", "price_model").name.replace("price_", ""), r"^alias_.*$")
        if found.height or provider is not None:
            return found
        sellers = self.directory.sellers(model, resolved["identity"].item(0))
        found_hosts = pl.DataFrame(sellers, schema=PAIR, orient="row")
        return found_hosts.with_columns(pl.lit(None, UTC_TIME).alias(f"alias_{end}") for end in ("from", "until"))

    def _prevailing(self, rows: pl.DataFrame, moment: datetime) -> pl.DataFrame:
        windows = rows.select("weekdays", "hours_utc").unique()
        inside = [window for window in windows.iter_rows() if is_in_window(moment, *window)]
        open_now = pl.DataFrame(inside, schema=windows.schema, orient="row")
        rows = rows.join(open_now, on=["weekdays", "hours_utc"], how="semi", nulls_equal=True)
        latest = pl.col("effective_latest")
        sure = pl.col("priority").filter(latest.is_null() | (latest <= moment))
        return rows.filter((pl.col("priority") >= sure.max().over(_PRICE)).fill_null(value=True))


def load_book(user_files: Sequence[Path] = (), catalogue: Path | None = None) -> PriceBook:
    """Load the catalogue, the dated history, and the user's price files, which win over both.

    Args:
        user_files: Price files of the user.
        catalogue: Folder of another catalogue; null: the one frozen in the package.

    Raises:
        PricingError: if a file cannot be read or states something that cannot be.
    """
    return _load(tuple((path, _sha256(path)) for path in user_files), catalogue or FOLDER)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PricingError(f"{path}: {error.strerror}", "check that the price file exists and may be read") from error


@cache
def _load(user_files: tuple[tuple[Path, str], ...], folder: Path) -> PriceBook:
    """Load the book; kept as long as the content of the user's files is the same."""
    history, user = _history(), [read_checked(path) for path, _ in user_files]
    book = replace(_book(load_catalogue(folder), history, user), sources=_sources(history, user_files, folder))
    if folder == FOLDER:
        book.directory.refuse_unknown_aliases()
    return book


def catalogue_book(catalogue: Catalogue) -> PriceBook:
    """Make a book of a catalogue that is not frozen yet, and the dated history."""
    return _book(catalogue, _history(), [])


def _history() -> list[PriceFile]:
    return [read_price_file(path, "history") for path in sorted(HISTORY_FOLDER.glob("*.toml"))]


def _book(catalogue: Catalogue, history: Sequence[PriceFile], user: Sequence[PriceFile]) -> PriceBook:
    aliases, files = load_aliases(), (*user, *history)
    renamed = _renamed(catalogue.rows, aliases, history)
    names = [(provider, name, model) for (provider, name), model in aliases.renames().items()]
    own_names = pl.DataFrame(names, schema=NAMES_SCHEMA, orient="row")
    return PriceBook(
        merge_layers(renamed, history, user, catalogue.makers),
        pl.concat([catalogue.names, own_names]),
        aliases,
        models=joined(files, "model").unique(["provider", "model"], keep="first", maintain_order=True),
        caches=joined(files, "cache"),
        regions=joined(files, "region"),
        checked_through=max((file.checked_through for file in files if file.checked_through), default=None),
    )


def _renamed(rows: pl.DataFrame, aliases: Aliases, history: Sequence[PriceFile]) -> pl.DataFrame:
    """Give the catalogue's rows of a model the name the history has it under."""
    dated = {(file.provider, model) for file in history for model in {row["model"] for row in file.tables["price"]}}
    listed = set(rows.select("provider", "model").unique().iter_rows())
    names = [
        (provider, name, model)
        for (provider, name), model in aliases.renames().items()
        if (provider, model) in dated - listed
    ]
    to = pl.DataFrame(names, schema=["provider", "model", "renamed"], orient="row")
    to = to.cast(pl.String)
    joined = rows.join(to, on=["provider", "model"], how="left", maintain_order="left")
    return joined.with_columns(model=pl.coalesce("renamed", "model")).drop("renamed")


def _sources(history: Sequence[PriceFile], user_files: Sequence[tuple[Path, str]], folder: Path) -> dict[str, str]:
    own = {f"catalogue/{name}": folder / name for name in CATALOGUE_FILES}
    own |= {f"prices/{file.path.name}": file.path for file in history}
    own |= {path.name: path for path in (ALIASES_PATH, GRAMMAR_PATH, IDENTITIES_PATH)}
    user = {f"user/{number}-{path.name}": digest for number, (path, digest) in enumerate(user_files, 1)}
    return {name: _sha256(path) for name, path in sorted(own.items())} | user


def _covers(name: str, moment: datetime) -> pl.Expr:
    since, until = pl.col(f"{name}_from"), pl.col(f"{name}_until")
    began = since.is_null() | (since <= moment)
    return began & (until.is_null() | (until > moment))
