"""What is wrong in a scenario is an error that names file, table and key, and says what would be right."""

from pathlib import Path

import pytest
from builders import call, rollout, run, tables

from analyzer.dry_run import dry_run
from pricing.reprice import reprice_tables
from pricing.scenario import Scenario, load_scenario
from pricing.scenario.model import Discount
from traces.errors import PricingError

DISCOUNT = "[[discount]]\nfrac = 0.1\n"
SUBSTITUTE = '[[substitute]]\nmodel = "o3"\nto = "o3-mini"\n'
TRACE = tables(calls=[call(provider="openai", model="o3", uncached_input_tokens=1_000_000)])

STATED = {
    "[batch]\nshare_frac = 1\nturn_around_s = 9\n": (
        "[batch]: unknown key 'turn_around_s'",
        "known: turnaround_s",
    ),
    '[currency]\ncode = "EUR"\nrates = "fx.csv"\ncary_days = 1\n': (
        "[currency]: unknown key",
        "known: carry_days",
    ),
    DISCOUNT + 'kind = ["output"]\n': ("[[discount]] table 1: unknown key 'kind'", "known: kinds"),
    DISCOUNT + '[[discount]]\nfrac = 0.1\nmodels = ["o3"]\n': (
        "[[discount]] table 2: unknown key",
        "known: model",
    ),
    SUBSTITUTE + "token_factor = 2\n": ("[[substitute]] table 1: unknown key", "known: tokens_factor"),
    '[[discount]]\nmodel = "o3"\n': ("[[discount]] table 1: frac is missing", "add frac = ..."),
    '[currency]\nrates = "fx.csv"\n': ("[currency]: code is missing", "add code = ..."),
    "batch = 0.5\n": ("batch: it should be a table", "[batch]"),
    "[discount]\nfrac = 0.5\n": ("discount: it should be a list", "[[discount]]"),
    'roles = "agent"\n': ("roles: it should be a list", "'agent'"),
    "roles = []\n": ("roles: it is empty", "[]"),
    "books = []\n": ("books: it is empty", "[]"),
    "prices = [3]\n": ("prices: it is no name of a file", "3"),
    "catalogue = 3\n": ("catalogue: it is no name of a file", "3"),
    'hosts = ["together"]\n': ("hosts: it should be a table", "['together']"),
    "service_tier = 3\n": ("service_tier: it should be text", "3"),
    '[batch]\nshare_frac = "half"\n': ("[batch]: share_frac: it should be a valid number", "'half'"),
    "[batch]\nshare_frac = 0.5\nturnaround_s = inf\n": ("[batch]: turnaround_s: it should be a finite number", "inf"),
    "[batch]\nshare_frac = 1.5\n": ("[batch]: share_frac: it should be less than or equal to 1", "1.5"),
    DISCOUNT.replace("0.1", "nan"): ("[[discount]] table 1: frac", "nan"),
    SUBSTITUTE + "tokens_factor = inf\n": ("[[substitute]] table 1: tokens_factor: it should be less", "inf"),
    SUBSTITUTE + "tokens_factor_low = 2\n": ("[[substitute]] table 1: tokens_factor_low <= tokens_factor", "o3-mini"),
    "as_of = 20260831\n": ("as_of: not a date: write 2026-08-31", "20260831"),
    "as_of = true\n": ("as_of: not a date", "True"),
    "as_of = 12:00:00\n": ("as_of", "12"),
    'as_of = "2026-02-30"\n': ("as_of: day is out of range", "2026-02-30"),
    "as_of = 2026-02-30\n": ("Invalid date or datetime (at line 1", "docs/scenarios.md"),
    "as_of = 9999-12-31T23:00:00-05:00\n": ("as_of: no such moment in UTC", "9999"),
    DISCOUNT + 'effective_date = "soon"\n': ("[[discount]] table 1: effective_date", "'soon'"),
    DISCOUNT + "effective_date = 0\n": ("[[discount]] table 1: effective_date: not a date", "0"),
    DISCOUNT + "effective_date = 2026-02-01\nuntil_date = 2026-02-01\n": (
        "[[discount]] table 1: ends before it begins",
        "2026",
    ),
}
"""Text of a scenario -> what its error says is wrong, and what its hint says."""

MEANT = {
    "substitute 'o3': to: no model 'o33'": ('[[substitute]]\nmodel = "o3"\nto = "o33"\n', "o3"),
    "substitute 'o3': to_provider: no provider 'opnai'": (SUBSTITUTE + 'to_provider = "opnai"\n', "openai"),
    "[[discount]] table 2: model: no model 'gpt-4oo'": (DISCOUNT * 2 + 'model = "gpt-4oo"\n', "gpt-4o"),
    "[[discount]] table 1: provider: no provider 'anthropik'": (DISCOUNT + 'provider = "anthropik"\n', "anthropic"),
    "[[discount]] table 1: kinds: no kind of usage 'ouput'": (DISCOUNT + 'kinds = ["ouput"]\n', "output"),
    "hosts: '*': no provider 'fireworkz'": ('[hosts]\n"*" = "fireworkz"\n', "fireworks"),
    "hosts: no open model 'gpt-4o'": ('[hosts]\n"gpt-4o" = "together"\n', "known: "),
    "service_tier: no prices of a tier 'flexx'": ('service_tier = "flexx"\n', "flex"),
    "region: no prices of a region 'europe-west-1'": ('region = "europe-west-1"\n', "europe-west1"),
}
"""Error -> scenario that names what no book has, and what its hint offers."""


def written(folder: Path, text: str) -> Path:
    (folder / "fx.csv").write_text("date,currency,units_per_usd\n2026-01-15,EUR,0.5\n", encoding="utf-8")
    path = folder / "what-if.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "says"), STATED.items())
def test_what_cannot_be_is_refused_when_it_is_read(text: str, says: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(PricingError) as caught:
        load_scenario(written(tmp_path, text))

    assert caught.value.problem.startswith(f"{tmp_path / 'what-if.toml'}: ")
    assert says[0] in caught.value.problem
    assert says[1] in (caught.value.hint or "")


@pytest.mark.parametrize(("problem", "given"), MEANT.items())
def test_what_no_book_has_is_refused_before_anything_is_priced(
    problem: str, given: tuple[str, str], tmp_path: Path
) -> None:
    scenario = load_scenario(written(tmp_path, given[0]))

    for use in (lambda: reprice_tables(TRACE, scenario), lambda: dry_run(TRACE, Scenario(), scenario)):
        with pytest.raises(PricingError) as caught:
            use()
        assert problem in caught.value.problem
        assert given[1] in (caught.value.hint or "")


def test_a_dry_run_takes_a_discount_off_the_model_its_name_means() -> None:
    rows = [call(provider="anthropic", model="claude-sonnet-4-20250514", uncached_input_tokens=1_000_000)]
    trace = tables([run()], [rollout()], rows)
    half = Scenario(discount=(Discount(frac=0.5, model="claude-sonnet-4"),))

    found = dry_run(trace, Scenario(), half).runs.row(0, named=True)

    assert found["cost_usd_before"] == pytest.approx(2 * found["cost_usd_after"])
    assert found["cost_usd_after"] == reprice_tables(trace, half)["runs"]["cost_usd"].item()


RATES = {
    "day,currency,units_per_usd\n2026-01-15,EUR,1\n": "columns are day, currency, units_per_usd",
    "date,currency,units_per_usd,usd_per_unit\n": "columns are date, currency, units_per_usd, usd_per_unit",
    "": "columns are none",
    "date,currency,units_per_usd\n15.01.2026,EUR,1\n": "line 2: date '15.01.2026' is not one",
    "date,currency,units_per_usd\n2026-01-14,GBP,x\n2026-01-15,EUR,x\n": "line 3: units_per_usd 'x' is not a number",
    "date,currency,units_per_usd\n2026-01-15,EUR\n": "line 2: units_per_usd '' is not a number",
    "date,currency,units_per_usd\n2026-01-15,EUR,-1\n": "line 2: units_per_usd '-1' is not above 0",
    "date,currency,units_per_usd\n2026-01-15,EUR,nan\n": "line 2: units_per_usd 'nan' is not above 0",
    "date,currency,units_per_usd\n2026-01-15,EUR,1e30\n": "line 2: units_per_usd '1e30' cannot be",
    "date,currency,usd_per_unit\n2026-01-15,EUR,1e-30\n": "line 2: usd_per_unit '1e-30' cannot be",
    "date,currency,units_per_usd\n2026-01-15,EUR,1\n2026-01-15,EUR,2\n": "line 3: a second rate for 2026-01-15",
    "date,currency,units_per_usd\n2026-01-14,EUR,1\n": "no rate of EUR for 2026-01-15",
    "date,currency,units_per_usd\n2026-01-15,GBP,1\n": "no rate of EUR for 2026-01-15",
}
"""CSV of exchange rates -> what is wrong with it for calls of 2026-01-15."""


@pytest.mark.parametrize(("text", "problem"), RATES.items())
def test_wrong_exchange_rates_are_refused_with_their_line(text: str, problem: str, tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, '[currency]\ncode = "EUR"\nrates = "fx.csv"\n'))
    (tmp_path / "fx.csv").write_text(text, encoding="utf-8")

    for use in (lambda: reprice_tables(TRACE, scenario), lambda: dry_run(TRACE, Scenario(), scenario)):
        with pytest.raises(PricingError) as caught:
            use()
        assert caught.value.problem.startswith(f"{tmp_path / 'fx.csv'}: {problem}")
        assert caught.value.hint


def test_a_file_that_is_not_there_is_named_with_the_key_and_the_scenario(tmp_path: Path) -> None:
    with pytest.raises(PricingError) as caught:
        load_scenario(written(tmp_path, '[currency]\ncode = "EUR"\nrates = "absent.csv"\n'))

    assert caught.value.problem == f"{tmp_path / 'absent.csv'}: no such file"
    assert (
        caught.value.hint == f"it is named under rates of {tmp_path / 'what-if.toml'}: files are looked for beside it"
    )


@pytest.mark.parametrize("content", [bytes(range(256)), b'{"cache": "none"}', b"cache = none"])
def test_what_is_no_toml_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "what-if.toml"
    path.write_bytes(content)

    with pytest.raises(PricingError) as caught:
        load_scenario(path)

    assert caught.value.problem.startswith(f"{path}: ")
    assert "a scenario is a TOML file" in (caught.value.hint or "")


def test_text_files_of_windows_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "what-if.toml"
    path.write_bytes('\ufeffcache = "none"\r\n'.encode())

    assert load_scenario(path).cache == "none"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[hardware."gpt-oss"]\naccelerator = "b200"\nconc = 4', "[hardware.\"gpt-oss\"]: unknown key 'conc'"),
        ('[hardware."gpt-oss"]\naccelerator = "b200"\nconcurrency = 0', '[hardware."gpt-oss"]: concurrency'),
        ("[speed.gpt]\ntokens_s = 0", '[speed."gpt"]: tokens_s'),
    ],
)
def test_a_key_of_a_models_table_is_named_with_the_model(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PricingError) as raised:
        load_scenario(path)
    assert place in str(raised.value)
