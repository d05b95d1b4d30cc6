"""The frontier over recorded dollars and over common tasks, from the command line."""

from pathlib import Path

from commands import run_apart


def test_recorded_dollars_are_asked_for_by_name(place: Path) -> None:
    code, out, err = run_apart("evalreplay frontier priced/ --cost recorded --figure empty.png", place)
    assert code == 0
    assert "x: Recorded US dollars per attempt, as the source states them" in out
    assert "nothing to draw" in err
    assert (place / "empty.png").is_file()


def test_recorded_dollars_are_no_choice_of_the_clock(place: Path) -> None:
    code, _, err = run_apart("evalreplay frontier priced/ --clock time --cost recorded", place)
    assert code == 2
    assert "curve score_vs_time: no option cost" in err


def test_common_tasks_are_counted_in_the_notes(place: Path) -> None:
    code, _, err = run_apart("evalreplay frontier priced/ --tasks common", place)
    assert code == 0
    assert "note: Only tasks that every agent attempted (tasks=common): 2 of 2 of puzzles." in err
