"""What cannot be a price file is refused with file, table, key and remedy."""

from pathlib import Path

import pytest

from pricing.book import load_book
from pricing.book.price_check import read_checked
from traces.errors import PricingError

HEAD = 'provider = "acme"\ncurrency = "USD"\nsource_url = "https://acme.example/pricing"\n'
PRICE = '[[price]]\nmodel = "acme-large"\neffective_date = 2026-03-01\n'
RATE = "output_usd_per_mtok = 1.0\n"
WHOLE = HEAD + PRICE + RATE
TIER = "[[price.tier]]\nmin_input_tokens = 100\n"
CHARGE = '[[price.charge]]\nkind = "web_search"\nunit = "search"\nusd_per_unit = 0.01\n'
REGION = '[[region]]\nregions = ["eu"]\nmultiplier = 1.1\n'

WRONG = {
    # rates
    HEAD + PRICE + "output_usd_per_mtok = -1.5\n": ("table 1: output_usd_per_mtok = -1.5: ", "docs/price-files.md"),
    HEAD + PRICE + "output_usd_per_mtok = inf\n": ("table 1: output_usd_per_mtok", "docs/price-files.md"),
    HEAD + PRICE + "output_usd_per_mtok = 1e30\n": ("table 1: output_usd_per_mtok", "docs/price-files.md"),
    HEAD + PRICE + "output_usd_per_mtok = true\n": ("table 1: output_usd_per_mtok = True", "docs/price-files.md"),
    HEAD + PRICE + "output_usd_per_mtok = 0.0\n": ("table 1: a price is 0: output_usd_per_mtok", "is_free = true"),
    WHOLE + TIER + "output_usd_per_mtok = 0\n": ("table 1: a price is 0: output_usd_per_mtok", "is_free = true"),
    WHOLE + CHARGE.replace("0.01", "0"): ("table 1: a price is 0: usd_per_unit", "is_free = true"),
    # tiers and charges
    WHOLE + TIER: ("table 1: no price above 100 tokens", "add what changes there"),
    WHOLE + 2 * (TIER + RATE): ("table 1: two [[price.tier]] of 100", "keep one"),
    WHOLE + TIER.replace("100", "9" * 30) + RATE: (
        "table 1: [[price.tier]] 1: min_input_tokens = 999",
        "docs/price-files.md",
    ),
    WHOLE + "[price.tier]\nmin_input_tokens = 100\n": ("table 1: tier is no list of tables", "[[price.tier]]"),
    WHOLE + TIER + RATE + "min_tokens = 5\n": (
        "table 1: [[price.tier]] 1: unknown key 'min_tokens'",
        "closest known: min_input_tokens",
    ),
    WHOLE + 2 * CHARGE: ("table 1: two [[price.charge]] of ('web_search', 'search')", "keep one"),
    WHOLE + CHARGE.replace('"search"', '"serach"'): ("table 1: unit 'serach' is not known", "closest known: search"),
    WHOLE + CHARGE + CHARGE.replace("0.01", "-1").replace("web_", ""): (
        "table 1: [[price.charge]] 2: usd_per_unit = -1",
        "docs/price-files.md",
    ),
    WHOLE + CHARGE.replace("web_search", "output"): (
        "table 1: a charge of kind 'output'",
        "write it as output_usd_per_mtok",
    ),
    WHOLE + CHARGE.replace("web_search", "request"): (
        "table 1: a charge of kind 'request' with unit 'search'",
        'write unit = "request"',
    ),
    # dates and priorities
    WHOLE.replace("2026-03-01", '"2026-03-01"'): ("table 1: effective_date = '2026-03-01'", "docs/price-files.md"),
    WHOLE.replace("2026-03-01", "20260301"): ("table 1: effective_date = 20260301", "docs/price-files.md"),
    WHOLE.replace("2026-03-01", "2026-02-30"): ("not TOML: Invalid date or datetime (at line 6", "docs/price-files.md"),
    WHOLE.replace("_date = 2026-03-01", "_at = 9999-12-31T23:00:00-05:00"): (
        "table 1: effective_at",
        "docs/price-files.md",
    ),
    HEAD + 'retrieved_date = "today"\n' + PRICE + RATE: ("acme.toml: retrieved_date = 'today'", "docs/price-files.md"),
    WHOLE + f"priority = {'9' * 30}\n": ("table 1: priority = 999", "docs/price-files.md"),
    WHOLE + PRICE + RATE: ("table 2: overlaps table 1", "higher priority"),
    # facts beside prices
    WHOLE + "[[cache]]\nmin_tokens = 1024\nttl_s = inf\n": (
        "[[cache]] table 1: ttl_s = Infinity",
        "docs/price-files.md",
    ),
    WHOLE + REGION.replace("1.1", "0"): ("[[region]] table 1: multiplier = 0", "docs/price-files.md"),
    WHOLE + REGION + REGION.replace("1.1", "1.2"): (
        "[[region]] table 2: a second multiplier of 'eu', after table 1",
        "effective_date",
    ),
    WHOLE + '[[model]]\nmodel = "a"\nrelease_date = 2026-02-01\nretired_date = 2026-01-01\n': (
        "[[model]] table 1: retired before it is released",
        "retired_date",
    ),
    # the whole file
    WHOLE.replace('"USD"', '"EUR"'): ("acme.toml: currency = 'EUR'", "docs/price-files.md"),
    WHOLE.replace('currency = "USD"\n', ""): ("acme.toml: currency is missing", "add currency = ..."),
    WHOLE.replace("[[price]]", "[price]"): ("acme.toml: price is no list of tables", "begin each with [[price]]"),
    "curency = 1\n" + WHOLE: ("acme.toml: unknown key 'curency'", "closest known: currency"),
    HEAD: ("acme.toml: no [[price]] table", "docs/price-files.md"),
}
"""Text of a price file -> what its error says is wrong, and what its hint says."""

OTHER_KINDS = {
    b"": ("no price file: it is empty", "it needs provider, currency and prices"),
    b"\n \n": ("no price file: it is empty", "it needs provider, currency and prices"),
    b'cache = "none"\nas_of = 2026-08-31\n': ("no price file: its keys are cache, as_of", "it needs provider"),
    b'[run]\nrun_id = "r7"\n[[table]]\nfills = "calls"\n': ("no price file: its keys are run, table", "it needs"),
    b'{"gpt-4o": {"input_cost_per_token": 2.5e-06}}': ("not TOML", "evalreplay prices import"),
    b"model,input\ngpt-4o,2.5\n": ("not TOML", "evalreplay prices import"),
    bytes(range(256)): ("not text (UTF-8)", "a price file is TOML"),
    b"PAR1" + bytes(8) + b"\xff": ("not text (UTF-8)", "a price file is TOML"),
    WHOLE.encode("utf-16"): ("not text (UTF-8)", "a price file is TOML"),
}
"""Content that is another kind of file -> what its error says, and its hint."""


def refused(folder: Path, content: bytes) -> PricingError:
    path = folder / "acme.toml"
    path.write_bytes(content)
    with pytest.raises(PricingError) as caught:
        read_checked(path)
    assert caught.value.problem.startswith(f"{path}: ")
    with pytest.raises(PricingError) as when_pricing:
        load_book([path])
    assert str(when_pricing.value) == str(caught.value)
    return caught.value


@pytest.mark.parametrize(("text", "says"), WRONG.items(), ids=[says for says, _ in WRONG.values()])
def test_what_cannot_be_names_the_place_and_the_remedy(text: str, says: tuple[str, str], tmp_path: Path) -> None:
    error = refused(tmp_path, text.encode())

    assert says[0] in error.problem
    assert says[1] in (error.hint or "")


@pytest.mark.parametrize(("content", "says"), OTHER_KINDS.items(), ids=range(len(OTHER_KINDS)))
def test_another_kind_of_file_is_recognised_as_none(content: bytes, says: tuple[str, str], tmp_path: Path) -> None:
    error = refused(tmp_path, content)

    assert says[0] in error.problem
    assert says[1] in (error.hint or "")


def test_what_the_wrong_files_are_made_of_is_right(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (WHOLE + TIER + RATE + CHARGE + REGION).encode())

    assert read_checked(path).rows["kind"].to_list() == ["output", "output", "web_search"]
