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
    "evalreplay reprice store/ --as-of yesterday -o new/": 2,
    "evalreplay reprice store/ -s mapping.toml -o new/": 4,
    "evalreplay reprice store/ --prices mapping.toml -o new/": 4,
    "evalreplay prices nope": 4,
    "evalreplay prices o3 --on 2019-01-01": 4,
    "evalreplay prices o3 --on someday": 2,
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
    "evalreplay prices list --book nope": 4,
    "evalreplay prices list --prices mapping.toml": 4,
    "evalreplay prices list --prices nowhere.toml": 2,
    "evalreplay prices show o3 --on 9999-12-31T23:00-05:00": 2,
    "evalreplay prices show o3 --book nope": 4,
    "evalreplay prices diff": 2,
    "evalreplay prices diff --from someday --to 2026-09-01": 2,
    "evalreplay prices diff --from 2026-09-01 --to 2026-07-01": 4,
    "evalreplay prices diff --from 2026-07-01 --to 9999-12-31T23:00-05:00": 2,
    "evalreplay prices diff nope --from 2026-07-01 --to 2026-09-01": 4,
    "evalreplay prices diff --provider nope --from 2026-07-01 --to 2026-09-01": 4,
    "evalreplay prices diff o3 --provider nope --from 2026-07-01 --to 2026-09-01": 4,
    "evalreplay prices check nowhere.toml": 2,
    "evalreplay prices check mapping.toml": 4,
    "evalreplay prices check calls.csv": 4,
    "evalreplay prices import rates.csv": 2,
    "evalreplay prices import nowhere.csv --as mine": 2,
    "evalreplay prices import rates.csv --as mine": 4,
    "evalreplay prices import rates.csv --as ../mine --per 1m": 4,
    "evalreplay prices import rates.csv --as list --per 1m": 4,
    "evalreplay prices import rates.csv --as mine --per 1m --importer nope": 4,
    "evalreplay prices import rates.csv --as mine --per 1m --retrieved someday": 2,
    "evalreplay prices import mapping.toml --as mine": 4,
    "evalreplay prices update": 2,
    "evalreplay prices update -o calls.csv": 2,
    "evalreplay prices update -o store": 2,
    "evalreplay prices coverage nowhere/": 3,
    "evalreplay prices coverage store/ --book nope": 4,
    "evalreplay prices coverage store/ --as-of someday": 2,
    "evalreplay prices books nope": 2,
    "evalreplay scenario nope": 2,
    "evalreplay scenario show nowhere.toml": 2,
    "evalreplay scenario show mapping.toml": 4,
    "evalreplay scenario show acme.toml": 4,
    "evalreplay scenario show --book nope": 4,
    "evalreplay scenario show --turnaround 5": 2,
    "evalreplay scenario show --batch 2": 2,
    "evalreplay scenario show --batch nan": 4,
    "evalreplay scenario show --batch 1 --turnaround inf": 4,
    "evalreplay scenario show --as-of 9999-12-31T23:00-05:00": 2,
    "evalreplay scenario show --priced-as o3": 2,
    "evalreplay scenario show --priced-as o3=o33": 4,
    "evalreplay scenario show --host nope": 4,
    "evalreplay scenario show --region nope": 4,
    "evalreplay scenario show --service-tier nope": 4,
    "evalreplay reprice store/": 2,
    "evalreplay reprice store/ --dry-run --as-of someday": 2,
    "evalreplay reprice store/ --dry-run --region nope": 4,
    "evalreplay reprice store/ --dry-run --priced-as acme-large=o33": 4,
    "evalreplay reprice nowhere/ --dry-run": 3,
    "evalreplay compare store/": 2,
    "evalreplay compare priced/ nowhere/": 3,
    "evalreplay compare priced/ --as-of someday": 2,
    "evalreplay compare priced/ --region nope": 4,
    "evalreplay compare priced/ --cache none --kind nope": 2,
    "evalreplay compare priced/ --cache none --benchmark nope": 2,
    "evalreplay compare priced/ --cache none --figure a.bmp": 2,
    "evalreplay history nowhere/": 3,
    "evalreplay history priced/ --to 9999-12-31T23:00-05:00": 2,
    "evalreplay history priced/ --region nope": 4,
    "evalreplay tornado nowhere/": 3,
    "evalreplay tornado priced/ --region nope": 4,
    "evalreplay tornado priced/ --figure a.bmp": 2,
    "evalreplay tornado priced/ --draws 0": 2,
    "evalreplay tornado priced/ --draws 10 --sd nan": 2,
    "evalreplay tornado priced/ --draws 10 --sd 1e308": 2,
    "evalreplay tornado priced/ --draws 10 --seed -1": 2,
}

GOOD = {
    "evalreplay prices": "more rows",
    "evalreplay prices list --provider acme --prices acme.toml": "acme-large",
    "evalreplay prices show acme-large --prices acme.toml --on 2026-01-15": "https://acme.example/pricing",
    "evalreplay prices o3 --on 2025-06-09": "10",
    "evalreplay prices diff o3 --from 2025-06-01 --to 2025-07-01": "-0.8",
    "evalreplay prices check acme.toml": "fine: 3 prices of 1 model",
    "evalreplay prices import rates.csv --as mine --per 1m": "2 prices of 1 model",
    "evalreplay prices books": "hal-harness",
    "evalreplay prices coverage store/ --prices acme.toml": "user/announcement",
    "evalreplay scenario show --as-of 2026-11-01": "as_of = ",
    "evalreplay reprice store/ --prices acme.toml --cache none --dry-run": "acme-large",
    "evalreplay compare priced/ --cache none --prices acme.toml": "policy",
    "evalreplay history priced/ --to 2026-03-01": "Cheapest cost of reaching a score",
    "evalreplay tornado priced/": "acme-large",
}
"""Command -> what its standard output says."""


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


@pytest.fixture
def books(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of prices in the user's folder, and a folder for the books made of it."""
    (place / "rates.csv").write_text("model,input,output\nacme-large,3,15\n")
    monkeypatch.setenv("EVALREPLAY_BOOKS", str(place / "books"))
    return place / "books"


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(("command", "says"), GOOD.items())
def test_what_is_right_is_done_and_answered(command: str, says: str, place: Path) -> None:
    code, out, err = run_apart(command, place)
    assert code == 0, err
    assert says in out


def test_a_catalogue_is_written_anew_and_can_be_named(place: Path) -> None:
    pytest.importorskip("genai_prices")
    assert run_command("evalreplay prices update -o catalogue/", place)[0] == 0
    (place / "own.toml").write_text('catalogue = "catalogue"\n')
    assert run_command("evalreplay scenario show own.toml", place)[0] == 0


@pytest.mark.parametrize(("command", "expected"), WRONG.items())
@pytest.mark.usefixtures("books")
def test_what_goes_wrong_is_said_in_two_lines_with_its_exit_code(command: str, expected: int, place: Path) -> None:
    code, out, err = run_apart(command, place)
    assert (code, out) == (expected, "")
    assert "Traceback" not in err
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["error", "hint"]
    assert not (place / "new").exists()


def test_a_mistyped_command_is_told_the_nearest_one(tmp_path: Path) -> None:
    assert "closest known: reprice" in run_command("evalreplay repriec", tmp_path)[1]


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


@pytest.mark.parametrize(
    "start",
    [
        "from analyzer.cli.main import run; run(['--help'])",
        "from runpy import run_module; run_module('evalreplay', run_name='__main__')",
        "from runpy import run_module; run_module('evalreplay', run_name='__mp_main__')",
    ],
)
def test_nothing_heavy_is_imported_before_a_command_needs_it(start: str) -> None:
    probe = (
        f"import sys\nsys.argv[1:] = ['--help']\ntry:\n    {start}\nexcept SystemExit:\n    pass\n"
        "heavy = {'polars', 'matplotlib', 'duckdb', 'scipy', 'pyarrow', 'pydantic', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
