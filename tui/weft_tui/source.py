"""The reader's thread: follow a file, fold what is new, and hand over immutable snapshots."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from textual.message import Message

from weft.errors import WeftError
from weft.findings import Finding, News, Watch, find
from weft.findings.compare import compare
from weft.log.reader import Reading, Tail, ahead
from weft.log.several import Origin, Several
from weft.timeline import Builder
from weft.timeline.snapshot import Snapshot

from .messages import ChildEnded, ComparisonReady, FindingsReady, SnapshotReady, SourceFailed
from .queues import Queues, queues
from .view import Mode

POLL_SECONDS: Final = 0.05
"""20 Hz: more often nobody sees it, and every round costs."""

LOOK_SECONDS: Final = 0.02
"""How often it is looked whether the file has grown, which costs next to nothing, while it has not."""

CALM: Final = 20
"""After so many rounds without growth, some two seconds, it is looked as rarely as it would be read."""

REST: Final = 9
"""After a round of reading it rests for so many times the CPU time that it took: a tenth of a core at most."""

SHOW_SECONDS: Final = 0.5
"""How often a trace that is being loaded is shown: to draw it costs as much as to read a part of it."""

AGAIN_SECONDS: Final = 1.0
"""Findings that are known, and queues, change as often at most."""

RATE_NS: Final = 2_000_000_000
"""The rate of events is that of so much of the trace."""

Post = Callable[[Message], object]
Child = Callable[[], str | None]
Pause = Callable[[float], bool]
"""Waits for so many seconds at most; True: the reading has been stopped."""


class Rate:
    """Events per second of trace time, over the last `RATE_NS`."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def add(self, start_ns: int, end_ns: int, events: int) -> float:
        """Note how many events there were up to a moment and return the rate since about `RATE_NS` before."""
        if not self._samples:
            self._samples.append((start_ns, 0))
        self._samples.append((end_ns, events))
        while len(self._samples) > 2 and self._samples[1][0] <= end_ns - RATE_NS:
            self._samples.popleft()
        first_ns, first = self._samples[0]
        return (events - first) * 1e9 / (end_ns - first_ns) if end_ns > first_ns else 0.0


class Source:
    """Reads a trace and posts what it holds.

    Args:
        path: the trace; in LIVE mode it may still be empty or missing while the app starts.
        mode: LIVE goes on for ever, REPLAY stops at the end of the file.
        post: takes messages; called from the thread that runs `run`.
        child: says a sentence when the recorded app has ended, in further lines what it said last; None: it runs.
        pause: what waits between two rounds; by default until `stop` is called.
        origins: the traces to show together, in REPLAY mode, the first of them ``path``; none: ``path`` alone.
        against: compare the first two of them.
    """

    def __init__(
        self,
        path: Path,
        mode: Mode,
        post: Post,
        child: Child | None = None,
        pause: Pause | None = None,
        origins: Sequence[Origin] = (),
        against: bool = False,
    ) -> None:
        self.path = path
        self.mode = mode
        self._post = post
        self._child = child
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._rate = Rate()
        self._told: tuple[Finding, ...] = ()
        self._told_again = 0.0
        self._queues: Queues = {}
        self._queued_again = 0.0
        self._queues_stale = False
        self._fate = ""
        self._calm = 0
        self._origins = origins
        self._against = against

    def stop(self) -> None:
        """Make `run` return soon."""
        self._stopped.set()

    def run(self) -> None:
        """Read until the end of the file (REPLAY) or until stopped (LIVE)."""
        try:
            tail = self._open()
            if tail is None:
                return
            try:
                self._follow(tail)
            finally:
                tail.close()
        except WeftError as error:
            self._post(SourceFailed(str(error)))

    def _open(self) -> Reading | None:
        """Open the trace; when it is about to be made, wait for its first bytes."""
        if self._origins:
            return Several(self._origins)
        while self.mode is Mode.LIVE and not (self.path.exists() and self.path.stat().st_size):
            self._look_after_child()
            if self._pause(POLL_SECONDS):
                return None
        return Tail(self.path)

    def _follow(self, tail: Reading) -> None:
        builder, watch = Builder(self._origins), Watch()
        snapshot = builder.snapshot()
        stopped = False
        while not stopped and not self._stopped.is_set():
            began = time.thread_time()
            snapshot = self._catch_up(builder, tail) or snapshot
            if self._stopped.is_set():
                return
            if self.mode is Mode.REPLAY:
                builder.fold(tail.finish())
                snapshot = builder.snapshot()
                snapshot.prepare()
                self._hand_over(snapshot, tail, finished=True)
                self._pause(POLL_SECONDS)
                self._tell(News(found := find(snapshot), found))
                if self._against:
                    self._post(ComparisonReady(compare(snapshot.parts()[0], snapshot.parts()[1])))
                return
            # What is new is drawn first: to look for what is wrong meanwhile would take turns with that.
            stopped = self._pause(max(POLL_SECONDS, REST * (time.thread_time() - began)))
            if self._stopped.is_set():
                return
            self._tell(watch.look(snapshot, time.perf_counter_ns()))
            self._look_after_child(tail)
            if self._queues_stale and time.monotonic() >= self._queued_again:
                self._hand_over(snapshot, tail)
            stopped = stopped or self._wait_for_more(tail)

    def _wait_for_more(self, tail: Reading) -> bool:
        """Wait a bit, for as long as there is nothing to read; return whether to stop."""
        self._calm += 1
        look = LOOK_SECONDS if self._calm < CALM else POLL_SECONDS
        for _ in range(round(POLL_SECONDS / look)):
            if tail.unread() > 0:
                return False
            if self._pause(look):
                return True
        return False

    def _catch_up(self, builder: Builder, tail: Reading) -> Snapshot | None:
        """Fold what there is, and show how far that has come: at once, and then now and then; return what was shown."""
        if tail.unread() <= 0:
            return None
        self._calm = 0
        shown, snapshot = -math.inf, None
        new = False
        with closing(ahead(tail)) as parts:
            for items in parts:
                builder.fold(items)
                new = new or bool(items)
                if self._stopped.is_set():
                    return snapshot
                if new and time.monotonic() - shown > SHOW_SECONDS:
                    self._hand_over(snapshot := builder.snapshot(), tail)
                    shown, new = time.monotonic(), False
        if new and self.mode is Mode.LIVE:
            self._hand_over(snapshot := builder.snapshot(), tail)
        return snapshot

    def _hand_over(self, snapshot: Snapshot, tail: Reading, *, finished: bool = False) -> None:
        loaded = 1.0 if finished or self.mode is Mode.LIVE else min(tail.offset / max(tail.size(), 1), 0.999)
        # They take long in a large trace, where they hardly change: a recorded one is drawn without while it is read.
        self._queues_stale = self.mode is Mode.LIVE and time.monotonic() < self._queued_again
        if finished or (self.mode is Mode.LIVE and not self._queues_stale):
            self._queues = queues(snapshot)
            self._queued_again = time.monotonic() + AGAIN_SECONDS
        if self.mode is Mode.REPLAY:
            # It copies all requests while some are under way: the thread of the screen would stand still for that.
            snapshot.list_requests()
        rate = self._rate.add(snapshot.start_ns, snapshot.end_ns, snapshot.events)
        self._post(SnapshotReady(snapshot, loaded, rate, self._queues))

    def _tell(self, news: News) -> None:
        """Post what is wrong when that is new, and a second later when it has only gone on."""
        now = time.monotonic()
        if news.fresh or (news.findings != self._told and now >= self._told_again):
            self._told, self._told_again = news.findings, now + AGAIN_SECONDS
            self._post(FindingsReady(news.findings, news.fresh))

    def _look_after_child(self, tail: Reading | None = None) -> None:
        """Post what has become of the app or of its file, when that has changed."""
        fate = tail.fate() if tail is not None else ""
        told = f"the trace has been {fate}; what was read of it stays here" if fate else self._child and self._child()
        if (told or "") != self._fate:
            self._fate = told or ""
            sentence, _, said = self._fate.partition("\n")
            self._post(ChildEnded(sentence, said))
