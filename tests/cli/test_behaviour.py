"""How the command line behaves: help, exit codes, hints, no overwriting, no traceback."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from commands import run_apart, run_command

from analyzer.cli.main import COMMANDS, main

WRONG = {
    "evalreplay nope": 2,
    "evalreplay show": 2,
    "evalreplay read calls.csv": 2,
    "evalreplay curve nope priced/": 2,
    "evalreplay curve score_at_budget priced/ -O axis": 2,
    "evalreplay curve score_at_budget priced/ -O axis=euros": 2,
    "evalreplay curve score_at_budget priced/ --benchmark nope": 2,
    "evalreplay curve score_at_budget priced/ --figure a.bmp": 2,
    "evalreplay frontier priced/ --kind nope": 2,
    "evalreplay tornado priced/ --per task": 2,
    "evalreplay tornado priced/ --by 2": 2,
    "evalreplay tornado priced/ --range yesterday today": 2,
    "evalreplay tornado priced/ --draws 10 --past 99999": 5,
    "evalreplay show nowhere/": 3,
    "evalreplay show calls.csv": 3,
    "evalreplay read calls.csv -o store/": 3,
    "evalreplay read nowhere/ -o new/": 3,
    "evalreplay read calls.csv --format nope -o new/": 3,
    "evalreplay reprice store/ -o priced/": 3,
    "evalreplay reprice store/ --strict -o new/": 4,
    "evalreplay reprice store/ --as-of yesterday -o new/": 4,
    "evalreplay reprice store/ -s mapping.toml -o new/": 4,
    "evalreplay reprice store/ --prices mapping.toml -o new/": 4,
    "evalreplay prices nope": 4,
    "evalreplay prices o3 --on 2019-01-01": 4,
    "evalreplay prices o3 --on someday": 4,
    "evalreplay sql store/ 'select nope'": 5,
    "evalreplay sql store/ 'selec'": 5,
    "evalreplay sql store/ ''": 2,
    "evalreplay sql store/ 'select 1; select 2'": 2,
    "evalreplay sql store/ \"copy calls to 'new'\"": 2,
    "evalreplay sql store/ \"from read_csv('calls.csv')\"": 5,
    "evalreplay sql nowhere/ 'select 1'": 3,
    "evalreplay verify nowhere/": 3,
    "evalreplay verify store/ --inputs nowhere/": 3,
    "evalreplay prices o3 --provider nope": 4,
    "evalreplay prices --provider nope": 4,
    "evalreplay curve score_at_budget priced/ -O axis=turns --over seconds": 2,
    "evalreplay curve score_at_budget priced/ --figure calls.csv/a.png": 3,
    "evalreplay report priced/ -o calls.csv/report.html": 3,
    "evalreplay read calls.csv --mapping mapping.toml -o calls.csv/store": 3,
    "evalreplay read acme.toml --suggest-mapping": 3,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_says_what_it_does_and_has_an_example(name: str) -> None:
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name, parent=context))
    assert "Example" in text
    assert f"evalreplay {name}" in text.split("Example")[1]
    assert command.params or isinstance(command, click.Group)
    assert all(param.help for param in command.params if isinstance(param, click.Option))


@pytest.mark.parametrize(("command", "expected"), WRONG.items())
def test_what_goes_wrong_is_said_in_two_lines_with_its_exit_code(command: str, expected: int, place: Path) -> None:
    code, out, err = run_apart(command, place)
    assert (code, out) == (expected, "")
    assert "Traceback" not in err
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["error", "hint"]
    assert not (place / "new").exists()


def test_a_mistyped_command_is_told_the_nearest_one(tmp_path: Path) -> None:
    assert "did you mean 'reprice'?" in run_command("evalreplay repriec", tmp_path)[1]


def test_nothing_is_overwritten_without_force(place: Path) -> None:
    (place / "report.html").write_text("mine")
    assert run_command("evalreplay report priced/ -o report.html", place)[0] == 2
    assert (place / "report.html").read_text() == "mine"
    before = (place / "priced" / "manifest.json").read_bytes()
    assert run_command("evalreplay reprice store/ --as-of 2026-01-01 -o priced/", place)[0] == 3
    assert (place / "priced" / "manifest.json").read_bytes() == before
    assert run_command("evalreplay reprice store/ --as-of 2026-01-01 -o priced/ --force", place)[0] == 0
    assert (place / "priced" / "manifest.json").read_bytes() != before


def test_a_demo_does_not_write_into_a_folder_that_holds_something(place: Path) -> None:
    code, out = run_command("evalreplay demo -o store", place)
    assert code == 2
    assert "--force" in out


def test_a_folder_that_is_no_store_is_never_replaced(place: Path) -> None:
    (place / "mine").mkdir()
    (place / "mine" / "thesis.txt").write_text("mine")
    command = "evalreplay reprice store/ --prices acme.toml -o mine/ --force"
    assert run_command(command, place)[0] == 3
    assert (place / "mine" / "thesis.txt").read_text() == "mine"


def test_debug_shows_the_traceback(place: Path) -> None:
    with pytest.raises(Exception, match="no price for model"):
        run_command("evalreplay --debug prices nope", place)


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    probe = (
        "import sys\nfrom analyzer.cli.main import run\n"
        "try:\n    run(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'polars', 'matplotlib', 'duckdb', 'scipy', 'pyarrow', 'pydantic', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
