"""A history by hand: who could be called when, what it cost then, who was cheapest, best, on the frontier."""

from datetime import date, datetime

import pytest
from builders import charge
from histories import MILLION, agent, fact, followed, listed, output
from price_rows import day, price

from analyzer.history.options import HistoryResult
from pricing.book import PriceBook
from pricing.scenario import Scenario
from traces.errors import AnalysisError, UsageError

LARGE = output("acme-large", (day(1), 8), (day(3), 4))
SMALL = output("acme-small", (day(2), 1))
RELEASED = (fact("acme-large", date(2026, 1, 1)), fact("acme-small", date(2026, 2, 1)))
BOOK = listed(*LARGE, *SMALL, facts=RELEASED)
STRONG, WEAK = agent("strong", "acme-large", (1.0, 1.0)), agent("weak", "acme-small", (1.0, 0.0))


def costs(result: HistoryResult, name: str = "strong") -> list[tuple[datetime, float | None]]:
    return result.runs.filter(agent=name).select("priced_at", "mean_cost_usd").rows()


def entry(book: PriceBook, **usage: datetime | None) -> tuple[datetime | None, str]:
    result = followed(book, agent("strong", "acme-large", **usage), STRONG, start=day(1))
    return result.agents.filter(agent="strong").select("entered_at", "entry_basis").row(0)


# Cost over time


def test_a_run_costs_what_its_tokens_cost_at_each_price() -> None:
    assert costs(followed(BOOK, STRONG)) == [(day(1), 8.0), (day(3), 4.0)]


def test_a_cost_is_of_one_attempt_with_tasks_weighted() -> None:
    attempts = agent("strong", "acme-large", (1.0, 0.0), turns=2)
    attempts["calls"] = attempts["calls"][:3]  # one task took two turns, the other one
    assert costs(followed(BOOK, attempts)) == [(day(1), 12.0), (day(3), 6.0)]


def test_a_row_holds_until_the_next_and_none_repeats_the_one_before() -> None:
    result = followed(BOOK, STRONG, WEAK)
    assert costs(result) == [(day(1), 8.0), (day(3), 4.0)]
    assert costs(result, "weak") == [(day(2), 1.0)]


def test_the_span_is_from_the_first_entry_until_the_price_files_were_kept() -> None:
    result = followed(BOOK, STRONG)
    assert (result.start, result.end) == (day(1), day(7))
    later = followed(BOOK, STRONG, start=day(2), end=day(8))
    assert costs(later) == [(day(2), 8.0), (day(3), 4.0)]
    assert "Price files were kept until 2026-07-01: later prices are the last ones known." in later.notes


def test_a_cost_without_a_price_is_not_known_but_has_what_is_known_as_its_low_bound() -> None:
    ended = listed(*({**row, "effective_until": day(3)} for row in output("acme-large", (day(1), 8))), facts=RELEASED)
    result = followed(ended, STRONG)
    assert result.runs.select("priced_at", "mean_cost_usd", "mean_cost_low_usd", "mean_cost_high_usd").rows() == [
        (day(1), 8.0, 8.0, 8.0),
        (day(3), None, 0.0, None),
    ]


def test_the_price_of_a_charge_changes_a_cost_too() -> None:
    searches = [
        price("web_search", 10 * MILLION, day(1), effective_until=day(5), unit="search", model="acme-small"),
        price("web_search", 20 * MILLION, day(5), unit="search", model="acme-small"),
    ]
    searching = agent("weak", "acme-small")
    owned = {name: searching["calls"][0][name] for name in ("run_id", "rollout_id")}
    searching["charges"] = [charge(**owned, provider="acme", model="acme-small", started_at=day(2))]
    result = followed(listed(*SMALL, *searches, facts=RELEASED), searching)
    assert costs(result, "weak") == [(day(2), 11.0), (day(5), 21.0)]


def test_an_agent_is_a_row_or_each_of_its_runs_where_asked() -> None:
    other = {**agent("again", "acme-large"), "runs": [{**agent("again", "acme-large")["runs"][0], "agent": "strong"}]}
    assert followed(BOOK, STRONG, other).agents.select("agent", "run_id").rows() == [("strong", None)]
    assert followed(BOOK, STRONG, other, by="run").agents["run_id"].to_list() == [
        "run of again on bench",
        "run of strong on bench",
    ]


# Entry and retirement


def test_a_model_enters_on_its_release_date_and_never_earlier() -> None:
    book = listed(*LARGE, facts=[fact("acme-large", date(2026, 2, 15))])
    assert costs(followed(book, STRONG, start=day(1))) == [(day(2, 15), 8.0), (day(3), 4.0)]
    called = "Called here before the release date stated for it, on which it enters all the same: strong."
    assert called in followed(book, STRONG).notes


def test_without_a_release_date_it_enters_with_its_first_dated_price() -> None:
    assert entry(listed(*LARGE)) == (day(1), "first_price")


def test_where_only_a_window_is_known_it_enters_on_its_latest_day() -> None:
    window = {"effective_earliest": day(1), "effective_latest": day(1, 20)}
    book = listed(*output("acme-large", (day(1, 10), 8), **window))
    assert entry(book, started_at=day(5)) == (day(1, 2), "first_run")
    late = agent("strong", "acme-large", started_at=day(5))
    result = followed(book, late, start=day(1))
    assert result.agents.select("entered_at", "entry_basis").row(0) == (day(1, 20), "price_window")
    assert any(
        "latest day on which the first price can have begun: strong (2026-01-20)" in note for note in result.notes
    )


def test_an_undated_model_enters_with_its_first_run_and_is_flagged() -> None:
    result = followed(listed(*output("acme-large", (None, 8))), STRONG, start=day(1))
    assert costs(result) == [(day(1, 2), 8.0)]
    assert any("entered with the first run here: strong (2026-01-02)" in note for note in result.notes)


def test_a_model_in_no_book_enters_with_its_first_run_at_an_unknown_cost() -> None:
    result = followed(BOOK, STRONG, agent("odd", "no-such-model", (0.5,)))
    assert costs(result, "odd") == [(day(1, 2), None)]
    assert (
        "Cost not known in full, so never the cheapest, nor in its range while others reach the score: odd."
        in result.notes
    )


def test_a_model_of_which_no_time_is_known_is_nowhere() -> None:
    undated = listed(*LARGE, *output("acme-old", (None, 2)))
    result = followed(undated, STRONG, agent("old", "acme-old", started_at=None))
    assert result.agents.filter(agent="old").select("entered_at", "entry_basis").row(0) == (None, "unknown")
    assert result.runs["agent"].unique().to_list() == ["strong"]
    assert "When it could be called is not known, so it is nowhere: old." in result.notes


def test_under_an_undated_book_of_others_a_model_still_enters_on_its_release_date() -> None:
    named = {"as_of": "recorded", "books": ("hal-harness",)}
    known, odd = agent("known", "gpt-4o-2024-11-20", provider=None), agent("odd", "acme-large")
    facts = [{**fact("gpt-4o-2024-11-20", date(2024, 11, 20)), "provider": "openai"}, *RELEASED]
    book = listed(*output("gpt-4o-2024-11-20", (day(12, year=2024), 8), provider="openai"), *LARGE, facts=facts)
    result = followed(book, known, odd, scenario=Scenario.model_validate(named))
    assert result.agents.select("agent", "models", "entered_at").rows() == [
        ("known", "openai/gpt-4o-2024-11-20", day(11, 20, year=2024)),
        ("odd", "acme/acme-large", day(1)),
    ]
    assert set(costs(result, "odd")) == {(day(1), None)}
    assert "The book leaves a model out of every sum, so what it counts is a low bound: odd." in result.notes


def test_an_agent_enters_with_the_last_of_its_models() -> None:
    both = agent("both", "acme-large", turns=2)
    both["calls"][1]["model"] = "acme-small"
    result = followed(BOOK, both)
    assert costs(result, "both") == [(day(2), 9.0), (day(3), 5.0)]
    assert result.agents["models"].to_list() == ["acme/acme-large, acme/acme-small"]


RETIRED = listed(*LARGE, *SMALL, facts=[fact("acme-large", date(2026, 1, 1), date(2026, 5, 1)), RELEASED[1]])


def test_a_retired_model_is_marked_and_no_longer_counts() -> None:
    result = followed(RETIRED, STRONG, WEAK, scores=(1.0,))
    assert result.runs.filter(agent="strong").select("priced_at", "mean_cost_usd", "is_retired").rows() == [
        (day(1), 8.0, False),
        (day(3), 4.0, False),
        (day(5), 4.0, True),
    ]
    cheapest = result.cheapest.select("priced_at", "agent", "mean_cost_usd", "is_reached").rows()
    assert cheapest[-1] == (day(5), None, None, False)
    assert result.best.select("priced_at", "agent").rows()[-1] == (day(5), "weak")
    assert "Retired, and from then on not counted: strong (2026-05-01)." in result.notes


def test_a_retired_model_still_counts_where_asked() -> None:
    result = followed(RETIRED, STRONG, WEAK, scores=(1.0,), is_retired_kept=True)
    assert result.cheapest["agent"].to_list() == ["strong", "strong"]
    assert result.runs["is_retired"].any()


# The cheapest cost of a score


def test_the_cheapest_agent_that_reaches_a_score_changes_with_prices_and_entries() -> None:
    result = followed(BOOK, STRONG, WEAK, scores=(0.5, 1.0))
    assert result.cheapest.select("score_threshold", "priced_at", "agent", "mean_cost_usd").rows() == [
        (0.5, day(1), "strong", 8.0),
        (0.5, day(2), "weak", 1.0),
        (1.0, day(1), "strong", 8.0),
        (1.0, day(3), "strong", 4.0),
    ]


def test_a_score_nobody_reaches_has_no_cost() -> None:
    result = followed(BOOK, WEAK, scores=(0.9,))
    assert result.cheapest.select("agent", "mean_cost_usd", "is_reached").rows() == [(None, None, False)]
    assert "Reached by nobody: 0.9 on bench." in result.notes


def test_scores_asked_for_are_by_default_those_of_the_agents_or_their_quartiles() -> None:
    def wanted(*scores: float) -> list[float]:
        agents = [agent(f"agent {score}", "acme-large", (score,)) for score in scores]
        return followed(BOOK, *agents).cheapest["score_threshold"].unique().sort().to_list()

    assert wanted(0.2, 0.4, 0.4) == [0.2, 0.4]
    assert wanted(*(number / 10 for number in range(1, 9))) == [0.2, 0.4, 0.6, 0.8]


def test_where_lower_is_better_a_score_is_reached_from_above() -> None:
    low = {"is_higher_better": False}
    one, other = agent("one", "acme-large", (0.2,), of_run=low), agent("two", "acme-small", (0.4,), of_run=low)
    result = followed(BOOK, one, other, scores=(0.3,))
    assert result.cheapest["agent"].to_list() == ["one", "one"]
    assert result.best["agent"].unique().to_list() == ["one"]


def test_an_agent_with_bounds_only_is_never_the_cheapest_but_widens_the_bounds() -> None:
    window = [
        price("output", 1, day(2), model="acme-small", effective_until=day(4)),
        price("output", 3, day(4), model="acme-small", effective_earliest=day(3), effective_latest=day(5)),
        price("uncached_input", 0, day(2), model="acme-small"),
    ]
    result = followed(listed(*LARGE, *window, facts=RELEASED), STRONG, WEAK, scores=(0.5,))
    columns = ("priced_at", "agent", "mean_cost_usd", "mean_cost_low_usd", "mean_cost_high_usd")
    assert result.cheapest.select(columns).rows() == [
        (day(1), "strong", 8.0, 8.0, 8.0),
        (day(2), "weak", 1.0, 1.0, 1.0),
        (day(3), None, None, 1.0, 3.0),  # less than strong's 4 for certain, but how much is not known
        (day(5), "weak", 3.0, 3.0, 3.0),
    ]


def test_one_that_is_not_known_in_full_is_out_of_the_range_of_the_cheapest_while_others_reach_the_score() -> None:
    unpriced = agent("odd", "no-such-model", (0.8,))
    columns = ("agent", "mean_cost_usd", "mean_cost_low_usd", "mean_cost_high_usd")
    others = followed(BOOK, STRONG, unpriced, scores=(0.7,))
    assert others.cheapest.select(columns).row(-1) == ("strong", 4.0, 4.0, 4.0)
    alone = followed(BOOK, WEAK, unpriced, scores=(0.7,))
    assert alone.cheapest.select(columns).row(-1) == (None, None, 0.0, None)


# The best-scoring agent


def test_the_best_scoring_agent_is_the_best_that_could_be_called_then() -> None:
    late = listed(*LARGE, *SMALL, facts=[fact("acme-large", date(2026, 2, 10)), fact("acme-small", date(2026, 2, 1))])
    result = followed(late, STRONG, WEAK)
    assert result.best.select("priced_at", "agent", "mean_cost_usd").rows() == [
        (day(2), "weak", 1.0),
        (day(2, 10), "strong", 8.0),
        (day(3), "strong", 4.0),
    ]


def test_of_equal_scores_the_cheaper_is_best() -> None:
    assert followed(BOOK, STRONG, agent("cheap", "acme-small")).best["agent"].to_list() == ["strong", "cheap"]


def test_its_cost_is_turns_times_tokens_per_turn_times_dollars_per_token() -> None:
    result = followed(BOOK, agent("strong", "acme-large", turns=3, uncached_input_tokens=MILLION))
    row = result.best.row(0, named=True)
    assert (row["mean_cost_usd"], row["mean_turns"], row["turn_tokens"], row["blended_usd_per_mtok"]) == (
        24.0, 3.0, 2.0 * MILLION, 4.0,
    )  # fmt: skip


def test_a_change_of_price_is_all_price() -> None:
    columns = ("change_usd", "price_effect_usd", "turn_tokens_effect_usd", "turns_effect_usd")
    assert followed(BOOK, STRONG).best.select(columns).rows() == [(None,) * 4, (-4.0, -4.0, 0.0, 0.0)]


def test_the_whole_change_runs_from_the_first_to_the_last() -> None:
    result = followed(
        BOOK, WEAK, agent("strong", "acme-large", (1.0, 1.0), turns=2), start=day(2), is_retired_kept=True
    )
    assert result.best_change.select("first_agent", "last_agent", "change_usd").row(0) == ("strong", "strong", -8.0)
    alone = followed(BOOK, WEAK).best_change.row(0, named=True)
    assert (alone["change_usd"], alone["price_effect_usd"]) == (0.0, 0.0)


# The frontier then and now


def test_the_frontier_says_who_stayed_entered_and_left() -> None:
    late = listed(
        *LARGE, *SMALL, *output("acme-dear", (day(1), 5)),
        facts=[*RELEASED, fact("acme-dear", date(2026, 1, 1))],
    )  # fmt: skip
    result = followed(late, STRONG, WEAK, agent("dear", "acme-dear", (0.0, 0.5)))
    rows = {
        name: rest
        for name, *rest in result.frontier.select("agent", "is_on_frontier_then", "is_on_frontier_now", "status").rows()
    }
    assert rows == {
        "dear": [True, False, "left"],
        "strong": [True, True, "stayed"],
        "weak": [False, True, "entered"],
    }


def test_whether_an_agent_of_unknown_cost_is_on_the_frontier_is_not_known() -> None:
    row = followed(BOOK, STRONG, agent("odd", "no-such-model")).frontier.filter(agent="odd").row(0, named=True)
    assert (row["is_on_frontier_then"], row["is_on_frontier_now"], row["status"]) == (False, None, None)


def test_benchmarks_are_followed_apart() -> None:
    hard = agent("strong", "acme-large", (0.25,), benchmark="hard")
    result = followed(BOOK, STRONG, hard)
    assert result.cheapest.select("benchmark", "score_threshold").unique().sort("benchmark").rows() == [
        ("bench", 1.0),
        ("hard", 0.25),
    ]


# Errors


def test_a_span_before_any_release_says_when_the_first_is() -> None:
    with pytest.raises(AnalysisError, match="no agent could be called by 2025-01-01") as caught:
        followed(BOOK, STRONG, end=day(1, year=2025))
    assert caught.value.hint == "the first enters on 2026-01-01: give a later --to"


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="it ends before it begins"):
        followed(BOOK, STRONG, start=day(3), end=day(2))


def test_without_any_word_on_when_prices_were_checked_an_end_is_asked_for() -> None:
    with pytest.raises(UsageError, match="no price file says until when it was checked"):
        followed(listed(*LARGE, through=None), STRONG)
