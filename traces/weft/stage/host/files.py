"""Files that several of those on the stage open, one of them to write: that is not followed, but said."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable
from typing import Any

from ...record.patches import Patches
from .outside import acting
from .primitives import Maker

UNSEEN = "what several do to a file is not searched for: {}"


class Files:
    """Knows who has opened which file in this run."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._opened: dict[str, set[tuple[int, bool]]] = {}

    def install(self, patches: Patches) -> None:
        """Let whoever opens a file tell."""
        opens: Callable[..., Any] = io.open

        def tells(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            self._note(file, mode)
            return opens(file, mode, *args, **options)

        patches.set(builtins, "open", tells)
        patches.set(io, "open", tells)

    def forget(self) -> None:
        """Forget what is known of another run."""
        self._opened.clear()

    def unseen(self) -> list[str]:
        """Return sentences about files that several have opened."""
        return [
            UNSEEN.format(os.path.basename(path))
            for path, users in self._opened.items()
            if len({one for one, _ in users}) > 1 and any(writes for _, writes in users)
        ]

    def _note(self, file: Any, mode: object) -> None:
        me = acting(self._maker)
        if me is not None and isinstance(file, str | bytes | os.PathLike) and isinstance(mode, str):
            path = os.path.abspath(os.fsdecode(file))
            self._opened.setdefault(path, set()).add((me.doing, any(sign in mode for sign in "wax+")))
