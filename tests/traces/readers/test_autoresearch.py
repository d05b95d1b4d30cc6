"""autoresearch reader: one long rollout, lower is better, its running best over what was kept."""

from pathlib import Path

import polars as pl
import pytest
from board_files import Tables, assert_golden, read_files, read_text

from traces.errors import MalformedTraceError
from traces.files import peek
from traces.readers.autoresearch import READER
from traces.registry import Peek
from traces.rejects import OnError, RejectLog

DATA = Path(__file__).parents[2] / "data" / "autoresearch"
HEADER = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"
BASELINE = "baseline\t1.000000\t44.0\tkeep\tbaseline\n"


def read(folder: Path, *rows: str, on_error: OnError = "stop") -> tuple[Tables, RejectLog]:
    return read_text(READER, folder, HEADER + "".join(rows), on_error)


def values(tables: Tables, metric: str, event: str = "intermediate") -> list[float | None]:
    return tables["scores"].filter(metric=metric, event=event)["value"].to_list()


def test_rows_of_a_real_log_give_the_tables_beside_them() -> None:
    tables, log = read_files(READER, [DATA / "results.tsv"])
    assert_golden(tables, DATA, "results")
    assert log.rows == []


def test_a_real_log_gives_its_best_value(shared_data: Path) -> None:
    (path,) = (shared_data / "autoresearch").glob("*.tsv")
    tables, log = read_files(READER, [path])
    bests = values(tables, "best_val_bpb")
    assert READER.sniff(peek(path))
    assert (tables["rollouts"]["score"].item(), len(bests), log.rows) == (0.969686, 126, [])
    assert (bests[0], bests[-1]) == (0.9979, 0.969686)
    assert bests == sorted(bests, reverse=True)
    assert tables["runs"]["is_higher_better"].item() is False
    assert tables["charges"].select("kind", "quantity").row(0) == ("experiments", 126.0)


def test_a_crash_is_written_as_0_and_is_unknown(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, BASELINE, "abc\t0.000000\t0.0\tcrash\tOOM\n")
    assert values(tables, "val_bpb") == [1.0, None]
    assert tables["rollouts"]["score"].item() == 1.0


def test_what_was_discarded_is_no_best(tmp_path: Path) -> None:
    rows = ("a\t0.9\t44.0\tdiscard\tnoise\n", "b\t0.95\t44.0\tkeep\t\n", "c\t0.96\t44.0\tkeep\tsimpler\n")
    tables, _ = read(tmp_path, BASELINE, *rows)
    assert values(tables, "best_val_bpb") == [1.0, 1.0, 0.95, 0.95]
    assert values(tables, "best_val_bpb", "final") == [0.95]


def test_nothing_kept_is_no_score(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, "a\t0.000000\t0.0\tcrash\tOOM\n")
    assert tables["rollouts"]["score"].to_list() == [None]


def test_a_description_may_hold_tabs_and_quotes(tmp_path: Path) -> None:
    tables, log = read(tmp_path, BASELINE, 'a\t0.9\t44.0\tkeep\tsay "x\ty\n', "b\t0.8\t44.0\tkeep\t\r\n")
    assert (values(tables, "best_val_bpb"), log.rows) == ([1.0, 0.9, 0.8], [])


def test_the_same_log_is_the_same_run_whatever_its_name(tmp_path: Path) -> None:
    first = read_text(READER, tmp_path, HEADER + BASELINE, name="a")[0]["runs"]["run_id"]
    assert first.equals(read_text(READER, tmp_path, HEADER + BASELINE, name="b")[0]["runs"]["run_id"])


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("a\tnan\t44.0\tkeep\tx\n", "line 3.val_bpb"),
        ("a\tlow\t44.0\tkeep\tx\n", "line 3.val_bpb"),
        ("a\t0.9\n", "line 3"),
        ("a\t" + "x" * 100_000 + "\n", "line 3"),
    ],
    ids=["NaN", "no number", "cut", "long"],
)
def test_a_bad_row_is_rejected_by_its_place_and_the_others_are_kept(tmp_path: Path, row: str, place: str) -> None:
    rows = (BASELINE, row, "b\t0.9\t44.0\tkeep\tlast\n")
    with pytest.raises(MalformedTraceError) as raised:
        read(tmp_path, *rows)
    assert raised.value.place == place
    tables, log = read(tmp_path, *rows, on_error="skip")
    assert place in [row["place"] for row in log.rows]
    assert tables["rollouts"]["score"].to_list() == [0.9]


def test_a_header_alone_is_a_reject(tmp_path: Path) -> None:
    tables, log = read(tmp_path, on_error="skip")
    assert (tables["runs"].height, [row["reason"] for row in log.rows]) == (0, ["no experiment in it"])


def test_a_bom_and_invalid_utf8_are_no_obstacle(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + (HEADER + BASELINE).encode() + b"\xff\t0.9\t44.0\tkeep\t\xff\n"
    assert read_text(READER, tmp_path, text)[0]["rollouts"]["score"].to_list() == [0.9]


@pytest.mark.parametrize(
    "header",
    ["", "commit,val_bpb,status,description", "commit\tstatus\tdescription", "name\tval_bpb\tstatus\tdescription"],
)
def test_other_tables_are_not_taken_for_logs(header: str) -> None:
    assert not READER.sniff(Peek(header.encode() + b"\nx\t1\tkeep\ty\n", b""))


def test_the_kind_of_every_score_is_told(tmp_path: Path) -> None:
    scores = read(tmp_path, BASELINE)[0]["scores"]
    assert scores.select(pl.struct("metric", "event").alias("x"))["x"].n_unique() == 3


@pytest.mark.parametrize(
    ("metric", "values_kept", "best", "direction"),
    [
        ("val_rmse", ("343.88", "285.86", "203.37", "210.43"), 203.37, "lower"),
        ("score", ("-999.000", "1.079", "1.136"), 1.136, "higher"),
        ("cost_total", ("9", "8", "8.5", "7"), 7.0, "lower"),
        ("primary_f05", ("0", "0.2"), 0.2, "higher"),
    ],
)
def test_the_metric_after_the_commit_counts_and_what_was_kept_tells_its_direction(
    tmp_path: Path, metric: str, values_kept: tuple[str, ...], best: float, direction: str
) -> None:
    rows = "".join(f"c{number}\t{value}\t4.7\tkeep\tx\n" for number, value in enumerate(values_kept))
    tables, log = read_text(READER, tmp_path, f"commit\t{metric}\tfinal_loss\tstatus\tdescription\n{rows}")
    assert tables["rollouts"]["score"].item() == best
    assert tables["runs"]["is_higher_better"].item() is (direction == "higher")
    assert log.rows == []


def test_other_words_for_kept_and_for_nothing_are_read(tmp_path: Path) -> None:
    rows = ("a\t2.0\t1\tBASELINE\tx\n", "b\t1.0\t1\tREVERT\tx\n", "c\tNA\t1\tblocked\tx\n", "d\t1.5\t1\tKEEP\tx\n")
    tables, log = read(tmp_path, *rows)
    assert (values(tables, "best_val_bpb"), log.rows) == ([2.0, 2.0, 2.0, 1.5], [])
    assert values(tables, "val_bpb") == [2.0, 1.0, None, 1.5]
