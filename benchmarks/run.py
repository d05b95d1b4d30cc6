"""Measure everything, or what is named, and write results.csv: ``python benchmarks/run.py [prices ...]``."""

import csv
import os
import sys
import tempfile
from compileall import compile_dir
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path

from measure import Result

RESULTS = Path(__file__).with_name("results.csv")
BENCHMARKS = (
    "reprice", "prices", "peers", "read", "read_jobs", "hal", "read_lines", "read_inspect", "traps", "hardware",
)  # fmt: skip
PACKAGES = ("traces", "pricing", "analyzer")


def main(names: list[str]) -> None:
    """Run the benchmarks named; rows of the others are kept as they are.

    BENCH_FOLDER names a folder for generated files, to be used again; without it they are deleted at the end.
    """
    for name in PACKAGES:
        compile_dir(Path(__file__).parents[1] / name, quiet=1)
    kept = os.environ.get("BENCH_FOLDER")
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(kept or passing)
        folder.mkdir(parents=True, exist_ok=True)
        for name in names or BENCHMARKS:
            rows = list(import_module(name).results(folder))
            _merge(rows)
            for row in rows:
                print(f"{row.benchmark} | {row.what}: {row.value:g} {row.unit} {row.target and f'({row.target})'}")


def _merge(rows: list[Result]) -> None:
    names = [field.name for field in fields(Result)]
    old = list(csv.DictReader(RESULTS.read_text(encoding="utf-8").splitlines())) if RESULTS.exists() else []
    group = {row.benchmark.split(":")[0].split(" of ")[0] for row in rows}
    others = [row for row in old if row["benchmark"].split(":")[0].split(" of ")[0] not in group]
    with RESULTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*others, *(asdict(row) for row in rows)])


if __name__ == "__main__":
    main(sys.argv[1:])
