"""Calls that price tables get wrong (traps.toml), priced by us and by other libraries, into traps_results.csv."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
from measure import Result, fresh
from trap_calls import NOT_ASKED, TOKENS, VERDICTS, Answer, TrapCall, load_traps
from trap_peers import PEERS
from trap_tables import OURS, print_table, write_table, write_text

from pricing.reprice import reprice_tables
from pricing.scenario import Scenario
from traces.schema import CALLS

_VERSION: Final = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


def results(folder: Path) -> Iterator[Result]:
    """Ask every library every call; write the table and its short form in README.md; count.

    Args:
        folder: Where the calls are handed to other libraries. PEERS_PYTHON names an interpreter that has them.
    """
    calls, clocks = load_traps()
    asked = folder / "trap_calls.json"
    values = [call.values | {"at": call.values["at"].isoformat()} for call in calls]
    asked.write_text(json.dumps({"clocks": [c.isoformat() for c in clocks], "calls": values}), encoding="utf-8")
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    versions = {name: _version(python, name) for name in PEERS}
    answers = {OURS: our_answers(calls)}
    answers |= {name: _answers(name, python, asked, calls) for name, version in versions.items() if version}
    write_table(calls, answers, list(PEERS))
    write_text(calls, answers, versions)
    print_table(calls, answers)
    for name in PEERS:
        if name not in answers:
            print(f"{name} is not installed: not asked", file=sys.stderr)
    for name, given in answers.items():
        yield from _counts(name, calls, given)


def our_answers(calls: Sequence[TrapCall]) -> list[Answer]:
    """Price the calls with this project, each under its scenario."""
    answers: dict[int, Answer] = {}
    for scenario in sorted({json.dumps(call.values["scenario"]) for call in calls}):
        rows = [_row(n, c.values) for n, c in enumerate(calls) if json.dumps(c.values["scenario"]) == scenario]
        columns = {name: CALLS.schema[name] for name in rows[0]}
        frame = CALLS.conform(pl.DataFrame(rows, schema=columns, orient="row"))
        priced = reprice_tables({"calls": frame}, Scenario(**json.loads(scenario)))["calls"]
        answers |= {int(row["call_id"]): _our_answer(row) for row in priced.iter_rows(named=True)}
    return [answers[number] for number in range(len(calls))]


def _row(number: int, values: dict[str, Any]) -> dict[str, Any]:
    same = {name: values[name] for name in ("provider", "model", "service_tier", "is_batch", *TOKENS)}
    rest = {
        "cache_write_unspecified_tokens": 0, "reasoning_tokens": 0,
        "input_tokens": sum(values[name] for name in TOKENS) - values["output_tokens"],
    }  # fmt: skip
    return {"run_id": "traps", "call_id": str(number), "started_at": values["at"], **same, **rest}


def _our_answer(row: dict[str, Any]) -> Answer:
    if row["cost_usd"] is None:
        return Answer(said=row["cost_basis"].replace("_", " "))
    evidence = row["price_evidence"] or ""
    return Answer((row["cost_usd"],), evidence if evidence.startswith("assumed") else "")


def _version(python: str, name: str) -> str:
    """Version of a library; empty: not installed."""
    found = subprocess.run([python, "-c", _VERSION, name], check=False, capture_output=True, text=True)
    return found.stdout.strip()


def _answers(name: str, python: str, asked: Path, calls: Sequence[TrapCall]) -> list[Answer]:
    told = fresh(Path(__file__).with_name("trap_peers.py"), name, str(asked), python=python).returned
    return [
        Answer(said=NOT_ASKED) if call.values["scenario"] else Answer(tuple(usd), said)
        for call, (usd, said) in zip(calls, told, strict=True)
    ]


def _counts(name: str, calls: Sequence[TrapCall], given: Sequence[Answer]) -> Iterator[Result]:
    verdicts = Counter(call.verdict(answer) for call, answer in zip(calls, given, strict=True))
    n_asked = sum(verdicts[verdict] for verdict in VERDICTS)
    for verdict in VERDICTS:
        yield Result("traps", f"{name}: {verdict}", verdicts[verdict], f"of {n_asked} calls")
