"""`weft repair`: save what is sound of a trace."""

from __future__ import annotations

from pathlib import Path

import click

from weft.counted import many
from weft_tui.wrapping import say


@click.command(short_help="Write what is sound of a damaged trace to a new one.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The new trace to write."
)
def repair(file: Path, output: Path) -> None:
    """Write every sound block of FILE to a new trace. Where something was damaged, the new trace says so."""
    from weft.log.repair import repair as mend

    done = mend(file, output)
    say(
        f"{many(done.blocks, 'sound block')} kept, {many(done.gaps, 'damaged part')} "
        f"of {many(done.bytes_lost, 'byte')} left out: {output}"
    )
