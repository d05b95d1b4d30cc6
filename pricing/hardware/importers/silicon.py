"""The published sample of measured loads (silicon_sample.csv): mean times per shape and batch, cleaned by rules."""

import io
from typing import Final

import polars as pl

from pricing.book.foreign import Foreign
from pricing.hardware.clean import Cleaned, clean, front_note, speculation
from pricing.hardware.importer import Imported, Importer, csv_header, settle
from pricing.hardware.names import names_file, short_accelerator, short_framework, short_precision
from pricing.hardware.schema import DRAWN_FRAC, ENGINE, SERVING

_MS_PER_S: Final = 1000
_NEEDED: Final = {"silicon_data_source", "silicon_ttft_ms", "silicon_tpot_ms", "model_path", "system", "mode"}


def sniff(source: Foreign) -> bool:
    """Recognise the sample by its header."""
    return csv_header(source) >= _NEEDED


def parse(source: Foreign) -> Imported:
    """Make serving rows of the sample."""
    cleaned = clean(pl.read_csv(io.StringIO(source.text), infer_schema_length=None))
    dropped = [(f"{rule}: {why}", n) for rule, effect, n, why in cleaned.changes.iter_rows() if effect == "dropped"]
    notes = [
        f"corrected: {rule}: {n} rows: {why}"
        for rule, effect, n, why in cleaned.changes.iter_rows()
        if effect == "corrected" and n
    ]
    return settle("serving", serving_rows(cleaned), dropped, notes)


def serving_rows(cleaned: Cleaned) -> pl.DataFrame:
    """Lay cleaned rows out as serving rows, sorted."""
    has_dp = pl.col("attention_dp_size") > 1
    is_drawn = pl.col("extract").is_in(names_file()["silicon"]["drawn"])
    rows = cleaned.rows.select(
        "model", "isl", "osl", "concurrency", "config", "n_gpus", date="day",
        accelerator=short_accelerator(pl.col("system")),
        weights_precision=short_precision(pl.col("precision")),
        framework=short_framework(pl.col("backend")),
        framework_version="backend_version",
        tp="n_gpus",
        ep=pl.when(pl.col("moe_ep_size") > 0).then("moe_ep_size"),
        dp=pl.when(has_dp).then("n_gpus").when(pl.col("attention_dp_size").is_not_null()).then(1),
        speculation=speculation(),
        mean_length_frac=pl.when(is_drawn).then(DRAWN_FRAC).otherwise(1.0),
        ttft_s=pl.col("silicon_ttft_ms") / _MS_PER_S,
        tpot_s=pl.col("silicon_tpot_ms") / _MS_PER_S,
        basis=pl.lit("measured"),
        source=pl.format("aiconfigurator-core, systems/silicon_sample.csv: {}", "id"),
        licence=pl.lit(names_file()["silicon"]["licence"]),
    )  # fmt: skip
    noted = SERVING.conform(rows.with_columns(statistic=pl.lit("mean"), cached_frac=pl.lit(0.0)))
    return SERVING.sort(noted.with_columns(note=front_note(ENGINE)))


IMPORTER: Final = Importer(
    name="silicon",
    summary="a sample of measured loads: CSV with silicon_ttft_ms, silicon_tpot_ms and silicon_data_source",
    upstream=("silicon_sample.csv of aiconfigurator-core 0.12.0",),
    sniff=sniff,
    parse=parse,
)
