"""`weft repair`: save what is sound of a trace."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The new trace to write."
)
def repair(file: Path, output: Path) -> None:
    """Write every sound block of FILE to a new trace. Where something was damaged, the new trace says so."""
    from weft.log.repair import repair as mend

    done = mend(file, output)
    click.echo(
        f"{done.blocks:,} sound block{'s' * (done.blocks != 1)} kept, {done.gaps:,} damaged "
        f"part{'s' * (done.gaps != 1)} of {done.bytes_lost:,} bytes left out: {output}"
    )
