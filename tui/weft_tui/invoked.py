"""How weft is called, for the commands that we tell people to type."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def weft() -> str:
    """Return ``weft``, or the path by which it was started where a shell does not find it by its name."""
    own = Path(sys.argv[0])
    return "weft" if shutil.which("weft") or own.name != "weft" or not own.is_file() else shlex.quote(str(own))
