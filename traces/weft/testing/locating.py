"""Where a thing of a test stands, so that the app's process, which imports it anew, can find it too."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import PathFinder
from types import FunctionType, ModuleType
from typing import Any

from ..errors import WeftError
from ..stage.scenario import Scenario, find
from .surroundings import short


def locate(thing: Any) -> str:
    """Return the words ``module:name`` or ``FILE.py:name`` for a scenario, an app, or a function that makes one.

    Raises:
        WeftError: it stands in no module.
    """
    if isinstance(thing, str):
        return thing
    for module, name in _places(thing):
        if getattr(module, "__file__", None):
            return f"{_module(module)}:{name}"
    raise WeftError(_nowhere(thing))


def _places(thing: Any) -> Iterator[tuple[ModuleType, str]]:
    """Yield where it stands: first where it was defined, then any variable that is it, or a list of scenarios."""
    if isinstance(thing, FunctionType):
        module = sys.modules.get(thing.__module__)
        if module is not None and _looked_up(module, thing.__qualname__) is thing:
            yield module, thing.__qualname__
    for module in list(sys.modules.values()):
        known = dict(getattr(module, "__dict__", {}))
        named = find(known) if isinstance(thing, Scenario) else known
        yield from ((module, name) for name, value in named.items() if value is thing)


def _looked_up(module: ModuleType, dotted: str) -> Any:
    value: Any = module
    for part in dotted.split("."):
        value = getattr(value, part, None)
    return value


def _nowhere(thing: Any) -> str:
    if isinstance(thing, Scenario):
        what = f"the scenario {thing.name!r}"
    else:
        what = f"the {'function' if callable(thing) else 'app'} {getattr(thing, '__qualname__', thing)!r}"
    return (
        f"{what} was made inside a function, where the app's process cannot find it: let it be a variable of a module, "
        "or return it from a function of the module that takes no arguments, and name that function"
    )


def _module(module: ModuleType) -> str:
    """Return how the app's process imports a module: by its name if that finds the same file, else by the file."""
    file = os.path.abspath(str(module.__file__))
    path: list[str] | None = [os.getcwd(), *sys.path]
    found = ""
    parts = module.__name__.split(".")
    for number in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:number]), path)
        if spec is None or not str(spec.origin).endswith(".py"):
            return short(file)
        found = os.path.abspath(str(spec.origin))
        path = list(spec.submodule_search_locations or ())
    return module.__name__ if found == file else short(file)


def folders() -> list[str]:
    """Return the folders that modules are imported from here, besides Python's own."""
    own = tuple(os.path.join(one, "") for one in {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()})
    found = dict.fromkeys(os.path.abspath(one) for one in sys.path)
    return [short(one) for one in found if not os.path.join(one, "").startswith(own)]
