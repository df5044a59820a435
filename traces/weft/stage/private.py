"""A folder of each run's own, for what a scenario keeps outside its process. Standard library only."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


class _Place:
    """Where the folders of a process are made: one after the other, as it makes several runs."""

    def __init__(self) -> None:
        self.base = ""
        self.number = 0
        self.made: Path | None = None


_place = _Place()


def folder() -> Path:
    """Return a folder that was empty when the run began and that no other run knows.

    It is for a scenario's ``setup``, which makes databases and other files in it. It is removed when the stage is left.
    Outside the stage (in a test that calls the app itself) it is a temporary one that stays.
    """
    if _place.made is None:
        if not _place.base:
            _place.made = Path(tempfile.mkdtemp(prefix="weft-"))
        else:
            _place.made = Path(_place.base, str(os.getpid()), str(_place.number))
            _place.made.mkdir(parents=True)
    return _place.made


def begin(base: str) -> None:
    """Make folders below another one from now on."""
    _place.base, _place.made = base, None


def anew() -> None:
    """Begin a run: the next folder is another one."""
    _place.number += 1
    if _place.made is not None and _place.base:
        shutil.rmtree(_place.made, ignore_errors=True)
    _place.made = None


def is_below(path: str) -> bool:
    """Return whether a file lies in the folder of a run."""
    return bool(_place.base) and Path(_place.base).resolve() in Path(path).parents
