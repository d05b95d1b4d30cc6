"""Work shared between processes: the same results in the same order, whoever did what."""

import os
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from traces import workers
from traces.errors import UnreadableError
from traces.workers import FILE_BYTES, WORTH_BYTES, Workers, in_parts


def done_by(number: int) -> tuple[int, int]:
    time.sleep(0.02)
    return number, os.getpid()


def refused(path: str) -> str:
    if path.startswith("bad"):
        raise UnreadableError(f"{path}: damaged", "fetch it again")
    return path


def dies_elsewhere(parent: int) -> None:
    time.sleep(0.02)
    if os.getpid() != parent:
        os._exit(1)


@pytest.fixture
def _is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_BYTES", 0)


@pytest.mark.usefixtures("_is_worth")
def test_results_come_in_order_and_this_process_takes_its_share() -> None:
    with Workers(2) as two:
        found = list(two.map(done_by, range(200), [1] * 200))
    assert [number for number, _ in found] == list(range(200))
    assert len({process for _, process in found}) == 2
    assert os.getpid() in {process for _, process in found}


@pytest.mark.usefixtures("_is_worth")
def test_the_first_error_in_the_order_of_the_parts_is_raised_whoever_met_one() -> None:
    parts = ["a", "b", "bad 1", "c", "bad 2"]
    with Workers(2) as two:
        results = two.map(refused, parts, [1, 2, 3, 4, 5])
        assert [next(results), next(results)] == ["a", "b"]
        with pytest.raises(UnreadableError, match="bad 1") as caught:
            next(results)
    assert caught.value.hint == "fetch it again"


@pytest.mark.usefixtures("_is_worth")
def test_a_process_that_dies_is_an_error_and_nothing_waits_for_it() -> None:
    with Workers(2) as two, pytest.raises(BrokenProcessPool):
        list(two.map(dies_elsewhere, [os.getpid()] * 200, [1] * 200))


def test_little_work_is_done_here() -> None:
    with Workers(2) as two:
        assert {process for _, process in two.map(done_by, range(3), [1] * 3)} == {os.getpid()}
        assert two.are_worth([WORTH_BYTES, 1])
        assert not two.are_worth([WORTH_BYTES])
    assert not Workers(1).are_worth([WORTH_BYTES, 1])


@pytest.mark.usefixtures("_is_worth")
def test_processes_that_were_ended_are_started_again(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abc"]
    with Workers(2) as two:
        assert list(two.map(refused, paths, [1, 1, 1])) == paths
        two.close()
        assert list(two.map(refused, paths, [1, 1, 1])) == paths


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [([], []), ([1], [1]), ([FILE_BYTES] * 130, [64, 64, 2]), ([1, 100 * 2**20, 1, 1], [2, 2])],
    ids=["none", "one", "many", "a large one"],
)
def test_files_are_cut_into_parts_of_some_files_or_megabytes(sizes: list[int], lengths: list[int]) -> None:
    parts = in_parts(sizes)
    assert [part.stop - part.start for part in parts] == lengths
    assert [size for part in parts for size in sizes[part]] == sizes
