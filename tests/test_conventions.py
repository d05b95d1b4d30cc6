"""What holds over all source files: sizes, one helper for sums, no price or model in code, readers documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from traces.registry import discover

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for package in ("traces", "pricing", "analyzer") for path in (ROOT / package).rglob("*.py"))
SOURCES = [*SOURCES, *sorted((ROOT / "docs").rglob("*.py")), ROOT / "evalreplay.py"]
MONEY_OR_TOKENS = re.compile(r"(_usd|_pusd|_tokens)$")
COUNTING = {"is_null", "is_not_null"}
EVERY_FILE = pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Text constants that are not docstrings, with their lines."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def bare_sums(source: str) -> Iterator[int]:
    """Lines that sum a money or token column by ``.sum()`` or ``pl.sum`` instead of the helpers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sum":
            names = [name for tree in (node.func.value, *node.args) for name in summed_names(tree)]
            if any(MONEY_OR_TOKENS.search(name) for name in names):
                yield node.lineno


def summed_names(tree: ast.AST) -> Iterator[str]:
    """Text constants of an expression, but not those it only asks whether they are null: that is counting."""
    is_counting = isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and tree.func.attr in COUNTING
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for part in () if is_counting else ast.iter_child_nodes(tree):
        yield from summed_names(part)


@EVERY_FILE
def test_a_module_is_below_300_lines_and_its_functions_below_40(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300
    long = {node.name: lines for node in functions(path) if (lines := body_lines(node)) >= 40}
    assert long == {}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    has_doc = ast.get_docstring(node) is not None
    doc = node.body[0]
    return (node.end_lineno or 0) - node.lineno + 1 - (((doc.end_lineno or 0) - doc.lineno + 1) if has_doc else 0)


@EVERY_FILE
def test_money_and_tokens_are_summed_by_the_helpers_only(path: Path) -> None:
    assert path.name == "sums.py" or list(bare_sums(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    ['pl.col("cost_usd").sum()', 'pl.sum("input_tokens")', 'x["cost_pusd"].filter(y).sum()', 'pl.sum("a", "b_usd")'],
)
def test_a_bare_sum_of_money_or_tokens_is_found(source: str) -> None:
    assert list(bare_sums(source)) == [1]


@pytest.mark.parametrize(
    "source",
    [
        'pl.col("n_calls").sum()',
        'total("cost_usd")',
        "sum(pl.col('cost_usd'))",
        "weights.sum()",
        "pl.col('a_usd').is_null().sum()",
    ],
)
def test_a_sum_of_something_else_is_not(source: str) -> None:
    assert list(bare_sums(source)) == []


@EVERY_FILE
def test_no_module_names_a_model(path: Path) -> None:
    pattern = re.compile(
        r"\b(gpt-\d|o[134]-(mini|pro)|claude-|gemini-|qwen\d|deepseek-|llama-?\d|grok-\d|glm-\d|kimi-)", re.IGNORECASE
    )
    assert [(line, text) for line, text in strings(path) if pattern.search(text)] == []


@EVERY_FILE
def test_no_module_holds_a_price(path: Path) -> None:
    """Numbers with a currency or a rate beside them belong in data files, with their source."""
    pattern = re.compile(r"\$\s?\d|\d\s?(USD|usd)\b|usd_per_mtok\s*[=:]\s*\d")
    assert [(line, text) for line, text in strings(path) if pattern.search(text)] == []


@EVERY_FILE
def test_every_module_says_in_a_docstring_what_it_does(path: Path) -> None:
    is_empty = not path.read_text().strip()
    assert is_empty or ast.get_docstring(ast.parse(path.read_text()))


def test_nothing_heavy_is_imported_at_the_top_of_the_command_line() -> None:
    heavy = {"polars", "matplotlib", "duckdb", "scipy", "pyarrow", "pydantic", "altair", "pricing"}
    for node in ast.parse((ROOT / "analyzer" / "cli" / "main.py").read_text()).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.partition(".")[0] for name in names} & heavy


def test_every_reader_says_what_a_user_must_know() -> None:
    for name, reader in discover().items():
        assert reader.name == name
        assert reader.summary.endswith(".")
        assert reader.upstream
        assert reader.token_convention.endswith(".")
        assert all(spot.endswith(".") for spot in reader.blind_spots)
        assert name in docs()


def docs() -> str:
    return "".join(path.read_text() for path in sorted((ROOT / "docs").rglob("*.md")))


def test_every_fixture_folder_names_its_origin() -> None:
    told = (ROOT / "tests" / "data" / "README.md").read_text()
    folders = [path.name for path in (ROOT / "tests" / "data").iterdir() if path.is_dir()]
    assert [name for name in folders if f"`{name}/" not in told] == []
