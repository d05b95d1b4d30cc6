"""What holds over all names: known endings change nothing, unknown ones resolve nothing, order never matters."""

import random
import re
import string
import tomllib
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pricing.book import load_book
from pricing.names.aliases import load_aliases
from pricing.names.directory import Directory
from pricing.names.grammar import GRAMMAR_PATH, load_grammar
from pricing.names.identities import load_identities
from pricing.names.resolve import resolve
from pricing.names.shelf import Shelf

PAIR = {"provider": pl.String, "model": pl.String}
JOINS = (" {}", "-{}", "_{}", " ({})", ", {}")
UNKNOWN = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).map(lambda text: f"zq{text}")


def rows(pairs: list[tuple[str | None, str]]) -> list[tuple[Any, ...]]:
    found = resolve(pl.DataFrame(pairs, schema=PAIR, orient="row"), book_directory())
    return found.drop("provider", "model").rows()


@cache
def book_directory() -> Directory:
    return load_book().directory


@cache
def known() -> list[tuple[str | None, str]]:
    """Names that are somebody's own, names of open models, and ids at hosts."""
    own = [
        (None, name) for vendor in ("openai", "anthropic", "google", "x-ai") for name in book_directory().index[vendor]
    ]
    open_models = [(None, identity) for identity in load_identities().models]
    hosted = [(host, name) for host in ("openrouter", "groq", "together") for name in book_directory().index[host]]
    return [pair for pair in sorted(own + open_models + hosted, key=str) if rows([pair])[0][1] or rows([pair])[0][4]]


@cache
def forms() -> list[tuple[str, tuple[str, ...] | None]]:
    """Every ending of the grammar, filled in, with the starts of names it is for."""
    document = tomllib.loads(GRAMMAR_PATH.read_text(encoding="utf-8"))
    filled = []
    for table in document["modifier"]:
        for form in table["forms"]:
            words = [(name, word) for name, choices in document["words"].items() for word in choices]
            spelled = {form.replace(f"{{{name}}}", word) for name, word in words if f"{{{name}}}" in form} or {form}
            after = tuple(table["after"]) if "after" in table else None
            filled += [(text.replace("{n}", "16").replace("{x}", "0.7"), after) for text in sorted(spelled)]
    return filled


@given(st.data())
def test_a_recognised_ending_leaves_the_model_what_it_is(data: st.DataObject) -> None:
    provider, name = data.draw(st.sampled_from(known()))
    folded = load_grammar().fold(name)
    fitting = [form for form, after in forms() if after is None or folded.rpartition("/")[2].startswith(after)]
    ending = data.draw(st.sampled_from(fitting))
    longer = name + data.draw(st.sampled_from(JOINS)).format(ending.upper() if data.draw(st.booleans()) else ending)
    spelled = load_grammar().fold(longer)
    cuts = [cut.start() for cut in re.finditer(r"[-:]|$", spelled) if cut.start() > len(folded)]
    assume(not any(book_directory().is_own(spelled[:cut], folded) for cut in cuts))

    assert rows([(provider, longer)]) == rows([(provider, name)])


@given(st.sampled_from(range(10_000)), UNKNOWN, st.sampled_from([*JOINS, "{}", ":{}", "@{}", " + {}", "/{}"]))
def test_an_ending_that_is_not_recognised_resolves_nothing(number: int, ending: str, join: str) -> None:
    provider, name = known()[number % len(known())]

    assert rows([(provider, name + join.format(ending))])[0][:2] == (None, None)
    assert rows([(provider, name + join.format(ending))])[0][4] is None


@given(st.sampled_from(range(10_000)), UNKNOWN, st.sampled_from(["{}-", "{} ", "{}/", "{}:", "{}"]))
def test_a_beginning_that_is_not_recognised_resolves_nothing(number: int, start: str, join: str) -> None:
    provider, name = known()[number % len(known())]

    assert rows([(provider, join.format(start) + name)])[0][:2] == (None, None)


@given(st.sampled_from(range(10_000)), st.sampled_from(["litellm_proxy/", "openai-api/", "models/", "custom_openai/"]))
def test_a_gateway_before_a_name_changes_nothing(number: int, gateway: str) -> None:
    provider, name = known()[number % len(known())]

    assert rows([(provider, gateway + name)]) == rows([(provider, name)])


@given(st.lists(st.sampled_from(range(10_000)), min_size=2, max_size=12), st.randoms())
def test_resolution_never_depends_on_order_or_company(numbers: list[int], shuffle: random.Random) -> None:
    pairs = [known()[number % len(known())] for number in numbers]
    mixed = [*pairs, (None, "gpt-5 (high)"), (None, "no such model")]
    shuffle.shuffle(mixed)
    together = resolve(pl.DataFrame(mixed, schema=PAIR, orient="row"), book_directory())

    assert together.equals(resolve(pl.DataFrame(sorted(mixed, key=str), schema=PAIR, orient="row"), book_directory()))
    for provider, name in pairs:
        alone = together.filter(pl.col("provider").eq_missing(pl.lit(provider)), pl.col("model") == name)
        assert alone.drop("provider", "model").rows() == rows([(provider, name)])


@pytest.mark.parametrize(
    ("provider", "name", "model"),
    [
        ("openrouter", "google/gemini-2.5-flash-preview:thinking high", "google/gemini-2.5-flash-preview:thinking"),
        ("azure", "gpt-5.1-codex-max-high", "gpt-5.1-codex-max"),
        ("openrouter", "qwen/qwen3-max-thinking medium", None),
    ],
)
def test_a_model_whose_name_ends_like_an_ending_stays_itself(provider: str, name: str, model: str | None) -> None:
    assert rows([(provider, name)])[0][1] == model


def test_a_name_that_is_known_as_it_stands_is_never_read_as_another() -> None:
    directory, listed = book_directory(), load_aliases().models
    for provider, names in directory.index.items():
        for name, model in names.items():
            if (provider, name) in listed or not directory.aliases.may_sell(provider, name):
                continue
            if (provider, model.lower()) not in listed:
                assert rows([(provider, name)])[0][:2] == (provider, model), (provider, name)


def test_every_fold_of_a_name_is_a_fold_already() -> None:
    fold = load_grammar().fold
    for names in book_directory().index.values():
        assert all(fold(fold(name)) == fold(name) for name in names)


def test_an_alias_never_hides_a_model_of_the_dated_history() -> None:
    """When a model gets rows of its own, the alias that stood in for it goes."""
    book = load_book()
    dated = set(book.rows.filter(pl.col("layer") == "history").select("provider", "model").unique().iter_rows())
    own = {(provider, model.lower()) for provider, model in dated}

    assert [key for key in load_aliases().models if key in own] == []


def test_every_alias_and_every_list_of_endings_names_its_source() -> None:
    for path, table in ((load_aliases().path, "alias"), (GRAMMAR_PATH, "modifier"), (GRAMMAR_PATH, "released")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))[table]:
            assert entry["source"], entry


def test_endings_that_change_the_price_are_not_in_the_grammar() -> None:
    endings = {form for form, _ in forms()}

    assert not {form for form in endings if re.search(r"free|fast|turbo|lite|fp\d|nitro|online|floor|batch|flex", form)}


def test_each_of_many_names_is_looked_up_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    n_names = 500
    pairs: list[tuple[str | None, str]] = [
        (None, f"{known()[number % len(known())][1]} {'high' if number % 2 else f'v{number}'} {number}")
        for number in range(n_names)
    ]
    rows(pairs[:50])
    looked_up: list[str] = []
    exact = Shelf.exact
    monkeypatch.setattr(Shelf, "exact", lambda shelf, name: looked_up.append(name) or exact(shelf, name))
    rows(pairs)

    assert n_names <= len(looked_up) < 3 * n_names
