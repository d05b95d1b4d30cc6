"""Records of InferenceX, whatever they lie in -> one frame of text with the names of its newest form."""

import io
import json
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Any, Final

import polars as pl

from pricing.book.foreign import Foreign, files_below
from pricing.hardware.importer import csv_header

CONFIGS: Final = "configs.json"
RESULTS: Final = "benchmark_results.json"
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("infmax_model_prefix", "model"),
    "accelerator": ("hardware", "hw"),
    "framework": ("framework",),
    "precision": ("precision",),
    "speculation": ("spec_method", "spec_decoding"),
    "disagg": ("disagg",),
    "is_multinode": ("is_multinode",),
    "tp": ("decode_tp", "tp"),
    "ep": ("decode_ep", "ep"),
    "pp": ("decode_pp", "pp"),
    "dp_attention": ("decode_dp_attention", "dp_attention"),
    "num_decode_gpu": ("num_decode_gpu",),
    "config_id": ("config_id",),
    "benchmark_type": ("benchmark_type",),
    "error": ("error",),
    "image": ("image",),
    "date": ("date",),
    "run_url": ("run_url",),
    **{
        name: (name,)
        for name in (
            "isl", "osl", "conc", "tput_per_gpu", "mean_ttft", "median_ttft", "p99_ttft", "mean_tpot", "median_tpot",
            "mean_e2el", "median_e2el",
        )
    },
}  # fmt: skip
"""Field by the names it goes by: the first one that is filled counts."""


def is_dump(folder: Traversable) -> bool:
    """Whether a folder holds both files of the dump."""
    return {CONFIGS, RESULTS} <= {place.rpartition("/")[2] for place, _ in files_below(folder, ".json")}


def header(source: Foreign) -> set[str]:
    """Names of the fields of a list of records or of a table."""
    if source.is_json:
        return set(source.document[0]) if isinstance(source.document, list) and source.document else set()
    return csv_header(source)


def records(source: Foreign) -> pl.DataFrame:
    """Read every record as text; a field it does not have is null."""
    if source.folder is not None:
        return _frame(_joined(source.folder))
    if source.is_json:
        return _frame(source.document)
    table = pl.read_csv(io.StringIO(source.text), infer_schema=False, null_values=["", "null", "None"])
    return table.select(_first_filled(name, table.columns) for name in _FIELDS)


def _frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([_record(row) for row in rows], schema=dict.fromkeys(_FIELDS, pl.String))


def _record(row: Mapping[str, Any]) -> dict[str, str | None]:
    flat = {**row, **(row.get("metrics") or {})}
    return {name: _filled(flat.get(one) for one in others) for name, others in _FIELDS.items()}


def _filled(values: Iterable[Any]) -> str | None:
    return next((str(value) for value in values if value is not None and value != ""), None)


def _first_filled(name: str, columns: Iterable[str]) -> pl.Expr:
    present = [pl.col(one) for one in _FIELDS[name] if one in columns]
    return pl.coalesce(*present, pl.lit(None, dtype=pl.String)).alias(name)


def _joined(folder: Traversable) -> Iterable[Mapping[str, Any]]:
    """Results, each with the fields of its configuration."""
    files = {place.rpartition("/")[2]: file for place, file in files_below(folder, ".json")}
    configs = {config["id"]: config for config in json.loads(files[CONFIGS].read_bytes())}
    for result in json.loads(files[RESULTS].read_bytes()):
        yield {**configs.get(result["config_id"], {}), **result}
