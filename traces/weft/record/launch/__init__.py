"""Start the recorder in a program that knows nothing of it, through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

TRACE = "WEFT_TRACE"
ALL_LOCKS = "WEFT_ALL_LOCKS"
BOUND = "WEFT_BOUND"
RING = "WEFT_RING"
SLOWER_THAN = "WEFT_SLOWER_THAN"
CONTENDED = "WEFT_CONTENDED"

FLUSH = ".flush"
"""A file called like the trace with this behind it asks flight recorders to write, each time that it is written."""

SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
"""A folder with nothing but a sitecustomize.py; Python imports it before anything else."""


def environment(
    base: Mapping[str, str],
    trace: str,
    *,
    all_locks: bool = False,
    bound: int | None = None,
    ring: float = 0,
    slower_than: float = 0,
    contended: bool = False,
) -> dict[str, str]:
    """Return ``base`` changed so that every Python started with it records to ``trace``.

    The options are those of `weft.record.recorder.Options`.
    """
    path = [SITE, *(part for part in base.get("PYTHONPATH", "").split(os.pathsep) if part and part != SITE)]
    changed = {**base, "PYTHONPATH": os.pathsep.join(path), TRACE: os.path.abspath(trace)}
    options = {
        ALL_LOCKS: "1" if all_locks else None,
        BOUND: bound,
        RING: ring or None,
        SLOWER_THAN: slower_than or None,
        CONTENDED: "1" if contended else None,
    }
    for name, value in options.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = str(value)
    return changed
