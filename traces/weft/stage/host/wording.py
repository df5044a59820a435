"""Expressions as text: the same on every Python, in one line, with double quotes."""

from __future__ import annotations

import ast
import copy
import json

LIMIT = 60


def of(node: ast.expr, limit: int = LIMIT) -> str:
    """Return an expression in source terms, shortened in its middle."""
    return shorten(_plain(node), limit)


def shorten(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters, with an ellipsis where something was left out."""
    if len(text) <= limit:
        return text
    kept = limit - 1
    return f"{text[: kept - kept // 3]}…{text[len(text) - kept // 3 :]}"


def _plain(node: ast.expr) -> str:
    """Unparse with our own quoting: which quotes `ast.unparse` takes depends on the version."""
    return " ".join(ast.unparse(_Quotes().visit(copy.deepcopy(node))).split("\n"))


class _Quotes(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):
            return ast.Name(json.dumps(node.value, ensure_ascii=not node.value.isprintable()))
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        inner = "".join(_piece(piece) for piece in node.values)
        return ast.Name(f'f"{inner}"')


def _piece(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return json.dumps(text, ensure_ascii=not text.isprintable())[1:-1].replace("{", "{{").replace("}", "}}")
        case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
            asked = f"!{chr(conversion)}" if conversion != -1 else ""
            how = "".join(_piece(one) for one in spec.values) if isinstance(spec, ast.JoinedStr) else ""
            return f"{{{_plain(value)}{asked}{':' + how if how else ''}}}"
        case _:
            return _plain(node)
