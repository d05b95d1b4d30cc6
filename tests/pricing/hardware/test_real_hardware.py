"""Published rows through the importers: the shipped file is made of the sample, and figures are as published."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pricing.hardware.clean import clean, silicon_rules, with_facts
from pricing.hardware.identities import identities
from pricing.hardware.importer import import_rows
from pricing.hardware.names import FOLDER
from pricing.hardware.schema import SERVING

MAPPING = Path(__file__).parents[2] / "data" / "hardware" / "unified.toml"
TIMES = ["silicon_ttft_ms", "silicon_tpot_ms"]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "hardware"


def test_the_shipped_loads_are_what_the_rules_make_of_the_sample(folder: Path) -> None:
    imported = import_rows(folder / "aic_silicon_sample.csv")
    assert_frame_equal(imported.frame, SERVING.conform(pl.read_parquet(FOLDER / "serving.parquet")))
    assert imported.frame.height + imported.dropped["n"].sum() == 5221
    assert {reason.partition(":")[0]: n for reason, n in imported.dropped.iter_rows()} == {
        "disaggregated": 1602, "work in progress": 187, "no concurrency": 12, "rounded copies": 123,
        "copies not told": 30, "queued": 26, "tp = dp": 95, "more than a node": 53, "repeated": 508,
        "faster twins": 18, "measured again": 18,
    }  # fmt: skip


def test_a_measurement_in_several_extracts_has_one_number_of_accelerators_once_corrected(folder: Path) -> None:
    sample = pl.read_csv(folder / "aic_silicon_sample.csv", infer_schema_length=None)
    rules = [rule for rule in silicon_rules() if rule.name not in {"repeated", "faster twins", "measured again"}]
    counts = (
        clean(sample, rules)
        .rows.group_by("model", "system", "isl", "osl", "concurrency", *TIMES)
        .agg(pl.len(), pl.col("n_gpus").n_unique().alias("n_counts"))
    )
    several = counts.filter(pl.col("len") > 1)
    assert several.height > 300
    assert several["n_counts"].unique().to_list() == [1]


def test_rounded_copies_stand_in_other_extracts(folder: Path) -> None:
    facts = with_facts(pl.read_csv(folder / "aic_silicon_sample.csv", infer_schema_length=None))
    rounded = facts.filter(pl.col("extract").str.ends_with("gap-analysis.csv")).with_columns(pl.col(TIMES).round(2))
    others = facts.filter(~pl.col("extract").str.ends_with("gap-analysis.csv")).with_columns(pl.col(TIMES).round(2))
    same = ["model", "system", "isl", "osl", "concurrency", *TIMES]
    assert rounded.height == rounded.join(others, on=same, how="semi").height == 123


def test_the_rows_published_with_their_engine_agree_with_the_sample(folder: Path) -> None:
    sample = import_rows(folder / "aic_silicon_sample.csv").frame
    files = ("inferencex_dsr1_rows.csv", "inferencemax_mantile_raw_rows.csv")
    published = pl.concat([import_rows(folder / name).frame for name in files]).filter(pl.col("statistic") == "mean")
    same = ["model", "accelerator", "isl", "osl", "concurrency", "ttft", "tpot"]
    rounded = (pl.col("ttft_s").round(6).alias("ttft"), pl.col("tpot_s").round(8).alias("tpot"))
    both = sample.with_columns(rounded).join(published.with_columns(rounded), on=same)
    assert both.height == 131
    assert both.filter(pl.col("n_gpus") != pl.col("n_gpus_right")).height == 0
    told = both.filter((pl.col("speculation") != "unlabelled") & (pl.col("speculation") != pl.col("speculation_right")))
    assert told.height == 0


def test_identities_of_the_single_node_rows_are_as_published(folder: Path) -> None:
    imported = import_rows(folder / "inferencex_measured_unified.csv", mapping=MAPPING)
    assert imported.dropped.rows() == [("disaggregated", 983)]
    e2e, throughput = identities(imported.frame).iter_rows()
    assert e2e == ("e2e_s", 2497, *(pytest.approx(ratio, abs=0.0006) for ratio in (0.986, 0.998, 1.013)))
    # Published of output tokens alone, here of all tokens: 10 % of the rows differ in the third decimal.
    assert throughput == (
        "tokens_per_gpu_s",
        2497,
        *(pytest.approx(ratio, abs=0.002) for ratio in (1.011, 1.025, 1.060)),
    )


@pytest.mark.parametrize(
    ("name", "n_rows", "n_disaggregated"),
    [("inferencex_dsr1_rows.csv", 1304, 554), ("inferencemax_mantile_raw_rows.csv", 1193, 429)],
)
def test_rows_of_the_api_and_of_the_ci_are_recognised(
    folder: Path, name: str, n_rows: int, n_disaggregated: int
) -> None:
    imported = import_rows(folder / name)
    assert imported.frame.height == n_rows
    assert imported.dropped["n"].to_list() == [n_disaggregated]
