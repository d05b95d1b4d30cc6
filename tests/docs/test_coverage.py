"""Every command, reader, curve, column, error and data file has its entry in the docs; links and words are right."""

import re
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import polars as pl
import pytest

import evalreplay
from analyzer.cli.main import COMMANDS
from analyzer.curves import registry as curve_registry
from analyzer.frontier_kinds import KINDS
from analyzer.history.tables import HISTORY_TABLES
from pricing.book import load_book
from pricing.book.price_keys import TABLES as PRICE_FILE_TABLES
from pricing.book.price_keys import Document, Rates
from pricing.scenario import Scenario
from pricing.schema import DATE_BASES, PRICED_TABLES, PRICES, UNITS
from traces import errors
from traces import registry as reader_registry
from traces.schema import TABLES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FAR = datetime(9000, 1, 1, tzinfo=UTC)
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("reference/*.md")])
TERMS = (
    "benchmark", "task", "agent", "rollout", "attempt", "call", "usage", "price", "rate", "tier", "effective date",
    "throughput", "deployment", "scenario", "cost", "spend", "budget", "curve", "frontier", "coverage",
)  # fmt: skip
CODE = (
    ".py",
    ".md",
    ".toml",
    ".cff",
    ".js",
    ".css",
    ".j2",
    ".sh",
    ".txt",
    ".json",
    ".csv",
    "Makefile",
    "NOTICE",
    "run",
)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Text below a heading, up to the next of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found[1]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"Usage: evalreplay {name}" in section(page("reference/commands.md"), f"evalreplay {name}")


def test_every_reader_is_documented_and_in_the_readme() -> None:
    for name, reader in reader_registry.discover().items():
        assert reader.summary in section(page("reference/formats.md"), name)
        assert f"`{name}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_function_of_the_python_interface_is_in_the_readme() -> None:
    text = section((ROOT / "README.md").read_text(encoding="utf-8"), "From Python")
    assert [name for name in evalreplay.__all__ if name.islower() and f"`{name}`" not in text] == []


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = set(COMMANDS) - {"formats", "curves"}  # what can be read and drawn is listed there itself
    assert [name for name in listed if not re.search(rf"[`(]{name}\b|evalreplay {name}\b", text)] == []


def test_every_curve_and_option_is_documented() -> None:
    for name, curve in curve_registry.discover().items():
        text = section(page("reference/curves.md"), name)
        assert curve.summary in text
        assert all(f"| `{option.name}` |" in text for option in curve.options)


def test_every_frontier_is_documented_in_the_reference_and_the_method() -> None:
    for kind in KINDS:
        assert f"| `{kind}` |" in page("reference/curves.md")
        assert f"| `{kind}` |" in page("method.md")


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_documented(name: str) -> None:
    canonical, priced = (
        section(page("reference/tables.md"), name),
        section(page("reference/tables.md"), f"priced {name}"),
    )
    assert all(f"| `{column.name}` |" in canonical for column in TABLES[name].columns)
    added = PRICED_TABLES[name].columns[len(TABLES[name].columns) :]
    assert all(f"| `{column.name}` |" in priced for column in added)


@pytest.mark.parametrize("name", HISTORY_TABLES)
def test_every_column_of_a_history_is_documented(name: str) -> None:
    text = section(page("reference/history.md"), name)
    assert all(f"| `{column.name}` |" in text for column in HISTORY_TABLES[name].columns)


def test_every_column_of_the_price_book_is_documented() -> None:
    text = section(page("reference/prices.md"), "prices")
    assert all(f"| `{column.name}` |" in text for column in PRICES.columns)


@pytest.mark.parametrize("name", ["The file", "Rates", *PRICE_FILE_TABLES])
def test_every_key_of_a_price_file_is_documented(name: str) -> None:
    model = {"The file": Document, "Rates": Rates}.get(name) or PRICE_FILE_TABLES[name]
    own = set(model.model_fields) - (set(Rates.model_fields) if model is not Rates else set())
    below = "price." if name in {"tier", "charge"} else ""
    text = section(page("price-files.md"), name if name in {"The file", "Rates"} else f"[[{below}{name}]]")
    assert own
    assert all(f"| `{key}` |" in text for key in own)


def test_every_unit_and_date_basis_is_documented() -> None:
    assert all(f"`{unit}`" in section(page("price-files.md"), "Known values") for unit in UNITS)
    assert all(f"| `{basis}` |" in section(page("reference/prices.md"), "How a day is known") for basis in DATE_BASES)


def test_most_batch_prices_and_all_flex_prices_are_half_as_the_method_says() -> None:
    at = [pl.col(f"effective_{end}") for end in ("from", "until")]
    rows = load_book().rows.filter(pl.col("kind").is_in(["uncached_input", "output"]), pl.col("hours_utc").is_null())
    rows = rows.with_columns(at[0].fill_null(datetime.min.replace(tzinfo=UTC)), at[1].fill_null(FAR))
    of_price = ["provider", "model", "kind", "min_input_tokens", "region"]
    standard = rows.filter(~pl.col("is_batch"), service_tier="standard")
    shares = {}
    for name, chosen in {"batch": pl.col("is_batch"), "flex": pl.col("service_tier") == "flex"}.items():
        pairs = rows.filter(chosen).join(standard, on=of_price, nulls_equal=True)
        pairs = pairs.filter(at[0] < pl.col("effective_until_right"), pl.col("effective_from_right") < at[1])
        shares[name] = (2 * pairs["price_pusd"] == pairs["price_pusd_right"]).mean()
    assert shares["batch"] > 0.9
    assert shares["flex"] == 1


def test_every_term_is_in_the_glossary() -> None:
    text = section(page("reference/tables.md"), "Glossary")
    assert all(f"\n| {term} |" in text for term in TERMS)


def test_every_key_of_a_scenario_is_documented() -> None:
    assert all(f"| `{key}` |" in page("scenarios.md") for key in Scenario.model_fields)


def test_every_error_and_exit_code_is_documented() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ReplayError)]
    text = page("reference/errors.md")
    assert all(f"`{kind.__name__}` | {kind.exit_code} |" in text for kind in kinds)
    assert all(f"\n| {code} |" in text for code in {kind.exit_code for kind in kinds})


def test_every_data_file_is_documented() -> None:
    text = page("reference/prices.md") + page("reference/formats.md") + page("reference/hardware.md")
    files = chain((ROOT / "pricing" / "data").rglob("*"), (ROOT / "traces").rglob("data/*"))
    for path in (path for path in files if path.is_file()):
        assert f"`{path.relative_to(ROOT)}`" in text, path
    assert "analyzer/data/demo" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_notice_names_every_input_of_the_bundled_store() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    manifest = (ROOT / "analyzer" / "data" / "demo" / "manifest.json").read_text(encoding="utf-8")
    blobs = set(re.findall(r"[0-9a-f]{40}(?=\.json)", manifest))
    assert blobs
    assert all(blob in notice for blob in blobs)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_internal_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_figures_of_the_docs_are_small() -> None:
    figures = list((DOCS / "images").glob("*.png"))
    assert figures
    assert all(figure.stat().st_size < 150_000 for figure in figures)


def test_nothing_speaks_of_a_machine_or_a_registry() -> None:
    strange = re.compile(r"(?<![\w.])/(?:work|root|home)/|(?<!emit-)index-url[ =]\S|files\.pythonhosted\.org")
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert not strange.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def test_nothing_speaks_of_who_or_what_developed_it() -> None:
    strange = re.compile(
        r"\b(?:chat ?bot|co-?pilot|generated (?:by|with) (?:an? )?(?:ai|llm|model)|as an ai)\b", re.IGNORECASE
    )
    for path in tracked():
        found = strange.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(ROOT)}: {found}"


def tracked() -> list[Path]:
    """Text of the project itself: code, docs, build files; not data, tests, or what building leaves behind."""
    folders = ("traces", "pricing", "analyzer", "docs", "benchmarks", ".ci")
    inside = chain.from_iterable((ROOT / folder).rglob("*") for folder in folders if (ROOT / folder).is_dir())
    files = [path for path in chain(ROOT.iterdir(), inside) if path.is_file() and path.name.endswith(CODE)]
    return [
        path for path in files if not {"data", "__pycache__", "results", "work"} & set(path.relative_to(ROOT).parts)
    ]
