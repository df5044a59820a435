"""`weft verify`: look for damage in a trace."""

from __future__ import annotations

import sys
from pathlib import Path

import click

DAMAGED = 1


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path) -> None:
    """List the damage in FILE by offset. The exit status is 0 for a sound file, 1 for a damaged one."""
    from weft.log import format as fmt
    from weft.log.blocks import Gap
    from weft.log.reader import Tail, decode
    from weft.log.repair import parts
    from weft.timeline.units import plain

    blocks = gaps = 0
    tail = Tail(file)
    try:
        for part in parts(tail):
            if isinstance(part, Gap):
                gaps += 1
                click.echo(f"{part.offset:>12,}  {part.size:,} bytes: {plain(part.reason)}")
                continue
            blocks += 1
            for scar in decode(part, {}) if part.kind == fmt.SCAR else ():
                if isinstance(scar, Gap):
                    why = plain(scar.reason)[:200]
                    click.echo(f"{part.offset:>12,}  a repair has left out {scar.size:,} bytes here: {why}")
    finally:
        tail.close()
    sound = f"{blocks:,} sound block{'s' * (blocks != 1)}"
    click.echo(f"{sound}, {gaps:,} damaged part{'s' * (gaps != 1)}" + (f"; {_ADVICE}" if gaps else ""))
    if gaps:
        sys.exit(DAMAGED)


_ADVICE = "weft repair FILE -o OUT keeps what is sound"
