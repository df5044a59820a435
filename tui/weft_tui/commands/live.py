"""`weft live`: watch a trace that is being written."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path

import click

from weft import places
from weft_tui import invoked, numbers
from weft_tui.commands import need_terminal, show
from weft_tui.wrapping import say

SILENCE_SECONDS = 7.0
QUIET = f"nothing written for {SILENCE_SECONDS:.0f} s: the app has ended, or was stopped"


@click.command(short_help="Watch a trace while it grows.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def live(file: Path | None) -> None:
    """Watch FILE while it grows; without FILE the newest trace in the default folder."""
    numbers.load()
    from weft.log.reader import Tail

    trace = file if file is not None else places.newest()
    Tail(trace).close()
    need_terminal("`weft report FILE`")
    show(trace, live=True, title=trace.name, child=Silence(trace))
    if trace.exists():
        say(f"weft: look at it again with: {invoked.weft()} replay {shlex.quote(str(trace))}", err=True)


class Silence:
    """Notices that nothing is written any more: a recorder gives signs of life, four seconds apart at most.

    Args:
        clock: monotonic seconds; what the machine's clock says may jump.
    """

    def __init__(self, trace: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._trace = trace
        self._clock = clock
        self._size = -1
        self._since = clock()

    def __call__(self) -> str | None:
        """Return a sentence as long as nothing has been written for a while."""
        try:
            size = self._trace.stat().st_size
        except OSError:
            return None
        if size != self._size:
            self._size, self._since = size, self._clock()
        return QUIET if self._clock() - self._since > SILENCE_SECONDS else None
