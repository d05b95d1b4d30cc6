"""One HAL upload of 500 MB, and an encrypted one: megabytes per CPU second and private memory, beside JSON parsers."""

import base64
import hashlib
import hmac
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import Result, best, private_mb, taken, tell
from parsers import has_parser, python_of

SIZE_MB: Final = 500
SEALED_MB: Final = 100
_CALL_CHARS: Final = 24_000
_MESSAGES: Final = 20
_TASKS: Final = 50
_PEERS: Final = ("json.load", "orjson.loads")


def results(folder: Path) -> Iterator[Result]:
    """Read an upload with our reader, into a store, and with the parsers a user would take; then an encrypted one."""
    path = folder / f"hal_{SIZE_MB}.json"
    if not path.exists():
        write_upload(path, SIZE_MB)
    size_mb = path.stat().st_size / 1e6
    name = f"hal: an upload of {size_mb:.0f} MB"
    spent = {what: _cpu_s(what, path) for what in ("reader", "store", "hash", *filter(has_parser, _PEERS))}
    used = {what: _private_mb(what, path) for what in spent}
    for what, cpu_s in spent.items():
        targets = (">= 800", "< 100") if what == "reader" else ("", "")
        yield Result(name, f"{what}, per CPU second", round(size_mb / cpu_s), "MB/s", targets[0])
        yield Result(name, f"{what}, private memory", round(used[what]), "MB", targets[1])
    for peer in filter(spent.get, _PEERS):
        yield Result(name, f"reader is faster than {peer}", round(spent[peer] / spent["reader"], 1), "times", ">= 5")
        yield Result(name, f"{peer} takes more memory", round(used[peer] / used["reader"], 1), "times", ">= 10")
    yield from _sealed_results(folder)


def _cpu_s(what: str, path: Path) -> float:
    return best(Path(__file__), what, str(path), python=python_of(what)).cpu_s


def _private_mb(what: str, path: Path) -> float:
    return private_mb(Path(__file__), what, str(path), python=python_of(what))


def _sealed_results(folder: Path) -> Iterator[Result]:
    path = folder / f"hal_{SEALED_MB}.zip"
    if not path.exists():
        write_sealed(path, SEALED_MB)
    with zipfile.ZipFile(path) as archive:
        member_mb = archive.infolist()[0].file_size / 1e6
    used_mb = _private_mb("reader", path)
    name = f"hal: an encrypted upload of {SEALED_MB} MB, member {member_mb:.0f} MB"
    yield Result(name, "reader, CPU", round(_cpu_s("reader", path), 2), "s")
    yield Result(name, "reader, private memory", round(used_mb), "MB", f"< {4 * member_mb:.0f}")
    yield Result(name, "private memory / member", round(used_mb / member_mb, 2), "times", "<= 4")


def write_upload(path: Path, size_mb: int) -> None:
    """Write an upload with Weave calls, nearly all of it message text."""
    text = 'He said "go"\nand they went, quickly, to the café. ' * (_CALL_CHARS // _MESSAGES // 50)
    with path.open("w", encoding="utf-8") as file:
        head = {"config": {"agent_name": "a (m)", "benchmark_name": "gaia", "run_id": "gaia_a_1750000000"}}
        head |= {"results": {"accuracy": 0.5}, "raw_eval_results": {f"t{n}": {"score": n % 2} for n in range(_TASKS)}}
        file.write(json.dumps(head)[:-1] + ', "raw_logging_results": [')
        number = 0
        while file.tell() < size_mb * 1_000_000:
            file.write((", " if number else "") + json.dumps(_call(number, text)))
            number += 1
        file.write('], "total_cost": 1.5}')


def _call(number: int, text: str) -> dict[str, Any]:
    stamps = [
        f"2025-06-15T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.{part}+00:00" for part in (1, 9)
    ]
    used = {"prompt_tokens": 6000 + number, "completion_tokens": 300, "total_tokens": 6300 + number}
    details = {"prompt_tokens_details": {"cached_tokens": 5000}, "completion_tokens_details": {"reasoning_tokens": 100}}
    message = {"role": "assistant", "content": text}
    return {
        "id": f"{number:036}", "project_id": "p", "op_name": "weave:///p/op/openai.chat.completions.create:x",
        "trace_id": f"{number:036}", "parent_id": None, "started_at": stamps[0],
        "attributes": {"weave_task_id": f"t{number % _TASKS}"},
        "inputs": {"model": "large", "messages": [message] * _MESSAGES}, "ended_at": stamps[1], "exception": None,
        "output": {"id": f"a-{number}", "choices": [{"message": message}], "usage": used | details, "model": "large-1"},
        "summary": {"usage": {"large-1": {"requests": 1, **used}}, "weave": {"status": "success", "latency_ms": 800}},
        "wb_user_id": "u", "weave_task_id": f"t{number % _TASKS}", "created_timestamp": stamps[0],
    }  # fmt: skip


def write_sealed(path: Path, size_mb: int) -> None:
    """Write an upload as the public dataset holds it: encrypted with the published password, in a zip archive."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    from traces.readers.hal.sealed import PUBLIC_PASSWORD

    with TemporaryDirectory(dir=path.parent) as folder:
        write_upload(Path(folder) / "upload.json", size_mb)
        text = (Path(folder) / "upload.json").read_bytes()
    padding = 16 - len(text) % 16
    salt, vector = os.urandom(16), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", PUBLIC_PASSWORD.encode(), salt, 480_000, 32)
    sealed = Cipher(AES(key[16:]), CBC(vector)).encryptor().update(text + bytes([padding]) * padding)
    body = b"\x80" + bytes(8) + vector + sealed
    token = base64.urlsafe_b64encode(body + hmac.new(key[:16], body, hashlib.sha256).digest())
    member = {"encrypted_data": base64.b64encode(token).decode(), "salt": base64.b64encode(salt).decode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run_UPLOAD.json.encrypted", json.dumps(member))


def _read(path: Path) -> int:
    from traces.checks import checked
    from traces.quiet import rare_collections
    from traces.readers.hal import READER
    from traces.registry import Source, SourceFile
    from traces.rejects import RejectLog

    log = RejectLog("hal")
    with rare_collections():
        batches = READER.parse(Source("upload", (SourceFile(path, "upload"),)), log)
        return sum(checked(batch, log)["calls"].height for batch in batches if "calls" in batch)


def _store(path: Path) -> int:
    from traces.read import read_traces

    with TemporaryDirectory(dir=path.parent) as folder:
        return read_traces([path], Path(folder) / "store").table("calls").height


def _hash(path: Path) -> str:
    from traces.files import fast_hash

    return fast_hash(path)


def _json(path: Path) -> int:
    with path.open("rb") as file:
        return len(json.load(file)["raw_logging_results"])


def _orjson(path: Path) -> int:
    import orjson

    return len(orjson.loads(path.read_bytes())["raw_logging_results"])


_WORK: Final[dict[str, Callable[[Path], Any]]] = {
    "reader": _read, "store": _store, "hash": _hash, "json.load": _json, "orjson.loads": _orjson
}  # fmt: skip


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what not in _PEERS:
        import_module("traces.read")  # what every reading imports is no part of the work
        import_module("traces.registry").discover()
    tell(taken(lambda: _WORK[what](Path(where))))
