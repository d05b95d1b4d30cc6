"""``evalreplay tornado`` on a trace whose numbers can be checked by head: 7.10 dollars, at least 5.30."""

import csv
import io
import json
from pathlib import Path

import pytest
from commands import run_apart

LEVERS = """\
all runs (1 run): $7.10 (between $5.30 and $7.10)
lever                                     low                high   change at low  change at high  cost at low  cost at high  swing  elasticity  known
prompt cache                              all it could hold  none            -0.9             0.9          6.2             8    1.8           -  100 %
price of uncached input, acme/acme-large  -10 %              +10 %           -0.5             0.5          6.6           7.6      1      0.7042  100 %
contract discount, everything             10 % off           none           -0.71               0         6.39           7.1   0.71           -  100 %
price of output, acme/acme-large          -10 %              +10 %           -0.2             0.2          6.9           7.3    0.4      0.2817  100 %
price of cache reads, acme/acme-large     -10 %              +10 %          -0.01            0.01         7.09          7.11   0.02     0.01408  100 %
batch share                               as recorded        100 %              -               -            -             -      -           -  0 %
"""  # noqa: E501 - as it is printed
QUANTILES = """\
all runs (1 run): $7.10 (between $5.30 and $7.10)
quantile  cost_low_usd  cost_usd  cost_high_usd
5 %                5.3       7.1            7.1
25 %               5.3       7.1            7.1
50 %               5.3       7.1            7.1
75 %               5.3       7.1            7.1
95 %               5.3       7.1            7.1
over $6.00 in 0 % to 100 % of draws (100 % as the cost stands)
"""


def test_levers_are_listed_widest_first_with_costs_and_elasticities(place: Path) -> None:
    code, out, err = run_apart("evalreplay tornado priced/", place)
    assert (code, out) == (0, LEVERS)
    assert "note: Prices are moved by 10 % down and up" in err
    assert "note: Not known, as no such price is listed at the time of the calls: batch share." in err


def test_the_widest_are_kept_and_the_others_counted(place: Path) -> None:
    code, out, _ = run_apart("evalreplay tornado priced/ --top 2", place)
    assert code == 0
    assert out.splitlines()[-1] == "... and 4 levers of less swing: --top shows more, --csv and --json all"


def test_json_and_csv_hold_every_lever_and_the_base(place: Path) -> None:
    document = json.loads(run_apart("evalreplay tornado priced/ --by 0.2 --json", place)[1])
    assert document["scopes"][0]["base_usd"] == 7.1
    assert document["rows"][0]["swing_usd"] == pytest.approx(2.0)
    rows = list(csv.DictReader(io.StringIO(run_apart("evalreplay tornado priced/ --csv", place)[1])))
    assert [row["lever_type"] for row in rows] == ["policy", "price", "policy", "price", "price", "policy"]


def test_each_agent_is_named(place: Path) -> None:
    out = run_apart("evalreplay tornado priced/ --per agent --top 1", place)[1]
    assert out.startswith("puzzles: solver (1 run): $7.10")


def test_a_figure_is_drawn(place: Path) -> None:
    code, _, err = run_apart("evalreplay tornado priced/ --figure new/tornado.png", place)
    assert code == 0
    assert "drawn: new/tornado.png" in err
    assert (place / "new" / "tornado.png").stat().st_size > 10_000


def test_nothing_priced_is_said_and_drawn_in_words(place: Path) -> None:
    code, out, err = run_apart("evalreplay tornado store/ --figure empty.png", place)
    assert code == 0
    assert out == "all runs (1 run): cost not known, 0 % priced\nno lever moves this cost\n"
    assert "nothing of it has a price above zero: all runs" in err
    assert (place / "empty.png").is_file()


def test_prices_over_what_they_were(place: Path) -> None:
    code, out, err = run_apart("evalreplay tornado priced/ --range 2025-11-01 2026-11-01", place)
    assert code == 0
    assert "price of" not in out
    assert "Prices are moved over what they were from 2025-11-01 to 2026-11-01" in err
    assert "would change nothing of what is priced: price of uncached input" in err


def test_draws_print_quantiles_and_how_many_are_over_a_budget(place: Path) -> None:
    code, out, err = run_apart("evalreplay tornado priced/ --draws 100 --sd 0 --seed 1 --budget 6", place)
    assert (code, out) == (0, QUANTILES)
    assert "note: 100 draws, seed 1" in err


def test_draws_in_json_keep_the_seed(place: Path) -> None:
    command = "evalreplay tornado priced/ --draws 100 --sd 0.1 --sd acme/acme-large=0.3 --json"
    document = json.loads(run_apart(command, place)[1])
    assert document["draws"] == {
        "sd": 0.1, "sd_by_model": {"acme/acme-large": 0.3}, "past_days": None, "seed": 0, "n_draws": 100,
    }  # fmt: skip
    assert [row["quantile_frac"] for row in document["rows"]] == [0.05, 0.25, 0.5, 0.75, 0.95]


def test_draws_from_the_past_of_the_book(place: Path) -> None:
    code, out, err = run_apart("evalreplay tornado priced/ --draws 100 --past 90 --csv", place)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "benchmark,agent,run_id,quantile_frac,cost_low_usd,cost_usd,cost_high_usd"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--seed 1", "--seed needs --draws N"),
        ("--budget 5", "--budget needs --draws N"),
        ("--draws 10 --figure a.png", "--figure is for levers: leave out --draws"),
        ("--draws 10 --range 2026-01-01 2026-02-01", "--range is for levers: leave out --draws"),
        ("--by 0.2 --range 2026-01-01 2026-02-01", "--by and --range: which one?"),
        ("--draws 10 --sd 0.1 --past 9", "--sd and --past: which one?"),
        ("--draws 10 --sd wide", "write --sd 0.2, or --sd MODEL=0.3"),
        ("--draws 10 --sd acme/tiny=0.1", "a spread for 'acme/tiny', which is not billed here"),
        ("--draws 10 --sd -1", "give at least one draw and a spread of at least 0"),
        ("--range 2026-02-01 2026-01-01", "give the earlier date first"),
    ],
)
def test_what_does_not_go_together_is_refused(options: str, problem: str, place: Path) -> None:
    code, out, err = run_apart(f"evalreplay tornado priced/ {options}", place)
    assert (code, out) == (2, "")
    assert problem in err
