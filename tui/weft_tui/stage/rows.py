"""What columns are made of: rows on a ground, and the actor that they are about."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from weft.stage.moment import ActorView

from ..spans import Line


class Ground(Enum):
    """What a row is drawn on; the value is the component class that gives it its colour."""

    PLAIN = ""
    HEAD = "stage--head"
    PICKED = "stage--picked"
    HERE = "stage--here"


class Row(NamedTuple):
    """One row of a column."""

    line: Line = ()
    ground: Ground = Ground.PLAIN


class Actor(NamedTuple):
    """An actor as one column shows it; ``number`` is its index in the moment."""

    number: int
    view: ActorView
    picked: bool
