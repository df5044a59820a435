"""A moment of a trace as people write it: since its start, by the clock, from the cursor, or as a part of it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from weft.errors import WeftError
from weft.findings.options import duration_ns
from weft.timeline.snapshot import Snapshot

EXAMPLES: Final = """1.5s  250ms  2:03.5   since the start of the trace
14:12:53.25           by the clock
+10ms  -1s            from the cursor
50%                   of the trace
#1234                 the 1,234th event"""

_EVENT: Final = re.compile(r"#(\d{1,12})", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)
_MINUTES: Final = re.compile(r"(\d{1,6}):(\d\d(?:\.\d{1,9})?)", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)
_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND


def event(text: str, snapshot: Snapshot) -> tuple[int, int] | None:
    """Return the lane and the moment of an event that is written by its number, None where a text is no such number.

    Raises:
        WeftError: there is no such event.
    """
    found = _EVENT.fullmatch(text.strip().replace(",", ""))
    if found is None:
        return None
    event = snapshot.event(int(found[1]))
    if event is None:
        raise WeftError(f"{text!r} is not in the trace, which has the events #1 to #{snapshot.event_count():,}")
    return event


def moment(text: str, snapshot: Snapshot, cursor_ns: int) -> int:
    """Return the moment (perf_counter ns) that a text means.

    Raises:
        WeftError: it means none, or one that is not in the trace.
    """
    time_ns = _moment(text.replace(" ", ""), snapshot, cursor_ns)
    if time_ns is None:
        raise WeftError(f"{text!r} is no time; write 1.5s, 2:03.5, 14:12:53, +10ms, 50% or #1234")
    if not snapshot.start_ns <= time_ns <= snapshot.end_ns:
        length = (snapshot.end_ns - snapshot.start_ns) / _SECOND
        raise WeftError(f"{text!r} is not in the trace, which is {length:.3f} s long")
    return time_ns


def _moment(text: str, snapshot: Snapshot, cursor_ns: int) -> int | None:
    start, span = snapshot.start_ns, snapshot.end_ns - snapshot.start_ns
    if found := _PERCENT.fullmatch(text):
        return start + round(span * float(found[1]) / 100)
    if found := _CLOCK.fullmatch(text):
        return _by_clock(int(found[1]) * 3600 + int(found[2]) * 60, found[3], snapshot)
    if found := _MINUTES.fullmatch(text):
        return start + int(found[1]) * 60 * _SECOND + round(float(found[2]) * _SECOND)
    sign = {"+": 1, "-": -1}.get(text[:1])
    ns = duration_ns(text[1:] if sign else text)
    if ns is None:
        return None
    return cursor_ns + sign * ns if sign else start + ns


def _by_clock(seconds: int, rest: str, snapshot: Snapshot) -> int:
    """Return a time of day as a moment: the first one of the trace's day or, past midnight, of the next."""
    began = datetime.fromtimestamp(snapshot.wall_ns // _SECOND)
    began_ns = (began.hour * 3600 + began.minute * 60 + began.second) * _SECOND + snapshot.wall_ns % _SECOND
    wanted_ns = seconds * _SECOND + round(float(rest) * _SECOND)
    after_ns = (wanted_ns - began_ns) % _DAY
    # Somewhat before the beginning is no time on the next day.
    return snapshot.start_ns + (after_ns if after_ns < _DAY // 2 else after_ns - _DAY)
