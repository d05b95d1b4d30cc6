"""The report as a document: what it says, what it says of the unknown, and that nothing in it can do harm."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import call, charge, frame, rollout, run, tables
from price_rows import book, day, price

from analyzer.audit import audit
from analyzer.report.render import render
from analyzer.report.sections.assumptions import price_table
from analyzer.report.words import cost, percent, short, span, usd
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from pricing.schema import PRICED_TABLES
from traces.errors import AnalysisError
from traces.schema import REJECTS

SECTIONS = ["runs", "curves", "cards", "costs", "audit", "unknown", "rejects", "assumed", "reproduce"]
VOID = {"meta", "link", "br", "img", "input", "hr"}
MANIFEST: dict[str, Any] = {"evalreplay": "9.9", "kind": "priced", "scenario": Scenario().manifest()}
EVIL = "<script>alert(1)</script>\"'&--><img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """The parts of a page a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.headings += [int(tag[1])] if re.fullmatch(r"h[1-6]", tag) else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())


def priced(n_runs: int = 1, benchmark: str = "bench", **values: Any) -> dict[str, pl.DataFrame]:
    """Runs of two attempts of one call each: 1 Mtok of input, the first agent also writes 1 Mtok."""
    runs, rollouts, calls = [], [], []
    for number in range(n_runs):
        run_id = f"{benchmark}-{number}"
        owned = {"run_id": run_id, "benchmark": benchmark}
        runs.append(run(**owned, **{"agent": f"agent {number}", **values}))
        for name, score in (("a", 1.0), ("b", 0.0)):
            rollouts.append(rollout(**owned, task_id=name, score=score, wall_s=60.0, time_basis="measured"))
            usage = {"uncached_input_tokens": 100_000, "output_tokens": 0 if number else 10_000}
            calls.append(
                call(run_id=run_id, rollout_id=f"{run_id}/{name}/0", provider="openai", model="gpt-4.1", **usage)
            )
    return reprice_tables(tables(runs, rollouts, calls))


def page(priced_tables: dict[str, pl.DataFrame], *, is_audited: bool = False) -> Page:
    return Page(render(priced_tables, MANIFEST, audit(priced_tables) if is_audited else None))


def joined(*several: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {name: pl.concat([one[name] for one in several]) for name in several[0]}


@pytest.mark.parametrize("n_runs", [0, 1, 3])
def test_every_section_is_there_with_headings_in_order(n_runs: int) -> None:
    shown = page(priced(n_runs), is_audited=True)
    assert [name for name in shown.ids if name in SECTIONS] == SECTIONS
    assert len(shown.ids) == len(set(shown.ids))
    assert shown.headings[:2] == [1, 2]
    assert all(after - before <= 1 for before, after in zip(shown.headings, shown.headings[1:], strict=False))
    assert shown.open == []
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in shown.tags}


def test_every_link_within_the_page_leads_somewhere() -> None:
    shown = page(priced())
    targets = [attrs["href"] for tag, attrs in shown.tags if tag == "a" and (attrs["href"] or "").startswith("#")]
    assert {str(target)[1:] for target in targets} <= set(shown.ids)


def test_nothing_is_loaded_from_anywhere() -> None:
    shown = page(priced(3), is_audited=True)
    assert not any("src" in attrs for _, attrs in shown.tags)
    assert [attrs["href"] for tag, attrs in shown.tags if tag == "link"] == ["data:,"]
    assert "url(" not in shown.text
    assert "@import" not in shown.text
    policy = next(attrs["content"] for tag, attrs in shown.tags if "http-equiv" in attrs)
    assert str(policy).startswith("default-src 'none'")


def test_hostile_names_are_text() -> None:
    evil = priced(2, benchmark=EVIL, agent=EVIL)
    evil["rejects"] = frame(REJECTS, {"source_path": EVIL, "place": EVIL, "kind": "malformed", "reason": EVIL})
    shown = Page(render(evil, {**MANIFEST, "scenario": {"name": EVIL}, EVIL: EVIL}, audit(evil)))
    assert [tag for tag, _ in shown.tags].count("script") == 1
    assert not any(tag == "img" for tag, _ in shown.tags)
    assert not any(name.startswith("on") for _, attrs in shown.tags for name in attrs)
    assert EVIL.split("\"'", 1)[0] in shown.said


def test_a_source_that_is_no_https_address_is_no_link() -> None:
    links = [attrs["href"] for tag, attrs in page(priced()).tags if tag == "a"]
    assert all(str(link).startswith(("#", "https://")) for link in links)


def test_the_same_tables_give_the_same_bytes_in_any_order_of_rows() -> None:
    first = joined(priced(3), priced(2, "hard"))
    other = {name: rows.reverse() for name, rows in first.items()}
    assert render(first, MANIFEST, audit(first)) == render(first, MANIFEST, audit(first))
    assert render(first, MANIFEST) == render(other, MANIFEST)


def test_an_unknown_part_makes_a_total_a_bound() -> None:
    known = priced(1)
    unpriced = tables(
        [run(run_id="r", agent="other")],
        [rollout(run_id="r")],
        [call(run_id="r", rollout_id="r/task/0", model="no-such-model", uncached_input_tokens=5)],
    )
    said = page(joined(known, reprice_tables(unpriced))).said
    assert "at least $0.560 (66.7 % priced)" in said
    assert "not known 0 % priced" in said
    assert "no-such-model" in said


def test_benchmarks_have_charts_and_scores_of_their_own() -> None:
    shown = page(joined(priced(2), priced(3, "hard")))
    assert sum(tag == "figure" for tag, _ in shown.tags) == 12
    assert shown.said.count("Agent n attempts Tasks attempted Score mean") == 2
    assert "reward 0.5 over 4 tasks" not in shown.said


def test_all_three_frontiers_are_named_and_answered() -> None:
    said = page(priced(2)).said
    for words in ("Staircase frontier", "Convex hull frontier", "Hull from origin frontier"):
        assert words in said
    assert "upper convex hull through the origin" in said
    assert "agent 1 2 2 0.5 $0.200 60 on it on it on it" in said
    assert "agent 0 2 2 0.5 $0.280 60 no no no" in said


def test_a_benchmark_the_tables_cannot_answer_for_says_why_and_the_others_are_drawn() -> None:
    broken = priced(2)
    broken["runs"] = broken["runs"].with_columns(is_higher_better=pl.col("agent") == "agent 0")
    shown = page(joined(broken, priced(1, "sound")))
    assert "This benchmark cannot be drawn: higher scores are better in some runs of bench" in shown.said
    assert sum(tag == "figure" for tag, _ in shown.tags) == 6


def test_parts_of_the_cost_add_up_and_parts_that_are_none_are_said_to_be() -> None:
    said = page(priced(1)).said
    assert "agent 0 $0.400 $0.160" in said
    assert "Known to be none in every run: cache read, cache write, reasoning, request fees, charges" in said


def test_a_charge_without_a_price_is_not_known_not_zero() -> None:
    charged = tables([run()], [rollout()], [call(provider="openai", model="gpt-4.1")], charges=[charge(provider="x")])
    said = page(reprice_tables(charged)).said
    assert "Charges USD" in said
    assert "agent not known" in said


def test_roles_that_are_not_counted_are_shown_as_such() -> None:
    rows = tables([run()], [rollout()], [call(provider="openai", model="gpt-4.1", role="judge", output_tokens=1000)])
    scenario = Scenario(roles=("agent",))
    said = Page(render(reprice_tables(rows, scenario), {"scenario": scenario.manifest()})).said
    assert "agent judge no 1 0 1,000 $0.0080" in said.replace("$0.008 ", "$0.0080 ")


def test_without_an_audit_the_page_says_so() -> None:
    assert "Not audited. Run evalreplay audit priced/" in page(priced()).said


def test_an_audit_that_is_refused_is_said_with_its_reason() -> None:
    refused = render(priced(), MANIFEST, AnalysisError("priced under 'no cache', which is not what was billed", "-"))
    assert "Not audited: priced under 'no cache', which is not what was billed." in Page(refused).said


def test_an_unexplained_difference_stands_in_the_verdict_and_among_the_largest() -> None:
    recorded = tables(
        [run()],
        [rollout()],
        [call(provider="openai", model="gpt-4.1", output_tokens=1_000_000, recorded_cost_usd=5.123)],
    )
    said = page(reprice_tables(recorded), is_audited=True).said
    assert "differ without a proven cause" in said
    assert "$5.12 $8.00 $2.88" in said


def test_rejects_are_counted_by_kind_and_reason() -> None:
    rejected = priced()
    rows = [{"source_path": f"{n}.json", "kind": "malformed", "reason": "no usage"} for n in range(3)]
    rejected["rejects"] = frame(REJECTS, *rows)
    assert "malformed not recognised no usage 3 0.json" in page(rejected).said


def test_nothing_at_all_is_a_whole_page_too() -> None:
    said = Page(render({}, {})).said
    assert "There are no runs in these tables." in said
    assert "there is nothing to draw" in said
    assert "there are no cards" in said
    assert "so no dollars" in said
    assert "Nothing was refused" in said
    assert "no price was used" in said
    assert "The manifest holds no scenario" in said


def test_one_agent_is_not_compared_with_anyone() -> None:
    assert "One agent: its place is shown" in page(priced(1)).said
    assert "One agent: its place is shown" not in page(priced(2)).said


def test_a_long_table_is_cut_and_counted_and_the_page_stays_small() -> None:
    runs = [run(run_id=f"r{number:04}", agent=f"agent {number:04}") for number in range(1234)]
    shown = page(reprice_tables(tables(runs)))
    assert "and 1,034 more" in shown.said
    assert len(shown.text) < 3_000_000


def test_long_lists_of_the_manifest_are_cut_and_counted() -> None:
    manifest = {**MANIFEST, "traces": {"units": [{"name": f"{n}.json"} for n in range(1020)]}}
    assert "and 1,000 more" in Page(render(priced(), manifest)).said


def test_charts_carry_their_words_for_those_who_do_not_see_them() -> None:
    shown = page(priced(2))
    charts = [attrs for tag, attrs in shown.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(charts) == 6
    assert all(set(str(chart["aria-labelledby"]).split()) <= set(shown.ids) for chart in charts)
    assert "A: score 0.5 at 0.28; B: score 0.5 at 0.2" in shown.said


def test_the_scenario_version_and_commands_to_repeat_are_there() -> None:
    said = page(priced()).said
    assert "evalreplay 9.9" in said
    assert "evalreplay reprice store/ -s scenario.toml -o priced/" in said
    assert 'cache = "as_recorded"' in said


def test_figures_are_written_for_people() -> None:
    assert [usd(value) for value in (0, 41.2, 1234.5, 0.46, 0.00163, -2.5, 1e-12)] == [
        "$0.00", "$41.20", "$1,234.50", "$0.460", "$0.00163", "\N{MINUS SIGN}$2.50", "$0.00",
    ]  # fmt: skip
    assert [percent(share) for share in (0.0, 1e-6, 0.97, 0.99999, 1.0, None)] == [
        "0 %", "0.1 %", "97 %", "99.9 %", "100 %", "not known",
    ]  # fmt: skip
    assert [short(value) for value in (0.25, 1000, 20_000, 3_000_000)] == ["0.25", "1,000", "20k", "3M"]


def test_a_figure_says_its_range_its_bound_or_that_it_is_not_known() -> None:
    assert span(usd, 2.0, 1.0, 2.0) == "$2.00 ($1.00 to $2.00)"
    assert span(usd, None, 1.0, 3.0) == "$1.00 to $3.00"
    assert span(usd, None, 1.0, None) == "at least $1.00"
    assert span(usd, None, 0.0, None) == "not known"
    row = {"cost_usd": None, "cost_low_usd": 41.2, "cost_high_usd": None, "coverage_frac": 0.97}
    assert cost(row) == "at least $41.20 (97 % priced)"
    assert cost({**row, "cost_usd": 41.2, "cost_high_usd": 41.2, "coverage_frac": 1.0}) == "$41.20"


def test_an_agent_keeps_its_letter_and_colour_in_every_benchmark() -> None:
    easy, hard = priced(3), priced(1, "hard", agent="agent 2")
    charts = page(joined(easy, hard)).text.split('aria-labelledby="facet-1"')[1]
    assert '<b>C</b><svg class="swatch c2 d2"' in charts
    assert "<b>A</b>" not in charts


def test_notes_that_all_benchmarks_share_are_said_once() -> None:
    said = page(joined(priced(2), priced(1, "hard"), priced(1, "harder"))).said
    assert said.count("An answer counts from the end of its rollout") == 1
    assert "Notes on all charts" in said
    assert "Notes on all charts" not in page(priced(2)).said


def test_charts_with_nothing_on_them_are_one_sentence() -> None:
    clockless = priced(2)
    seconds = [name for name in clockless["rollouts"].columns if name.startswith("api_") and name.endswith("_s")]
    clockless["rollouts"] = clockless["rollouts"].with_columns(pl.lit(None, pl.Float64).alias(name) for name in seconds)
    shown = page(clockless)
    assert sum(tag == "figure" for tag, _ in shown.tags) == 4
    blank = "Nothing to draw, as no agent has a known place: score versus time; score at a budget of seconds."
    assert blank in shown.said


def test_recorded_dollars_are_drawn_where_none_could_be_recomputed() -> None:
    stated = {"recorded_score": 0.5, "recorded_cost_usd": 6.0, "recorded_n_rollouts": 3}
    said = page(reprice_tables(tables([run(**stated)]))).said
    assert "Score versus recorded dollars" in said
    assert "Recorded US dollars per attempt, as the source states them" in said
    assert "A agent 0 0 0.5 $2.00 recorded" in said
    assert "source states $6.00" in said
    assert "not known source states $2.00" in said


def test_real_runs_are_reported_whole(shared_data: Path, tmp_path: Path) -> None:
    from traces.read import ReadOptions, read_traces

    read = read_traces(sorted((shared_data / "tau2").glob("*.json")), tmp_path / "store", ReadOptions(on_error="skip"))
    real = reprice_tables(read.tables())
    shown = page(real, is_audited=True)
    assert len(shown.text) < 1_000_000
    assert all(str(agent) in shown.said for agent in real["runs"]["agent"])
    assert set(real) == set(PRICED_TABLES)


def test_a_price_whose_day_is_known_only_as_a_window_has_its_source_while_it_may_be_in_force() -> None:
    window = {"date_basis": "window", "effective_earliest": day(2), "effective_latest": day(4)}
    prices = book(price("uncached_input", 1, day(3), **window), price("output", 1, day(1)))
    calls = reprice_tables(tables(calls=[call(started_at=day(2))]), book=prices)["calls"]
    (row,) = price_table(calls, prices.rows).groups[0].rows
    assert [cell.text for cell in row[2:3] + row[-2:]] == ["2026-02-01", "user", "test"]
