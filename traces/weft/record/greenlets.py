"""Notice gevent and eventlet: where they replace threads by greenlets, nothing can be recorded, and that is said.

A greenlet is no thread: buffers per thread would mix what several do, and gevent does not start beside our locks. Their
servers run without that too, and then several requests may be under way on one thread: that is said as well.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .patches import Patches

Withdraw = Callable[[str], None]
"""Ends the recording for a reason: what replaces the threads."""

Warn = Callable[[str], None]
"""Says what the trace lacks, unless the recording has ended."""


def patched() -> str | None:
    """Return what has replaced the threads of this process already, None when nothing has."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None


def watch(patches: Patches, withdraw: Withdraw, warn: Warn) -> dict[str, Callable[[ModuleType], None]]:
    """Return what to do with modules once they are imported: withdraw before they replace the threads."""
    return {
        "gevent.pywsgi": lambda module: _warning(patches, module.WSGIServer, "__init__", warn, "gevent"),
        "eventlet.wsgi": lambda module: _warning(patches, module, "server", warn, "eventlet"),
        "gevent.monkey": lambda module: _before(patches, module, "patch_thread", withdraw, "gevent", _always),
        "eventlet.patcher": lambda module: _before(patches, module, "monkey_patch", withdraw, "eventlet", _threads_too),
    }


def _before(
    patches: Patches,
    module: Any,
    name: str,
    withdraw: Withdraw,
    reason: str,
    concerns: Callable[[dict[str, Any]], bool],
) -> None:
    original = getattr(module, name)

    def patch(*args: Any, **options: Any) -> Any:
        if concerns(options):
            withdraw(reason)
        return original(*args, **options)

    patch.__doc__ = original.__doc__
    patch.__name__ = name
    patches.set(module, name, patch)


def _warning(patches: Patches, owner: Any, name: str, warn: Warn, greens: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def start(*args: Any, **options: Any) -> Any:
        warn(f"{greens} serves requests in greenlets of one thread: those under way at the same time are mixed up")
        return original(*args, **options)

    patches.set(owner, name, start)


def _always(options: dict[str, Any]) -> bool:
    return True


def _threads_too(options: dict[str, Any]) -> bool:
    """Return whether eventlet is asked to replace threads: all is replaced unless something is named."""
    default = options.get("all")
    return bool(options.get("thread", True not in options.values() if default is None else default))
