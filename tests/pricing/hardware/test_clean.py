"""Rules of the sample: each touches the rows it names, counts them, and leaves the others as they are."""

from typing import Any

import polars as pl
import pytest

from pricing.hardware.clean import clean
from pricing.hardware.importers.silicon import serving_rows


def load(**given: Any) -> dict[str, Any]:
    """A row of the sample: 64 requests at a time on four accelerators, as one extract writes it."""
    concurrency = given.pop("concurrency", 64)
    origin = given.pop("origin", "source_file=2026-03-25.csv")
    told = "" if concurrency is None else f"; silicon_concurrency={concurrency}"
    return {
        "id": "one",
        "silicon_data_source": f"{origin}{told}; measured=2026-03-25T00:00:00.000Z; wip=False",
        "backend": "vllm",
        "backend_version": "0.18.0",
        "model_path": "openai/gpt-oss-120b",
        "system": "h200_sxm",
        "precision": "fp4",
        "mode": "agg",
        "isl": 1024,
        "osl": 1024,
        "batch_size": 64,
        "tp_size": 4,
        "attention_dp_size": 1,
        "moe_tp_size": 4,
        "moe_ep_size": 1,
        "silicon_ttft_ms": 250.0,
        "silicon_tpot_ms": 12.5,
        **given,
    }


def cleaned(*rows: dict[str, Any]) -> tuple[pl.DataFrame, dict[str, int]]:
    result = clean(pl.DataFrame(list(rows), infer_schema_length=None))
    touched = {rule: n for rule, _, n, _ in result.changes.iter_rows() if n}
    return serving_rows(result), touched


def test_a_sound_row_becomes_a_serving_row_in_seconds() -> None:
    rows, touched = cleaned(load())
    assert touched == {}
    row = rows.row(0, named=True)
    assert (row["model"], row["accelerator"], row["n_gpus"], row["concurrency"]) == ("gpt-oss-120b", "h200", 4, 64)
    assert (row["ttft_s"], row["tpot_s"], row["statistic"], row["speculation"]) == (0.25, 0.0125, "mean", "none")


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("disaggregated", load(mode="disagg")),
        ("work in progress", load(origin="source_file=2026-03-25.csv; wip=True")),
        ("no concurrency", load(concurrency=None)),
        ("rounded copies", load(origin="source_file=kimi-k2.5-gap-analysis.csv")),
        ("copies not told", load(concurrency=128)),
        ("queued", load(silicon_ttft_ms=20_000.0)),
        ("placeholders", load(silicon_ttft_ms=0.0)),
        ("tp = dp", load(attention_dp_size=4, batch_size=16)),
        ("more than a node", load(tp_size=72, moe_tp_size=72)),
    ],
)
def test_a_rule_drops_what_it_names_and_counts_it(rule: str, row: dict[str, Any]) -> None:
    rows, touched = cleaned(row, load(id="sound", silicon_tpot_ms=99.0, isl=8192))
    assert touched == {rule: 1}
    assert rows["isl"].to_list() == [8192]


def test_accelerators_written_as_tp_times_ep_are_counted_as_tp() -> None:
    tensor = load(origin="db-dump/2026-04-27; config_id=7", tp_size=64, moe_tp_size=8, moe_ep_size=8)
    attention = {**tensor, "tp_size": 1, "attention_dp_size": 64, "batch_size": 1, "isl": 8192}
    rows, touched = cleaned(tensor, attention)
    assert touched == {"tp x ep counted": 2}
    assert rows.select("n_gpus", "tp", "ep", "dp").sort("dp").rows() == [(8, 8, 8, 1), (8, 8, 8, 8)]


def test_expert_parallel_rows_of_the_other_extract_stay_as_they_are() -> None:
    rows, touched = cleaned(load(tp_size=8, moe_tp_size=1, moe_ep_size=8))
    assert touched == {}
    assert rows["n_gpus"].to_list() == [8]


def test_a_measurement_in_two_extracts_is_kept_once_with_its_configuration() -> None:
    rows, touched = cleaned(load(), load(origin="db-dump/2026-04-27; config_id=7"))
    assert touched == {"repeated": 1}
    assert rows["config"].to_list() == ["db-dump:7"]


def test_one_image_in_two_extracts_is_one_engine_unless_it_may_speculate() -> None:
    images = [
        f"source_file={name}.csv; image=hub{mark}vendor/engine:1"
        for name, mark in (("2026-03-25", "#"), ("2026-04-06", "/"))
    ]
    one, _ = cleaned(*(load(origin=image, isl=isl) for image, isl in zip(images, (1024, 8192), strict=True)))
    two, _ = cleaned(
        *(
            load(origin=image, isl=isl, model_path="zhipuai/GLM-5")
            for image, isl in zip(images, (1024, 8192), strict=True)
        )
    )
    assert one["config"].unique().to_list() == ["hub/vendor/engine:1"]
    assert two["config"].n_unique() == 2


def test_of_two_speeds_on_one_day_the_slower_is_kept() -> None:
    rows, touched = cleaned(load(silicon_tpot_ms=8.0), load(silicon_tpot_ms=12.0))
    assert touched == {"faster twins": 1}
    assert rows["tpot_s"].to_list() == [0.012]


def test_models_with_heads_for_speculation_are_unlabelled_unless_their_configuration_is_published() -> None:
    rows, _ = cleaned(
        load(model_path="deepseek-ai/DeepSeek-R1"),
        load(model_path="deepseek-ai/DeepSeek-V3", origin="db-dump/2026-04-27; config_id=81", isl=8192),
    )
    assert rows.select("model", "speculation").sort("speculation").rows() == [
        ("deepseek-r1", "none"),
        ("deepseek-r1", "unlabelled"),
    ]


def test_runs_of_one_length_are_not_scaled_and_drawn_lengths_are() -> None:
    own = "source_file=/data/h100_sxm/vllm/0.12.0/Qwen_Qwen3-32B.csv"
    rows, _ = cleaned(load(), load(origin=own, model_path="Qwen/Qwen3-32B"))
    assert dict(rows.select("model", "mean_length_frac").rows()) == {"gpt-oss-120b": 0.9, "qwen3-32b": 1.0}


def test_fronts_of_few_points_are_flagged() -> None:
    few, _ = cleaned(*(load(concurrency=n, batch_size=n, silicon_tpot_ms=float(n)) for n in (4, 8, 16)))
    full, _ = cleaned(*(load(concurrency=n, batch_size=n, silicon_tpot_ms=float(n)) for n in (4, 8, 16, 32)))
    assert few["note"].unique().to_list() == ["truncated front: 3 concurrencies"]
    assert full["note"].null_count() == 4
