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
    ring: float = 0,
    slower_than: float = 0,
    contended: bool = False,
) -> Path:
    """Record this process from now on, and return the trace's path.

    Locks made before the call stay as they are and are not seen: call it first. Further calls change nothing, and
    neither does a call in a program started with ``weft run`` or ``weft record``, which is recorded already. Child
    processes that call it share the trace.

    Args:
        app: a Flask app to note the trace in, as ``app.extensions["weft"]``.
        path: a file that does not exist yet; default: a new one in the platform's state folder.
        all_locks: also record the locks of the standard library and of frameworks.
        ring: keep only the last so many seconds, and write them when there is cause: SIGUSR2, ``weft flush``, threads
            that wait for each other, a slow request. 0: write everything.
        slower_than: with ``ring``, a request that lasts longer (ms) is cause to write. 0: none is.
        contended: record of locks only what somebody waits for, which costs least.

    Raises:
        WeftError: the file exists or cannot be made, or an option makes no sense.
    """
    if not (0 <= ring < float("inf") and 0 <= slower_than < float("inf")):
        raise WeftError("ring and slower_than are times in seconds and in milliseconds, not below 0")
    if slower_than and not ring:
        raise WeftError("slower_than needs ring: how many seconds to keep, as in ring=10")
    trace = _running() or _start(path, _options(all_locks, ring, slower_than, contended))
    if app is not None and "weft" not in app.extensions:
        app.extensions["weft"] = {"trace": trace}
        _say_unseen(app.import_name)
    return trace


def init_app(app: Flask) -> None:
    """Record a Flask app, as extensions do it; ``WEFT_TRACE`` and ``WEFT_ALL_LOCKS`` in its config are the options."""
    path = app.config.get("WEFT_TRACE")
    instrument(app, path=path, all_locks=bool(app.config.get("WEFT_ALL_LOCKS", False)))


def _running() -> Path | None:
    """Return the trace of the recorder that runs in this process, under this package's name or the launcher's."""
    for package in ("_weft", __package__):
        module: Any = sys.modules.get(f"{package}.record.recorder")
        if module is not None and module.active is not None:
            return Path(module.active.options.path)
    return None


def _options(all_locks: bool, ring: float, slower_than: float, contended: bool) -> dict[str, Any]:
    return {"all_locks": all_locks, "ring": ring, "slower_than": slower_than, "contended": contended}


def _start(path: str | os.PathLike[str] | None, options: dict[str, Any]) -> Path:
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
    recorder.start(recorder.Options(str(trace), **options))
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
