"""Damaged stores, disks that refuse, Ctrl-C: two lines and an exit code, never a traceback or a wrong number."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run_apart, run_command

READ = "evalreplay read calls.csv tasks.csv --mapping mapping.toml -o store/"
ASKING = ["show {}", "sql {} 'select sum(output_tokens) from calls'", "card {}", "audit {}", "verify {}"]


def calls_of(store: Path) -> Path:
    return next((store / "calls").glob("*.parquet"))


def spoil(shard: Path) -> None:
    """Write zeros over a shard, without touching its copies in other stores."""
    size = shard.stat().st_size
    shard.unlink()
    shard.write_bytes(bytes(size))


def two_lines(err: str) -> tuple[str, str]:
    problem, hint = err.splitlines()
    assert (problem.partition(": ")[0], hint.partition(": ")[0]) == ("error", "hint")
    return problem, hint


@pytest.mark.parametrize("command", ASKING)
@pytest.mark.parametrize("store", ["store", "priced"])
def test_a_store_that_lost_a_shard_is_refused_by_every_command(command: str, store: str, place: Path) -> None:
    calls_of(place / store).unlink()
    code, out, err = run_apart(f"evalreplay {command.format(store)}", place)
    assert (code, out) == (3, "")
    problem, hint = two_lines(err)
    assert "calls/" in problem
    assert "is missing" in problem
    assert "again: evalreplay re" in hint


@pytest.mark.parametrize("command", ASKING[:4])
@pytest.mark.parametrize("store", ["store", "priced"])
def test_a_shard_spoilt_at_the_same_size_is_named_when_it_is_read(command: str, store: str, place: Path) -> None:
    spoil(calls_of(place / store))
    code, out, err = run_apart(f"evalreplay {command.format(store)}", place)
    assert (code, out) == (3, "")
    assert "is damaged: not what was written" in two_lines(err)[0]


def test_verify_names_a_spoilt_shard(place: Path) -> None:
    spoil(calls_of(place / "store"))
    code, _, err = run_apart("evalreplay verify store/", place)
    assert code == 1
    assert "is damaged: not what was written" in err


def test_reading_again_mends_a_damaged_store(place: Path) -> None:
    shown = run_apart("evalreplay show store/", place)
    spoil(calls_of(place / "store"))
    assert run_command(READ, place)[0] == 0
    assert run_apart("evalreplay show store/", place) == shown


@pytest.mark.parametrize("command", ["show store/", "reprice store/ -o new/"])
def test_a_damaged_manifest_is_mended_by_the_hint_it_gives(command: str, place: Path) -> None:
    (place / "store" / "manifest.json").write_text("{")
    code, _, err = run_apart(f"evalreplay {command}", place)
    assert code == 3
    assert "--force" in two_lines(err)[1]
    assert run_command(f"{READ} --force", place)[0] == 0
    assert run_command(f"evalreplay {command}", place)[0] == 0


def test_a_damaged_priced_store_in_the_cache_is_made_again(place: Path) -> None:
    command = "evalreplay card store/ --prices acme.toml"
    shown = run_apart(command, place)
    cached = next((place / ".cache" / "priced").glob("*/priced"))
    calls_of(cached).unlink()
    assert shown[0] == 0
    assert run_apart(command, place) == shown


def test_a_priced_store_is_replaced_but_never_what_is_none(place: Path) -> None:
    (place / "site").mkdir()
    for name in ("manifest.json", "index.html"):
        (place / "site" / name).write_text("{}")
    assert run_command("evalreplay reprice store/ -o site/ --force", place)[0] == 3
    assert (place / "site" / "index.html").exists()
    assert run_command("evalreplay reprice store/ -o priced/ --force", place)[0] == 0


def test_a_cache_that_cannot_be_written_to_names_the_way_out(place: Path) -> None:
    (place / ".cache").write_text("a file")
    code, _, err = run_apart("evalreplay show calls.csv tasks.csv --mapping mapping.toml", place)
    assert code == 3
    assert "EVALREPLAY_CACHE" in two_lines(err)[1]


def test_parents_of_what_is_written_are_made(place: Path) -> None:
    for command, written in {
        "report priced/ -o a/b/report.html": "a/b/report.html",
        "frontier priced/ --figure c/d/frontier.svg": "c/d/frontier.svg",
        "reprice store/ -o e/f/priced": "e/f/priced/manifest.json",
    }.items():
        assert run_command(f"evalreplay {command}", place)[0] == 0
        assert (place / written).is_file()


def test_a_missing_input_is_listed_where_errors_are_skipped(place: Path) -> None:
    command = "evalreplay read calls.csv tasks.csv gone.csv --mapping mapping.toml -o new/"
    assert run_apart(command, place)[0] == 3
    code, _, err = run_apart(f"{command} --on-error skip", place)
    assert (code, err.splitlines()[0]) == (0, "1 run, 2 rollouts, 3 calls, 1 reject (1 malformed) in new")
    assert "gone.csv" in err.splitlines()[1]
    assert ": :" not in err


def test_the_manifest_keeps_the_mapping_whole_and_no_path_of_this_machine(place: Path) -> None:
    text = (place / "store" / "manifest.json").read_text()
    mapping = json.loads(text)["options"]["mapping"]
    assert mapping["name"] == "mapping.toml"
    assert mapping["text"] == (place / "mapping.toml").read_text()
    assert str(place.parent) not in text


def test_verify_says_where_inputs_are_looked_for_when_all_are_gone(place: Path) -> None:
    for name in ("calls.csv", "tasks.csv"):
        (place / name).rename(place / f"moved-{name}")
    known = json.loads((place / "priced" / ".inputs" / "files.json").read_text())
    for entry in known.values():
        entry["path"] = str(place / "nowhere" / "x.csv")
    (place / "priced" / ".inputs" / "files.json").write_text(json.dumps(known))
    code, _, err = run_apart("evalreplay verify priced/", place)
    assert (code, "--inputs" in err.splitlines()[0], len(err.splitlines())) == (1, True, 2)


def test_show_says_what_a_run_without_calls_or_rollouts_claims(place: Path) -> None:
    mapping = """[run]
benchmark = "puzzles"
[[table]]
fills = "runs"
file = "board.csv"
columns = { run_id = "id", agent = "agent", recorded_score = "score", recorded_cost_usd = "usd" }
"""
    (place / "board.toml").write_text(mapping)
    (place / "board.csv").write_text("id,agent,score,usd\nr1,solver,0.75,12.5\n")
    code, out, _ = run_apart("evalreplay show board.csv --mapping board.toml", place)
    assert code == 0
    assert out.splitlines()[2:6] == [
        "  rollouts  no rollouts", "  calls     no calls", "  dates     not known", "  recorded  score 0.75, $12.50",
    ]  # fmt: skip


@pytest.mark.parametrize(("stated", "said"), [("790", ["  recorded  score 0.6, rollouts 790"]), ("1", [])])
def test_show_says_of_how_many_rollouts_those_of_a_trace_are(place: Path, stated: str, said: list[str]) -> None:
    mapping = """[run]
benchmark = "puzzles"
[[table]]
fills = "runs"
file = "board.csv"
columns = { run_id = "id", agent = "agent", recorded_score = "score", recorded_n_rollouts = "n" }
[[table]]
fills = "rollouts"
file = "tries.csv"
columns = { run_id = "id", task_id = "task", score = "score" }
"""
    (place / "board.toml").write_text(mapping)
    (place / "board.csv").write_text(f"id,agent,score,n\nr1,solver,0.6,{stated}\n")
    (place / "tries.csv").write_text("id,task,score\nr1,t1,1\n")
    code, out, err = run_apart("evalreplay show board.csv tries.csv --mapping board.toml", place)
    assert (code, [line for line in out.splitlines() if "recorded" in line]) == (0, said), err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("card priced/ --as-of junk", "--as-of"),
        ("history priced/ --from junk", "--from"),
        ("prices o3 --on junk", "--on"),
        ("prices diff --from 2026-01-01 --to junk", "--to"),
        ("prices import rates.csv --as mine --retrieved junk", "--retrieved"),
        ("tornado priced/ --range 2026-01-01 junk", "--range"),
    ],
)
def test_what_is_no_date_is_refused_alike_everywhere(command: str, option: str, place: Path) -> None:
    code, _, err = run_apart(f"evalreplay {command}", place)
    assert code == 2
    assert two_lines(err)[0] == f"error: {option} junk: not a date"
    assert two_lines(err)[1].startswith("hint: write 2026-06-09, or 2026-06-09T16:00Z for an hour")


def test_a_range_takes_hours_as_every_date_does(place: Path) -> None:
    code, _, err = run_apart("evalreplay tornado priced/ --range 2026-01-01T16:00Z 2026-06-01", place)
    assert code == 0
    assert "from 2026-01-01T16:00Z to 2026-06-01" in err


def test_who_sells_a_model_is_named_where_the_provider_is_not_known(place: Path) -> None:
    _, _, err = run_apart("evalreplay prices acme-large --prices acme.toml --provider nope", place)
    assert two_lines(err)[1] == "hint: it is sold by acme"


def test_a_ctrl_c_during_the_first_imports_ends_quietly() -> None:
    program = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from analyzer.cli.start import run\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped; nothing was left half-written\n")


def test_nothing_of_matplotlib_is_said_where_its_folder_cannot_be_written_to(place: Path) -> None:
    (place / "home").write_text("a file")
    environment = {key: value for key, value in os.environ.items() if key not in {"MPLCONFIGDIR", "XDG_CONFIG_HOME"}}
    environment |= {"HOME": str(place / "home"), "EVALREPLAY_CACHE": str(place / ".cache")}
    command = [sys.executable, "-m", "analyzer.cli.main", "frontier", str(place / "priced"), "--figure", "f.svg"]
    folder = Path(__file__).parents[2]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=place, env=environment | {"PYTHONPATH": str(folder)}
    )
    assert done.returncode == 0, done.stderr
    assert "atplotlib" not in done.stderr


def test_the_way_it_was_started_does_not_change_what_it_is_called(place: Path) -> None:
    _, _, err = run_apart("evalreplay card", place)
    assert two_lines(err)[1] == "hint: see: evalreplay card --help"


def test_reprice_says_why_a_cost_is_open_that_no_price_would_close(place: Path) -> None:
    mapping = """[run]
benchmark = "puzzles"
[[table]]
fills = "runs"
file = "board.csv"
columns = { run_id = "id", agent = "agent", recorded_n_rollouts = "n" }
[[table]]
fills = "calls"
file = "tries.csv"
constants = { provider = "acme", model = "acme-large" }
columns = { run_id = "id", task_id = "task", recorded_cost_usd = "usd" }
"""
    (place / "board.toml").write_text(mapping)
    (place / "board.csv").write_text("id,agent,n\nr1,solver,9\n")
    (place / "tries.csv").write_text("id,task,usd\nr1,t1,1.5\nr1,t2,\n")
    command = "evalreplay reprice board.csv tries.csv --mapping board.toml -o open/ --prices acme.toml"
    code, _, err = run_apart(command, place)
    assert (code, err.splitlines()[-3:]) == (0, [
        "fewer rollouts here than the source counts, so the cost is only a low bound: r1 (2 of 9)",
        "no token counts to price: 2 calls of 1 run",
        "hint: 1 of them state dollars: curve -O cost=recorded and frontier --cost recorded draw those",
    ]), err  # fmt: skip


def test_formats_can_be_asked_for_by_name(place: Path) -> None:
    code, out, _ = run_apart("evalreplay formats metr arc", place)
    assert (code, [line.split(":")[0] for line in out.splitlines() if line[0] != " "]) == (0, ["metr", "arc"])
    code, _, err = run_apart("evalreplay formats hall", place)
    assert (code, two_lines(err)) == (2, ("error: no format 'hall'", "hint: closest known: hal"))
