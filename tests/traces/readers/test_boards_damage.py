"""Every reader of boards and run tables: whatever is damaged in a file, the rest is read and the damage counted."""

import gzip
import random
from pathlib import Path

import polars as pl
import pytest
from board_files import read_files, read_text
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.errors import ReplayError, UnreadableError
from traces.files import peek
from traces.readers.agentlab import READER as AGENTLAB
from traces.readers.aider import READER as AIDER
from traces.readers.autoresearch import READER as AUTORESEARCH
from traces.readers.elo import READER as ELO
from traces.readers.gpu_hours import READER as GPU_HOURS
from traces.readers.metr import READER as METR
from traces.readers.metr_horizons import READER as METR_HORIZONS
from traces.readers.stirrup import READER as STIRRUP
from traces.readers.swebench_leaderboards import READER as SWEBENCH
from traces.readers.terminal_bench import READER as TERMINAL_BENCH
from traces.registry import Reader, discover

DATA = Path(__file__).parents[2] / "data"
SAMPLES = {
    "agentlab": (AGENTLAB, DATA / "agentlab" / "result_df.csv"),
    "aider": (AIDER, DATA / "aider" / "board.yml"),
    "autoresearch": (AUTORESEARCH, DATA / "autoresearch" / "results.tsv"),
    "elo": (ELO, DATA / "elo" / "board.csv"),
    "gpu_hours": (GPU_HOURS, DATA / "gpu_hours" / "tasks.tsv"),
    "metr": (METR, DATA / "metr" / "runs.jsonl"),
    "metr_horizons": (METR_HORIZONS, DATA / "metr_horizons" / "results.yaml"),
    "stirrup": (STIRRUP, DATA / "stirrup" / "state.json"),
    "swebench_leaderboards": (SWEBENCH, DATA / "swebench_leaderboards" / "leaderboards.json"),
    "terminal_bench": (TERMINAL_BENCH, DATA / "terminal_bench" / "run" / "results.json"),
}
EVERY_SAMPLE = pytest.mark.parametrize(("reader", "path"), SAMPLES.values(), ids=SAMPLES)
INSERTED = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"NaN", b"-1", b"1e999", b'"', b"{", b"}", b"\n", b"\r", b"\t", b"\\ud800",
    b"[" * 2000, b"9" * 400, b"null", b": *a", b"!!python/object:os.system", b"&a ",
)  # fmt: skip


@EVERY_SAMPLE
def test_a_sample_is_recognised_by_its_reader_alone(reader: Reader, path: Path) -> None:
    seen = peek(path)
    assert [name for name, other in discover().items() if other.sniff(seen)] == [reader.name]


@EVERY_SAMPLE
@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_any_damage_is_read_around_and_never_an_unexpected_error(
    reader: Reader, path: Path, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = damaged(path.read_bytes(), random.Random(seed))  # noqa: S311 - reproducible, not secret
    folder = tmp_path_factory.mktemp("damaged")
    read_text(reader, folder, text, "skip")
    try:
        read_text(reader, folder, text)
    except ReplayError as error:
        assert str(error)  # noqa: PT017 - an error may be raised or not


def damaged(text: bytes, chance: random.Random) -> bytes:
    """Cut, repeat, overwrite or insert something at a few places."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(start + chance.choice((0, 1, 5, 50, 500)), len(text))
        middle = chance.choice((b"", text[start:end] * 2, chance.choice(INSERTED), chance.randbytes(3)))
        text = text[:start] + middle + text[end:]
    return text


@EVERY_SAMPLE
def test_a_packed_copy_is_the_same_run_and_a_cut_one_is_counted(reader: Reader, path: Path, tmp_path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    whole, log = read_text(reader, tmp_path, packed, name=path.name)
    plain, _ = read_files(reader, [path])
    columns = pl.exclude("source_path")
    assert all(whole[name].select(columns).equals(plain[name].select(columns)) for name in plain)
    assert "malformed" not in [row["kind"] for row in log.rows]
    try:
        _, log = read_text(reader, tmp_path, packed[: len(packed) // 2], "skip")
    except UnreadableError as error:
        assert "damaged" in str(error)  # noqa: PT017 - some readers report it, the others leave it to the caller
    else:
        assert "malformed" in [row["kind"] for row in log.rows]


@EVERY_SAMPLE
def test_nothing_at_all_is_a_reject_or_nothing(reader: Reader, path: Path, tmp_path: Path) -> None:
    assert path.is_file()
    tables, _ = read_text(reader, tmp_path, b"", "skip")
    assert all(frame.height == 0 for frame in tables.values())
