"""`weft verify`: look for damage in a trace."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weft.counted import many
from weft_tui.wrapping import say

DAMAGED = 1


@click.command(short_help="List the damage in a trace by offset.")
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
                say(f"{part.offset:>12,}  {many(part.size, 'byte')}: {plain(part.reason)}", indent=14)
                continue
            blocks += 1
            for scar in decode(part, {}) if part.kind == fmt.SCAR else ():
                if isinstance(scar, Gap):
                    why = plain(scar.reason)[:200]
                    say(f"{part.offset:>12,}  a repair has left out {many(scar.size, 'byte')} here: {why}", indent=14)
    finally:
        tail.close()
    told = f"{many(blocks, 'sound block')}, {many(gaps, 'damaged part')}"
    say(told + (f"; {_ADVICE}" if gaps else ""))
    if gaps:
        sys.exit(DAMAGED)


_ADVICE = "weft repair FILE -o OUT keeps what is sound"
