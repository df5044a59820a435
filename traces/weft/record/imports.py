"""Run something when a module has been imported, without importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import trouble


class WhenImported:
    """A finder that finds nothing itself, but runs a function once a module has been imported by somebody else.

    Args:
        then: what to do with a module, by its name; once each.
    """

    def __init__(self, then: dict[str, Callable[[ModuleType], None]]) -> None:
        self._then = then

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Let the other finders find the module, and hook into its loader."""
        then = self._then.pop(name, None)
        if then is None:
            return None
        from importlib.util import find_spec

        spec = find_spec(name)
        try:
            if spec is not None and spec.loader is not None:
                _hook(self, spec.loader, name, then)
        except Exception as error:
            trouble.note(error, f"preparing for {name}")
        finally:
            self._then[name] = then  # whoever asked may only look, as `python -m` does with a package
        return spec

    def done(self, name: str) -> bool:
        """Return whether a module that has been imported was waited for, and wait for it no more."""
        return self._then.pop(name, None) is not None


def watch(then: dict[str, Callable[[ModuleType], None]]) -> None:
    """Do something with each module: now if it has been imported, else when it is."""
    for name in [name for name in then if name in sys.modules]:
        then.pop(name)(sys.modules[name])
    if then:
        sys.meta_path.insert(0, WhenImported(then))


def forget() -> None:
    """Wait for no module any more."""
    for finder in [finder for finder in sys.meta_path if isinstance(finder, WhenImported)]:
        finder._then.clear()
        sys.meta_path.remove(finder)


def _hook(finder: WhenImported, loader: Any, name: str, then: Callable[[ModuleType], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)  # by the innermost of several
        execute(module)
        try:
            if finder.done(name):
                then(module)
        except Exception as error:
            trouble.note(error, f"wrapping {name}")

    loader.exec_module = exec_module
