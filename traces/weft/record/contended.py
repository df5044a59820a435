"""The closures of a lock of which only contention is recorded: a pass that nobody waits for writes no record.

What is left on the way of a free lock is a cell with the holder's ``put``, set behind the acquisition and emptied
before the release, and a look at whether somebody waits. As in `sections`, the raw lock guards the cell: others may
read it, and find nobody where the lock is on its way. So a waiter is told who holds the lock, or that it is not known,
and never somebody who had it before.

A hold is known from its acquisition on when that came after a wait, else from the moment at which the first waiter saw
the holder. That is where its `SECTION` begins.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from ..events import Kind, code_of
from . import trouble
from .buffers import Put, here, join, put_here
from .sections import Closures, acquired, blocked, must_raise, nobody, tried


class _Watched:
    """What is known of a lock that somebody waits for.

    ``waiters`` are those who wait, and who has got the lock after waiting, until the release: while there are any,
    every release comes here. What a waiter has seen counts only if it is younger than the last release.
    """

    __slots__ = ("let_go", "number", "section", "seen", "t0", "waiters")

    def __init__(self, number: int) -> None:
        self.number = number
        self.section = code_of(Kind.SECTION, number)
        self.waiters: list[Put] = []
        self.seen: tuple[Put, int] = (nobody, 0)
        self.t0 = 0
        """When the holder acquired the lock (ns), 0: not known. The holder's own."""
        self.let_go = 0

    def look(self, now: int, holder: Put) -> None:
        """Note who was seen to hold the lock, by a waiter that took ``now`` (ns) before it looked."""
        if holder is not nobody and (self.seen[0] is not holder or self.seen[1] <= self.let_go):
            self.seen = holder, now

    def since(self, own: Put) -> int:
        """Return since when a holder is known to hold the lock (ns), 0: it is not known."""
        holder, seen = self.seen
        return self.t0 or (seen if holder is own and seen > self.let_go else 0)

    def acquired(self, put: Put, began: int) -> None:
        """Record the end of a wait."""
        self.t0 = perf_counter_ns()
        acquired(put, self.t0, began, self.let_go, self.number)

    def release(self, own: Put) -> None:
        """Record what is known of the hold that is about to end; never raises."""
        try:
            since, now = self.since(own), perf_counter_ns()
            self.t0, self.let_go = 0, now
            if own in self.waiters:
                self.waiters.remove(own)
            if since:
                own((since, now, self.section))
        except Exception as error:
            trouble.note(error)


def of_lock(raw: Any, number: int) -> Closures:
    """Return the closures of a plain lock around ``raw`` whose id is ``number``."""
    try_acquire, let, clock = raw.acquire, raw.release, perf_counter_ns
    watched = _Watched(number)
    waiters = watched.waiters
    own: Put = nobody

    def enter() -> bool:
        nonlocal own
        if try_acquire(False):
            try:
                own = here.put
            except AttributeError:
                own = join()
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own
        if waiters:
            # Emptied first: whoever still sees the holder has looked at the clock before the release does.
            put, own = own, nobody
            try:
                watched.release(put)
            finally:
                let()
        else:
            own = nobody
            let()

    def wait(timeout: float) -> bool:
        nonlocal own
        put, began = put_here(), 0
        waiters.append(put)
        try:
            watched.look(clock(), own)
            began = blocked(raw, put, own, number, timeout)
            if began:
                own = put
                watched.acquired(put, began)
        finally:
            if not began and put in waiters:
                waiters.remove(put)
        return began > 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own
        if must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            own = put_here()
            return True
        if blocking:
            return wait(timeout)
        tried(put_here(), own, number)
        return False

    def reset() -> None:
        nonlocal own
        own, watched.t0 = nobody, 0
        waiters.clear()

    return Closures(enter, acquire, leave, lambda: (own, watched.since(own)), reset)


def of_rlock(raw: Any, number: int) -> Closures:
    """Return the closures of a re-entrant lock around ``raw`` whose id is ``number``."""
    try_acquire, let, owned, clock = raw.acquire, raw.release, raw._is_owned, perf_counter_ns
    watched = _Watched(number)
    waiters = watched.waiters
    own: Put = nobody
    depth = 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, depth
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            depth += 1
            if depth == 1:
                own = put_here()
            return True
        if blocking:
            return wait(timeout)
        tried(put_here(), own, number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal depth
        if not owned():
            let()  # raises
        try:
            depth -= 1
            if depth == 0:
                end()
        finally:
            let()

    def end() -> None:
        nonlocal own
        put, own = own, nobody
        if waiters:
            watched.release(put)

    def wait(timeout: float) -> bool:
        nonlocal own, depth
        put, began = put_here(), 0
        waiters.append(put)
        try:
            watched.look(clock(), own)
            began = blocked(raw, put, own, number, timeout)
            if began:
                depth, own = 1, put
                watched.acquired(put, began)
        finally:
            if not began and put in waiters:
                waiters.remove(put)
        return began > 0

    def save() -> Any:
        nonlocal depth
        if not owned():
            return raw._release_save()  # raises
        saved, depth = depth, 0
        end()
        return raw._release_save(), saved

    def restore(state: Any) -> None:
        nonlocal own, depth
        if try_acquire(False):
            for _ in range(state[1] - 1):
                try_acquire(False)
            own = put_here()
        else:
            wait(-1)
            for _ in range(state[1] - 1):
                try_acquire(False)
        depth = state[1]

    def reset() -> None:
        nonlocal own, depth
        own, watched.t0, depth = nobody, 0, 0
        waiters.clear()

    return Closures(acquire, acquire, leave, lambda: (own, watched.since(own)), reset, save, restore)
