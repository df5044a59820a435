"""Locks of our own that no thread holds while its process is forked: the child would wait for it for ever.

Hooks of the app's that were registered earlier run before ours in the child, and may use a recorded lock for the first
time there: putting such a lock right in the child would come too late.
"""

from __future__ import annotations

from _thread import RLock
from typing import Any

from . import interrupts

PATIENCE = 1.0
"""How long (s) a fork waits for a thread that holds one; it may itself wait for what the forking thread holds."""

_guards: list[Any] = []


def guard() -> Any:
    """Return a new re-entrant lock."""
    made = RLock()
    _guards.append(made)
    return made


def before() -> None:
    """Take them all."""
    for each in _guards:
        each.acquire(timeout=PATIENCE)


@interrupts.never_at_start
def after_in_parent() -> None:
    """Let go of those that were to be had."""
    try:
        _let_go()
    finally:
        _let_go()  # where a signal's handler has ended the first try


def after_in_child() -> None:
    """Let go of them, whoever had them."""
    for each in _guards:
        each._at_fork_reinit()


def _let_go() -> None:
    for each in _guards:
        if each._is_owned():
            each.release()
