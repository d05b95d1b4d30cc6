"""A HAL upload to its parts: in one typed pass where the text is clean, else member by member and call by call."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from traces.elements import CutError, Text, elements, members
from traces.readers.hal.evaluation import Evaluation, read_evaluation
from traces.readers.hal.file import Call, Config, Document, TaskLog
from traces.readers.hal.inspect_log import InspectDocument, is_inspect_log
from traces.readers.hal.parts import decoded, parts_before_cut
from traces.rejects import RejectLog

_LOGGING: Final = "raw_logging_results"
_EVALUATION: Final = "raw_eval_results"
_LARGE: Final = (_LOGGING, _EVALUATION)
_FIELDS: Final = {name.encode_name: name for name in msgspec.structs.fields(Document)}


@dataclass(slots=True)
class Upload:
    """One upload, its calls apart from the rest: by call, or by task where the file keeps them so."""

    name: str
    rest: Document
    evaluation: Evaluation
    calls: list[Call] = field(default_factory=list)
    tasks: dict[str, TaskLog] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """Settings of the run, wherever this version keeps them."""
        named, other = self.rest.config, self.rest.metadata
        if named.run_id or named.agent_name or named.benchmark_name:
            return named
        return other


def load(text: Text, name: str, log: RejectLog) -> Upload | None:
    """Read an upload; what does not fit is reported and left out; null: nothing could be read.

    Args:
        text: The JSON text, perhaps mapped: nothing of it is kept.
        name: What it is called in rejects.
        log: Where parts that cannot be read are reported.

    Raises:
        MalformedTraceError: at the first of them, if the log stops on errors.
    """
    try:
        document: Document = msgspec.json.Decoder(Document, strict=False).decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Salvage(text, name, log).upload()
    logged, document.raw_logging_results = document.raw_logging_results, None
    upload = Upload(name, document, _evaluation(text, document, name, log))
    if isinstance(logged, list):
        upload.calls = logged
    elif isinstance(logged, dict):
        upload.tasks = logged
    return upload


def _evaluation(text: Text, document: Document, name: str, log: RejectLog) -> Evaluation:
    """Read the results; those of Inspect, which are most of a file, from the text itself, others from a copy."""
    is_log, copy = _taken(document)
    if not is_log:
        return read_evaluation(copy, name, log)
    try:
        decoder = msgspec.json.Decoder(InspectDocument, strict=False)
        return Evaluation(log=decoder.decode(text).raw_eval_results)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        spans = {key: (start, end) for key, start, end in members(text)}
        start, end = spans[_EVALUATION]
        return read_evaluation(bytes(text[start:end]), name, log)


def _taken(document: Document) -> tuple[bool, bytes]:
    """Take the raw results off a document, so that nothing of it points into the text any more."""
    with memoryview(document.raw_eval_results) as raw:
        is_log = is_inspect_log(raw)
        copy = b"" if is_log else bytes(raw)
    document.raw_eval_results = msgspec.Raw(b"null")
    return is_log, copy


@dataclass(slots=True)
class _Salvage:
    """Reads what can be read of a text that is not clean."""

    text: Text
    name: str
    log: RejectLog

    def upload(self) -> Upload | None:
        upload = Upload(self.name, Document(), Evaluation())
        n_read = 0
        try:
            for key, start, end in members(self.text):
                n_read += 1
                self._read_part(upload, key, start, end)
        except CutError as error:
            if error.name in _LARGE:  # what stands before the cut is read; there it is reported
                n_read += 1
                self._read_part(upload, str(error.name), error.position, len(self.text))
            else:
                self.log.malformed(self.name, "document", f"broken JSON: {error}; only what stands before it was read")
        return upload if n_read else None

    def _read_part(self, upload: Upload, key: str, start: int, end: int) -> None:
        if key == _LOGGING:
            self._read_log(upload, start)
        elif key == _EVALUATION:
            upload.evaluation = read_evaluation(bytes(self.text[start:end]), self.name, self.log)
        elif key in _FIELDS:
            value = decoded(self.text[start:end], _FIELDS[key].type, self.name, key, self.log)
            if value is not None:
                setattr(upload.rest, key, value)

    def _read_log(self, upload: Upload, start: int) -> None:
        opening = self.text[start : start + 1]
        if opening == b"[":
            for number, (begin, end) in enumerate(
                parts_before_cut(elements(self.text, start), self.name, _LOGGING, self.log)
            ):
                call = decoded(self.text[begin:end], Call, self.name, f"{_LOGGING}[{number}]", self.log)
                upload.calls += [] if call is None else [call]
        elif opening == b"{":
            for task_id, begin, end in parts_before_cut(members(self.text, start), self.name, _LOGGING, self.log):
                task = decoded(self.text[begin:end], TaskLog, self.name, f"{_LOGGING}.{task_id}", self.log)
                if task is not None:
                    upload.tasks[task_id] = task
