"""What the Python interface refuses, and its questions about hardware."""

from pathlib import Path

import pytest

import evalreplay as er
from analyzer.tour import BUNDLED


def test_keys_beside_a_scenario_are_refused_and_not_left_unheard() -> None:
    with pytest.raises(er.UsageError, match="keys beside it: cache"):
        er.preview(BUNDLED, er.Scenario(), cache="none")


def test_the_questions_about_hardware_have_functions(tmp_path: Path) -> None:
    loads = tmp_path / "loads.csv"
    head = "model,accelerator,n_gpus,isl,osl,concurrency,ttft_s,tpot_s"
    loads.write_text(f"{head}\nopen-1b,b200,1,64,64,8,0.1,0.01\n", encoding="utf-8")
    assert er.hardware.show("open-1b", rows=[loads])["value"].to_list() == [1.0]
    assert set(er.hardware.show()["kind"]) == {"accelerator", "model"}
    front = er.hardware.frontier("open-1b", rows=[loads], price=er.HourPrice(usd_per_gpu_hour=3.6))
    assert front.frame.select("tokens_per_s", "usd_per_gpu_hour").rows() == [(100.0, 3.6)]
    assert er.hardware.ratio("gpt-oss-120b", "h100", "b200", (50,), isl=8192, osl=1024).frame["ratio"][0] > 1
    crossed = er.hardware.breakeven(BUNDLED, "openai/gpt-oss-120b", [er.Deployment(accelerator="b200", concurrency=32)])
    assert crossed.frame["n_calls"].to_list() > [0]
