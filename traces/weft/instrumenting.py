"""Recording from inside an app's own code, for those who do not start it with ``weft run``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def instrument(
    app: Flask | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    all_locks: bool = False,
    log: bool | int | str = False,
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

    Raises:
        WeftError: the file exists or cannot be made, or there is no such level.
    """
    trace = _running() or _start(path, all_locks, _level(log))
    if app is not None and "weft" not in app.extensions:
        app.extensions["weft"] = {"trace": trace}
    return trace


def init_app(app: Flask) -> None:
    """Record a Flask app, as extensions do it; with the options in its config.

    They are ``WEFT_TRACE`` (the path), ``WEFT_ALL_LOCKS`` and ``WEFT_LOG``; see `instrument`.
    """
    config = app.config
    path, log = config.get("WEFT_TRACE"), config.get("WEFT_LOG", False)
    instrument(app, path=path, all_locks=bool(config.get("WEFT_ALL_LOCKS", False)), log=log)


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
            return Path(module.active.options.path)
    return None


def _level(log: bool | int | str) -> int | None:
    """Return from which level on to record what is logged, None: nothing of it."""
    from . import levels

    if isinstance(log, bool):
        return 0 if log else None
    return levels.number(str(log))


def _start(path: str | os.PathLike[str] | None, all_locks: bool, log: int | None) -> Path:
    from . import places
    from .record import launch, recorder, trouble

    inherited = os.environ.get(launch.TRACE)
    if path is not None:
        trace = places.create(Path(path))
    elif inherited and Path(inherited).is_file():
        trace = Path(inherited)
    else:
        trace = places.new_trace(sys.argv[0] or "app")
    trace = trace.absolute()
    active = recorder.start(recorder.Options(str(trace), all_locks, log=log))
    global _ours
    _ours = _ours or not inherited
    os.environ[launch.TRACE] = str(trace)
    trouble.say(f"recording to {trace}; watch it with `weft live {trace}`")
    active.catch_up()
    return trace
