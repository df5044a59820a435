"""The thread that owns the session: it does one thing after another, and tells what is seen then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

from textual.message import Message

from weft.errors import WeftError
from weft.stage.search import continuing, verdicts
from weft.stage.search.searching import Budget, Report
from weft.stage.session import Diverged, Session

from .code import Listings
from .messages import NotStarted, Played, Refused, Searching
from .seen import Branches, Seen, see

T = TypeVar("T")
MOST_WAITING: Final = 32
"""Things that may wait to be done; keys that are held down for longer are lost."""

PROGRESS_SECONDS: Final = 0.1
UNSTEADY: Final = "going on from an earlier step led elsewhere, so the app is not deterministic: {}"
IDLE_SECONDS: Final = 0.1
"""When nothing was asked for so long, the next thing is got ready."""


class Job(NamedTuple):
    """Something to do with the session, and who takes the answer."""

    work: Callable[[Session], Any]
    then: Callable[[Any], None] | None


class Player:
    """Keeps a session away from the screen.

    Args:
        factory: makes the session; may take a while.
        post: takes messages, from any thread.
        listings: are filled with what is going to be shown.
    """

    def __init__(self, factory: Callable[[], Session], post: Callable[[Message], object], listings: Listings) -> None:
        self._factory, self._post, self._listings = factory, post, listings
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._stopped = threading.Event()
        self._closing = threading.Event()
        self.branches = Branches()
        self._aside: tuple[Session, Branches] | None = None
        self._session: Session | None = None
        self._told = 0.0

    def submit(self, work: Callable[[Session], T], then: Callable[[T], None] | None = None) -> bool:
        """Have something done; return whether there was room for it."""
        if self._jobs.qsize() >= MOST_WAITING:
            return False
        self._jobs.put(Job(work, then))
        return True

    def interrupt(self) -> int:
        """Let what runs end early, and forget what waits; return how much that was."""
        forgotten = 0
        try:
            while self._jobs.get_nowait() is not None:
                forgotten += 1
        except Empty:
            pass
        self._stopped.set()
        return forgotten

    def close(self) -> None:
        """Let the thread end."""
        self._closing.set()
        self.interrupt()
        self._jobs.put(None)

    def stop(self) -> bool:
        """Return whether what runs shall end; called by it between steps, which is when progress is told."""
        now = time.monotonic()
        if self._session is not None and now - self._told > PROGRESS_SECONDS:
            self._told = now
            self._post(Played(self._see(self._session), progress=True))
        return self._stopped.is_set() or self._closing.is_set()

    def on_fixed(self, session: Session) -> str:
        """Make the same choices on the fixed app, or go back from there; called in the session's thread."""
        if self._aside is not None:
            session.close()
            self._session, self.branches = self._aside
            self._aside = None
            return "this is the app with the bug again, as you left it"
        if not session.info.fixed:
            return "this scenario has no fixed app to compare with"
        other = session.on_fixed()
        self._aside = session, self.branches
        self._session, self.branches = other, Branches()
        return "the fixed app, the same choices as far as it has them; f goes back"

    def search(self, session: Session, *, keep: bool) -> str:
        """Search for an order that fails, and look at it; called in the session's thread.

        Args:
            keep: behind the steps that were made so far.
        """
        kept, told = session.here.number if keep else 0, 0.0

        def progress(report: Report) -> None:
            nonlocal told
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                self._post(Searching(verdicts.progress(report)))

        report = continuing.search(session, Budget(), progress, keep=keep)
        return continuing.sentence(session, report, kept)

    def run(self) -> None:
        """Do what is asked for until `close`."""
        try:
            self._session = self._factory()
            self._session.stopped = self.stop
        except WeftError as error:
            self._post(NotStarted(error))
            return
        try:
            self._post(Played(self._see(self._session)))
            while (job := self._next_job(self._session)) is not None:
                self._stopped.clear()
                self._told = time.monotonic()
                self._do(job, self._session)
        finally:
            self._session.close()
            if self._aside is not None:
                self._aside[0].close()

    def _next_job(self, session: Session) -> Job | None:
        try:
            return self._jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            session.prepare()
            return self._jobs.get()

    def _do(self, job: Job, session: Session) -> None:
        try:
            answer = job.work(session)
        except WeftError as error:
            if isinstance(error, Diverged):
                session.note = session.note or UNSTEADY.format(error)
            self._post(Refused(error, self._see(self._session or session)))
        else:
            self._post(Played(self._see(self._session or session), job.then, answer))

    def _see(self, session: Session) -> Seen:
        """Return what is seen; its files are read here, where nobody waits for a key."""
        seen = see(session, self.branches)
        for place in seen.last:
            self._listings.get(place.file if place is not None else seen.info.file)
        return seen
