"""The threads of a scenario's actors. For a search they stay, and take part in one run after another."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from functools import partial
from operator import is_

from .baton import Player, Stage, held_lock
from .thread_locals import Forget, forgetting


class Actor:
    """The thread of an actor.

    Args:
        stage: on which it plays.
        prepare: called in the thread before anything else.

    Attributes:
        stays: it waits for another run when one is over, unless it cannot forget what `threading.local` has kept.
    """

    def __init__(self, stage: Stage, name: str, prepare: Callable[[], object]) -> None:
        self.stays = False
        self._stage, self._prepare = stage, prepare
        self._forget: Forget | None = None
        self.baton, begun = held_lock(), held_lock()
        self._begun = begun
        self._job: tuple[Player, Callable[[], object]] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        # `Thread.start` would make a lock and wait for the thread a first time.
        started = self._thread._started  # type: ignore[attr-defined]
        started.wait = lambda timeout=None: True
        self._thread.start()
        begun.acquire()
        del started.wait
        self._ident, self._native_id = self._thread.ident or 0, self._thread.native_id or 0
        self._saved = dict(vars(self._thread))

    def play(self, player: Player, act: Callable[[], object]) -> None:
        """Be a player from now on, until it has acted."""
        self._job = player, act
        self._stage.park(player, self._ident, self._native_id)

    def _run(self) -> None:
        self._prepare()
        self._begun.release()
        while True:
            self.baton.acquire()
            self._play()
            if not self.stays:
                return

    def _play(self) -> None:
        if self._job is not None:
            player, act = self._job
            self._job = None
            self._stage.perform(player, partial(self._act, act))

    def _act(self, act: Callable[[], object]) -> None:
        """Act with new context variables; if the thread stays, leave nothing of its own behind."""
        try:
            contextvars.Context().run(act)
        finally:
            if self.stays:
                self._forget = self._forget or forgetting()
                self.stays = self._forget is not None
            if self._forget is not None:
                self._forget()
                known, saved = vars(self._thread), self._saved
                if len(known) != len(saved) or not all(map(is_, known.values(), saved.values())):
                    known.clear()
                    known.update(saved)
