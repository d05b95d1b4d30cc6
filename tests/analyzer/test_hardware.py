"""The tables and figures of the hardware command: what they hold, what they rest on, and what they refuse."""

import json
from pathlib import Path

import polars as pl
import pytest
from commands import run_apart
from matplotlib.figure import Figure

from analyzer.figures.hardware import draw_fronts
from analyzer.figures.hardware_breakeven import draw_breakeven
from analyzer.hardware.breakeven import MONTH_HOURS, BreakEven, breakeven
from analyzer.hardware.checking import cross_check_table, identity_table
from analyzer.hardware.frontiers import FrontChoice, frontiers
from analyzer.hardware.holdouts import holdouts
from analyzer.hardware.listing import known_of, listing
from analyzer.hardware.opening import open_tables
from analyzer.session import as_priced
from analyzer.tour import BUNDLED
from pricing.hardware.deployment import Deployment, HourPrice
from pricing.hardware.ratio import ratios
from pricing.hardware.shelf import Hardware
from pricing.scenario import Scenario
from tests.hardware_rows import hour, lawful, served, tables_of

MODEL = "openai/gpt-oss-120b"


def words(figure: Figure) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


@pytest.fixture(scope="module")
def hardware() -> Hardware:
    return open_tables().hardware


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> BreakEven:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALREPLAY_CACHE", str(tmp_path_factory.mktemp("cache")))
        deployments = [Deployment(accelerator=name, concurrency=32) for name in ("h100", "b200")]
        return breakeven(as_priced(BUNDLED, Scenario()), MODEL, deployments, Scenario())


def test_accelerators_and_models_are_listed_with_what_was_measured_of_them() -> None:
    found = listing(tables_of([served(), served(concurrency=16, isl=2048), served(accelerator="b200")]))
    assert found.select("kind", "name", "n_loads", "measured_with", "shapes", "price_tiers").rows() == [
        ("accelerator", "h200", 2, "open-30b", "1024/1024, 2048/1024", "neocloud"),
        ("accelerator", "b200", 1, "open-30b", "1024/1024", None),
        ("model", "open-30b", 3, "b200, h200", "1024/1024, 2048/1024", None),
    ]


def test_every_figure_of_a_name_has_a_range_a_source_and_a_basis(hardware: Hardware) -> None:
    for name in ("b200", "openai/gpt-oss-120b"):
        found = known_of(hardware, name)
        assert found.select("value", "low", "high", "source", "basis").null_count().sum_horizontal().item() == 0
        assert {"fact", "load"} <= set(found["kind"])
    tiers = set(known_of(hardware, "B200").filter(kind="price")["name"])
    assert len(tiers) >= 5


def test_a_front_table_says_what_is_measured_and_what_lies_between(hardware: Hardware) -> None:
    choice = FrontChoice(isl=8192, osl=1024, accelerators=("h100", "b200"))
    measured = frontiers(hardware, MODEL, choice, HourPrice(price_tier="neocloud"))
    assert set(measured.frame["evidence"]) == {"measured"}
    assert measured.frame.select("n_gpus", "framework", "concurrency", "source").null_count().sum_horizontal()[0] == 0
    at = FrontChoice(isl=8192, osl=1024, accelerators=("b200",), at=(50.0, 5000.0))
    between, beyond = frontiers(hardware, MODEL, at, HourPrice(usd_per_gpu_hour=3.6)).frame.iter_rows(named=True)
    assert between["usd_per_mtok"] == pytest.approx(1000 / between["tokens_per_gpu_s"])
    assert between["usd_per_output_mtok"] == pytest.approx(9 * between["usd_per_mtok"])  # a ninth is output
    assert between["usd_per_mtok_low"] < between["usd_per_mtok"] < between["usd_per_mtok_high"]
    assert (beyond["tokens_per_gpu_s"], beyond["usd_per_mtok"]) == (None, None)
    assert beyond["why"].endswith(
        f"the nearest is {max(measured.frame.filter(accelerator='b200')['tokens_per_s']):.4g}"
    )


def test_an_accelerator_without_a_price_of_hours_keeps_its_throughput() -> None:
    rows = [served(accelerator=name, tpot_s=tpot) for name in ("h200", "x1") for tpot in (0.01, 0.02, 0.03)]
    found = frontiers(
        tables_of(rows + lawful(), hours=[hour()]), "open-30b", FrontChoice(isl=1024, osl=1024), HourPrice()
    )
    of_x1 = found.frame.filter(accelerator="x1")
    assert of_x1["tokens_per_gpu_s"].null_count() == 0
    assert of_x1["usd_per_mtok"].null_count() == of_x1.height
    assert "No such price of an hour: x1." in found.notes


def test_a_call_costs_what_its_accelerator_seconds_do_and_crosses_where_the_api_costs_the_same(
    crossed: BreakEven,
) -> None:
    """Worked out again call by call, from the coefficients of the point alone."""
    calls = pl.read_parquet(BUNDLED / "calls" / "*.parquet").filter(pl.col("model").cast(pl.String) == MODEL)
    known = calls.drop_nulls(["input_tokens", "output_tokens"])
    for each, row in zip(crossed.sides, crossed.frame.iter_rows(named=True), strict=True):
        _, spread, _ = each.point.gpu_seconds
        gpu_s = 0.0
        for call in known.iter_rows(named=True):
            fresh = call["input_tokens"] if call["uncached_input_tokens"] is None else call["uncached_input_tokens"]
            beyond = max(call["input_tokens"] + call["output_tokens"] / 2 - each.point.known_context_tokens, 0.0)
            gpu_s += fresh * spread.uncached + (call["input_tokens"] - fresh) * spread.cached
            gpu_s += call["output_tokens"] * (spread.output + (spread.growth or 0.0) * beyond)
        hour_usd = each.point.hour.usd
        assert row["n_calls"] == known.height == 257
        assert row["gpu_s_per_call"] == pytest.approx(gpu_s / known.height, rel=1e-6)
        assert row["hosted_usd_per_call"] == pytest.approx(gpu_s * hour_usd / 3600 / known.height, rel=1e-6)
        at_crossing = row["hosted_usd_per_call"] / row["break_even_frac"]
        assert at_crossing == pytest.approx(row["api_usd_per_call"])
        assert row["break_even_calls_per_month"] * row["api_usd_per_call"] == pytest.approx(
            row["n_gpus"] * MONTH_HOURS * hour_usd
        )
        assert row["break_even_frac"] == pytest.approx(
            row["break_even_calls_per_month"] / row["capacity_calls_per_month"]
        )
        assert row["break_even_frac_low"] <= row["break_even_frac"] <= row["break_even_frac_high"]


def test_calls_without_tokens_are_left_out_and_counted(crossed: BreakEven) -> None:
    assert "Left out: 887 calls without a known price on one side." in crossed.notes


def test_where_an_hour_is_dear_the_two_never_cross(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALREPLAY_CACHE", str(tmp_path))
    dear = Deployment(accelerator="h100", concurrency=4, usd_per_gpu_hour=500.0)
    found = breakeven(as_priced(BUNDLED, Scenario()), MODEL, [dear], Scenario())
    row = found.frame.row(0, named=True)
    assert (row["break_even_frac"], row["break_even_calls_per_month"], row["break_even_tokens_per_month"]) == (
        None,
    ) * 3
    assert row["hosted_over_api_low"] > 1
    assert "never" in row["verdict"]


def test_bands_in_use_hold_nine_in_ten_loads_that_were_left_out(hardware: Hardware) -> None:
    found = holdouts(hardware)
    every = found.filter(left_out="all")
    assert every.height == 4
    assert every["covered_frac"].min() >= 0.9  # type: ignore[operator]
    assert every["covered_unseen_frac"].min() >= 0.87  # type: ignore[operator] # bands of other models: a little less


def test_a_law_that_is_exact_is_not_wrong_on_what_it_has_not_seen() -> None:
    found = holdouts(tables_of())
    fit = found.filter(pl.col("law").str.starts_with("fit"))
    assert fit.select("left_out", "n_loads").rows() == [("open-30b", 15)]
    assert fit["median_error_frac"].item() == pytest.approx(0, abs=1e-6)
    assert fit.select("p10", "p90").row(0) == pytest.approx((1, 1))


def test_identities_count_the_loads_that_do_not_state_what_is_predicted() -> None:
    rows = [served(ttft_s=1.0, tpot_s=0.01, osl=101, e2e_s=2.0), served(osl=101)]
    e2e, throughput = identity_table(tables_of(rows).serving).iter_rows(named=True)
    assert e2e == {"quantity": "e2e_s", "n_rows": 1, "n_not_stated": 1, **dict.fromkeys(("p10", "p50", "p90"), 1.0)}
    assert (throughput["n_rows"], throughput["p50"]) == (0, None)


def test_published_throughput_stands_beside_the_best_measured(hardware: Hardware) -> None:
    found = cross_check_table(hardware)
    assert found["n_published"].sum() == hardware.cross_checks.height
    both = found.filter(pl.col("n_measured") > 0)
    assert set(both["suite"]) == {"mlperf-5.1", "trtllm-perf"}
    # TensorRT-LLM's figures are at full load, ours at up to 256 requests: about as much where input is long, half where
    # both are short.
    long = both.filter(scenario="8192/1024")["measured_over_published"]
    assert long.min() > 0.9 and long.max() < 1.2  # type: ignore[operator] # noqa: PT018 - one range


def test_figures_say_what_they_rest_on(hardware: Hardware, crossed: BreakEven) -> None:
    found = frontiers(hardware, MODEL, FrontChoice(), HourPrice())
    drawn = draw_fronts(found)
    assert len(drawn.axes) == 6  # three shapes, throughput and dollars
    assert found.notes[0][:60] in words(drawn)
    printed = words(draw_breakeven(crossed))
    assert "2 x h100: from" in printed
    assert "a month has 730 hours" in printed


@pytest.mark.parametrize(
    ("command", "problem", "hint"),
    [
        ("b2000", "no accelerator or model 'b2000'", "b200"),
        ("frontier gpt-os-120b", "no measured row of a model 'gpt-os-120b'", "gpt-oss-120b"),
        ("frontier gpt-oss-120b --isl 4096", "no row with input tokens (isl) 4096", "1024, 8192"),
        ("frontier gpt-oss-120b --accelerator x", "no row with accelerator 'x'", "b200, h100, h200"),
        ("frontier gpt-oss-120b --usd-per-gpu-hour 0", "usd_per_gpu_hour (0.0)", "--help"),
        ("frontier gpt-oss-120b --usd-per-gpu-hour 2 --tier spot", "usd_per_gpu_hour, or a price", "--help"),
        ("frontier gpt-oss-120b --cloud nowhere", "no neocloud price", "only at: on_demand"),
        ("frontier gpt-oss-120b --alone", "no measured loads", "add --rows FILE"),
        ("ratio gpt-oss-120b h100 mi300x --at 50", "no row of gpt-oss-120b on 'mi300x'", "on b200, h100, h200"),
        (f"breakeven store/ --model {MODEL} --accelerator b200", "the load is missing", "--help"),
        (f"breakeven store/ --model {MODEL} --accelerator b900 --concurrency 8", "no accelerator 'b900'", "b300"),
        (f"breakeven store/ --model {MODEL} --accelerator b200 --min-tokens-s 9000", "no engine gives", "the most"),
        (f"breakeven store/ --model {MODEL} --accelerator b200 --concurrency 99999", "do not fit", "the most that fit"),
        ("breakeven store/ --model gpt-4.1 --accelerator b200 --concurrency 8", "'gpt-4.1'", "like"),
        (
            "breakeven store/ --model gpt-4.1 --like gpt-oss-120b --accelerator b200 --concurrency 8",
            "an estimate", "--allow-estimate",
        ),
        ("check zero.csv", "usd_per_gpu_hour", "mend the rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_nearest_that_can(
    command: str, problem: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / "store").symlink_to(BUNDLED)
    (tmp_path / "zero.csv").write_text("accelerator,tier,usd_per_gpu_hour\nb200,stated,0\n", encoding="utf-8")
    code, _, said = run_apart(f"evalreplay hardware {command}", tmp_path)
    first, second = said.strip().splitlines()[-2:]
    assert code == 4, said
    assert first.startswith("error: ")
    assert problem in first
    assert hint in second


def test_accelerators_and_precisions_go_by_any_of_their_names(hardware: Hardware) -> None:
    loads = tables_of([served(), served(accelerator="b200")])
    ours, theirs = (
        frontiers(loads, "open-30b", FrontChoice(accelerators=(name,), precision=precision), HourPrice()).frame
        for name, precision in (("b200", "fp8"), ("B200-SXM", "FP8_block"))
    )
    assert ours.height == 1
    assert ours.equals(theirs)
    assert ratios(hardware, "gpt-oss-120b", "H100-SXM", "B200", (50,)).frame.equals(
        ratios(hardware, "gpt-oss-120b", "h100", "b200", (50,)).frame
    )
    assert known_of(hardware, "H100-SXM").equals(known_of(hardware, "h100"))
    asked = Deployment(accelerator="B200-SXM", precision="NVFP4", framework="TRT-LLM", concurrency=8)
    assert (asked.accelerator, asked.precision, asked.framework) == ("b200", "fp4", "trtllm")


def test_a_table_is_imported_checked_and_used(tmp_path: Path) -> None:
    """Rows that make no load are counted; the others win over the bundled ones, or stand alone."""
    head = "model,gpu,n,isl,osl,conc,ttft_ms,tpot_ms,origin"
    rows = [
        "gpt-oss-120b,b200,1,4096,512,8,90,4",
        "gpt-oss-120b,b200,1,4096,512,32,210,6.5",
        "gpt-oss-120b,b200,1,1,1,1,0,0",
    ]
    (tmp_path / "theirs.csv").write_text("\n".join([head, *(f"{row},ours" for row in rows)]), encoding="utf-8")
    (tmp_path / "map.toml").write_text(
        'fills = "serving"\n[columns]\nmodel = "model"\naccelerator = "gpu"\nn_gpus = "n"\nisl = "isl"\nosl = "osl"\n'
        'concurrency = "conc"\nttft_s = "ttft_ms"\ntpot_s = "tpot_ms"\nsource = "origin"\n'
        '[units]\nttft_s = "ms"\ntpot_s = "ms"\n[constants]\nbasis = "measured"\n',
        encoding="utf-8",
    )
    code, out, err = run_apart("evalreplay hardware import theirs.csv --mapping map.toml -o rows.csv", tmp_path)
    assert (code, out) == (0, "rows.csv: 2 rows of the table serving\n")
    assert "left out 1: tpot_s not above zero" in err
    assert run_apart("evalreplay hardware import theirs.csv --mapping map.toml -o rows.csv", tmp_path)[0] == 4
    code, _, err = run_apart("evalreplay hardware check rows.csv", tmp_path)
    assert (code, err) == (0, "rows.csv: fine: 2 rows of the table serving\n")
    code, out, _ = run_apart("evalreplay hardware frontier gpt-oss-120b --rows rows.csv --isl 4096 --json", tmp_path)
    assert [round(row["tokens_per_s"]) for row in json.loads(out)] == [154, 250]


def test_the_commands_print_every_column_as_json_and_csv(tmp_path: Path) -> None:
    for command in ("list", "b200", "frontier glm-5 --at 30", "ratio glm-5 h200 b200 --at 30", "check", "errors"):
        code, out, _ = run_apart(f"evalreplay hardware {command} --json", tmp_path)
        assert code == 0
        assert json.loads(out)
        code, out, _ = run_apart(f"evalreplay hardware {command} --csv", tmp_path)
        assert code == 0
        assert out.count("\n") > 1
