"""``evalreplay hardware fleet`` and ``compare`` on the bundled store, as a user would type them."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from commands import run_apart

from analyzer.tour import BUNDLED

ON_B200 = '--benchmark swe-bench --hardware "*=b200,n_gpus=8,concurrency=64,like=gpt-oss-120b"'
RECORDED = """\
recorded seconds on other slots: a scheduling what-if
n_slots  order       elapsed_hours  change_frac  drain_s  mean_load  peak_load
      -  as started        1.89722            0      610    19.7823         40
     20  recorded          1.99222    0.0500732      580     18.839         20
     20  key               1.95444    0.0301611      434    19.2031         20
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    shutil.copytree(BUNDLED, folder / "store")
    return folder


def test_recorded_rollouts_on_other_slots_need_no_hardware(place: Path) -> None:
    code, out, err = run_apart("evalreplay hardware fleet store/ --benchmark swe-bench --recorded --slots 20", place)
    assert (code, out) == (0, RECORDED)
    assert "note: A scheduling what-if: every call and tool takes as long as it was recorded to" in err
    assert "note: 500 rollouts of 37.53 h in all" in err


def test_rollouts_on_accelerators_take_hours_and_cost_dollars(place: Path) -> None:
    code, out, err = run_apart(f"evalreplay hardware fleet store/ {ON_B200} --allow-estimate", place)
    assert code == 0
    assert out.startswith("500 rollouts: between ")
    assert "occupancy_usd  marginal_usd" in out
    assert "hours by requests in flight" in out
    for words in ("8 accelerators (1 engine of 8)", "Two answers, never added", "An estimate, no vendor's price"):
        assert words in err


def test_csv_has_the_rollouts_and_json_everything(place: Path) -> None:
    command = f"evalreplay hardware fleet store/ {ON_B200} --allow-estimate --tier on_demand --attempts 2"
    document = json.loads(run_apart(f"{command} --json", place)[1])
    assert [row["reading"] for row in document["readings"]] == ["least", "tools_least", "tools_most", "most"]
    assert document["attempts"][0]["n_tasks"] == 500
    rows = list(csv.DictReader(io.StringIO(run_apart(f"{command.rpartition(' --attempts')[0]} --csv", place)[1])))
    assert len(rows) == 1000
    for reading in ("tools_least", "tools_most"):
        shares = [int(row["occupancy_cost_pusd"]) for row in rows if row["reading"] == reading]
        usd = next(row["occupancy_usd"] for row in document["readings"] if row["reading"] == reading)
        assert sum(shares) == round(usd * 10**12)


def test_a_comparison_is_one_table_and_one_figure(place: Path) -> None:
    code, out, err = run_apart(
        "evalreplay hardware compare store/ --benchmark swe-bench --like gpt-oss-120b --on h200,b200 "
        "--concurrency 16,64 --allow-estimate --csv --figure new/compare.png",
        place,
    )
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [(row["on"], row["concurrency"]) for row in rows] == [
        ("API", ""), ("h200", "16"), ("h200", "64"), ("b200", "16"), ("b200", "64"),
    ]  # fmt: skip
    assert (place / "new" / "compare.png").stat().st_size > 10_000
    assert "drawn: new/compare.png" in err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("", 4, "error: a fleet serves one deployed model, and none are stated"),
        ("--recorded", 2, "--recorded on how many slots?"),
        ("--recorded --slots 8 --copies 2", 2, "--recorded needs no hardware"),
        ("--recorded --slots 0", 2, "write whole numbers above zero"),
        ('--hardware "*=b200,concurrency=4,like=gpt-oss-120b" --slots 8,16', 2, "one number of --slots at a time"),
        ('--hardware "*=b200,concurrency=4,like=gpt-oss-120b"', 4, "hint: take it as one: --allow-estimate"),
        ('--hardware "*=b200,concurrency=4,like=gpt-oss-120b" --usd-per-gpu-hour 0', 4, "greater than 0"),
        ('--hardware "*=b200,concurrency=4,like=gpt-oss-120b" --tier spot --usd-per-gpu-hour 3', 4, "or a price of"),
        ('--hardware "no-such=b200,concurrency=4"', 4, "no call of the trace names it"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(place: Path, options: str, code: int, words: str) -> None:
    got, out, err = run_apart(f"evalreplay hardware fleet store/ --benchmark swe-bench {options}", place)
    assert (got, out) == (code, "")
    assert words in err
