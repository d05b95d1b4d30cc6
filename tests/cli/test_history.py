"""``evalreplay history``: what it prints, as a table, JSON and CSV, what it draws, what it refuses."""

import csv
import io
import json
from pathlib import Path

import pytest
from commands import run_apart

from analyzer.history.tables import HISTORY_TABLES

PRINTED = """\
Cheapest cost of reaching a score

benchmark  score_threshold  priced_at   agent   score  n_tasks  mean_cost_usd  mean_cost_low_usd  mean_cost_high_usd
puzzles                0.5  2025-10-01  solver    0.5        2           3.55               2.65                3.55
puzzles                0.5  2026-03-01  solver    0.5        2          1.775              1.325               1.775

Best-scoring agent: cost = turns x tokens per turn x dollars per token

benchmark  priced_at   agent   score  n_tasks  mean_cost_usd  mean_cost_low_usd  \
mean_cost_high_usd  mean_turns  turn_tokens  blended_usd_per_mtok
puzzles    2025-10-01  solver    0.5        2           3.55               2.65                \
3.55         1.5    1,066,667               2.21875
puzzles    2026-03-01  solver    0.5        2          1.775              1.325               \
1.775         1.5    1,066,667               1.10938

From the first best-scoring agent to the last: what the change is due to

benchmark  first_at    last_at     change_usd  price_effect_usd  turn_tokens_effect_usd  turns_effect_usd
puzzles    2025-10-01  2026-03-01      -1.775            -1.775                       0                 0

Frontier then and now

benchmark  agent   score  then_at     mean_cost_then_usd  now_at      mean_cost_now_usd  status
puzzles    solver    0.5  2025-10-01                3.55  2026-04-01              1.775  stayed

"""
HALVED = """
[[price]]
model = "acme-large"
effective_date = 2026-03-01
uncached_input_usd_per_mtok = 1.00
cache_read_usd_per_mtok = 0.10
output_usd_per_mtok = 5.00
"""
SPAN = "--from 2025-09-01 --to 2026-04-01 --prices acme.toml"


@pytest.fixture
def halved(place: Path) -> Path:
    """The same place with prices that are halved on 1 March 2026."""
    with (place / "acme.toml").open("a") as prices:
        prices.write(HALVED)
    return place


def test_it_prints_who_was_cheapest_who_was_best_and_who_is_on_the_frontier(halved: Path) -> None:
    code, out, err = run_apart(f"evalreplay history store/ {SPAN}", halved)
    assert (code, out) == (0, PRINTED)
    assert "note: No release date is known; entered with the first dated price: solver (2025-10-01)." in err


def test_json_holds_every_table_and_the_notes(halved: Path) -> None:
    code, out, _ = run_apart(f"evalreplay history store/ {SPAN} --json", halved)
    told = json.loads(out)
    assert code == 0
    assert set(told) == {"from", "to", "notes", *HISTORY_TABLES}
    assert [row["mean_cost_usd"] for row in told["runs"]] == [3.55, 1.775]


@pytest.mark.parametrize("name", HISTORY_TABLES)
def test_csv_is_the_table_that_is_named(name: str, halved: Path) -> None:
    code, out, _ = run_apart(f"evalreplay history store/ {SPAN} --what {name} --csv", halved)
    header, *rows = csv.reader(io.StringIO(out))
    assert code == 0
    assert header[: len(HISTORY_TABLES[name].columns)] == list(HISTORY_TABLES[name].schema)
    assert all(len(row) == len(header) for row in rows)


def test_csv_without_a_name_is_the_cheapest_cost_of_a_score(halved: Path) -> None:
    one, other = (
        run_apart(f"evalreplay history store/ {SPAN} --csv {what}", halved)[1] for what in ("", "--what cheapest")
    )
    assert one == other


def test_a_priced_store_is_followed_under_its_own_scenario_but_its_date(halved: Path) -> None:
    price = "evalreplay reprice store/ --prices acme.toml --as-of 2026-01-01 --role agent -o then/"
    assert run_apart(price, halved)[0] == 0
    code, out, err = run_apart("evalreplay history then/ --from 2025-09-01 --to 2026-04-01", halved)
    assert (code, out) == (0, PRINTED)
    assert "note: The scenario's own date, 2026-01-01, does not count." in err


def test_without_a_span_it_runs_from_the_first_entry_until_the_price_files_were_kept(halved: Path) -> None:
    told = json.loads(run_apart("evalreplay history store/ --prices acme.toml --json", halved)[1])
    assert told["from"] == "2025-10-01 00:00:00+00:00"
    assert told["to"] > "2026-10-01"


def test_attributes_filter_colour_and_take_the_place_of_time(halved: Path) -> None:
    (halved / "facts.csv").write_text("model,openness,parameters\nacme-large,open,70\n")
    asked = "--attributes facts.csv --where openness=open --colour openness --axis parameters --figure facts.png"
    code, out, err = run_apart(f"evalreplay history store/ {SPAN} {asked}", halved)
    assert code == 0
    assert "up to a value of the attribute\n\nbenchmark  score_threshold  attribute_value  agent" in out
    assert err.endswith("drawn: facts.png\n")
    assert (halved / "facts.png").stat().st_size > 10_000


def test_a_figure_is_drawn_where_asked_to(halved: Path) -> None:
    code, _, err = run_apart(f"evalreplay history store/ {SPAN} --figure history.svg", halved)
    assert (code, err.splitlines()[-1]) == (0, "drawn: history.svg")
    assert (halved / "history.svg").read_text().startswith("<?xml")


WRONG = {
    "--from yesterday": 2,
    "--to someday": 2,
    "--from 2026-02-01 --to 2026-01-01": 2,
    "--to 2020-01-01": 5,
    "--as-of 2026-01-01": 2,
    "--score high": 2,
    "--benchmark nope": 2,
    "--attributes nowhere.csv": 2,
    "--attributes mapping.toml": 2,
    "--attributes calls.csv": 5,
    "--where openness=open": 2,
    "--axis nope": 2,
    "--colour nope": 2,
    "--colour nope --figure a.png": 2,
    "--figure a.bmp": 2,
    "--what everything": 2,
}


@pytest.mark.parametrize(("options", "expected"), WRONG.items())
def test_what_goes_wrong_is_said_in_two_lines_with_its_exit_code(options: str, expected: int, place: Path) -> None:
    code, out, err = run_apart(f"evalreplay history priced/ {options}", place)
    assert (code, out) == (expected, "")
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["error", "hint"]
    assert not (place / "a.png").exists()
