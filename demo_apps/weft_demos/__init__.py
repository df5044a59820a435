"""Small Flask apps to look at: demos with real locks that serve customers, and scenarios to step through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources


def names() -> list[str]:
    """Return the demos: the modules of this package that define ``create_app``, found without an import."""
    return sorted(name for name, tree in _modules() if _makes_app(tree) and not _has_scenario(tree))


def scenarios() -> dict[str, str]:
    """Return the scenarios by the names they are asked for: ``lost-update`` is ``weft_demos.lost_update:SCENARIO``."""
    return {_slug(name): f"{__name__}.{name}:SCENARIO" for name, _ in _scenarios()}


def described() -> dict[str, str]:
    """Return what each scenario is about: the first line of its module."""
    return {_slug(name): (ast.get_docstring(tree) or "").partition("\n")[0] for name, tree in _scenarios()}


def _scenarios() -> list[tuple[str, ast.Module]]:
    return sorted(((name, tree) for name, tree in _modules() if _has_scenario(tree)), key=lambda one: one[0])


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".py"):
            yield file.name.removesuffix(".py"), ast.parse(file.read_text("utf-8"))


def _makes_app(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "create_app" for node in tree.body)


def _has_scenario(tree: ast.Module) -> bool:
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return any(isinstance(target, ast.Name) and target.id == "SCENARIO" for target in targets)


def _slug(module: str) -> str:
    return module.replace("_", "-")
