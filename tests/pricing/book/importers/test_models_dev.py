"""models.dev: as one JSON file, packed, as its folder of TOML files, or a zip of that."""

import gzip
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from foreign_prices import FOLDER, golden, imported, readable

from pricing.book.foreign import read_foreign
from pricing.book.importer import recognise
from traces.errors import PricingError

EXCERPT = FOLDER / "models_dev.json"
ACME = """name = "Acme Large"
release_date = "2026-02-05"
[cost]
input = 5.00
output = 25.00
cache_read = 0.50
[[cost.tiers]]
input = 10.0
output = 37.5
[cost.tiers.tier]
type = "context"
size = 200_000
"""


def providers_folder(root: Path, text: str = ACME) -> Path:
    folder = root / "models.dev-main" / "providers" / "acme"
    (folder / "models" / "lab").mkdir(parents=True)
    (folder / "provider.toml").write_text('name = "Acme"\n', encoding="utf-8")
    (folder / "models" / "lab" / "acme-large.toml").write_text(text, encoding="utf-8")
    return root / "models.dev-main"


def test_the_excerpt_becomes_its_golden_rows() -> None:
    expected = golden("models_dev_rows.csv")

    assert recognise(read_foreign(EXCERPT)).name == "models_dev"
    assert readable(imported("models_dev", EXCERPT).rows, list(expected[0])) == expected


def test_everything_left_out_of_the_excerpt_is_counted() -> None:
    assert imported("models_dev", EXCERPT).left_out == {
        "model: 0 throughout: free or not known": 1,
        "model: no price": 1,
        "price: input_audio": 1,
        "price: tiers.input_audio": 2,
        "release date that is no day": 1,
    }


def test_release_days_are_kept() -> None:
    facts = imported("models_dev", EXCERPT).models

    assert facts.filter(model="o3").select("provider", "release_date").row(0) == ("openai", date(2025, 4, 16))
    assert facts.filter(model="kimi-k2.5").is_empty()  # 2026-01: a month


def test_the_packed_file_gives_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "data.json.gz").write_bytes(gzip.compress(EXCERPT.read_bytes()))

    packed = imported("models_dev", tmp_path / "data.json.gz").rows

    assert packed.drop("source").rows() == imported("models_dev", EXCERPT).rows.drop("source").rows()


def test_the_folder_and_a_zip_of_it_give_the_same_rows(tmp_path: Path) -> None:
    folder = providers_folder(tmp_path)
    with zipfile.ZipFile(tmp_path / "main.zip", "w") as archive:
        for path in folder.rglob("*.toml"):
            archive.write(path, path.relative_to(tmp_path))

    expected = [
        {"provider": "acme", "model": "lab/acme-large", "kind": kind, "min_input_tokens": above, "usd": usd}
        for kind, above, usd in [
            ("cache_read", "0", "0.5"), ("output", "0", "25"), ("uncached_input", "0", "5"),
            ("output", "200000", "37.5"), ("uncached_input", "200000", "10"),
        ]
    ]  # fmt: skip
    for source in (folder, folder / "providers" / "acme", tmp_path / "main.zip"):
        assert recognise(read_foreign(source)).name == "models_dev"
        rows = imported("models_dev", source).rows
        assert [{**row, "provider": "acme"} for row in readable(rows, list(expected[0]))] == expected, source


def test_the_old_form_of_the_long_context_price_is_read_where_there_are_no_tiers(tmp_path: Path) -> None:
    cost = {"input": 1, "output": 2, "context_over_200k": {"input": 3}}
    document = {"acme": {"models": {"acme-large": {"cost": cost}}}}
    (tmp_path / "api.json").write_text(json.dumps(document), encoding="utf-8")

    rows = imported("models_dev", tmp_path / "api.json").rows

    assert rows.filter(min_input_tokens=200_000)["price_pusd"].to_list() == [3_000_000]


def test_a_broken_file_of_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PricingError, match=r"lab/acme-large\.toml: not TOML"):
        imported("models_dev", providers_folder(tmp_path, "{}"))
