"""Frames of nonsense that keep the rules of a frame."""

from __future__ import annotations

import numpy as np

from weft.timeline.values import Frame, State

WIDTH = 1000


def random_frame(seed: int, lanes: int = 7, columns: int = 60) -> Frame:
    """Return a frame in which some columns hold one state, others several; ``spent`` sums to the columns' width."""
    random = np.random.default_rng(seed)
    shares = random.random((len(State), lanes, columns)) * (random.random((len(State), lanes, columns)) < 0.3)
    shares[State.RUN] += shares.sum(axis=0) == 0
    spent = np.floor(shares / shares.sum(axis=0) * WIDTH).astype(np.int64)
    top = spent.argmax(axis=0)
    rest = WIDTH - spent.sum(axis=0)
    np.put_along_axis(spent, top[None], np.take_along_axis(spent, top[None], 0) + rest, 0)
    first = np.where(random.random((lanes, columns)) < 0.7, top, random.integers(0, len(State), (lanes, columns)))
    waits = (random.random((lanes, columns)) < 0.02).astype(np.int64)
    return Frame(np.arange(columns + 1) * WIDTH, spent, first.astype(np.uint8), waits)
