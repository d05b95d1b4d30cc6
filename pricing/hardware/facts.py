"""Models and accelerators by name, from the tables: what memory and arithmetic need to know of them."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from pricing.hardware.memory import Architecture
from pricing.hardware.roofline import Chip
from traces.errors import PricingError, nearest

_GIGA = 1e9


def architectures_of(table: pl.DataFrame) -> dict[str, Architecture]:
    """Architectures by the short name of their model.

    Args:
        table: Rows of ARCHITECTURES.
    """
    return {row["model"]: _architecture(row) for row in table.iter_rows(named=True)}


def _architecture(row: Mapping[str, Any]) -> Architecture:
    return Architecture(
        model=row["model"],
        params=row["params_b"] * _GIGA,
        active_params=row["active_params_b"] * _GIGA,
        n_layers=row["n_layers"],
        kv_values=row["kv_values"],
        is_latent=row["is_latent"],
        n_window_layers=row["n_window_layers"],
        window_tokens=row["window_tokens"] or 0,
        n_experts=row["n_experts"] or 0,
        n_active_experts=row["n_active_experts"] or 0,
    )


def chips_of(table: pl.DataFrame) -> dict[str, Chip]:
    """Accelerators whose memory, bandwidth and arithmetic are known; of several sources the first counts.

    Args:
        table: Rows of CHIPS.
    """
    values: dict[str, dict[str, float]] = {}
    for accelerator, quantity, value in table.select("accelerator", "quantity", "value").iter_rows():
        values.setdefault(accelerator, {}).setdefault(quantity, value)
    needed = {"memory_gb", "bandwidth_tb_s", "bf16_tflops"}
    return {name: _chip(name, known) for name, known in values.items() if known.keys() >= needed}


def _chip(name: str, known: Mapping[str, float]) -> Chip:
    tflops = {each: known[f"{each}_tflops"] for each in ("bf16", "fp8", "fp4") if f"{each}_tflops" in known}
    return Chip(name, known["memory_gb"], known["bandwidth_tb_s"], tflops)


def names_of(table: pl.DataFrame) -> dict[str, str]:
    """Short name of a model by every name it is written by, folded.

    Args:
        table: Rows of ARCHITECTURES.
    """
    names: dict[str, str] = {}
    for model, others in table.select("model", "names").iter_rows():
        for name in (model, *filter(None, (other.strip() for other in others.split(",")))):
            names.setdefault(folded(name), model)
    return names


def folded(name: str) -> str:
    """Name of a model without who hosts it, in lower case."""
    return name.strip().lower().rpartition("/")[2]


def served_model(name: str, like: str | None, names: Mapping[str, str]) -> str:
    """Short name of the model whose rows count for a model of a trace.

    Args:
        name: Model as the trace writes it.
        like: Model it is taken to run like; null: none.
        names: As ``names_of`` gives them.

    Raises:
        PricingError: if the tables have neither.
    """
    wanted = like or name
    found = names.get(folded(wanted))
    if found is not None:
        return found
    if like is not None:
        raise PricingError(f"hardware {name!r}: like: no rows of a model {like!r}", nearest(like, set(names.values())))
    known = nearest(name, set(names.values()))
    problem = f"hardware {name!r}: nobody outside its maker has run it, or no table says how it runs"
    raise PricingError(problem, f'name a model it is taken to run like: like = "..." ({known})')
