"""InferenceX: its database dump (configs.json, benchmark_results.json), its CI lists (agg_bmk.json), API rows and CSV.

One closed loop per row: latencies in seconds, lengths drawn evenly from 0.8 to 1 times the nominal ones, no prefix
cache. Throughput per accelerator is input and output tokens over all accelerators. Rows of before 2025-12-19 write
tp x ep for the number of accelerators of one node, so that it is taken from tp (times pp) throughout.
"""

from typing import Final

import polars as pl

from pricing.book.foreign import Foreign
from pricing.hardware.importer import Imported, Importer, settle
from pricing.hardware.importers.inferencex_records import CONFIGS, header, is_dump, records
from pricing.hardware.names import short_accelerator, short_framework, short_model, short_precision
from pricing.hardware.schema import DRAWN_FRAC, ENGINE, SERVING

_NEEDED: Final = {"isl", "osl", "conc"}
_TIMES: Final = ("ttft", "tpot", "e2el")
_SPECULATION: Final = {"none": "none", "false": "none", "mtp": "mtp", "eagle": "eagle", "eagle3": "eagle"}
_LOAD: Final = (*ENGINE, "isl", "osl", "concurrency", "ttft_s", "tpot_s")


def sniff(source: Foreign) -> bool:
    """Recognise the dump by its two files, lists and tables by their columns."""
    if source.folder is not None:
        return is_dump(source.folder)
    names = header(source)
    return (
        names >= _NEEDED and bool(names & {"hardware", "hw"}) and bool(names & {"median_tpot", "mean_tpot", "metrics"})
    )


def parse(source: Foreign) -> Imported:
    """Make serving rows of single-node loads; what else there is, is counted by reason."""
    rows = records(source)
    dropped = []
    for reason, where in _UNUSABLE:
        touched = rows.select(where.fill_null(value=False)).to_series()
        dropped.append((reason, int(touched.sum())))
        rows = rows.filter(~touched)
    n_multiplied = rows.filter(_number("num_decode_gpu") > _number("tp")).height
    notes = [f"corrected: {n_multiplied} rows write tp x ep accelerators: tp is taken"] if n_multiplied else []
    serving = SERVING.conform(_serving(rows, source.path.name))
    once = serving.unique(_LOAD, keep="first", maintain_order=True)
    dropped.append(("repeated: the same measurement of the same engine", serving.height - once.height))
    return settle("serving", once, dropped, notes)


def _serving(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    has_means = pl.all_horizontal(_number(f"mean_{time}").is_not_null() for time in _TIMES[:2])
    ttft, tpot, e2e = (
        pl.when(has_means).then(_number(f"mean_{time}")).otherwise(_number(f"median_{time}")) for time in _TIMES
    )
    n_gpus = _number("tp") * _number("pp").fill_null(1)
    return rows.select(
        model=short_model(pl.col("model")),
        accelerator=short_accelerator(pl.col("accelerator")),
        weights_precision=short_precision(pl.col("precision")),
        framework=short_framework(pl.col("framework")),
        framework_version=pl.col("image").str.split(":").list.last(),
        n_gpus=n_gpus,
        tp=_number("tp"),
        ep=_number("ep"),
        dp=pl.when(_is_true("dp_attention")).then(n_gpus).when(pl.col("dp_attention").is_not_null()).then(1),
        speculation=pl.col("speculation").str.to_lowercase().replace_strict(_SPECULATION, default="unlabelled"),
        config=pl.format("inferencex:{}", pl.col("config_id")),
        isl=_number("isl"),
        osl=_number("osl"),
        mean_length_frac=pl.lit(DRAWN_FRAC),
        concurrency=_number("conc"),
        ttft_s=ttft,
        tpot_s=tpot,
        statistic=pl.when(has_means).then(pl.lit("mean")).otherwise(pl.lit("median")),
        ttft_p99_s=_number("p99_ttft"),
        e2e_s=e2e,
        tokens_per_gpu_s=_number("tput_per_gpu"),
        date=pl.col("date").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        basis=pl.lit("measured"),
        source=pl.coalesce("run_url", pl.lit(name)),
    )  # fmt: skip


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def _is_true(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().is_in(["true", "1", "t"])


_UNUSABLE: Final = (
    ("failed: the source states an error", pl.col("error").str.len_chars() > 0),
    ("not one turn per request: another kind of load", pl.col("benchmark_type") != "single_turn"),
    ("disaggregated: input and output are counted on different accelerators", _is_true("disagg")),
    ("several nodes: accelerators are not told by tp", _is_true("is_multinode")),
    ("no configuration of its id", pl.col("accelerator").is_null() & pl.col("config_id").is_not_null()),
)

IMPORTER: Final = Importer(
    name="inferencex",
    summary=f"the InferenceX dump (a folder or zip with {CONFIGS}), its agg_bmk.json, API rows, or a CSV of them",
    upstream=("InferenceX-app database schema 001 of 2026-02-26", "InferenceX process_result.py of 2025-12 to 2026-06"),
    sniff=sniff,
    parse=parse,
)
