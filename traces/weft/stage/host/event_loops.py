"""What the tasks of an asyncio event loop wait for: a loop that has nothing to do is a stop of its thread.

Each loop runs in a thread of the stage. When none of its tasks can go on it asks the system what has happened: how long
`asyncio.sleep` lasts is up to the stage, as with `time.sleep`; what only another thread can end (the result of an
executor) is a wait. Where a loop looks at sockets or pipes, the stage does not see what it waits for.
"""

from __future__ import annotations

import selectors
import sys
from types import FrameType
from typing import Any

from ...record.patches import Patches
from ..search.execution import WRITE
from .baton import Pending, Player
from .primitives import Maker

TEXT = "wait in the event loop"
_EFFECTS = (("inside a library", "", WRITE),)


class EventLoops:
    """Puts the stop point in place.

    Args:
        maker: knows the stage and the clock.
    """

    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def install(self, patches: Patches) -> None:
        """Wrap what event loops ask."""
        kind: Any = selectors.DefaultSelector
        select = kind.select

        def selects(it: Any, timeout: float | None = None) -> Any:
            me = self._maker.stage.me()
            frame = sys._getframe(1)
            # Besides what other threads wake a loop with there is nothing that it looks at.
            if me is None or me.inside or not _is_loop(frame) or len(it.get_map()) > 1:
                return select(it, timeout)
            found = select(it, 0)
            if found or (timeout is not None and timeout <= 0):
                return found
            self._wait(me, frame, lambda: bool(select(it, 0)), timeout)
            return select(it, 0)

        patches.set(kind, "select", selects)

    def _wait(self, me: Player, frame: FrameType, ready: Any, timeout: float | None) -> None:
        clock = self._maker.clock
        began = clock.now_ns
        sleeps = timeout is not None and _sleeps(frame)
        me.switchable = True
        self._maker.stage.point(
            Pending(
                "sleep" if sleeps else "wait",
                TEXT,
                ready=None if sleeps else ready,
                timed=timeout is not None and not sleeps,
                why=lambda: "another thread to wake its event loop",
                effects=_EFFECTS,
            ),
            frame,
        )
        me.switchable = True
        if timeout is not None and not ready():
            clock.pass_until(began + int(timeout * 1e9))


def _is_loop(frame: FrameType) -> bool:
    return frame.f_code.co_name == "_run_once" and frame.f_globals.get("__name__") == "asyncio.base_events"


def _sleeps(frame: FrameType) -> bool:
    """Return whether what ends the wait of a loop first is the end of `asyncio.sleep`, rather than a timeout."""
    scheduled = getattr(frame.f_locals.get("self"), "_scheduled", None)
    callback = getattr(scheduled[0], "_callback", None) if scheduled else None
    return getattr(callback, "__name__", "") == "_set_result_unless_cancelled"
