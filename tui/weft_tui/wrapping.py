"""Texts that commands print, no wider than the terminal: broken between words. Elsewhere they stay as they are."""

from __future__ import annotations

import os
import sys
from textwrap import wrap
from typing import Final, TextIO

import click

INDENT: Final = 2
"""Columns by which a continued line begins further in."""

LEAST: Final = 20
"""Columns below which nothing is gained by breaking."""


def terminal_width(stream: TextIO | None = None) -> int:
    """Return the columns of the terminal that a stream, standard output by default, writes to; 0: it is none."""
    output: TextIO = sys.stdout if stream is None else stream
    try:
        return os.get_terminal_size(output.fileno()).columns if output.isatty() else 0
    except (OSError, ValueError):
        return 0


def say(text: str, *, err: bool = False, indent: int | None = None) -> None:
    """Print a text, on a terminal no wider than that.

    Args:
        err: to standard error.
        indent: as for `wrapped`.
    """
    click.echo(wrapped(text, terminal_width(sys.stderr if err else sys.stdout), indent), err=err)


def wrapped(text: str, width: int, indent: int | None = None) -> str:
    """Break the lines of a text that are longer than a width; 0: none.

    Args:
        indent: columns at which continued lines begin; None: a bit behind where the line itself does.
    """
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, width, indent))


def _pieces(line: str, width: int, indent: int | None) -> list[str]:
    if width < LEAST or len(line) <= width:
        return [line]
    begin = len(line) - len(line.lstrip()) + INDENT if indent is None else indent
    begin = min(begin, width // 2)
    return wrap(line, width, subsequent_indent=" " * begin, break_long_words=False, break_on_hyphens=False)
