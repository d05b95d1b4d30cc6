"""A small trace whose numbers can be checked by head, read and priced once."""

import shutil
from pathlib import Path

import pytest
from commands import run_command

CALLS = """\
task,step,at,input,cached,output,billed
maze,0,2026-01-15T12:00:00Z,1000000,0,100000,3.00
maze,1,2026-01-15T12:01:00Z,1000000,500000,0,1.10
knot,0,2026-01-15T12:02:00Z,1000000,,100000,
"""
TASKS = """\
task,score
maze,1
knot,0
"""
MAPPING = """\
[run]
run_id = "r7"
benchmark = "puzzles"
agent = "solver"
score_min = 0.0
score_max = 1.0

[[table]]
fills = "calls"
file = "calls.csv"
input_includes_cache_read = true
cache_write = "none"
constants = { provider = "acme", model = "acme-large" }

[table.columns]
task_id = "task"
call_index = "step"
started_at = "at"
input_tokens = "input"
cache_read_tokens = "cached"
output_tokens = "output"
recorded_cost_usd = "billed"

[[table]]
fills = "rollouts"
file = "tasks.csv"
columns = { task_id = "task", score = "score" }
"""
PRICES = """\
provider = "acme"
currency = "USD"
source_url = "https://acme.example/pricing"
retrieved_date = 2026-01-20

[[price]]
model = "acme-large"
effective_date = 2025-10-01
uncached_input_usd_per_mtok = 2.00
cache_read_usd_per_mtok = 0.20
output_usd_per_mtok = 10.00
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    files = {"calls.csv": CALLS, "tasks.csv": TASKS, "mapping.toml": MAPPING, "acme.toml": PRICES}
    for name, text in files.items():
        (folder / name).write_text(text)
    for command in (
        "evalreplay read calls.csv tasks.csv --mapping mapping.toml -o store/",
        "evalreplay reprice store/ --prices acme.toml -o priced/",
    ):
        code, printed = run_command(command, folder)
        assert code == 0, printed
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """Folder of its own with calls.csv, tasks.csv, mapping.toml, acme.toml, store/ and priced/."""
    return Path(shutil.copytree(made, tmp_path / "place"))
