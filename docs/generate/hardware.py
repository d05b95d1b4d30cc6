"""Hardware tables: the files that ship, how much is in them, and where it comes from."""

from collections.abc import Iterator

from docs.generate.markdown import markdown_table


def hardware_files() -> str:
    """List the files of the hardware tables with their rows and sources."""
    from pricing.hardware.names import FOLDER
    from pricing.hardware.schema import HARDWARE_TABLES

    rows = []
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        table = HARDWARE_TABLES.get(path.stem.partition("-")[0])
        what = _OTHERS[path.name] if table is None else table.doc.partition(":")[0]
        rows.append((f"`pricing/data/hardware/{path.relative_to(FOLDER)}`", what, _n_rows(path.name)))
    return markdown_table(("file", "what it holds", "rows"), rows)


_OTHERS = {
    "assumptions.toml": "what a deployment rests on where it states nothing, each with its range and source",
    "calibration.toml": "efficiencies and bands worked out from all measured loads; a test works them out again",
    "speculation.csv": "which configurations of the dump decode speculatively, from rows published with it",
    "names.toml": "names of accelerators, frameworks and precisions as sources write them",
}


def hardware_sources() -> str:
    """List where the figures come from: each source with its table, licence and number of rows."""
    from pricing.hardware.schema import HARDWARE_TABLES
    from pricing.hardware.shelf import load_hardware

    rows: list[tuple[str, str, str, str]] = []
    hardware = load_hardware()
    for name in HARDWARE_TABLES:
        table = getattr(hardware, name)
        origins = table.with_columns(source=table["source"].str.split(": ").list.first())
        counted = origins.group_by("source", "licence").len().sort("source", "licence")
        rows += [(name, source, licence or "not stated", f"{n:,}") for source, licence, n in counted.iter_rows()]
    return markdown_table(("table", "source", "licence", "rows"), rows)


def _n_rows(name: str) -> str:
    return next((f"{n:,}" for file, n in _counts() if file == name), "")


def _counts() -> Iterator[tuple[str, int]]:
    import polars as pl

    from pricing.hardware.names import FOLDER

    for path in FOLDER.rglob("*"):
        if path.suffix in {".csv", ".parquet"}:
            frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
            yield path.name, frame.height
