"""Several processes write the same store as one, and stop at the same error."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from trajectories import write_run

from traces import read, workers
from traces.errors import MalformedTraceError
from traces.jobs import ReadOptions
from traces.read import read_traces
from traces.registry import Batch, Source, discover
from traces.rejects import RejectLog
from traces.schema import TABLES


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, which are worth processes of their own."""
    monkeypatch.setattr(workers, "WORTH_BYTES", 0)
    write_run(tmp_path / "all" / "one", "a", "b")
    write_run(tmp_path / "all" / "two", "c", first=500)
    return tmp_path / "all"


def test_two_processes_write_what_one_writes(runs: Path, tmp_path: Path) -> None:
    one, two = (read_traces([runs], tmp_path / f"store{n}", ReadOptions(jobs=n)) for n in (1, 2))
    assert one.manifest == two.manifest
    assert all(one.table(name).equals(two.table(name)) for name in TABLES)


def test_two_processes_recognise_what_one_recognises(runs: Path, tmp_path: Path) -> None:
    for number in range(200):
        (runs / f"{number:03}.json").write_text(f'{{"note": {number}}}')
    (runs / "100.json").write_bytes(b"\x1f\x8bdamaged")
    (runs / "one" / "scores.json").write_text('{"resolved_ids": ["a"]}')
    options = [ReadOptions(jobs=n, on_error="skip") for n in (1, 2)]
    one, two = (read_traces([runs], tmp_path / f"store{each.jobs}", each) for each in options)
    assert one.manifest == two.manifest
    assert all(one.table(name).equals(two.table(name)) for name in TABLES)
    assert one.table("rejects")["kind"].value_counts(sort=True).rows() == [("unrecognised", 199), ("malformed", 1)]
    assert one.table("rollouts")["is_success"].sum() == 1


def test_two_processes_stop_at_a_broken_file_as_one_does(runs: Path, tmp_path: Path) -> None:
    cut = runs / "two" / "c" / "c.traj.json"
    cut.write_bytes(cut.read_bytes()[:-40])
    told = []
    for n in (1, 2):
        with pytest.raises(MalformedTraceError) as caught:
            read_traces([runs], tmp_path / f"store{n}", ReadOptions(jobs=n))
        told.append(str(caught.value))
        assert not (tmp_path / f"store{n}").exists()
    assert told[0] == told[1]


def test_a_reader_that_stumbles_costs_only_its_file(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = discover()["mini_swe_agent"]

    def stumbling(source: Source, log: RejectLog) -> Iterator[Batch]:
        if source.name.endswith("two"):
            raise KeyError("nothing expected this")
        return reader.parse(source, log)

    monkeypatch.setattr(read, "discover", lambda: {"mini_swe_agent": replace(reader, parse=stumbling)})
    store = read_traces([runs], tmp_path / "store", ReadOptions(on_error="skip"))
    assert store.table("runs").height == 1
    assert "the reader mini_swe_agent stumbled: KeyError" in store.table("rejects")["reason"].item()
