"""Replaced attributes, and the way back."""

from __future__ import annotations

from typing import Any, Final

_ABSENT: Final = object()


class Patches:
    """Attributes of modules, classes and plain objects that were replaced or added, restored in reverse order."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any, Any]] = []

    def set(self, target: Any, name: str, value: Any) -> None:
        """Replace ``target.name``, or add it."""
        self._originals.append((target, name, vars(target).get(name, _ABSENT), value))
        setattr(target, name, value)

    def undo(self) -> list[str]:
        """Put everything back, but for what somebody else has replaced since; return the names of that."""
        taken = []
        while self._originals:
            target, name, original, value = self._originals.pop()
            if vars(target).get(name, _ABSENT) is not value:
                taken.append(f"{getattr(target, '__name__', type(target).__name__)}.{name}")
            elif original is _ABSENT:
                delattr(target, name)
            else:
                setattr(target, name, original)
        return taken
