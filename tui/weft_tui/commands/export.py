"""`weft export`: a trace for other tools."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weft.counted import many
from weft_tui.outputs import whole_file
from weft_tui.wrapping import say

FORMS = {"fxt": ".fxt", "chrome": ".json", "csv": ".csv", "parquet": ".parquet"}


@click.command(short_help="Write a trace for other tools.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice([*FORMS]), required=True, help="fxt and chrome: for the Perfetto UI.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file to write; default: beside FILE; - is stdout."
)
def export(file: Path, form: str, output: Path | None) -> None:
    """Write FILE for other tools: lanes per thread and lock, requests, waits and holds."""
    from weft.export import chrome, fxt, table
    from weft.export.stream import Stream

    writers = {"fxt": fxt.write, "chrome": chrome.write, "csv": table.write_csv, "parquet": table.write_parquet}
    stream = Stream(file)
    if output == Path("-"):
        writers[form](stream.parts(), sys.stdout.buffer)
        return
    target = output if output is not None else file.with_suffix(FORMS[form])
    with whole_file(target) as out:
        writers[form](stream.parts(), out)
    missing = many(stream.gaps, "damaged part is", "damaged parts are")
    missing = f"; {missing} left out" if stream.gaps else ""
    say(f"weft: exported to {target}{missing}", err=True)
