"""HAL reader: encrypted and packed files, files no parser takes, files of others; whatever they hold, no exception."""

import gzip
import json
import random
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hal_files import at, call, pack, read, read_path, seal, task_log, upload
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.archive import LEADS_OUT
from traces.errors import MalformedTraceError, TraceError
from traces.files import peek
from traces.readers.hal import READER
from traces.readers.hal.sealed import PUBLIC_PASSWORD, SealedError, opened
from traces.registry import Peek

GOLDEN = Path(__file__).parents[2] / "data" / "hal"
PASSWORD = "open sesame"  # noqa: S105 - of files made here
TEXT = json.dumps(upload([call("a")])).encode()


SEALED = seal(TEXT, PUBLIC_PASSWORD)

# Encrypted files


def test_a_member_is_read_with_the_password_hal_publishes(tmp_path: Path) -> None:
    packed, _ = read_path(pack(tmp_path / "x.zip", run_UPLOAD=SEALED))
    assert packed["calls"].equals(read(tmp_path, TEXT)[0]["calls"])


def test_an_unpacked_member_is_read_too_and_a_password_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "run.json.encrypted"
    path.write_bytes(seal(TEXT, PASSWORD, b"another salt 123"))
    assert READER.sniff(peek(path))
    assert read_path(path, password=PASSWORD)[0]["calls"].height == 1


def test_a_wrong_password_is_an_error_or_a_reject_and_nothing_is_parsed(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", run_UPLOAD=seal(TEXT, PASSWORD))
    with pytest.raises(MalformedTraceError, match="wrong password") as caught:
        read_path(path)
    assert str(caught.value.hint) == (
        "the one HAL publishes (hal1234) was tried: give its own with --password WORD, "
        "or pass --on-error=skip to list it in rejects"
    )
    with pytest.raises(MalformedTraceError) as caught:
        read_path(path, password="other")
    assert "give another, or none for the one HAL publishes (hal1234)" in str(caught.value.hint)
    tables, log = read_path(path, "skip")
    assert tables["runs"].height == 0
    assert [(row["kind"], row["source_path"]) for row in log.rows] == [("malformed", "x.zip/run_UPLOAD.json.encrypted")]
    assert "--password" in str(log.rows[0]["reason"])


def test_members_beside_the_upload_are_listed(tmp_path: Path) -> None:
    answers = b'{"t1": "forty-two"}\n{"t2": "ERROR"}\n'
    path = pack(tmp_path / "x.zip", a_UPLOAD=SEALED, b=seal(answers, PUBLIC_PASSWORD))
    tables, log = read_path(path)
    assert tables["runs"].height == 1
    assert [(row["kind"], row["source_path"]) for row in log.rows] == [("unrecognised", "x.zip/b.json.encrypted")]


def damaged() -> dict[str, bytes]:
    whole = SEALED
    middle = len(whole) // 2
    changed = b"A" if whole[middle : middle + 1] != b"A" else b"B"
    return {
        "one character changed": whole[:middle] + changed + whole[middle + 1 :],
        "no base64": whole[:middle] + b"%" + whole[middle + 1 :],
        "cut off": whole[:middle],
        "no salt": whole.replace(b'"salt"', b'"pepper"'),
        "short": b'{"encrypted_data": "Z0FBQUFBPT0=", "salt": "AAAA"}',
        "salt is no text": whole[: whole.index(b'"salt"')] + b'"salt": 5}',
        "something else": b'{"encrypted_data": "AAAA", ' + b"x" * 9000,
    }


@pytest.mark.parametrize("name", damaged())
def test_a_damaged_member_is_refused_before_anything_is_parsed(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "x.zip", run_UPLOAD=damaged()[name])
    with pytest.raises(MalformedTraceError):
        read_path(path)
    tables, log = read_path(path, "skip")
    assert (tables["runs"].height, [row["kind"] for row in log.rows]) == (0, ["malformed"])


@settings(max_examples=15)  # a second of key stretching in each five
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_the_size_of_the_pieces_does_not_matter(sizes: list[int]) -> None:
    sealed, pieces, begin = SEALED, [], 0
    for size in [*sizes, len(TEXT) * 3]:
        pieces.append(sealed[begin : begin + size])
        begin += size
    assert bytes(opened(pieces, None)) == TEXT


def test_decrypting_takes_less_memory_than_the_member_has_bytes() -> None:
    sealed = seal(random.Random(0).randbytes(3_000_000).hex().encode(), PUBLIC_PASSWORD)  # noqa: S311
    pieces = (sealed[begin : begin + 65_536] for begin in range(0, len(sealed), 65_536))
    tracemalloc.start()
    opened(pieces, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(sealed)


def test_an_empty_text_cannot_be_opened() -> None:
    with pytest.raises(SealedError, match="cut off"):
        opened([], None)


# Archives


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return path


def test_names_of_members_are_only_names(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "a/\udcff".encode("utf-8", "replace").decode())
    assert READER.sniff(peek(path))
    assert read_path(path)[0]["calls"].height == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.zip"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x"])
def test_a_member_whose_name_leads_out_of_the_archive_is_refused_and_the_others_are_read(
    tmp_path: Path, name: str
) -> None:
    path = zipped(tmp_path / "x.zip", "UPLOAD.json", name)
    tables, log = read_path(path, "skip")
    assert (tables["calls"].height, [row["reason"] for row in log.rows]) == (1, [LEADS_OUT])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.zip"]


def test_an_archive_may_itself_be_compressed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip.gz"
    path.write_bytes(gzip.compress(zipped(tmp_path / "x.zip", "UPLOAD.json").read_bytes()))
    assert read_path(path)[0]["calls"].height == 1


def test_a_member_the_archive_encrypts_is_said_to_be(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", "UPLOAD.json")
    packed = bytearray(path.read_bytes())
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(packed)
    assert [str(row["reason"])[:15] for row in read_path(path, "skip")[1].rows] == ["it is encrypted"]


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b'{"config": ' + b" " * 100_000_000)
    tables, log = read_path(path, "skip")
    assert tables["runs"].height == 0
    reason = str(log.rows[0]["reason"])
    assert "unpack to 100,000,011, more than 100 to 1; if you trust it, unpack it yourself" in reason


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_cut_off_archive_is_an_error(tmp_path: Path, share: float) -> None:
    path = pack(tmp_path / "x.zip", run_UPLOAD=SEALED)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(TraceError, match="damaged or cut-off archive"):
        read_path(path, "skip")


# Texts no parser takes


def salvaged(tmp_path: Path, text: bytes, expected: list[int]) -> list[str]:
    with pytest.raises(MalformedTraceError):
        read(tmp_path, text)
    tables, log = read(tmp_path, text, "skip")
    assert tables["calls"]["input_tokens"].to_list() == expected
    return [str(row["place"]) for row in log.rows if row["kind"] == "malformed"]


CALLS = [call("a"), call("b", minute=1), call("c", minute=2)]
WHOLE = json.dumps(upload(CALLS)).encode()
SECOND = b'"answer-b"'


@pytest.mark.parametrize(
    ("inserted", "expected"),
    [(b"NaN", [100] * 3), (b"{}", [100] * 3), (b"[" * 2000 + b"]" * 2000, [100] * 3)],
    ids=["NaN", "an object for a text", "2000 brackets"],
)
def test_one_bad_value_costs_at_most_its_own_call(tmp_path: Path, inserted: bytes, expected: list[int]) -> None:
    places = salvaged(tmp_path, WHOLE.replace(SECOND, inserted), expected)
    assert {place.partition("]")[0] for place in places} == {"raw_logging_results[1"}


@pytest.mark.parametrize("inserted", [b'"\\ud800"', b'"\xff\xfe"', b"NaN", b"-Infinity", b"1e999"], ids=repr)
def test_bad_values_in_what_is_not_read_cost_nothing(tmp_path: Path, inserted: bytes) -> None:
    tables, log = read(tmp_path, WHOLE.replace(b'"\\u2026"', inserted))
    assert (tables["calls"]["input_tokens"].to_list(), log.rows) == ([100] * 3, [])


def test_a_byte_order_mark_and_a_key_given_twice_are_no_matter(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + WHOLE.replace(
        b'"raw_eval_results"', b'"total_cost": 5.0, "total_cost": 7.0, "raw_eval_results"'
    )
    path = tmp_path / "bom.json"
    path.write_bytes(text)
    assert READER.sniff(peek(path))
    tables, log = read(tmp_path, text.replace(b'"total_cost": 1.25', b'"total_cost": null'))
    assert (tables["calls"].height, tables["runs"]["recorded_cost_usd"].item(), log.rows) == (3, 7.0, [])


def test_negative_and_absurd_counts_become_unknown(tmp_path: Path) -> None:
    text = WHOLE.replace(b'"prompt_tokens": 100', b'"prompt_tokens": -5')
    tables, log = read(tmp_path, text, "skip")
    assert tables["calls"]["input_tokens"].to_list() == [None] * 3
    assert log.n_malformed == 3


@pytest.mark.parametrize("logged", [CALLS, {f"t{n}": task_log(at(n)) for n in range(4)}], ids=["list", "by task"])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_keeps_the_calls_before_the_cut(
    share: float, logged: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = json.dumps(upload(logged, total_cost=1.0)).encode()
    tables, log = read(tmp_path_factory.mktemp("cut"), text[: int(share * len(text))], "skip")
    assert log.n_malformed >= 1
    logged_rows = tables["calls"].filter(granularity="call")
    assert logged_rows["input_tokens"].null_count() == 0
    assert logged_rows.height <= len(logged)


@given(seed=st.integers(0, 10**9), name=st.sampled_from(["slim_list", "weave_calls", "calls_by_task", "inspect_log"]))
def test_no_change_to_a_file_raises_anything_but_our_errors(
    seed: int, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dice, text = random.Random(seed), bytearray((GOLDEN / f"{name}.json").read_bytes())  # noqa: S311
    for _ in range(dice.randint(1, 6)):
        begin = dice.randrange(len(text))
        text[begin : begin + dice.choice((0, 1, 1, 5))] = dice.choice(_BITS)
    read(tmp_path_factory.mktemp("fuzz"), bytes(text), "skip")


_BITS = (
    b"", b"\x00", b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"NaN", b"null", b"-1", b"1e400", b"true",
    b'"\\ud800"', b"[]", b"{}", b"99999999999999999999", b'"x"', b"0.5",
)  # fmt: skip


@given(seed=st.integers(0, 10**9), name=st.sampled_from(["slim_list", "weave_calls", "calls_by_task", "inspect_log"]))
def test_no_value_in_place_of_another_raises_anything_but_our_errors(
    seed: int, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dice, document = random.Random(seed), json.loads((GOLDEN / f"{name}.json").read_bytes())  # noqa: S311
    for _ in range(dice.randint(1, 4)):
        _swap(document, dice)
    read(tmp_path_factory.mktemp("swap"), document, "skip")


def _swap(value: Any, dice: random.Random) -> None:
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = dice.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and dice.random() < 0.85:
        _swap(value[key], dice)
    else:
        value[key] = dice.choice([None, -1, 1.5, "x", "", [], {}, [1], {"a": {}}, True, 10**30, float("nan"), "9" * 30])


# Which files are HAL's


@pytest.mark.parametrize("name", ["slim_list", "weave_calls", "calls_by_task", "inspect_log"])
def test_every_version_is_recognised(name: str) -> None:
    assert READER.sniff(peek(GOLDEN / f"{name}.json"))


@pytest.mark.parametrize("first", ["results", "raw_eval_results", "raw_logging_results", "total_cost"])
def test_the_order_of_keys_does_not_matter(first: str) -> None:
    document = upload([call("a")], total_cost=1.0)
    text = json.dumps({first: document[first], **document}).encode()
    assert READER.sniff(Peek(text, text[-4096:]))


def test_real_files_are_recognised(shared_data: Path) -> None:
    paths = [*(shared_data / "hal").rglob("*_UPLOAD.json"), shared_data / "hal" / "sample_encrypted_UPLOAD.zip"]
    assert all(READER.sniff(peek(path)) for path in paths)
    others = [*(shared_data / "hal").glob("*.json"), *(shared_data / "inspect").rglob("*.eval")]
    assert not any(READER.sniff(peek(path)) for path in others)


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '{"config": {"agent_name": 1}}', '{"results": {"x": 1}}', '{"total_cost": 1}',
        "PK\x03\x04", "PK\x03\x04" + "x" * 40,
    ],
)  # fmt: skip
def test_other_files_are_left_alone(text: str) -> None:
    assert not READER.sniff(Peek(text.encode(), text.encode()))


@pytest.mark.parametrize("text", ["", "   ", "[]", "null", '"x"', "{"])
def test_a_file_with_nothing_in_it_is_an_error_or_a_reject(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedTraceError):
        read(tmp_path, text)
    assert [row["kind"] for row in read(tmp_path, text, "skip")[1].rows] != []


def test_an_upload_of_a_run_that_never_ran_is_listed(tmp_path: Path) -> None:
    tables, log = read(tmp_path, {"config": {"run_id": "x"}, "results": {}, "raw_eval_results": {}})
    assert (tables["runs"].height, [row["kind"] for row in log.rows]) == (0, ["unrecognised"])
