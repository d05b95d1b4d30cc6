"""The bundled tables keep their own rules, and a user's rows win over them."""

from pathlib import Path

import polars as pl
import pytest

from pricing.hardware.rows import sound
from pricing.hardware.schema import HARDWARE_TABLES
from pricing.hardware.shelf import load_hardware
from traces.errors import PricingError
from traces.table import violations

SERVING = "model,accelerator,n_gpus,isl,osl,concurrency,ttft_s,tpot_s\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HARDWARE_TABLES)
def test_every_bundled_row_keeps_the_rules_of_its_table(name: str) -> None:
    frame = getattr(load_hardware(), name)
    assert frame.height > 0
    assert frame.schema == HARDWARE_TABLES[name].schema
    assert violations(HARDWARE_TABLES[name], frame) == []
    assert sound(HARDWARE_TABLES[name], frame)[1].height == 0


def test_every_bundled_file_is_named_with_its_hash() -> None:
    sources = load_hardware().sources
    assert {"serving.parquet", "chips.csv", "gpu_hours.csv"} <= set(sources)
    assert all(len(digest) == 64 for digest in sources.values())


def test_every_model_served_has_an_architecture_and_every_accelerator_priced_here_a_bandwidth() -> None:
    hardware = load_hardware()
    assert set(hardware.serving["model"]) <= set(hardware.architectures["model"])
    known = hardware.chips.filter(pl.col("quantity") == "bandwidth_tb_s")["accelerator"]
    assert set(hardware.serving["accelerator"]) - {"tpuv7"} <= set(known)


def test_sources_that_disagree_give_a_low_and_a_high() -> None:
    chips = load_hardware().chips
    bandwidth = chips.filter((pl.col("accelerator") == "b200") & (pl.col("quantity") == "bandwidth_tb_s"))
    assert sorted(bandwidth["value"]) == [7.7, 8.0]
    assert set(bandwidth.select("low", "high").rows()) == {(7.7, 8.0)}


def test_stand_ins_of_the_source_are_told_apart_from_prices() -> None:
    hours = load_hardware().gpu_hours
    placeholders = hours.filter(pl.col("basis") == "placeholder")
    assert set(placeholders["accelerator"]) == {"b300", "gb300"}
    assert placeholders.height == 6
    assert set(hours.filter(pl.col("cloud") == "mithril")["tier"]) == {"spot_floor"}


def test_one_source_in_spring_and_summer_is_a_rental_and_a_retail_hour() -> None:
    hours = load_hardware().gpu_hours.filter(
        (pl.col("accelerator") == "b200") & pl.col("tier").is_in(["rental", "retail"])
    )
    assert hours.sort("observed_from").select("tier", "usd_per_gpu_hour").rows() == [("rental", 2.9), ("retail", 2.6)]


def test_published_caches_per_token_follow_from_the_architecture() -> None:
    layers = load_hardware().architectures.filter(pl.col("model") == "deepseek-r1").row(0, named=True)
    assert layers["n_layers"] * layers["kv_values"] == 61 * (512 + 64)  # 35 kB a token in fp8
    assert load_hardware().architectures.filter(pl.col("model") == "gpt-oss-120b").select(
        "n_layers", "n_window_layers", "window_tokens", "kv_values"
    ).rows() == [(18, 18, 128, 1024)]


def test_a_row_of_the_user_takes_the_place_of_the_same_engine_shape_and_concurrency(tmp_path: Path) -> None:
    bundled = load_hardware().serving
    mine = bundled.head(1).with_columns(tpot_s=pl.lit(9.0), source=pl.lit("mine"))
    path = tmp_path / "mine.csv"
    mine.write_csv(path)
    serving = load_hardware([path]).serving
    assert serving.height == bundled.height
    assert serving.filter(pl.col("source") == "mine")["tpot_s"].to_list() == [9.0]


def test_other_rows_of_the_user_are_added_under_the_names_used_here(tmp_path: Path) -> None:
    path = written(tmp_path, SERVING + "openai/gpt-oss-120b,H200-SXM,2,1000,1000,8,0.1,0.01\n")
    hardware = load_hardware([path])
    row = hardware.serving.filter(pl.col("source") == "mine.csv").row(0, named=True)
    assert (row["model"], row["accelerator"], row["basis"]) == ("gpt-oss-120b", "h200", "stated")
    assert (row["speculation"], row["mean_length_frac"]) == ("unlabelled", 0.9)
    assert str(path) in hardware.sources
    assert hardware.serving.height == load_hardware().serving.height + 1


def test_a_price_of_the_user_is_its_own_low_and_high(tmp_path: Path) -> None:
    path = written(tmp_path, "accelerator,tier,usd_per_gpu_hour,source\nb200,stated,3.5,contract\n")
    price = load_hardware([path]).gpu_hours.filter(pl.col("source") == "contract").row(0, named=True)
    assert (price["low_usd_per_gpu_hour"], price["high_usd_per_gpu_hour"]) == (3.5, 3.5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("accelerator,tier,usd_per_gpu_hour\nb200,stated,0\n", "usd_per_gpu_hour not above zero"),
        ("accelerator,tier,usd_per_gpu_hour\nb200,cheap,1\n", "tier cheap not among"),
        ("accelerator,tier,usd_per_gpu_hour\nb200,stated,dear\n", "dear"),
        ("accelerator,tier,usd_per_hour\nb200,stated,1\n", "'usd_per_hour' is no column of gpu_hours"),
        ("accelerator,tier\nb200,stated\n", "needs a column 'usd_per_gpu_hour'"),
        (SERVING + "m,h200,0,1,1,1,0.1,0.1\n", "n_gpus not above zero"),
        (SERVING + "m,h200,1,1,1,1,-0.1,0.1\n", "ttft_s below zero"),
        (SERVING + "m,h200,1,1,1,1,0.1,\n", "no tpot_s"),
        (SERVING + "m,h200,1,1,1,1,0.1,nan\n", "tpot_s not above zero"),
        ("", "empty CSV"),
    ],
)
def test_a_file_that_cannot_be_says_where_and_why(tmp_path: Path, text: str, problem: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PricingError, match=problem) as error:
        load_hardware([path])
    assert str(path) in error.value.problem
    assert error.value.hint
    assert error.value.exit_code == 4


def test_no_load_without_speculation_is_faster_than_those_of_a_quarter_of_its_requests() -> None:
    served = load_hardware().serving.filter(pl.col("speculation") == "none").with_row_index("row")
    same = ["model", "accelerator", "weights_precision", "framework", "n_gpus", "isl", "osl"]
    fewer = served.select(*same, n_fewer="concurrency", fewer_s="tpot_s")
    pairs = served.join(fewer, on=same, nulls_equal=True).filter(pl.col("n_fewer") * 4 <= pl.col("concurrency"))
    medians = pairs.group_by("row").agg(pl.col("tpot_s").first() / pl.col("fewer_s").median())
    assert medians.height > 500
    assert medians["tpot_s"].min() > 0.95


@pytest.mark.parametrize(
    ("model", "scenario", "accelerator", "best"),
    [
        ("llama-3.1-405b", "offline", "h100", 48.95),
        ("llama-3.1-405b", "offline", "h200", 69.1),
        ("llama-3.1-405b", "offline", "b200", 207.6),
        ("llama-3.1-405b", "interactive", "gb200", 137.8),
        ("llama-2-70b", "offline (99.9 % accuracy)", "b200", 12864),
        ("deepseek-r1", "server", "gb300", 2907),
    ],
)
def test_cross_checks_hold_the_best_published_results(model: str, scenario: str, accelerator: str, best: float) -> None:
    rows = load_hardware().cross_checks.filter(
        (pl.col("suite") == "mlperf-5.1")
        & (pl.col("model") == model)
        & (pl.col("scenario") == scenario)
        & (pl.col("accelerator") == accelerator)
    )
    assert rows["output_tokens_per_gpu_s"].max() == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("one,0.09,2026-08-20", "row 2: n_gpus: 'one' is no whole number"),
        ("1,soon,2026-08-20", "row 2: ttft_s: 'soon' is no number"),
        ("1,0.09,20.8.2026", "row 2: date: '20.8.2026' is no day"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_with_its_row(tmp_path: Path, cells: str, said: str) -> None:
    path = tmp_path / "loads.csv"
    row = "gpt-oss-120b,b200,4096,512,8,0.004"
    header = "model,accelerator,isl,osl,concurrency,tpot_s,n_gpus,ttft_s,date"
    path.write_text(f"{header}\n{row},1,0.09,2026-08-20\n{row},{cells}\n", encoding="utf-8")
    with pytest.raises(PricingError) as raised:
        load_hardware([path])
    assert said in raised.value.problem
