"""How an extra of weft is installed, in words. Standard library only."""

from __future__ import annotations

import shlex
import sys


def install(extra: str) -> str:
    """Return the command that installs an extra for this Python, and where: weft comes from a clone, not a registry."""
    return f"run `{shlex.quote(sys.executable)} -m pip install '.[{extra}]'` in your clone of weft"
