"""A reader killed or interrupted at any moment leaves the old store or the new one, and reading again succeeds."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trajectories import write_run

from traces.read import ReadOptions, read_traces
from traces.store import open_store

PROGRAM = """
import sys
from pathlib import Path
from traces.read import ReadOptions, read_traces
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    run = Path(sys.argv[1 + number % 2])
    read_traces([run], Path(sys.argv[3]), ReadOptions(is_forced=True))
    print(run.name, flush=True)
"""


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    names = (("old", ("a", "b"), 30), ("new", ("c", "d", "e"), 40))
    return [write_run(tmp_path / name, *tasks, n_calls=n_calls) for name, tasks, n_calls in names]


def read_and_send(runs: list[Path], store: Path, sent: signal.Signals, after_s: float) -> None:
    """Start a process that keeps replacing the store, and send it a signal in the middle of that."""
    command = [sys.executable, "-c", PROGRAM, *map(str, runs), str(store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()  # one reading, slower than the others, is done
        time.sleep(after_s)
        process.send_signal(sent)
        process.stdin.close()
        process.stdout.read()
        process.wait()


def whole(store: Path) -> tuple[int, int]:
    opened = open_store(store)
    tables = opened.tables()
    assert json.loads(json.dumps(opened.manifest["rows"])) == {name: rows.height for name, rows in tables.items()}
    return tables["rollouts"].height, tables["calls"].height


OLD, NEW = (2, 60), (3, 120)


@pytest.mark.parametrize("seed", range(8))
def test_a_reader_killed_at_any_moment_leaves_a_whole_store(tmp_path: Path, runs: list[Path], seed: int) -> None:
    store = tmp_path / "out" / "store"
    read_and_send(runs, store, signal.SIGKILL, random.Random(seed).uniform(0, 0.4))  # noqa: S311 - no secret
    assert whole(store) in {OLD, NEW}
    read_traces([runs[1]], store, ReadOptions(is_forced=True))
    assert whole(store) == NEW
    assert [path.name for path in store.parent.iterdir()] == ["store"]


@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_at_any_moment_leaves_a_whole_store_and_nothing_beside_it(
    tmp_path: Path, runs: list[Path], seed: int
) -> None:
    store = tmp_path / "out" / "store"
    read_and_send(runs, store, signal.SIGINT, random.Random(100 + seed).uniform(0, 0.4))  # noqa: S311 - no secret
    assert [path.name for path in store.parent.iterdir()] == ["store"]
    assert whole(store) in {OLD, NEW}
