"""Prices of resold models that a catalogue states without a day, as certain as their makers' dated prices leave them.

A catalogue tells a reseller's price of today. Before the model came out nothing is in force; until the maker's last
change of price the reseller may have asked the maker's price of the time, so that there the price is a range.
"""

from typing import Final

import polars as pl

from pricing.moments import END, START
from pricing.schema import TOKEN_KINDS
from traces.schema import UTC_TIME

_MODEL: Final = ("provider", "model")
_LIST: Final = (*_MODEL, "service_tier", "is_batch", "region", "kind", "unit")
_PRICE: Final = (*_LIST, "min_input_tokens")
_FROM, _UNTIL = pl.col("effective_from"), pl.col("effective_until")
_NOTE: Final = "The maker's price at the time: the catalogue has the reseller's price of today alone, without a day."


def date_resold(rows: pl.DataFrame, makers: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Give the undated prices of resold models their beginning, and beside them the maker's earlier prices.

    Args:
        rows: Rows of PRICES without open ends (START, END).
        makers: Rows of MAKERS_SCHEMA.
        facts: Rows of MODEL_FACTS.
    """
    own = _own_prices(rows, makers)
    released = _released(makers, facts, own)
    is_undated = (pl.col("layer") == "catalogue") & (_FROM == START)
    resold = rows.filter(is_undated).join(released, on=_MODEL, how="inner")
    others = rows.join(resold.select(_MODEL).unique(), on=_MODEL, how="anti")
    kept = rows.filter(~is_undated).join(resold.select(_MODEL).unique(), on=_MODEL, how="semi")
    begun = resold.with_columns(effective_from=pl.max_horizontal(_FROM, "released")).filter(_FROM < _UNTIL)
    earlier = _clipped(own, begun)
    changed = _last_changes(earlier.join(begun.select(*_PRICE, stated="price_pusd"), on=_PRICE, nulls_equal=True))
    parts = (others, kept, _as_windows(begun, changed), _before(earlier, changed), _tiers(earlier, begun))
    return pl.concat([part.select(rows.columns) for part in parts])


def _own_prices(rows: pl.DataFrame, makers: pl.DataFrame) -> pl.DataFrame:
    """The makers' prices under the resellers' names, as long as these mean the model; what is free there has a price.

    A maker's free preview is no price of a reseller: the first price the maker asks holds from the start.
    """
    named = makers.filter("is_priced_alike").select(*_MODEL, "maker", "maker_model", "alias_from", "alias_until")
    plain = rows.filter(
        pl.col("kind").is_in(TOKEN_KINDS), pl.col("priority") == 0, pl.col("region").is_null(), _FROM > START
    )
    renamed = plain.rename({"provider": "maker", "model": "maker_model"}).join(named, on=["maker", "maker_model"])
    asked = pl.when(pl.col("price_pusd") > 0).then("price_pusd")
    return (
        renamed.with_columns(
            pl.max_horizontal(_FROM, "alias_from").alias("effective_from"),
            pl.min_horizontal(_UNTIL, "alias_until").alias("effective_until"),
        )
        .filter(_FROM < _UNTIL)
        .sort(*_PRICE, "effective_from", nulls_last=False)
        .with_columns(price_pusd=asked.backward_fill().over(_PRICE))
        .drop_nulls("price_pusd")
        .with_columns(
            pl.lit("catalogue").alias("layer"), pl.lit("undated").alias("date_basis"), pl.lit(_NOTE).alias("note")
        )
    )


def _released(makers: pl.DataFrame, facts: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """When the makers' models came out: as stated, else with their first dated price."""
    known = facts.select(maker="provider", maker_model="model", stated_date="release_date")
    first = own.group_by("maker", "maker_model").agg(first=_FROM.min())
    of_maker = makers.join(known, on=["maker", "maker_model"], how="left")
    stated = pl.coalesce("stated_date", "released_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    at = of_maker.join(first, on=["maker", "maker_model"], how="left").select(
        *_MODEL, released=pl.coalesce(stated, "first").cast(UTC_TIME)
    )
    return at.drop_nulls().group_by(_MODEL).agg(pl.col("released").min())


def _clipped(own: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """The makers' prices of what the catalogue has an undated price of, from the release to the end of that price."""
    life = begun.group_by(_LIST).agg(pl.col("released").min(), life_until=_UNTIL.max())
    return (
        own.join(life, on=_LIST, how="inner", nulls_equal=True)
        .with_columns(
            pl.max_horizontal(_FROM, "released").alias("effective_from"),
            pl.min_horizontal(_UNTIL, "life_until").alias("effective_until"),
            pl.max_horizontal("effective_earliest", "released").alias("effective_earliest"),
        )
        .with_columns(effective_earliest=pl.when(pl.col("effective_latest").is_not_null()).then("effective_earliest"))
        .filter(_FROM < _UNTIL)
    )


def _last_changes(earlier: pl.DataFrame) -> pl.DataFrame:
    """By when each of the makers' prices had certainly changed for the last time, within the life of the reseller's.

    A reseller's price that ended, and was not the maker's by then, may have ended with any of the changes.
    """
    before, last_day = pl.col("price_pusd").shift(1).over(_PRICE), pl.col("life_until").dt.offset_by("-1d")
    is_change = (pl.col("price_pusd") != before).fill_null(pl.col("released") < _FROM)
    certain = pl.min_horizontal(pl.coalesce("effective_latest", "effective_from"), last_day)
    is_outdated = (pl.col("life_until") < END) & (pl.col("price_pusd") != pl.col("stated"))
    changes = earlier.sort(*_PRICE, "effective_from", nulls_last=False).filter(is_change)
    last = pl.when(is_outdated.last()).then(last_day.last()).otherwise(certain.max())
    return changes.group_by(_PRICE, maintain_order=True).agg(changed=last)


def _as_windows(begun: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The undated prices, sure from the maker's last change on, and possible since the release."""
    dated = begun.join(changed, on=_PRICE, how="left", nulls_equal=True)
    is_window = pl.col("changed").is_not_null()
    return dated.with_columns(
        effective_from=pl.coalesce("changed", "effective_from"),
        effective_earliest=pl.when(is_window).then("released"),
        effective_latest=pl.col("changed"),
    )


def _before(earlier: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The makers' prices until their last change."""
    dated = earlier.join(changed, on=_PRICE, how="inner", nulls_equal=True)
    return dated.with_columns(effective_until=pl.min_horizontal(_UNTIL, "changed")).filter(_FROM < _UNTIL)


def _tiers(earlier: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """The makers' prices of longer requests that the catalogue lacks: possible, and never sure."""
    longer = earlier.filter(pl.col("min_input_tokens") > 0)
    lacking = longer.join(begun.select(_PRICE), on=_PRICE, how="anti", nulls_equal=True)
    return lacking.with_columns(
        effective_earliest=pl.coalesce("effective_earliest", "effective_from"), effective_latest=_UNTIL
    )
