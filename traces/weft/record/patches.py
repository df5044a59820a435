"""Replaced attributes, and the way back."""

from __future__ import annotations

from typing import Any

_NOTHING = object()


class Patches:
    """Attributes that were replaced, restored in reverse order."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def set(self, target: Any, name: str, value: Any) -> None:
        """Replace ``target.name``."""
        self._originals.append((target, name, getattr(target, name, _NOTHING)))
        setattr(target, name, value)

    def undo(self) -> None:
        """Put everything back."""
        while self._originals:
            target, name, original = self._originals.pop()
            if original is _NOTHING:
                delattr(target, name)
            else:
                setattr(target, name, original)
