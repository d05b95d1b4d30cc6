"""``evalreplay hardware check``."""

from pathlib import Path

import click

from analyzer.cli.options import FILE, output_options
from analyzer.cli.printing import emit, say, say_notes


@click.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--mapping", type=FILE, help="Of its columns (TOML).")
@output_options
def command(file: Path | None, mapping: Path | None, style: str | None) -> None:
    """Check a table of your own (exit code 4 if it is wrong), or, without a file, the bundled ones.

    Of measured loads it says how far concurrency and two times predict the throughput and seconds that are stated
    beside them; of the bundled ones also published throughput at full load beside the best that was measured.

    \b
    Examples:
        evalreplay hardware check
        evalreplay hardware check my_loads.csv
    """
    from analyzer.hardware.checking import cross_check_table, identity_table
    from analyzer.hardware.opening import import_notes, open_tables, read_user_table
    from analyzer.words import counted

    if file is None:
        hardware = open_tables().hardware
        emit(cross_check_table(hardware) if style else cross_check_table(hardware).drop("source"), style)
        if not style:
            emit(identity_table(hardware.serving), None, "\npredicted over measured, of the loads that state it:")
        return
    open_tables([file], mapping)
    read = read_user_table(file, mapping)
    say_notes(import_notes(file, read))
    say(f"{file}: fine: {counted(read.frame.height, 'row')} of the table {read.table_name}")
    if read.table_name == "serving":
        emit(identity_table(read.frame), style)
