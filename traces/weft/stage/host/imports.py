"""Sees the code of every module of the user before it is executed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any


class Watch:
    """Stands in for the loader's way to get at code.

    Args:
        is_ours: whether a file is the user's.
        seen: is given the code of each such module.
    """

    def __init__(self, is_ours: Callable[[str], bool], seen: Callable[[CodeType], None]) -> None:
        self._is_ours, self._seen = is_ours, seen
        self._before: Any = None

    def install(self) -> None:
        """Begin to watch; a loader of another tool that passes on to the original one is fine."""
        original: Any = SourceFileLoader.get_code
        self._before = vars(SourceFileLoader).get("get_code")
        is_ours, seen = self._is_ours, self._seen

        def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
            code: CodeType | None = original(self, fullname)
            if isinstance(code, CodeType) and is_ours(code.co_filename):
                seen(code)
            return code

        setattr(SourceFileLoader, "get_code", get_code)  # noqa: B010 - to type checkers, methods are not assigned

    def uninstall(self) -> None:
        """Put the original back."""
        if self._before is not None:
            setattr(SourceFileLoader, "get_code", self._before)  # noqa: B010
        elif "get_code" in vars(SourceFileLoader):
            del SourceFileLoader.get_code  # it is inherited
