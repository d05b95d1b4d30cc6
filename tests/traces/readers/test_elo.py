"""elo reader: ratings are scores of runs, and nothing else is known of them."""

from pathlib import Path

import pytest
from board_files import assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.readers.elo import READER
from traces.registry import Peek

DATA = Path(__file__).parents[2] / "data" / "elo"


def test_a_board_gives_the_tables_beside_it() -> None:
    tables, log = read_files(READER, [DATA / "board.csv"])
    assert_golden(tables, DATA, "board")
    assert log.rows == []


@pytest.mark.parametrize("column", ["elo", "Elo rating", "Arena ELO", "elo_score"])
def test_ratings_are_told_by_their_column(tmp_path: Path, column: str) -> None:
    text = f"Model\t{column}\nlarge\t1204.5\n"
    assert READER.sniff(Peek(text.encode(), b""))
    runs = read_text(READER, tmp_path, text)[0]["runs"]
    assert runs.select("agent", "score_metric", "recorded_score", "score_min", "score_max").rows() == [
        ("large", "elo", 1204.5, None, None)
    ]


def test_a_rating_that_is_not_told_is_unknown(tmp_path: Path) -> None:
    tables, log = read_text(READER, tmp_path, "model,elo\nlarge,\nsmall,n/a\n")
    assert (tables["runs"]["recorded_score"].to_list(), log.rows) == ([None, None], [])


@pytest.mark.parametrize(
    ("row", "place"), [("small,high\n", "line 3.elo"), (",1000\n", "line 3"), ("small,1,2\n", "line 3")]
)
def test_a_bad_row_is_rejected_by_its_place_and_the_others_are_kept(tmp_path: Path, row: str, place: str) -> None:
    text = f"model,elo\nlarge,1200\n{row}other,1100\n"
    with pytest.raises(MalformedTraceError) as raised:
        read_text(READER, tmp_path, text)
    assert raised.value.place == place
    tables, log = read_text(READER, tmp_path, text, "skip")
    assert place in [row["place"] for row in log.rows]
    assert {"large", "other"} <= set(tables["runs"]["agent"])


@pytest.mark.parametrize(
    "header", ["", "model,velocity", "model,elo,arena_elo", "velo,model", "elo,score", "model,melon"]
)
def test_other_tables_are_not_taken_for_ratings(header: str) -> None:
    assert not READER.sniff(Peek(header.encode() + b"\nx,1\n", b""))
