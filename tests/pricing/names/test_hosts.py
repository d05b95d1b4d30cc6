"""Open models cost what their host charges: the biller decides, or a scenario names a host."""

import tomllib
from pathlib import Path

import polars as pl
import pytest

from pricing.book import load_book
from pricing.names.identities import IDENTITIES_PATH, load_identities
from pricing.names.resolve import resolve_one
from pricing.rates.keys import KEY_COLUMNS, price_keys
from pricing.scenario import Scenario
from pricing.scenario.check import checked
from traces.errors import PricingError

LLAMA = "meta-llama/Llama-3.3-70B-Instruct"


def resolved(
    provider: str | None, model: str, hosts: dict[str, str] | None = None
) -> tuple[str | None, str | None, str | None]:
    found = resolve_one(provider, model, load_book().directory, hosts)
    return found.select("price_provider", "price_model", "identity").row(0)


def test_a_bare_open_model_is_known_and_has_no_price() -> None:
    assert resolved(None, "Llama 3.3 Instruct 70B") == (None, None, LLAMA)


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("groq", "llama-3.3-70b-versatile"),
        ("bedrock", "meta.llama3-3-70b-instruct-v1:0"),
        ("openrouter", "meta-llama/llama-3.3-70b-instruct"),
        ("cerebras", "llama-3.3-70b"),
    ],
)
def test_a_host_that_a_scenario_names_bills_it_under_its_own_id(host: str, model: str) -> None:
    biller = load_book().aliases.biller(host)

    assert resolved(None, LLAMA, {"*": host}) == (biller, model, LLAMA)
    assert resolved(None, "Llama-3.3-70B-Instruct (high)", {"*": host}) == (None, None, None)
    assert resolved(None, LLAMA, {LLAMA: host}) == (biller, model, LLAMA)


def test_a_host_of_one_model_goes_before_the_host_of_all() -> None:
    hosts = {"zai-org/glm-4.6": "novita", "Kimi K2": "groq", "*": "openrouter"}

    assert resolved(None, "GLM-4.6 (T=1)", hosts) == ("novita", "zai-org/glm-4.6", "zai-org/GLM-4.6")
    assert resolved(None, "Kimi K2", hosts)[:2] == ("groq", "moonshotai/kimi-k2-instruct")
    assert resolved(None, "moonshotai/Kimi-K2-Instruct", hosts)[:2] == ("groq", "moonshotai/kimi-k2-instruct")
    assert resolved(None, "Kimi K2 Thinking", hosts)[:2] == ("openrouter", "moonshotai/kimi-k2-thinking")


def test_a_scenario_prices_open_models_at_the_hosts_it_names() -> None:
    models = ["Kimi K2", "GLM-4.6 (T=1)", "gpt-4.1"]
    calls = pl.DataFrame({"model": models}).with_columns(
        pl.lit(None, pl.String).alias(name) for name in KEY_COLUMNS if name not in ("model", "is_batch")
    )
    calls = calls.with_columns(is_batch=pl.lit(value=False))
    for hosts, expected in (
        ({}, [None, None, "openai/gpt-4.1"]),
        ({"*": "novita"}, ["novita/moonshotai/kimi-k2-instruct", "novita/zai-org/glm-4.6", "openai/gpt-4.1"]),
        ({"moonshotai/Kimi-K2-Instruct": "groq"}, ["groq/moonshotai/kimi-k2-instruct", None, "openai/gpt-4.1"]),
    ):
        numbered, keys = price_keys(calls, [load_book()], Scenario(hosts=hosts))
        found = dict(zip(numbered["model"], [key.price_model for key in keys], strict=True))
        assert [found[model] for model in models] == expected


def test_a_host_of_a_model_that_is_not_an_open_one_is_refused() -> None:
    assert checked(Scenario(hosts={"Kimi K2": "groq", "*": "together"}), [load_book()]).hosts

    with pytest.raises(PricingError, match="hosts: no open model 'gpt-4o'"):
        checked(Scenario(hosts={"gpt-4o": "together"}), [load_book()])


def test_who_bills_in_the_trace_goes_before_the_scenario() -> None:
    assert resolved("groq", LLAMA, {"*": "openrouter"})[:2] == ("groq", "llama-3.3-70b-versatile")
    assert resolved("groq", "zai-org/GLM-4.6", {"*": "openrouter"}) == (None, None, "zai-org/GLM-4.6")
    assert resolved(None, "gpt-4.1", {"*": "openrouter"})[:2] == ("openai", "gpt-4.1")


def test_a_local_run_and_a_bare_protocol_have_no_biller_so_a_host_may_be_named() -> None:
    for provider, model in (("vllm", LLAMA), (None, f"hf/{LLAMA}"), ("openai", LLAMA), ("litellm_proxy", LLAMA)):
        assert resolved(provider, model) == (None, None, LLAMA)
        assert resolved(provider, model, {"*": "groq"})[:2] == ("groq", "llama-3.3-70b-versatile")
    assert resolved("ollama", "llama3.3:70b", {"*": "groq"}) == (None, None, None)


def test_a_variant_is_billed_where_its_host_is_named_and_never_for_what_a_trace_says() -> None:
    turbo = f"{LLAMA}-Turbo"

    assert resolved(None, LLAMA, {"*": "together"}) == ("together", turbo, LLAMA)
    assert resolved("together", LLAMA) == (None, None, LLAMA)
    assert resolved("together", turbo) == ("together", turbo, None)
    assert resolved(None, turbo) == (None, None, None)


def test_a_host_that_does_not_sell_it_leaves_it_without_a_price() -> None:
    assert resolved(None, "zai-org/GLM-4.6", {"*": "groq"}) == (None, None, "zai-org/GLM-4.6")
    assert resolved(None, "zai-org/GLM-4.6", {"*": "nowhere"}) == (None, None, "zai-org/GLM-4.6")


def test_the_maker_of_an_open_model_does_not_bill_it_unless_it_sells_it() -> None:
    assert resolved("openai", "openai/gpt-oss-120b", {"*": "openai"}) == (None, None, "openai/gpt-oss-120b")
    assert resolved("zai", "GLM-4.6") == ("zai", "GLM-4.6", "zai-org/GLM-4.6")


def test_the_first_party_name_of_an_open_model_stays_its_vendors() -> None:
    assert resolved(None, "deepseek-chat", {"*": "together"}) == ("deepseek", "deepseek-chat", None)
    assert resolved(None, "deepseek-ai/DeepSeek-V3", {"*": "together"})[0] == "together"


def test_prices_of_a_bare_open_model_are_those_of_all_its_hosts() -> None:
    hosts = load_book().on("DeepSeek R1 (0528)", None)["provider"].unique().to_list()

    assert {"fireworks", "novita", "openrouter", "huggingface_nebius"} <= set(hosts)
    assert "openai" not in load_book().on("gpt-oss-120b (high)", None)["provider"].to_list()


def test_every_id_at_a_host_is_one_of_the_price_book_or_said_to_be_awaited() -> None:
    index = load_book().directory.index
    for table in tomllib.loads(IDENTITIES_PATH.read_text(encoding="utf-8"))["model"]:
        for host, model in {**table.get("hosts", {}), **table.get("variants", {})}.items():
            assert model.lower() in index[host], (table["id"], host, model)
        assert not set(table.get("hosts", {})) & set(table.get("variants", {})), table["id"]


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "identities.toml"
    path.write_text('[makers]\n[[model]]\nid = "a/x"\n[[model]]\nid = "b/y"\nnames = ["X"]\n', encoding="utf-8")

    with pytest.raises(PricingError, match=r"identities.toml: 'x' is claimed by a/x and by b/y") as refused:
        load_identities(path)
    assert refused.value.hint == "leave it to one of them, or to none"
