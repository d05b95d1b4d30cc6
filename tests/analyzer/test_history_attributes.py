"""Facts of models joined to agents: which row is whose, what is filtered, and what is wrong with a file."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from histories import agent, fact, followed, listed, output
from price_rows import day

from analyzer.history.options import HistoryResult
from traces.errors import AnalysisError, UsageError

BOOK = listed(
    *output("acme-large", (day(1), 8)), *output("acme-small", (day(1), 1)),
    facts=[fact("acme-large", date(2026, 1, 1)), fact("acme-small", date(2026, 1, 1))],
)  # fmt: skip
STRONG, WEAK = agent("strong", "acme-large"), agent("weak", "acme-small", (0.5,))
FACTS = "model,openness,parameters,cutoff\nacme-large,closed,400,2025-06-01\nACME/acme-small,open,7,2025-01-01\n"


def written(folder: Path, text: str, name: str = "facts.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def told(path: Path, **options: Any) -> HistoryResult:
    return followed(BOOK, STRONG, WEAK, attributes=path, **options)


def test_attributes_are_joined_by_the_name_in_the_trace_or_in_the_book(tmp_path: Path) -> None:
    agents = told(written(tmp_path, FACTS)).agents
    assert agents.select("agent", "openness", "parameters", "cutoff", "provider").rows() == [
        ("strong", "closed", 400, date(2025, 6, 1), "acme"),
        ("weak", "open", 7, date(2025, 1, 1), "acme"),
    ]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_every_kind_of_file_says_the_same(suffix: str, tmp_path: Path) -> None:
    rows = pl.read_csv(written(tmp_path, FACTS))
    path = tmp_path / f"same{suffix}"
    writers = {
        ".csv": rows.write_csv,
        ".json": rows.write_json,
        ".jsonl": rows.write_ndjson,
        ".parquet": rows.write_parquet,
    }
    if suffix == ".tsv":
        rows.write_csv(path, separator="\t")
    else:
        writers[suffix](path)
    assert told(path).agents.equals(told(tmp_path / "facts.csv").agents)


def test_models_without_a_row_and_rows_without_a_model_are_named(tmp_path: Path) -> None:
    result = told(written(tmp_path, "model,openness\nacme-large,closed\nother-model,open\n"))
    assert result.agents["openness"].to_list() == ["closed", None]
    assert result.notes[-3:] == (
        "Attributes of 1 model were found.",
        "No attributes for acme-small: null.",
        "1 row of attributes name models that are not here: other-model.",
    )


def test_nothing_is_matched_roughly(tmp_path: Path) -> None:
    result = told(written(tmp_path, "model,openness\nacme-larg,closed\nacme-small-v2,open\n"))
    assert result.agents["openness"].null_count() == 2


@pytest.mark.parametrize("where", ["openness=OPEN", "parameters=7.0", "cutoff=2025-01-01"])
def test_only_agents_of_an_attribute_are_kept_where_asked(where: str, tmp_path: Path) -> None:
    result = told(written(tmp_path, FACTS), where=(where,))
    assert result.agents["agent"].to_list() == ["weak"]
    assert result.cheapest["agent"].to_list() == ["weak"]


def test_several_filters_must_all_hold(tmp_path: Path) -> None:
    path = written(tmp_path, FACTS)
    assert told(path, where=("openness=open", "provider=acme")).agents["agent"].to_list() == ["weak"]


def test_who_bills_is_an_attribute_without_any_file() -> None:
    assert followed(BOOK, STRONG, where=("provider=acme",)).agents["provider"].to_list() == ["acme"]


def test_an_attribute_takes_the_place_of_time(tmp_path: Path) -> None:
    columns = ("score_threshold", "attribute_value", "attribute_date", "agent", "mean_cost_usd")
    path = written(tmp_path, FACTS)
    assert told(path, axis="parameters", scores=(0.5,)).along.select(columns).rows() == [(0.5, 7.0, None, "weak", 1.0)]
    assert told(path, axis="cutoff", scores=(0.9,)).along.select(columns).rows() == [
        (0.9, None, date(2025, 6, 1), "strong", 8.0)
    ]
    assert told(path).along.is_empty()


def test_a_larger_value_counts_only_if_it_is_cheaper(tmp_path: Path) -> None:
    path = written(tmp_path, "model,parameters\nacme-large,7\nacme-small,400\n")
    rows = told(path, axis="parameters", scores=(0.5,)).along.select("attribute_value", "agent", "mean_cost_usd").rows()
    assert rows == [(7.0, "strong", 8.0), (400.0, "weak", 1.0)]


WRONG = {
    "name,openness\nacme-large,open\n": "no column 'model'",
    "model\nacme-large\n": "no column beside 'model'",
    "model,score\nacme-large,1\n": "column 'score': a column of the result has this name",
    "model,openness\nacme-large,open\nAcme-Large ,closed\n": "rows 1 and 2: column 'model' has 'Acme-Large ' twice",
    "model,openness\nacme-large,open\n,closed\n": "row 2: column 'model' is empty",
    "model,openness\nACME/acme-large,open\nacme/ACME-large,closed\n": "column 'model' has 'acme/ACME-large' twice",
    "": "empty",
}


@pytest.mark.parametrize(("text", "problem"), WRONG.items())
def test_a_wrong_file_is_named_with_its_column_and_what_to_do(text: str, problem: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AnalysisError, match=problem) as caught:
        told(path)
    assert str(path) in caught.value.problem
    assert caught.value.hint


def test_two_names_of_one_model_with_different_facts_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "model,openness\nacme/acme-alias,open\nacme/other-alias,closed\n")
    names = pl.DataFrame(
        [("acme", "acme-alias", "acme-large"), ("acme", "other-alias", "acme-large")],
        schema=["provider", "name", "model"], orient="row",
    )  # fmt: skip
    from dataclasses import replace

    book = replace(BOOK, names=names)
    with pytest.raises(AnalysisError, match="'acme/acme-alias' and 'acme/other-alias' in column 'model' are one model"):
        followed(book, STRONG, attributes=path)


def test_nested_values_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, '[{"model": "acme-large", "tags": ["a", "b"]}]', "facts.json")
    with pytest.raises(AnalysisError, match="column 'tags' holds lists or objects"):
        told(path)


ASKED: dict[str, dict[str, Any]] = {
    "--where openness: no value": {"where": ("openness",)},
    "no attribute 'size'": {"where": ("size=1",)},
    "--where openness=opne: no agent has it": {"where": ("openness=opne",)},
    "--axis size: no such attribute": {"axis": "size"},
    "--axis openness: neither numbers nor dates": {"axis": "openness"},
}


@pytest.mark.parametrize(("problem", "options"), ASKED.items())
def test_a_wrong_question_names_what_there_is(problem: str, options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        told(written(tmp_path, FACTS), **options)
    assert caught.value.hint


def test_files_of_other_types_or_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no attributes in files of type \.xlsx"):
        told(tmp_path / "facts.xlsx")
    with pytest.raises(UsageError, match="No such file"):
        told(tmp_path / "facts.csv")


def test_a_release_date_among_the_attributes_is_when_the_model_of_the_agent_enters(tmp_path: Path) -> None:
    stated = written(tmp_path, "model,release_date\nacme-large,2025-11-03\nno-such-model,2025-12-01\n")
    odd = agent("odd", "no-such-model", (0.7,))
    agents = followed(BOOK, STRONG, WEAK, odd, attributes=stated).agents
    assert agents.select("agent", "entered_at", "entry_basis").rows() == [
        ("odd", day(12, year=2025), "release_date"),
        ("strong", day(11, 3, year=2025), "release_date"),
        ("weak", day(1), "release_date"),
    ]


def test_a_release_date_that_is_none_is_refused(tmp_path: Path) -> None:
    stated = written(tmp_path, "model,release_date\nacme-large,last year\n")
    with pytest.raises(AnalysisError, match="'release_date' of the attributes: not dates"):
        told(stated)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_nothing_can_reach_is_refused(score: float) -> None:
    with pytest.raises(UsageError, match="not a number to reach"):
        followed(BOOK, STRONG, scores=(score,))
