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

    Locks made before the call stay as they are and are not seen: call it first. Further calls change nothing, and
    neither does a call in a program started with ``weft run`` or ``weft record``, which is recorded already. Child
    processes that call it share the trace.

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
        _say_unseen(app.import_name)
    return trace


def init_app(app: Flask) -> None:
    """Record a Flask app, as extensions do it; with the options in its config.

    They are ``WEFT_TRACE`` (the path), ``WEFT_ALL_LOCKS`` and ``WEFT_LOG``; see `instrument`.
    """
    config = app.config
    path, log = config.get("WEFT_TRACE"), config.get("WEFT_LOG", False)
    instrument(app, path=path, all_locks=bool(config.get("WEFT_ALL_LOCKS", False)), log=log)


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
    recorder.start(recorder.Options(str(trace), all_locks, log=log))
    os.environ[launch.TRACE] = str(trace)
    trouble.say(f"recording to {trace}; watch it with `weft live {trace}`")
    return trace


def _say_unseen(module: str) -> None:
    """Say which locks of the app's module were made too early to be recorded."""
    import _thread

    from .record import trouble

    raw = (type(_thread.allocate_lock()), _thread.RLock)
    found = [name for name, value in vars(sys.modules.get(module, sys)).items() if isinstance(value, raw)]
    if found:
        names = ", ".join(f"{module}.{name}" for name in found)
        trouble.say(
            f"not recorded, since they were made before weft.instrument(): {names}; "
            "call it earlier, or start the app with `weft run -- CMD`"
        )
