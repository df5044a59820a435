"""`weft export`: a trace for other tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from weft import WeftError

FORMS = {"fxt": ".fxt", "chrome": ".json", "csv": ".csv", "parquet": ".parquet"}


@click.command()
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
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise WeftError(f"{target} exists; name another file with -o") from None
    except OSError as error:
        raise WeftError(f"{target} cannot be made: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as out:
            writers[form](stream.parts(), out)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WeftError(f"{target} could not be written: {error.strerror}") from None
        raise
    missing = f"; {stream.gaps} damaged parts are left out" if stream.gaps else ""
    click.echo(f"weft: exported to {target}{missing}", err=True)
