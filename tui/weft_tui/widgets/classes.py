"""Styles of component classes, worked out when something is drawn with them.

Textual works out all that a widget declares whenever it styles that widget, which is several times for each while an
app starts: with 21 inks in every widget that was the greatest part of starting.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from rich.style import Style
from textual.app import App
from textual.dom import DOMNode
from textual.widget import Widget

_known: WeakKeyDictionary[App[Any], dict[tuple[str, Style, str], Style]] = WeakKeyDictionary()


def style_of(widget: Widget, name: str) -> Style:
    """Return the style of a class on a widget's ground; it is the same for all widgets with that ground."""
    app = widget.app
    known = _known.setdefault(app, {})
    key = app.theme, widget.rich_style, name
    if key not in known:
        part = DOMNode(classes=name)
        part._attach(widget)
        app.stylesheet.apply(part, animate=False)
        known[key] = part.rich_style
    return known[key]
