"""Whatever is printed or drawn under a scenario says so; under the plain recorded one nothing is added."""

import json
from pathlib import Path

import pytest
from commands import run_apart, run_command

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
