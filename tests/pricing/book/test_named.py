"""Named books: what the package ships, how names match, what a file may not say."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from price_rows import day, price, rows_of

from pricing.book.named import BOOKS_FOLDER, NamedBook, book_files, load_named_book
from pricing.names.resolve import resolve_one, unresolved_hint
from pricing.schema import PRICES
from traces.errors import PricingError
from traces.table import violations

HEAD = """title = "Acme's own dollars"
provider = "acme"
currency = "USD"
names = "exact"
unlisted = "skipped"
licence = "MIT"
source_url = "https://acme.example/prices.py"
"""
PRICE = '[[price]]\nmodel = "acme-large"\nuncached_input_usd_per_mtok = 3.0\noutput_usd_per_mtok = 15.0\n'


def named(*models: tuple[str, str], names: Literal["exact", "verbatim", "resolve"] = "verbatim") -> NamedBook:
    rows = rows_of(*(price("output", 1, provider=provider, model=model, layer="book") for provider, model in models))
    return NamedBook("acme", "Acme", "test", "MIT", names, "unknown", rows)


def found(book: NamedBook, provider: str | None, model: str) -> tuple[str | None, str | None]:
    return resolve_one(provider, model, book.price_book().directory).select("price_provider", "price_model").row(0)


def written(folder: Path, text: str, name: str = "acme.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


# What the package ships


@pytest.mark.parametrize("name", book_files())
def test_a_book_of_the_package_is_valid_undated_and_says_where_it_is_from(name: str) -> None:
    book = load_named_book(name)

    assert violations(PRICES, book.rows) == []
    assert set(book.rows["layer"]) == {"book"}
    assert book.rows["effective_from"].null_count() == book.rows.height
    assert book.source.startswith("https://")
    assert book.licence
    assert book.note
    assert book.path is not None
    assert book.sha256 == hashlib.sha256(book.path.read_bytes()).hexdigest()


def test_every_file_in_the_folder_of_books_is_a_book() -> None:
    assert {path.name for path in BOOKS_FOLDER.iterdir()} == {path.name for path in book_files().values()}


def test_a_book_becomes_one_to_price_with_of_its_rows_alone() -> None:
    book = load_named_book("hal-harness")

    priced = book.price_book()

    assert priced.rows.height == book.rows.height
    assert priced.sources == {"books/hal-harness.toml": book.sha256}
    assert priced.unlisted == "skipped"
    assert priced.is_tier_blind
    rows = priced.on("o3-2025-04-16", datetime(2025, 5, 1, tzinfo=UTC))
    assert dict(rows.select("kind", "price_pusd").iter_rows())["output"] == 8_000_000  # list price then: 40


def test_a_book_with_prices_of_service_tiers_is_not_blind_to_them() -> None:
    rows = rows_of(price("output", 2), price("output", 1, service_tier="flex"))

    assert not NamedBook("acme", "Acme", "test", "MIT", "exact", "unknown", rows).price_book().is_tier_blind


# Names


def test_an_exact_name_is_found_as_the_trace_writes_it_and_not_otherwise() -> None:
    book = named(("acme", "openai/GPT-5"), ("acme", "gpt-4o"), names="exact")

    assert found(book, None, "openai/gpt-5") == ("acme", "openai/GPT-5")
    assert found(book, "litellm", "gpt-4o") == ("acme", "gpt-4o")
    assert found(book, "openai", "gpt-5") == (None, None)
    assert found(book, None, "openai/gpt-4o") == (None, None)
    assert found(book, None, "models/gpt-4o") == (None, None)


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        (None, "gpt-4o", ("openai", "gpt-4o")),
        (None, "GPT-4o ", ("openai", "gpt-4o")),
        ("openai", "gpt-4o", ("openai", "gpt-4o")),
        ("somebody", "gpt-4o", ("openai", "gpt-4o")),
        (None, "openai/gpt-4o", ("openai", "gpt-4o")),
        (None, "somebody/gpt-4o", ("openai", "gpt-4o")),
        ("azure", "gpt-4o", ("azure", "azure/gpt-4o")),
        (None, "azure/gpt-4o", ("azure", "azure/gpt-4o")),
        ("ollama", "gpt-4o", ("openai", "gpt-4o")),
        (None, "a/b/gpt-4o", (None, None)),
        (None, "gpt-4", (None, None)),
    ],
)
def test_a_verbatim_name_is_found_with_and_without_a_provider_whoever_bills(
    provider: str | None, model: str, expected: tuple[str | None, str | None]
) -> None:
    assert found(named(("openai", "gpt-4o"), ("azure", "azure/gpt-4o")), provider, model) == expected


def test_of_two_providers_with_one_name_the_trace_must_say_which() -> None:
    book = named(("together", "llama"), ("groq", "llama"))

    assert found(book, "groq", "llama") == ("groq", "llama")
    assert found(book, "together_ai", "llama") == ("together", "llama")
    assert found(book, None, "llama") == (None, None)
    assert found(book, "nebius", "llama") == (None, None)


def test_resolving_goes_by_who_bills_under_the_names_we_give_billers() -> None:
    book = named(
        ("togetherai", "deepseek-ai/DeepSeek-V3"), ("google-vertex", "gemini-2.5-pro"), ("google", "gemini-2.5-pro"),
        ("google-vertex", "gemini-x"), names="resolve",
    )  # fmt: skip

    assert found(book, "together_ai", "deepseek-ai/DeepSeek-V3") == ("together", "deepseek-ai/DeepSeek-V3")
    assert found(book, None, "deepseek-ai/DeepSeek-V3") == (None, None)
    assert found(book, None, "gemini-2.5-pro") == ("google", "gemini-2.5-pro")
    assert found(book, "vertex_ai", "gemini-x") == ("google", "gemini-x")
    assert book.price_book().rows.height == 3


def test_resolving_follows_our_aliases_to_the_name_the_book_lists() -> None:
    book = named(("anthropic", "claude-sonnet-4.5"), names="resolve")

    for name in ("claude-sonnet-4.5", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"):
        assert found(book, "anthropic", name) == ("anthropic", "claude-sonnet-4.5")


def test_what_a_book_does_not_list_gets_the_closest_names_as_a_hint() -> None:
    directory = named(("acme", "acme-large")).price_book().directory

    assert unresolved_hint("ollama", "acme-larg", directory) == (
        "the book does not list it; closest names it lists: acme-large"
    )


# Files


def test_a_book_written_by_hand_is_a_price_file_with_a_head(tmp_path: Path) -> None:
    book = load_named_book(written(tmp_path, HEAD + PRICE))

    assert (book.name, book.title, book.names, book.unlisted, book.n_models) == (
        "acme", "Acme's own dollars", "exact", "skipped", 1
    )  # fmt: skip
    assert book.source == "https://acme.example/prices.py"
    assert book.rows.sort("kind").select("kind", "price_pusd").rows() == [
        ("output", 15_000_000), ("uncached_input", 3_000_000)
    ]  # fmt: skip


def test_the_first_folder_with_the_name_counts_and_an_absent_folder_has_none(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    written(tmp_path / "mine", HEAD + PRICE)

    folders = (tmp_path / "absent", tmp_path / "mine", BOOKS_FOLDER)

    assert load_named_book("acme", folders).path == tmp_path / "mine" / "acme.toml"
    assert list(book_files(folders)) == ["acme", *book_files()]


def test_an_unknown_name_gets_the_nearest_known(tmp_path: Path) -> None:
    with pytest.raises(PricingError) as raised:
        load_named_book("hal-harnes")

    assert raised.value.exit_code == 4
    hint = "closest known: hal-harness, hal-harness-inspect, hal-frontend"
    assert str(raised.value) == f"no book 'hal-harnes'\nhint: {hint}"
    with pytest.raises(PricingError, match="known: none"):
        load_named_book("acme", (tmp_path,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD.replace('names = "exact"\n', "") + PRICE, "names is missing"),
        (HEAD.replace('"exact"', '"fuzzy"') + PRICE, "names = 'fuzzy'"),
        (HEAD.replace('"skipped"', '"free"') + PRICE, "unlisted = 'free'"),
        (HEAD.replace("USD", "EUR") + PRICE, "currency = 'EUR'"),
        (HEAD + "unlistd = 1\n" + PRICE, "unknown key 'unlistd'"),
        (HEAD, "no [[price]] table"),
        (HEAD + PRICE.replace("3.0", "0"), "a price is 0"),
        (HEAD + PRICE + PRICE, "overlaps"),
        ("{}", "not TOML"),
    ],
)
def test_a_wrong_book_names_file_problem_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PricingError) as raised:
        load_named_book(written(tmp_path, text))

    assert words in raised.value.problem
    assert raised.value.problem.startswith(str(tmp_path / "acme.toml"))
    assert raised.value.hint


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_import_says_to_import_it_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "acme.zip").write_bytes(content)

    with pytest.raises(PricingError, match=r"acme\.zip: not a book of prices.*\nhint: import it again"):
        load_named_book(tmp_path / "acme.zip")


def test_a_book_that_is_not_there_is_a_pricing_error(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match="No such file"):
        load_named_book(tmp_path / "absent.toml")


# Rows nobody has checked


def problem(*rows: dict[str, Any]) -> str:
    from pricing.book.row_check import check_rows

    with pytest.raises(PricingError) as raised:
        check_rows("map.json", rows_of(*rows))
    return str(raised.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"price_pusd": -1}, "the price -1 is negative"),
        ({"unit": "tokn"}, "unit 'tokn' is not known"),
        ({"layer": "foreign"}, "['foreign'] not among"),
        ({"effective_from": day(3), "effective_until": day(3)}, "ends before it begins"),
        ({"effective_from": day(3), "effective_earliest": day(2)}, "half a window"),
        ({"effective_from": day(3), "effective_earliest": day(4), "effective_latest": day(5)}, "outside its window"),
        ({"hours_utc": "09:00-17:00"}, "a window without priority"),
        ({"hours_utc": "9-5", "priority": 1}, "are not hours"),
        ({"min_input_tokens": -1}, "min_input_tokens is negative"),
    ],
)
def test_a_row_that_cannot_be_a_price_is_refused(values: dict[str, Any], words: str) -> None:
    assert words in problem(price("output", 1) | values)


def test_two_prices_in_force_at_once_are_refused_and_named() -> None:
    text = problem(price("output", 1), price("output", 2, day(3), source="line 7"))

    assert text.startswith("map.json: acme/acme-large, output (")
    assert "two prices are in force at once" in text


def test_windows_that_share_an_hour_contradict_each_other() -> None:
    night = price("output", 1, hours_utc="20:00-06:00", priority=1)

    assert "at once" in problem(night, price("output", 2, hours_utc="05:00-07:00", priority=1))
    assert "at once" in problem(night, price("output", 2, weekdays="Sat,Sun", priority=1))


def test_prices_one_after_the_other_and_windows_that_do_not_meet_are_fine() -> None:
    from pricing.book.row_check import check_rows

    night = price("output", 1, hours_utc="20:00-06:00", priority=1)
    rows = rows_of(
        price("output", 4, effective_until=day(3)), price("output", 3, day(3)),
        night, price("output", 2, hours_utc="06:00-07:00", priority=1),
        price("output", 1, weekdays="Sat,Sun", priority=2),
    )  # fmt: skip

    check_rows("map.json", rows)
