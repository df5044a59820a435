"""Record the start and the end of threads."""

from __future__ import annotations

import threading

from . import buffers, trouble
from .patches import Patches


def install(patches: Patches) -> None:
    """Wrap the function that every `threading.Thread` runs in, in place, so that early imports see it too."""
    original = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]

    def _bootstrap_inner(self: threading.Thread) -> None:
        try:
            buffers.enter(self.name)
        except Exception as error:
            trouble.note(error)
        try:
            original(self)
        finally:
            try:
                buffers.leave()
            except Exception as error:
                trouble.note(error)

    patches.set(threading.Thread, "_bootstrap_inner", _bootstrap_inner)
