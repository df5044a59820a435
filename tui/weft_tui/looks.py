"""What the terminal can show: which characters, and whether in colours."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import click

from . import glyphs

ASKED: Final = "weft_tui.ascii"
"""Where a command's context keeps that ``--ascii`` was given."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How to draw.

    Attributes:
        ascii: with ASCII only.
        colours: False: states are told apart without any.
    """

    ascii: bool = False
    colours: bool = True


def of_terminal(environ: Mapping[str, str], charset: str) -> Looks:
    """Return what a terminal can show, as far as its environment tells.

    Args:
        charset: that of standard output.
    """
    dumb = environ.get("TERM") == "dumb"
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    # Python takes LANG=C for UTF-8, as it is in many a container; with LC_ALL somebody has said that it is not.
    ascii_only = environ.get("LC_ALL") in ("C", "POSIX") or ("." in locale and not _is_utf8(locale.rpartition(".")[2]))
    return Looks(dumb or ascii_only or not _is_utf8(charset), not dumb and not environ.get("NO_COLOR"))


def _is_utf8(charset: str) -> bool:
    return charset.partition("@")[0].replace("-", "").replace("_", "").lower() == "utf8"


def wanted(environ: Mapping[str, str]) -> Looks:
    """Return how to draw: as the command's options say, else as the terminal can."""
    looks = of_terminal(environ, encoding())
    context = click.get_current_context(silent=True)
    return replace(looks, ascii=looks.ascii or bool(context and context.find_root().meta.get(ASKED)))


def encoding() -> str:
    """Return the encoding of standard output as Python found it."""
    return getattr(sys.__stdout__, "encoding", None) or "utf-8"


def write_ascii() -> None:
    """Let standard output and standard error write ASCII from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, glyphs.AsciiStream) and hasattr(stream, "buffer"):
            setattr(sys, name, glyphs.AsciiStream(stream))


def ascii_option() -> click.Option:
    """Return the option ``--ascii``, for any command."""

    def ask(context: click.Context, _: click.Parameter, asked: bool) -> None:
        if asked:
            context.find_root().meta[ASKED] = True
            write_ascii()

    return click.Option(
        ["--ascii"], is_flag=True, expose_value=False, is_eager=True, callback=ask, help="Draw with ASCII only."
    )
