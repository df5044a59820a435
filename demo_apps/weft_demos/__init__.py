"""Small Flask apps with real locks to look at, and what serves them and sends them customers."""

from __future__ import annotations

import ast
from importlib import resources


def names() -> list[str]:
    """Return the demos: the modules of this package that define ``create_app``, found without an import."""
    modules = (file for file in resources.files(__name__).iterdir() if file.name.endswith(".py"))
    return sorted(file.name.removesuffix(".py") for file in modules if _makes_app(file.read_text("utf-8")))


def _makes_app(source: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "create_app" for node in ast.parse(source).body)
