"""Foreign tables of loads and prices: recognised by content, rows kept, what is dropped counted."""

import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pricing.hardware.importer import Imported, import_rows, write_rows
from pricing.hardware.shelf import load_hardware
from traces.errors import PricingError

CONFIG = {
    "id": 7, "hardware": "h200", "framework": "trt", "model": "dsr1", "precision": "fp8", "spec_method": "mtp",
    "disagg": False, "is_multinode": False, "decode_tp": 8, "decode_ep": 8, "decode_dp_attention": True,
    "num_prefill_gpu": 64, "num_decode_gpu": 64,
}  # fmt: skip
METRICS = {
    "mean_ttft": 0.25, "mean_tpot": 0.01, "mean_e2el": 9.5, "median_ttft": 0.2, "median_tpot": 0.009,
    "median_e2el": 9.0, "p99_ttft": 2.0, "tput_per_gpu": 1500.0,
}  # fmt: skip


def result(**given: Any) -> dict[str, Any]:
    load = {"config_id": 7, "isl": 1024, "osl": 1024, "conc": 64, "date": "2026-04-01", "benchmark_type": "single_turn"}
    return {"id": 1, "image": "vendor/engine:1.2.0", "error": None, "metrics": METRICS, **load, **given}


def dump(folder: Path, configs: list[dict[str, Any]], results: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "configs.json").write_text(json.dumps(configs), encoding="utf-8")
    (folder / "benchmark_results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def reasons(imported: Imported) -> dict[str, int]:
    return {reason.partition(":")[0]: n for reason, n in imported.dropped.iter_rows()}


def test_the_dump_is_joined_and_its_multiplied_accelerators_are_counted_as_tp(tmp_path: Path) -> None:
    imported = import_rows(dump(tmp_path / "dump", [CONFIG], [result()]))
    row = imported.frame.row(0, named=True)
    assert imported.table_name == "serving"
    assert (row["model"], row["accelerator"], row["framework"]) == ("deepseek-r1", "h200", "trtllm")
    assert (row["n_gpus"], row["tp"], row["ep"], row["dp"]) == (8, 8, 8, 8)
    assert (row["speculation"], row["config"], row["framework_version"]) == ("mtp", "inferencex:7", "1.2.0")
    assert (row["ttft_s"], row["tpot_s"], row["e2e_s"], row["statistic"]) == (0.25, 0.01, 9.5, "mean")
    assert imported.notes == ("corrected: 1 rows write tp x ep accelerators: tp is taken",)


def test_a_zip_of_the_dump_is_the_dump(tmp_path: Path) -> None:
    folder = dump(tmp_path / "dump", [CONFIG], [result()])
    with zipfile.ZipFile(tmp_path / "dump.zip", "w") as packed:
        for file in folder.iterdir():
            packed.write(file, f"inferencex-dump/{file.name}")
    assert import_rows(tmp_path / "dump.zip").frame.equals(
        import_rows(folder).frame.with_columns(source=pl.lit("dump.zip"))
    )


def test_rows_that_are_no_single_node_load_are_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    disagg = {**CONFIG, "id": 8, "disagg": True}
    nodes = {**CONFIG, "id": 9, "is_multinode": True}
    no_time = {**METRICS, "mean_tpot": None, "median_tpot": None}
    results = [
        result(),
        result(id=2),
        result(config_id=8),
        result(config_id=9),
        result(config_id=99),
        result(error="out of memory"),
        result(benchmark_type="agentic"),
        result(metrics=no_time, conc=8),
    ]
    imported = import_rows(dump(tmp_path / "dump", [CONFIG, disagg, nodes], results))
    assert imported.frame.height == 1
    assert reasons(imported) == {
        "failed": 1, "not one turn per request": 1, "disaggregated": 1, "several nodes": 1,
        "no configuration of its id": 1, "repeated": 1, "no tpot_s": 1,
    }  # fmt: skip


def test_a_list_of_the_ci_has_other_names_for_the_same(tmp_path: Path) -> None:
    row = {
        "hw": "b200-trt", "infmax_model_prefix": "gptoss", "model": "/models/x", "framework": "vllm",
        "precision": "fp4", "spec_decoding": "none", "disagg": False, "tp": 4, "ep": 1, "dp_attention": "false",
        "isl": 1024, "osl": 1024, "conc": 4, "median_ttft": 0.2, "median_tpot": 0.004,
        "median_e2el": 4.0, "tput_per_gpu": 900.0,
    }  # fmt: skip
    path = tmp_path / "agg_bmk.json"
    path.write_text(json.dumps([row]), encoding="utf-8")
    found = import_rows(path).frame.row(0, named=True)
    assert (found["model"], found["accelerator"], found["n_gpus"], found["dp"]) == ("gpt-oss-120b", "b200", 4, 1)
    assert (found["statistic"], found["tpot_s"], found["speculation"]) == ("median", 0.004, "none")


SKYPILOT = """InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,GpuInfo
big,H100-SXM,8,192,1600,24.0,8.0,east,
big,H100-SXM,8,192,1600,32.0,,west,
cpu,,,8,32,0.4,,east,
odd,B200,8,192,1600,,,east,
"""


def test_a_catalogue_states_prices_of_instances(tmp_path: Path) -> None:
    path = tmp_path / "aws" / "vms.csv"
    path.parent.mkdir()
    path.write_text(SKYPILOT, encoding="utf-8")
    imported = import_rows(path)
    columns = ("accelerator", "tier", "cloud", "usd_per_gpu_hour", "low_usd_per_gpu_hour", "high_usd_per_gpu_hour")
    assert imported.frame.select(columns).rows() == [
        ("h100", "on_demand", "aws", 3.5, 3.0, 4.0),
        ("h100", "spot", "aws", 1.0, 1.0, 1.0),
    ]
    assert imported.frame["note"][0] == "big: 8 accelerators, 2 regions"
    assert reasons(imported) == {"no accelerator, or none counted": 1, "no price above zero": 1}


def test_spot_prices_that_are_lowest_bids_say_so(tmp_path: Path) -> None:
    path = tmp_path / "mithril.csv"
    path.write_text(SKYPILOT, encoding="utf-8")
    assert set(import_rows(path).frame["tier"]) == {"on_demand", "spot_floor"}


def test_the_other_catalogue_has_a_row_per_kind_of_price(tmp_path: Path) -> None:
    path = tmp_path / "lambda.csv"
    head = "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size\n"
    path.write_text(head + "one,us,10,1,1,2,H200,141,False,\none,us,4,1,1,2,H200,141,True,\n", encoding="utf-8")
    prices = import_rows(path).frame
    assert prices.select("tier", "cloud", "usd_per_gpu_hour").rows() == [
        ("on_demand", "lambda", 5.0),
        ("spot", "lambda", 2.0),
    ]


MAPPING = """
fills = "serving"
[columns]
model = "name"
accelerator = "card"
concurrency = "users"
ttft_s = "first ms"
tpot_s = "token ms"
date = "day"
[constants]
n_gpus = 8
isl = 8192
osl = 1024
basis = "measured"
[units]
ttft_s = "ms"
tpot_s = "ms"
[values.accelerator]
"the big one" = "b200"
[[drop]]
column = "kind"
equals = "warm-up"
reason = "warm-up runs"
"""
TABLE = """name,card,users,first ms,token ms,day,kind
gptoss,the big one,4,100,5,2026-08-01,run
gptoss,the big one,8,110,6,August,run
gptoss,the big one,16,x,7,2026-08-01,run
gptoss,the big one,0,120,8,2026-08-01,run
gptoss,the big one,32,120,8,2026-08-01,warm-up
"""


def mapped(folder: Path, mapping: str = MAPPING, table: str = TABLE) -> Imported:
    (folder / "loads.csv").write_text(table, encoding="utf-8")
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    return import_rows(folder / "loads.csv", mapping=folder / "map.toml")


def test_any_table_by_a_mapping_with_units_constants_and_values(tmp_path: Path) -> None:
    imported = mapped(tmp_path)
    assert imported.frame.select("model", "accelerator", "concurrency", "ttft_s", "tpot_s", "n_gpus").rows() == [
        ("gpt-oss-120b", "b200", 4, 0.1, 0.005, 8),
        ("gpt-oss-120b", "b200", 8, 0.11, 0.006, 8),
    ]
    assert imported.frame["date"].null_count() == 1
    assert imported.frame["source"].unique().to_list() == ["loads.csv"]
    assert reasons(imported) == {"warm-up runs": 1, "concurrency not above zero": 1, "no ttft_s": 1}
    assert "date: 1 cells cannot be read, taken as not known" in imported.notes


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('fills = "serving"', 'fills = "servings"', "no hardware table 'servings'"),
        ('model = "name"', 'modell = "name"', "columns.modell: no column of serving"),
        ('model = "name"', 'model = "names"', "names a column 'names' it does not have"),
        ('tpot_s = "ms"', 'tpot_s = "month"', "units.tpot_s: unknown unit 'month'"),
        ('concurrency = "users"', "", "columns: concurrency is needed"),
        ("isl = 8192", "isl = 8192\nmodel = 'x'", "model: both a column and a constant"),
        ("[units]", "[unit]", "unit: unknown key"),
        ("[units]", "[units", "cannot be read as a mapping"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where_and_what_next(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    with pytest.raises(PricingError, match=problem) as error:
        mapped(tmp_path, MAPPING.replace(before, after))
    assert error.value.hint


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_what_is_imported_can_be_written_and_loaded(tmp_path: Path, name: str) -> None:
    imported = mapped(tmp_path)
    write_rows(imported, tmp_path / name)
    serving = load_hardware([tmp_path / name]).serving
    assert serving.filter(pl.col("source") == "loads.csv").equals(imported.frame)


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("a,b\n1,2\n", None, "no importer of hardware tables recognises it"),
        ("a,b\n1,2\n", "silicon", "not the shape the importer silicon knows"),
        ("a,b\n1,2\n", "silicone", "no importer 'silicone'"),
        ("a,b\n1,2\n", "mapped", "needs a mapping"),
        (SKYPILOT.partition("\n")[0] + "\ncpu,,,8,32,0.4,,east,\n", None, "no row of it is one of gpu_hours"),
        ("[]", "inferencex", "no row of it is one of serving"),
    ],
)
def test_a_source_that_cannot_be_imported_says_why(tmp_path: Path, text: str, kind: str | None, problem: str) -> None:
    path = tmp_path / "some.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PricingError, match=problem) as error:
        import_rows(path, kind)
    assert error.value.hint
    assert error.value.exit_code == 4
