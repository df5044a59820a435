"""Recording from inside an app's own code, for those who do not start it with ``weft run``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import WeftError

if TYPE_CHECKING:
    from flask import Flask


def instrument(
    app: Flask | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    all_locks: bool = False,
    log: bool | int | str = False,
    ring: float = 0,
    slower_than: float = 0,
    contended: bool = False,
) -> Path:
    """Record this process from now on, and return the trace's path.

    Locks, events, queues and so on that the app's own modules have made before, and names that they have imported
    (``from threading import Lock``), are recorded too where a module, a class or an object in a module has a name for
    them; what is not is said on stderr and in the trace. So call it first where you can.

    Further calls change nothing until `uninstrument`, and neither does a call in a program started with ``weft run`` or
    ``weft record``, which is recorded already. Child processes that call it share the trace.

    Args:
        app: a Flask app to note the trace in, as ``app.extensions["weft"]``.
        path: a file that does not exist yet; default: a new one in the platform's state folder.
        all_locks: also record the locks of the standard library and of frameworks.
        log: also record what is logged, as marks: from a level on (``"warning"`` or its number), or True for all.
            Messages may hold secrets, so this is off unless you say so.
        ring: keep only the last so many seconds, and write them when there is cause: SIGUSR2, ``weft flush``, threads
            that wait for each other, a slow request. 0: write everything.
        slower_than: with ``ring``, a request that lasts longer (ms) is cause to write. 0: none is.
        contended: record of locks only what somebody waits for, which costs least.

    Raises:
        WeftError: the file exists or cannot be made, there is no such level, or an option makes no sense.
    """
    if not (0 <= ring < float("inf") and 0 <= slower_than < float("inf")):
        raise WeftError("ring and slower_than are times in seconds and in milliseconds, not below 0")
    if slower_than and not ring:
        raise WeftError("slower_than needs ring: how many seconds to keep, as in ring=10")
    trace = _running() or _start(
        path, all_locks=all_locks, log=_level(log), ring=ring, slower_than=slower_than, contended=contended
    )
    if app is not None and "weft" not in app.extensions:
        app.extensions["weft"] = {"trace": trace}
    return trace


def init_app(app: Flask) -> None:
    """Record a Flask app, as extensions do it; with the options in its config.

    They are ``WEFT_TRACE`` (the path), ``WEFT_ALL_LOCKS``, ``WEFT_LOG``, ``WEFT_RING``, ``WEFT_SLOWER_THAN`` and
    ``WEFT_CONTENDED``; see `instrument`.
    """
    variables = {
        name: f"WEFT_{'TRACE' if name == 'path' else name.upper()}" for name in instrument.__kwdefaults__ or ()
    }
    instrument(app, **{name: app.config[each] for name, each in variables.items() if each in app.config})


def uninstrument() -> None:
    """End the recording of this process, and put back every name that was replaced.

    What is recorded so far stays in the trace. Recorded locks keep working, held and waited for as they are, and record
    nothing any more. A later `instrument` begins a new trace. Changes nothing when nothing is recorded.
    """
    global _ours
    for package in ("_weft", __package__):
        module: Any = sys.modules.get(f"{package}.record.recorder")
        if module is not None:
            module.stop()
    if _ours:
        from .record import launch

        os.environ.pop(launch.TRACE, None)
        _ours = False


_ours = False
"""The environment tells child processes of a trace that we have made."""


def _running() -> Path | None:
    """Return the trace of the recorder that runs in this process, under this package's name or the launcher's."""
    for package in ("_weft", __package__):
        module: Any = sys.modules.get(f"{package}.record.recorder")
        if module is not None and module.active is not None:
            return Path(module.active.options.trace)
    return None


def _level(log: bool | int | str) -> int | None:
    """Return from which level on to record what is logged, None: nothing of it."""
    from . import levels

    if isinstance(log, bool):
        return 0 if log else None
    return levels.number(str(log))


def _start(path: str | os.PathLike[str] | None, **options: Any) -> Path:
    from . import places
    from .record import launch, recorder, trouble
    from .record.options import Options

    inherited = os.environ.get(launch.TRACE)
    if path is not None:
        trace = places.create(Path(path))
    elif inherited and Path(inherited).is_file():
        trace = Path(inherited)
    else:
        trace = places.new_trace(sys.argv[0] or "app")
    trace = trace.absolute()
    active = recorder.start(Options(str(trace), **options))
    global _ours
    _ours = _ours or not inherited
    os.environ[launch.TRACE] = str(trace)
    trouble.say(f"recording to {trace}; watch it with `weft live {trace}`")
    active.catch_up()
    return trace
