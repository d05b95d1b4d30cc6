"""A priced store can be checked and priced again anywhere: it keeps whatever it was priced with."""

import shutil
from pathlib import Path

import pytest
from commands import run_apart

from pricing.priced_store import open_priced

FX = "date,currency,units_per_usd\n2026-01-15,EUR,0.5\n"
SCENARIO = """\
name = "a contract, in euros"
prices = ["acme.toml"]

[[discount]]
provider = "acme"
frac = 0.25

[currency]
code = "EUR"
rates = "fx.csv"
"""
HOW = {
    "a scenario file with prices, a discount and a currency": "-s contract.toml",
    "a scenario file and flags": "-s contract.toml --cache none --role agent",
    "a named book of the package": "--book hal-harness",
    "an imported book": "--book mine",
    "an imported book before the list": "--book mine --book list --prices acme.toml",
    "no cache": "--prices acme.toml --cache none",
    "a full cache": "--prices acme.toml --cache upper_bound",
    "one day": "--prices acme.toml --as-of 2026-03-01",
}


@pytest.fixture
def offices(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small trace, with a scenario, exchange rates and an imported book beside it."""
    monkeypatch.setenv("EVALREPLAY_BOOKS", str(place / "books"))
    files = {"fx.csv": FX, "contract.toml": SCENARIO, "rates.csv": "model,input,output\nacme-large,3,15\n"}
    for name, text in files.items():
        (place / name).write_text(text)
    done("evalreplay prices import rates.csv --as mine --per 1m", place)
    return place


def done(command: str, folder: Path) -> str:
    code, _, err = run_apart(command, folder)
    assert code == 0, err
    return err


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_store_holds_without_the_files_it_was_priced_with(how: str, offices: Path) -> None:
    done(f"evalreplay reprice store/ {how} -o again/", offices)
    for name in ("acme.toml", "fx.csv", "contract.toml"):
        (offices / name).unlink()
    shutil.rmtree(offices / "books")

    assert done("evalreplay verify again/ --inputs .", offices) == "every number still holds\n"


def test_a_store_is_replaced_whatever_copies_it_keeps(offices: Path) -> None:
    for options in ("", "--force"):
        done(f"evalreplay reprice store/ -s contract.toml -o again/ {options}", offices)


@pytest.mark.parametrize("copy", ["rates/1-fx.csv", "prices/1-acme.toml"])
def test_a_changed_copy_changes_the_numbers_and_is_seen(copy: str, offices: Path) -> None:
    done("evalreplay reprice store/ -s contract.toml -o again/", offices)
    kept = offices / "again" / copy
    kept.write_text(kept.read_text().replace("0.5", "0.6").replace("= 2.00", "= 3.00"))

    code, _, err = run_apart("evalreplay verify again/ --inputs .", offices)

    assert code == 1
    assert "table runs differs when read again" in err


@pytest.mark.parametrize("how", ["--cache none", "--cache upper_bound", "--as-of 2026-03-01", "--batch 1"])
def test_pricing_as_recorded_again_gives_the_original_figures(how: str, offices: Path) -> None:
    done(f"evalreplay reprice store/ --prices acme.toml {how} -o what_if/", offices)
    done("evalreplay reprice what_if/ --prices acme.toml -o back/", offices)

    first, back, changed = (open_priced(offices / name) for name in ("priced", "back", "what_if"))
    tables = ("runs", "rollouts", "calls", "charges")
    assert all(first.table(name).equals(back.table(name)) for name in tables)
    figures = ("cost_usd", "cost_low_usd", "cost_high_usd", "price_time_basis")
    assert not first.table("calls").select(figures).equals(changed.table("calls").select(figures))


def test_costs_in_euros_are_those_in_dollars_at_the_rate(offices: Path) -> None:
    done("evalreplay reprice store/ -s contract.toml -o again/", offices)

    calls = open_priced(offices / "again").table("calls")

    assert calls["currency"].unique().to_list() == ["EUR"]
    assert (calls["cost_in_currency"] * 2).to_list() == pytest.approx(calls["cost_usd"].to_list())
    runs = open_priced(offices / "again").table("runs").row(0, named=True)
    assert runs["cost_high_usd"] == pytest.approx(0.75 * 7.10)
