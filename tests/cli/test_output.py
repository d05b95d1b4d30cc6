"""What commands print, whole, for a trace whose numbers can be checked by head."""

import csv
import io
import json
from pathlib import Path

import pytest
from commands import run_apart, run_command
from trajectories import write_run

SHOWN = """\
puzzles: solver
  run       r7 (table)
  rollouts  2 of 2 tasks, 1 attempt each
  score     0.5 (2 scored)
  calls     3, 3,000,000 tokens in, 200,000 out
  known     tokens 100 %, cache split 66.7 %, latency 0 %, cost 66.7 %
  dates     2026-01-15 12:00 to 2026-01-15 12:02 UTC
  recorded  at least $4.10
runs 1  tasks 0  rollouts 2  scores 0  calls 3  charges 0  rejects 0
"""
SCENARIO = "Scenario: list prices on the day of each call, 1 price file of one's own."
CARD = f"""\
solver (effort not known) on puzzles: score 0.5 over 2 tasks, 1 attempt each. Per attempt, mean / P50 / P95: \
dollars $3.55 ($2.65 to $3.55) / $3.00 ($1.20 to $3.00) / $4.10; tokens 1,600,000 / 1,100,000 / 2,100,000; \
turns 1.5 / 1 / 2; seconds at least 30 / not known / at least 60. Limits per attempt: none known; \
budget told to the model: not known. Prices: 2026-01-15; 100 % of calls priced. {SCENARIO}
"""
PRICES = """\
provider  model       kind            price_usd  unit  effective_from    layer  date_basis    source
acme      acme-large  cache_read            0.2  Mtok  2025-10-01 00:00  user   announcement  [1]
acme      acme-large  output                 10  Mtok  2025-10-01 00:00  user   announcement  [1]
acme      acme-large  uncached_input          2  Mtok  2025-10-01 00:00  user   announcement  [1]
[1] https://acme.example/pricing (read 2026-01-20)
"""
FRONTIER = """\
benchmark  agent   n_tasks     x  x_low  x_high    y  y_low  y_high  known_frac  is_on_frontier  is_frontier_certain
puzzles    solver        2  3.55   2.65    3.55  0.5    0.5     0.5           1  yes             yes
"""
TABLES = [
    "show store/", "audit priced/", "card priced/", "curve score_at_budget priced/", "frontier priced/", "curves",
    "formats", "prices acme-large --prices acme.toml", "prices", "sql priced/ 'select * from calls'",
    "verify store/",
]  # fmt: skip


def test_show_prints_runs_attempts_tokens_dates_and_coverage(place: Path) -> None:
    assert run_apart("evalreplay show store/", place) == (0, SHOWN, "")


def test_totals_are_not_counted_as_calls_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    board = Path(__file__).parents[1] / "data" / "aider" / "board.yml"
    _, out = run_command(f"evalreplay read {board} -o store/", tmp_path)
    assert "0 calls, 5 call totals, 0 rejects in store" in out
    _, out = run_command("evalreplay show store/", tmp_path)
    assert "  calls     1 total, tokens not known\n" in out
    assert "at least -" not in out


def test_rejects_are_counted_by_kind_those_that_cost_data_first(tmp_path: Path) -> None:
    write_run(tmp_path / "in" / "run", "a", "b")
    (tmp_path / "in" / "run" / "b" / "b.traj.json").write_text('{"trajectory_format": "mini-swe-agent-1", "info": 3')
    (tmp_path / "in" / "about.md").write_text("# About")
    _, out = run_command("evalreplay read in/ -o store/ --on-error skip", tmp_path)
    first, second, *_ = out.splitlines()
    assert first.endswith("(1 malformed, 1 unrecognised) in store")
    assert second.startswith("  malformed: in/run/b/b.traj.json")


def test_card_prints_the_budget_statement(place: Path) -> None:
    code, out, err = run_apart("evalreplay card priced/", place)
    assert (code, err) == (0, "")
    assert out.startswith(CARD)


def test_card_prints_latex_with_dollars_escaped(place: Path) -> None:
    code, out, _ = run_apart("evalreplay card priced/ --latex", place)
    assert code == 0
    assert r"\$3.55 (\$2.65 to \$3.55)" in out


def test_prices_are_printed_with_their_sources_as_footnotes(place: Path) -> None:
    note = "prices in USD per million tokens (Mtok) or per unit; times are UTC\n"
    assert run_apart("evalreplay prices acme-large --prices acme.toml", place) == (0, PRICES, note)


def test_a_frontier_is_a_short_table_with_its_notes_apart(place: Path) -> None:
    code, out, err = run_apart("evalreplay frontier priced/", place)
    assert (code, out.split("\n\n")[1]) == (0, FRONTIER)
    assert "note: Equal task weights" in err


def test_reprice_says_the_cost_and_its_bounds(place: Path) -> None:
    code, out, err = run_apart("evalreplay reprice store/ --prices acme.toml -o again/", place)
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "scenario: list prices on the day of each call, 1 price file of one's own",
        "puzzles: solver: $7.10 (between $5.30 and $7.10)",
    ]


def test_a_call_without_a_price_is_counted_and_hinted_at(place: Path) -> None:
    code, _, err = run_apart("evalreplay reprice store/ -o again/", place)
    assert code == 0
    assert "puzzles: solver: cost not known [its source states at least $4.10]\n" in err
    assert "no price for acme/acme-large (3 calls)" in err
    assert "hint: closest known models" in err


def test_audit_says_how_much_agrees(place: Path) -> None:
    code, out, err = run_apart("evalreplay audit priced/", place)
    assert (code, err) == (0, f"note: {SCENARIO}\n0 differences without a proven cause\n")
    assert "r7      call     cost_usd    recorded        agrees        yes           2       4.1         4.1" in out


def test_audit_says_what_is_only_claimed_by_the_agents_program(place: Path) -> None:
    mapping = (place / "mapping.toml").read_text().replace("recorded_cost_usd", "claimed_cost_usd")
    (place / "claims.toml").write_text(mapping)
    read = "evalreplay read calls.csv tasks.csv --mapping claims.toml -o claims/"
    assert run_command(read, place)[0] == 0
    _, out, _ = run_apart("evalreplay audit claims/ --prices acme.toml", place)
    assert "r7      call     cost_usd    claimed         agrees        yes           2       4.1         4.1" in out


@pytest.mark.parametrize("counterfactual", ["--cache none", "--as-of 2025-12-01"])
def test_what_was_never_billed_is_not_audited_and_the_report_says_so(counterfactual: str, place: Path) -> None:
    assert run_command(f"evalreplay reprice store/ --prices acme.toml {counterfactual} -o else/", place)[0] == 0
    code, out, err = run_apart("evalreplay audit else/", place)
    assert (code, out) == (5, "")
    assert "which is not what was billed\nhint: audit the traces or a store priced with the recorded policy" in err
    assert run_command("evalreplay report else/ -o else.html", place)[0] == 0
    assert "which is not what was billed" in (place / "else.html").read_text()


def test_where_no_batch_price_is_listed_half_is_offered_not_another_day(place: Path) -> None:
    _, _, err = run_apart("evalreplay reprice store/ --prices acme.toml --batch 1 -o batched/", place)
    assert "no price for acme/acme-large (3 calls): no batch price in force on 2026-01-15" in err
    assert "hint: assume half the standard price: --unlisted-tiers half; see its prices" in err


def test_a_substitute_without_a_price_is_named_with_the_day_its_price_was_asked_for(place: Path) -> None:
    early = "--priced-as acme-large=gpt-5-mini --as-of 2025-01-01"
    _, _, err = run_apart(f"evalreplay reprice store/ --prices acme.toml {early} -o early/", place)
    assert "no price for acme/acme-large (3 calls): no price of openai/gpt-5-mini in force on 2025-01-01" in err
    assert "hint: see its prices: evalreplay prices gpt-5-mini; price it at another day" in err


def test_audit_exits_with_1_where_a_difference_has_no_cause(place: Path) -> None:
    (place / "calls.csv").write_text((place / "calls.csv").read_text().replace("3.00", "7.77"))
    read = "evalreplay read calls.csv tasks.csv --mapping mapping.toml -o wrong/"
    assert run_command(read, place)[0] == 0
    code, out, err = run_apart("evalreplay audit wrong/ --prices acme.toml", place)
    assert code == 1
    assert "unexplained" in out
    assert err == f"note: {SCENARIO}\n1 difference without a proven cause\n"


@pytest.mark.parametrize("arguments", TABLES)
def test_json_parses(arguments: str, place: Path) -> None:
    code, out, _ = run_apart(f"evalreplay {arguments} --json", place)
    assert code == 0
    assert json.loads(out)


@pytest.mark.parametrize("arguments", TABLES)
def test_csv_parses_with_as_many_cells_in_every_row(arguments: str, place: Path) -> None:
    code, out, _ = run_apart(f"evalreplay {arguments} --csv", place)
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


def test_sql_answers_and_null_stays_null_in_json(place: Path) -> None:
    question = "select cache_read_tokens, cost_low_usd from calls where rollout_id = 'r7/knot/0'"
    code, out, _ = run_apart(f'evalreplay sql priced/ "{question}" --json', place)
    assert (code, json.loads(out)) == (0, [{"cache_read_tokens": None, "cost_low_usd": 1.2}])


def test_a_table_too_wide_for_a_line_is_printed_a_paragraph_a_row(place: Path) -> None:
    _, out, _ = run_apart("evalreplay sql priced/ 'select * from calls limit 1'", place)
    assert out.startswith("run_id                          r7\n")


def test_formats_and_curves_name_every_one(place: Path) -> None:
    from analyzer.curves import registry as curve_registry
    from traces import registry as reader_registry

    formats, curves = (run_apart(f"evalreplay {name}", place)[1] for name in ("formats", "curves"))
    assert all(f"{name}: " in formats for name in (*reader_registry.discover(), "table"))
    assert all(f"{name}: " in curves for name in curve_registry.discover())


def test_a_curve_is_drawn_where_asked_to(place: Path) -> None:
    code, _, err = run_apart("evalreplay curve score_at_budget priced/ --figure budget.svg", place)
    assert code == 0
    assert err.endswith("drawn: budget.svg\n")
    assert (place / "budget.svg").read_text().startswith("<?xml")


def test_suggest_mapping_proposes_toml(place: Path) -> None:
    import tomllib

    (place / "odd.csv").write_text("task_id,prompt_tokens,completion_tokens,model\na,1,2,m\n")
    code, out, _ = run_apart("evalreplay read odd.csv --suggest-mapping", place)
    assert code == 0
    assert tomllib.loads(out)["table"][0]["columns"]["task_id"] == "task_id"


def test_verify_holds_and_stops_holding_when_an_input_changes(place: Path) -> None:
    verify = "evalreplay verify priced/ --inputs ."
    code, _, err = run_apart(verify, place)
    assert (code, err) == (0, "every number still holds\n")
    (place / "calls.csv").write_text((place / "calls.csv").read_text().replace("100000", "100001"))
    assert run_apart(verify, place) == (1, "", "calls.csv: changed\n1 thing does not hold\n")


def test_raw_traces_are_read_on_the_way(place: Path) -> None:
    code, out, _ = run_apart("evalreplay show calls.csv tasks.csv --mapping mapping.toml", place)
    assert (code, out) == (0, SHOWN)
