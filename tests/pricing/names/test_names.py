from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pricing.book import load_book
from pricing.names.aliases import load_aliases
from pricing.names.directory import directory
from pricing.names.resolve import resolve, resolve_one, unresolved_hint
from traces.errors import PricingError

ALIASES = """
authors = []
fronts = []
clouds = []
protocols = []
platforms = {}
local = []
not_billers = []
neutral_prefixes = []
vendor = []
[providers]
"""


def targets(provider: str | None, model: str | None) -> list[tuple[str | None, str | None]]:
    return resolve_one(provider, model, load_book().directory).select("price_provider", "price_model").rows()


@pytest.mark.parametrize(
    ("provider", "model", "price_provider", "price_model"),
    [
        ("openrouter", "google/gemini-3-pro-preview", "openrouter", "google/gemini-3-pro-preview"),
        ("google", "gemini-3-pro-preview", "google", "gemini-3-pro-preview"),
        ("google", "@google/gemini-3-pro-preview", "google", "gemini-3-pro-preview"),
        ("vertex_ai", "gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("gemini", "models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        (None, "google/gemini-3-pro-preview", "google", "gemini-3-pro-preview"),
        (None, "openrouter/google/gemini-3-pro-preview", "openrouter", "google/gemini-3-pro-preview"),
        (None, "gpt-4.1", "openai", "gpt-4.1"),
        (None, "gpt-4.1-2025-04-14", "openai", "gpt-4.1"),
        (None, "gpt-4.1-mini", "openai", "gpt-4.1-mini"),
        (None, "gpt-5.4", "openai", "gpt-5.4"),
        (None, "openai/gpt-4o", "openai", "gpt-4o"),
        ("litellm", "openai/GPT-4o ", "openai", "gpt-4o"),
        ("openai", "gpt-4.1-20250414", "openai", "gpt-4.1"),
        ("azure", "gpt-4o-2024-11-20", "openai", "gpt-4o-2024-11-20"),
        ("azure", "gpt-4.1-2025-04-14", "openai", "gpt-4.1"),
        (None, "azure/gpt-4o-2024-11-20", "openai", "gpt-4o-2024-11-20"),
        (None, "claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5-20250929"),
        ("api.tokenfactory.nebius.com", "openai/gpt-oss-120b", "nebius", "openai/gpt-oss-120b"),
        ("together_ai", "deepseek-ai/DeepSeek-V3", "together", "deepseek-ai/DeepSeek-V3"),
        (None, "deepseek/deepseek-chat", "deepseek", "deepseek-chat"),
    ],
)
def test_exact_names_resolve_to_who_bills(
    provider: str | None, model: str, price_provider: str, price_model: str
) -> None:
    assert targets(provider, model) == [(price_provider, price_model)]


@pytest.mark.parametrize(
    ("provider", "model", "hint"),
    [
        ("ollama_chat", "qwen2.5:7b", "price file with what a token costs"),
        (None, "ollama/llama3", "price file with what a token costs"),
        (None, "openai/gpt-oss-120b", "name one: --host aws"),
        ("openai", "gpt-oss-120b", "an open model, sold by aws, azure"),
        (None, "deepseek-ai/DeepSeek-V3", "name one: --host"),
        ("groq", "zai-org/GLM-4.6", "sold by cerebras, deepinfra, fireworks"),
        ("openrouter", "google/gemini-3-pro-previe", "closest known models: google/gemini-3-pro-preview"),
        ("nowhere", "gpt-4o", "sold by"),
        (None, "no-such-model-at-all", "closest known models"),
        ("openai", None, "names no model"),
    ],
)
def test_what_is_not_known_exactly_stays_unresolved_with_a_hint(
    provider: str | None, model: str | None, hint: str
) -> None:
    assert targets(provider, model) == [(None, None)]
    assert hint in unresolved_hint(provider, model, load_book().directory)


def test_a_gateway_never_falls_back_to_the_makers_price() -> None:
    assert load_book().on("google/gemini-3-pro-preview", datetime(2025, 11, 17, tzinfo=UTC), "openrouter").is_empty()
    assert targets("openrouter", "gpt-4.1-2025-04-14") == [(None, None)]


def test_a_name_that_moved_has_one_row_per_stretch_of_time() -> None:
    pair = pl.DataFrame({"provider": ["anthropic"], "model": ["claude-3-5-sonnet-latest"]})
    moved = datetime(2024, 10, 22, tzinfo=UTC)

    assert resolve(pair, load_book().directory).rows() == [
        (*pair.row(0), "anthropic", "claude-3-5-sonnet-20240620", None, moved, None, None, None, "anthropic"),
        (*pair.row(0), "anthropic", "claude-3-5-sonnet-20241022", moved, None, None, None, None, "anthropic"),
    ]
    rows = load_book().on("claude-3-5-sonnet-latest", moved, "anthropic")
    assert rows["model"].unique().to_list() == ["claude-3-5-sonnet-20241022"]


def test_each_pair_is_resolved_once() -> None:
    pairs = pl.DataFrame({"provider": [None, None], "model": ["gpt-4.1", "gpt-4.1"], "extra": [1, 2]})

    assert resolve(pairs.cast({"provider": pl.String}), load_book().directory).height == 1


def test_every_alias_leads_to_a_model_with_prices_and_every_vendor_has_some() -> None:
    known = set(load_book().rows.select("provider", "model").iter_rows())
    book, aliases = load_book(), load_aliases()
    for alias in (alias for found in aliases.models.values() for alias in found if alias.is_priced):
        model = book.directory.index[alias.price_provider].get(alias.price_model.lower())
        assert (alias.price_provider, model) in known, alias
    for vendor in aliases.vendors:
        assert any(provider == vendor.provider and vendor.owns(model.lower()) for provider, model in known), vendor


def test_a_chain_of_aliases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "aliases.toml"
    link = '[[alias]]\nprovider = "acme"\nnames = ["{}"]\nmodel = "{}"\n'
    path.write_text(ALIASES + link.format("a", "b") + link.format("b", "a"), encoding="utf-8")
    with pytest.raises(
        PricingError, match=r"aliases\.toml: alias 'a' of acme leads to 'b', an alias itself"
    ) as refused:
        load_aliases(path)
    assert refused.value.hint == "name the model of the price rows of acme directly"


def test_two_meanings_of_a_name_at_once_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "aliases.toml"
    link = '[[alias]]\nprovider = "acme"\nnames = ["{}"]\nmodel = "{}"\n'
    path.write_text(ALIASES + link.format("a", "b") + link.format("a", "c"), encoding="utf-8")
    with pytest.raises(
        PricingError, match=r"aliases\.toml: alias 'a' of acme means two models at once: 'b' and 'c'"
    ) as refused:
        load_aliases(path)
    assert "until_date" in str(refused.value.hint)


def test_an_alias_to_a_model_without_prices_is_refused_unless_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "aliases.toml"
    link = '[[alias]]\nprovider = "acme"\nnames = ["a"]\nmodel = "b"\n'
    path.write_text(ALIASES + link, encoding="utf-8")
    with pytest.raises(
        PricingError, match=r"aliases\.toml: alias 'a' of acme leads to 'b', which acme does not have"
    ) as no:
        directory([], [("acme", "c")], load_aliases(path)).refuse_unknown_aliases()
    assert no.value.hint == "add its prices to prices/acme.toml, or is_priced = false until they are there"

    directory([], [("acme", "b")], load_aliases(path)).refuse_unknown_aliases()
    later = tmp_path / "later.toml"
    later.write_text(ALIASES + link + "is_priced = false\n", encoding="utf-8")
    directory([], [("acme", "c")], load_aliases(later)).refuse_unknown_aliases()
