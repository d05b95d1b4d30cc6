"""The rules by which the published sample of measured loads becomes serving rows, and what each dropped or corrected.

The sample is put together from several extracts, which count accelerators in two ways and repeat one another. A rule
drops rows or corrects them; the order matters, and every rule says how many rows it touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from pricing.hardware.names import labelled_speculation, models_with_mtp, names_file, short_model

NODE_GPUS: Final = 8
"""Accelerators of one node: what the sample gives as one copy on more of them are several nodes, counted unreliably."""
FULL_FRONT: Final = 4
"""Points below which a front is flagged: the sweeps of the sources have at least four concurrencies."""
_LOAD: Final = ("model", "system", "isl", "osl", "concurrency")
_ENGINE: Final = (
    *_LOAD,
    "backend",
    "backend_version",
    "precision",
    "n_gpus",
    "moe_ep_size",
    "attention_dp_size",
    "config",
)
_TIMES: Final = ("silicon_ttft_ms", "silicon_tpot_ms")


@dataclass(frozen=True)
class Rule:
    """One rule: drops the rows ``where`` holds, or corrects them.

    Args:
        name: What it does, in a few words.
        why: Why the rows cannot stand as they are.
        where: Rows it touches.
        sets: Columns it corrects, by name; none: it drops the rows.
    """

    name: str
    why: str
    where: pl.Expr
    sets: tuple[tuple[str, pl.Expr], ...] = ()

    @property
    def effect(self) -> Literal["dropped", "corrected"]:
        """What becomes of the rows it touches."""
        return "corrected" if self.sets else "dropped"


@dataclass(frozen=True)
class Cleaned:
    """Rows that passed every rule.

    Args:
        rows: The rows, with the columns of the sample and what was read from them.
        changes: Rule, effect (dropped or corrected), n, why; one row per rule, those that touched none included.
    """

    rows: pl.DataFrame
    changes: pl.DataFrame


def clean(sample: pl.DataFrame, rules: Sequence[Rule] | None = None) -> Cleaned:
    """Apply the rules, in order.

    Args:
        sample: Rows of the sample, as published.
        rules: Rules to apply; default: those of this module.
    """
    rows, changes = with_facts(sample), []
    for rule in silicon_rules() if rules is None else rules:
        touched = rows.select(rule.where.fill_null(value=False)).to_series()
        changes.append({"rule": rule.name, "effect": rule.effect, "n": int(touched.sum()), "why": rule.why})
        if rule.sets:
            rows = rows.with_columns(
                pl.when(touched).then(value).otherwise(pl.col(name)).alias(name) for name, value in rule.sets
            )
        else:
            rows = rows.filter(~touched)
    return Cleaned(rows, pl.DataFrame(changes, schema={"rule": str, "effect": str, "n": pl.Int64, "why": str}))


def with_facts(sample: pl.DataFrame) -> pl.DataFrame:
    """Add what a row's note of its origin says: extract, configuration, day, concurrency; and its accelerators."""
    origin = pl.col("silicon_data_source")
    named = origin.str.extract(r"source_file=(?:[^;]*/)?([^;/]+)")
    facts = sample.with_columns(
        model=short_model(pl.col("model_path")),
        extract=pl.when(origin.str.starts_with("db-dump")).then(pl.lit("db-dump")).otherwise(named),
        concurrency=origin.str.extract(r"silicon_concurrency=(\d+)").cast(pl.Int64),
        day=origin.str.extract(r"measured=(\d{4}-\d\d-\d\d)").str.to_date("%Y-%m-%d"),
        is_wip=origin.str.contains("wip=True", literal=True),
        n_gpus=pl.max_horizontal("tp_size", pl.col("attention_dp_size").fill_null(1)),
        n_copies=pl.max_horizontal(pl.col("attention_dp_size").fill_null(1), 1),
    )
    return facts.with_columns(config=_config(origin))


def _config(origin: pl.Expr) -> pl.Expr:
    """Id of a configuration: its number in the dump; else its image, or its extract where there is none.

    An image serves a model that has heads for speculation in two ways, so that there the extract is told as well.
    """
    image = origin.str.extract(r"image=([^;]+)").str.strip_chars().str.replace_all("#", "/", literal=True)
    both = pl.concat_str([pl.col("extract"), image], separator=":", ignore_nulls=True)
    by_model = pl.when(pl.col("model").is_in(models_with_mtp())).then(both).otherwise(pl.coalesce(image, "extract"))
    number = origin.str.extract(r"config_id=(\d+)")
    return pl.when(number.is_not_null()).then(pl.format("{}:{}", "extract", number)).otherwise(by_model)


def silicon_rules() -> tuple[Rule, ...]:
    """The rules of the sample, in the order they are applied."""
    return (*_unusable(), *_counts(), *_repeats())


def _unusable() -> tuple[Rule, ...]:
    load = pl.col("batch_size") * pl.col("n_copies")
    answer_ms = pl.col("silicon_tpot_ms") * (pl.col("osl") - 1)
    return (
        Rule("disaggregated", "numbers of accelerators are not reliable", pl.col("mode") != "agg"),
        Rule("work in progress", "its source marks it so", pl.col("is_wip")),
        Rule("no concurrency", "requests under way are not stated", pl.col("concurrency").is_null()),
        Rule("rounded copies", "all rows stand in other extracts", pl.col("extract").is_in(_setting("rounded"))),
        Rule("copies not told", "requests under way and per copy do not agree", pl.col("concurrency") != load),
        Rule("queued", "waits longer for the first token than for all others", pl.col("silicon_ttft_ms") > answer_ms),
        Rule("placeholders", "a time of zero or none", ~pl.all_horizontal(pl.col(*_TIMES) > 0)),
    )


def _counts() -> tuple[Rule, ...]:
    tp, ep, dp = pl.col("moe_tp_size"), pl.col("moe_ep_size"), pl.col("attention_dp_size")
    multiplied = pl.col("extract").is_in(_setting("multiplied")) & (ep > 1) & (pl.col("n_gpus") == tp * ep)
    twice = (pl.col("tp_size") > 1) & (pl.col("tp_size") == dp)
    relabels = [
        Rule(
            f"{one['path']} of {one['extract']} is {one['model']}",
            "its rows stand in other extracts under that name",
            (pl.col("extract") == one["extract"]) & (pl.col("model_path") == one["path"]),
            (("model", pl.lit(one["model"])),),
        )
        for one in _setting("relabel")
    ]
    return (
        Rule("tp = dp", "accelerators counted once or twice, not told which", twice),
        Rule("tp x ep counted", "tp accelerators, written as tp x ep", multiplied, (("n_gpus", tp),)),
        Rule("more than a node", "several nodes, counted unreliably", pl.col("n_gpus") > NODE_GPUS),
        *relabels,
    )


def _repeats() -> tuple[Rule, ...]:
    preference = pl.col("extract").replace_strict(_preference(), default=len(_preference()), return_dtype=pl.Int64)
    is_repeated = _place(preference, [*_LOAD, *_TIMES]) > 0
    is_faster = pl.col("silicon_tpot_ms") < pl.col("silicon_tpot_ms").max().over([*_ENGINE, "day"])
    is_older = pl.col("day") < pl.col("day").max().over(_ENGINE)
    return (
        Rule("repeated", "the same measurement stands in another extract", is_repeated),
        Rule("faster twins", "two speeds of one engine on one day: the slower one is kept", is_faster),
        Rule("measured again", "a later day of the same engine and load is kept", is_older),
    )


def _place(order: pl.Expr, same: Sequence[str]) -> pl.Expr:
    """Place of a row among those that are the same, from 0, in an order (ties as they stand)."""
    return order.rank("ordinal").over(same).cast(pl.Int64) - 1


def _preference() -> dict[str, int]:
    return {extract: place for place, extract in enumerate(_setting("drawn"))}


def _setting(name: str) -> Any:
    return names_file()["silicon"][name]


def speculation() -> pl.Expr:
    """Label a row: by its configuration where that is published; else the models without heads for it have none."""
    by_model = pl.when(pl.col("model").is_in(models_with_mtp())).then(pl.lit("unlabelled")).otherwise(pl.lit("none"))
    return pl.col("config").replace_strict(labelled_speculation(), default=by_model)


def front_note(engine: Sequence[str]) -> pl.Expr:
    """Flag the fronts of few points."""
    n_points = pl.col("concurrency").n_unique().over([*engine, "isl", "osl"])
    return pl.when(n_points < FULL_FRONT).then(pl.format("truncated front: {} concurrencies", n_points))
