"""HAL uploads for tests: built ones of every version, and reading any of them to checked tables."""

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from traces.checks import checked
from traces.readers.hal import READER
from traces.registry import Choices, Reader, Source, SourceFile
from traces.rejects import OnError, RejectLog
from traces.schema import TABLES
from traces.table import violations

Tables = dict[str, pl.DataFrame]
MODEL = "large-2026-01-01"


def read_path(
    path: Path, on_error: OnError = "stop", *, reader: Reader = READER, password: str | None = None
) -> tuple[Tables, RejectLog]:
    log = RejectLog(reader.name, on_error)
    source = Source(path.name, (SourceFile(path, path.name),), choices=Choices(password=password))
    parts: dict[str, list[pl.DataFrame]] = {name: [table.empty()] for name, table in TABLES.items()}
    for batch in reader.parse(source, log):
        for name, frame in checked(batch, log).items():
            parts[name].append(frame)
    tables = {name: TABLES[name].sort(pl.concat(frames)) for name, frames in parts.items()}
    broken = [violation for name in tables for violation in violations(TABLES[name], tables[name])]
    assert not broken, broken
    return tables, log


def read(
    tmp_path: Path, document: dict[str, Any] | str | bytes, on_error: OnError = "stop"
) -> tuple[Tables, RejectLog]:
    path = tmp_path / "UPLOAD.json"
    text = json.dumps(document) if isinstance(document, dict) else document
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_path(path, on_error)


def upload(logged: Any, evaluated: Any = None, **parts: Any) -> dict[str, Any]:
    return {
        "config": {
            "agent_name": "Walker (large)", "benchmark_name": "gaia", "date": "2026-01-15", "run_id": "walk_1768478400",
            "agent_args": {"model_name": "large"}, "run_command": "hal-eval", "prompt_sensitivity": False,
            **parts.pop("config", {}),
        },
        "results": {"accuracy": 0.5, "total_cost": 1.25, **parts.pop("results", {})},
        "raw_eval_results": {"t1": {"score": 1}} if evaluated is None else evaluated,
        "raw_logging_results": logged,
        **parts,
    }  # fmt: skip


def call(name: str, parent: str | None = None, **parts: Any) -> dict[str, Any]:
    """A Weave call of task t1, five seconds from its minute on."""
    minute = parts.pop("minute", 0)
    used = parts.pop("usage", usage(100, 5))
    answer = {"id": f"answer-{name}", "model": MODEL, "choices": [], "usage": used}
    return {
        "id": name, "project_id": "p", "op_name": "weave:///p/op/openai.chat.completions.create:abc",
        "trace_id": name, "parent_id": parent, "started_at": f"2026-01-15T12:{minute:02}:00+00:00",
        "attributes": {"weave_task_id": "t1"}, "inputs": {"model": "large", "messages": [{"content": "…"}]},
        "ended_at": f"2026-01-15T12:{minute:02}:05+00:00", "exception": None, "output": answer,
        "summary": {"usage": {MODEL: {"requests": 1, **(used or {})}}}, "weave_task_id": "t1", **parts,
    }  # fmt: skip


def usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}


def at(minute: int, seconds: int = 5, **used: Any) -> dict[str, Any]:
    """A call as later versions keep it: usage and times alone."""
    start, end = (f"2026-01-15T12:{minute:02}:{second:02}.000000+00:00" for second in (0, seconds))
    return {"usage": used or usage(100 + minute, 5), "started_at": start, "ended_at": end}


def task_log(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [], "call_metadata": list(calls), "model": "large", "call_count": len(calls)}


def seal(text: bytes, password: str, salt: bytes = bytes(16)) -> bytes:
    """Encrypt as HAL does: a Fernet token, encoded once more."""
    kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=480_000)
    token = Fernet(base64.urlsafe_b64encode(kdf.derive(password.encode()))).encrypt(text)
    sealed = {"encrypted_data": base64.b64encode(token).decode(), "salt": base64.b64encode(salt).decode()}
    return json.dumps(sealed, indent=2).encode()


def pack(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.json.encrypted", text)
    return path
