"""Whatever is printed or drawn under a scenario says so; under the plain recorded one nothing is added."""

import json
from pathlib import Path

import pytest
from commands import run_apart, run_command

from pricing.scenario import Scenario

HALF = "--prices acme.toml --batch 0.5 --unlisted-tiers half"
SENTENCE = (
    "Scenario: list prices on the day of each call, 1 price file of one's own, 50 % of calls in batches (time not "
    "known), half price assumed for batch and flex where none is listed."
)
NOTED = ["frontier", "curve score_at_budget", "curve score_vs_time", "curve score_vs_cost"]


@pytest.fixture
def twin(place: Path) -> Path:
    """The same place with another model in the price file."""
    with (place / "acme.toml").open("a") as prices:
        prices.write('[[price]]\nmodel = "acme-small"\nuncached_input_usd_per_mtok = 1.00\n')
        prices.write("output_usd_per_mtok = 1.00\n")
    return place


@pytest.mark.parametrize("command", NOTED)
def test_tables_json_and_figures_of_curves_name_the_scenario(place: Path, command: str) -> None:
    name, *rest = command.split()
    asked = f"evalreplay {name} {' '.join(rest)} store/ {HALF}"
    code, _, noted = run_apart(f"{asked} --figure out.svg", place)
    assert code == 0
    assert f"note: {SENTENCE}" in noted
    assert "Scenario: list prices on the day of each call" in (place / "out.svg").read_text()  # text is in comments
    code, printed, _ = run_apart(f"{asked} --json", place)
    assert json.loads(printed)["notes"][0] == SENTENCE


def test_a_history_names_the_scenario_at_the_prices_of_each_day(place: Path) -> None:
    sentence = SENTENCE.replace("on the day of each call", "of each day")
    span = "--from 2025-10-01 --to 2026-04-01"
    code, _, noted = run_apart(f"evalreplay history store/ {HALF} {span}", place)
    assert (code, f"note: {sentence}" in noted) == (0, True)
    _, printed, _ = run_apart(f"evalreplay history store/ {HALF} {span} --json", place)
    assert sentence in json.loads(printed)["notes"]


def test_every_form_of_a_card_names_the_scenario(place: Path) -> None:
    card = f"evalreplay card store/ {HALF}"
    text, latex, table = (run_command(f"{card} {form}", place)[1] for form in ("", "--latex", "--csv"))
    document = json.loads(run_command(f"{card} --json", place)[1])
    assert f"100 % of calls priced. {SENTENCE}\n" in text
    assert r"(time not known), half price assumed" in latex
    assert f"note: {SENTENCE}" in table
    assert document["notes"] == [document["cards"][0]["scenario"]] == [SENTENCE]
    assert document["cards"][0]["sentence"].endswith(SENTENCE)


def test_the_same_tokens_at_another_model_are_called_that_whatever_the_scenario_is_named(twin: Path) -> None:
    (twin / "next.toml").write_text(
        'name = "next year"\nprices = ["acme.toml"]\n[[substitute]]\nmodel = "acme-large"\nto = "acme-small"\n'
    )
    _, printed = run_command("evalreplay card store/ -s next.toml", twin)
    assert "Scenario: next year (same tokens, other model: acme-large priced as acme-small)." in printed


@pytest.mark.parametrize(
    "command",
    [*NOTED, "card", "history --to 2026-04-01", "audit"],
)
def test_plain_recorded_prices_need_no_label(place: Path, command: str) -> None:
    name, *rest = command.split()
    _, printed = run_command(f"evalreplay {name} {' '.join(rest)} store/", place)
    assert "Scenario" not in printed
    assert printed


def test_sql_and_the_evidence_of_prices_name_the_scenario(place: Path) -> None:
    run_command(f"evalreplay reprice store/ {HALF} -o half/", place)
    for command in ("sql half/ 'select cost_usd from runs'", "prices coverage half/"):
        assert f"note: {SENTENCE}" in run_command(f"evalreplay {command}", place)[1]


TIMED = {
    'recorded_cost_usd = "billed"\n': "",
    'file = "tasks.csv"\n': 'file = "timed.csv"\nconstants = { time_basis = "measured" }\n',
    'score = "score" }': 'score = "score", wall_s = "took" }',
}
"""What a mapping of rollouts that were timed says instead."""


@pytest.fixture
def timed(twin: Path) -> Path:
    """The same place with a store of rollouts that took 10 and 30 seconds."""
    (twin / "timed.csv").write_text("task,score,took\nmaze,1,10\nknot,0,30\n")
    mapping = (twin / "mapping.toml").read_text()
    for old, new in TIMED.items():
        assert old in mapping
        mapping = mapping.replace(old, new)
    (twin / "timed.toml").write_text(mapping)
    code, printed = run_command("evalreplay read calls.csv timed.csv --mapping timed.toml -o timed/", twin)
    assert code == 0, printed
    return twin


@pytest.mark.parametrize(
    ("scenario", "seconds", "x"),
    [
        ("", "20 / 10 / 30", 20.0),
        ("--batch 0", "20 / 10 / 30", 20.0),
        ("--batch 1 --turnaround 3600", "5,400 to 5,420 / 3,600 to 3,630 / 7,200 to 7,210", None),
        ("--batch 1", "not known", None),
        ("--priced-as acme-large=acme-small", "not known", None),
        ("--cache none", "not known", None),
    ],
)
def test_seconds_are_those_of_the_scenario_or_not_known(
    timed: Path, scenario: str, seconds: str, x: float | None
) -> None:
    asked = f"timed/ --prices acme.toml {scenario}"
    assert f"; seconds {seconds}. " in run_command(f"evalreplay card {asked}", timed)[1]
    for command in ("curve score_vs_time", "frontier --clock time"):
        [row] = json.loads(run_apart(f"evalreplay {command} {asked} --json", timed)[1])["rows"]
        assert (row["x"], row["known_frac"]) == (x, 0 if x is None else 1)
    _, printed, _ = run_apart(f"evalreplay curve score_vs_time -O seconds=recorded {asked} --json", timed)
    assert json.loads(printed)["rows"][0]["x"] == 20.0


def test_calls_a_book_leaves_out_make_a_total_a_low_bound_and_are_listed(place: Path) -> None:
    code, printed = run_command("evalreplay reprice store/ --book hal-harness -o hal/", place)
    assert (code, "$0.00 [100 % of the calls left out by the book]" in printed) == (0, True)
    assert "left out by the book, so costs are at least that: acme/acme-large (3 calls)" in printed
    assert "dollars not known; " in run_command("evalreplay card hal/", place)[1]
    [row] = json.loads(run_apart("evalreplay frontier hal/ --json", place)[1])["rows"]
    assert (row["x"], row["x_low"], row["x_high"], row["known_frac"]) == (None, 0.0, None, 0.0)
    assert (row["is_on_frontier"], row["is_frontier_certain"]) == (None, None)


OFF = """\
[currency]
code = "EUR"
rates = "fx.csv"
carry_days = 365
[[discount]]
frac = 0.5
kinds = ["output"]
"""


def test_list_prices_and_another_currency_stand_beside_every_kind_of_cost(twin: Path) -> None:
    (twin / "fx.csv").write_text("date,currency,units_per_usd\n2026-01-01,EUR,0.4\n")
    mapping = (twin / "mapping.toml").read_text().replace('"acme"', '"openai"').replace('"acme-large"', '"gpt-4.1"')
    (twin / "mapping.toml").write_text(mapping)
    run_command("evalreplay read calls.csv tasks.csv --mapping mapping.toml -o whole/", twin)
    (twin / "off.toml").write_text(OFF)
    _, printed = run_command("evalreplay reprice whole/ -s off.toml -o off/", twin)
    assert "$6.05 (between $4.55 and $6.05) [list $6.85; 2.42 EUR (between 1.82 EUR and 2.42 EUR)]" in printed
    _, compared = run_command("evalreplay compare whole/ off/", twin)
    assert "note: All amounts here are US dollars; those in EUR are in the priced tables." in compared
    calls = (twin / "calls.csv").read_text()
    (twin / "calls.csv").write_text(calls.replace("12:02:00Z,1000000,,100000,", "12:02:00Z,,,,"))
    run_command("evalreplay read calls.csv tasks.csv --mapping mapping.toml -o open/", twin)
    _, printed = run_command("evalreplay reprice open/ -s off.toml -o half/", twin)
    assert "at least $3.65 (66.7 % priced) [list $4.05 of what is priced; at least 1.46 EUR; " in printed


def test_a_resolved_scenario_shows_every_key_and_warns_of_a_day_nobody_has_checked(place: Path) -> None:
    (place / "late.toml").write_text("as_of = 2100-01-01\n[batch]\nshare_frac = 0\n[[discount]]\nfrac = 0.1\n")
    code, shown, noted = run_apart("evalreplay scenario show late.toml", place)
    assert (code, [key for key in Scenario.model_fields if key not in shown]) == (0, [])
    assert "# region: not set (as recorded)\n" in shown
    assert "# discount 1: provider, model, effective_date, until_date not set\n" in shown
    assert "note: as_of 2100-01-01 lies beyond 20" in noted
    assert "no time is known" not in noted
    (place / "again.toml").write_text(shown)
    assert run_command("evalreplay scenario show again.toml", place)[0] == 0
