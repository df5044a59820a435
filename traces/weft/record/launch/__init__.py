"""Start the recorder in a program that knows nothing of it, through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

TRACE = "WEFT_TRACE"

FLUSH = ".flush"
"""A file called like the trace with this behind it asks flight recorders to write, each time that it is written."""

SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
"""A folder with nothing but a sitecustomize.py; Python imports it before anything else."""


def environment(base: Mapping[str, str], trace: str, **options: Any) -> dict[str, str]:
    """Return ``base`` changed so that every Python started with it records to ``trace``.

    The options are those of `weft.record.options.Options`.
    """
    from ..options import Options, to_environment

    path = [SITE, *(part for part in base.get("PYTHONPATH", "").split(os.pathsep) if part and part != SITE)]
    changed = {**base, "PYTHONPATH": os.pathsep.join(path)}
    for name, value in to_environment(Options(os.path.abspath(trace), **options)).items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return changed
