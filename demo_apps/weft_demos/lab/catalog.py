"""The lessons by name, found without an import: the first line of a lesson's module is its claim."""

from __future__ import annotations

import ast
import importlib
import inspect
from difflib import get_close_matches
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from weft.errors import WeftError

from .servers import INSTALL
from .values import Lesson

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ORDER = (
    "lock-in-route",
    "coarse-lock",
    "dev-server",
    "thread-pool",
    "eight-at-once",
    "contexts",
    "thread-local-g",
    "cookie-session",
    "server-session",
    "shared-memory",
    "scoped-session",
    "small-pool",
    "busy-database",
    "row-locks",
    "async-views",
    "gil",
    "two-threads",
    "fork",
)
"""In which order lessons are best read; others follow by name."""


class Told(NamedTuple):
    """What a lesson's module says: the claim, and the explanation in paragraphs of one line each."""

    name: str
    claim: str
    explanation: tuple[str, ...]


def told() -> dict[str, Told]:
    """Return what all lessons say, by name, in the order in which they are best read."""
    found = [one for file in resources.files("weft_demos.lessons").iterdir() if (one := _told(file.name, file))]
    place = {name: number for number, name in enumerate(ORDER)}
    return {one.name: one for one in sorted(found, key=lambda one: (place.get(one.name, len(ORDER)), one.name))}


def named(name: str) -> Told:
    """Return what a lesson says.

    Raises:
        WeftError: there is no such lesson.
    """
    known = told()
    if name in known:
        return known[name]
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there is: {', '.join(known)}"
    raise WeftError(f"no lesson is called {name!r}; {hint}")


def load(name: str) -> Lesson:
    """Import a lesson.

    Raises:
        WeftError: it needs a library that is not installed; the sentence says what installs it.
    """
    try:
        lesson: Lesson = importlib.import_module(module(name)).LESSON
    except ModuleNotFoundError as error:
        raise WeftError(f"the lesson {name} needs {error.name}, which is not installed: {INSTALL}") from None
    return lesson


def module(name: str) -> str:
    """Return the module of a lesson."""
    return f"weft_demos.lessons.{name.replace('-', '_')}"


def paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text, each in one line."""
    return tuple(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n") if part.strip())


def _told(file: str, source: Traversable) -> Told | None:
    if not file.endswith(".py"):
        return None
    tree = ast.parse(source.read_text("utf-8"))
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    if not any(isinstance(target, ast.Name) and target.id == "LESSON" for target in targets):
        return None
    claim, *explanation = paragraphs(ast.get_docstring(tree) or "")
    return Told(file.removesuffix(".py").replace("_", "-"), claim, tuple(explanation))
