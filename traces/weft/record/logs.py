"""Record what is logged, when the user asked for it: as marks with a level.

No handler is added, since that would change what ``logging.basicConfig`` and the last resort do. The method that hands
a record to its handlers is wrapped instead, and once they are through, the message stands in the record as one of them
has formatted it. Where none did, its template is recorded: nothing is formatted here, so nothing twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from . import said, trouble
from .patches import Patches


def watch(patches: Patches, level: int | None) -> dict[str, Callable[[ModuleType], None]]:
    """Return what to do once logging is imported: record from a level on; None: nothing."""
    return {} if level is None else {"logging": lambda logging: _wrap(patches, logging.Logger, level)}


def _wrap(patches: Patches, logger: Any, level: int) -> None:
    original = logger.callHandlers

    @functools.wraps(original)
    def callHandlers(self: Any, record: Any) -> None:
        now = perf_counter_ns()
        try:
            original(self, record)
        finally:
            try:
                if record.levelno >= level:
                    said.log(now, record.levelno, _message(vars(record)))
            except Exception as error:
                trouble.note(error)

    patches.set(logger, "callHandlers", callHandlers)


def _message(record: dict[str, Any]) -> str:
    """Return who logs what, without running any code of the app's."""
    message = record.get("message")
    if type(message) is not str:
        message = record.get("msg")
    text = message if type(message) is str else type(message).__name__
    name = record.get("name")
    return f"{name if type(name) is str else '?'}: {text[: said.TEXT]}"
