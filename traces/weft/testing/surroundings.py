"""What an assertion knows about the test that it stands in; the pytest plugin knows more than what is here."""

from __future__ import annotations

import os
import re
from pathlib import Path


class Surroundings:
    """No test, or one of another framework.

    Attributes:
        name: for files that are written.
        orders: the orders that were tried are to be told.
    """

    name = "weft"
    orders = False

    @property
    def root(self) -> Path:
        """The folder whose files are the app's."""
        return Path.cwd()

    @property
    def folder(self) -> Path:
        """The folder of the test's file."""
        return Path()

    @property
    def schedules(self) -> Path:
        """The folder for schedules of orders that fail."""
        return Path(".weft")

    def tell(self, title: str, text: str) -> None:
        """Add something to what is reported about the test."""


NOWHERE = Surroundings()
now: Surroundings = NOWHERE
"""Those of the test that runs."""


def slug(name: str) -> str:
    """Return a test's name as a file's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[-100:] or "weft"


def short(path: str | Path) -> str:
    """Return a path from the working directory if it lies below it, else the whole of it."""
    whole, here = os.path.abspath(path), os.path.join(os.getcwd(), "")
    return whole.removeprefix(here) if whole != here[:-1] else "."
