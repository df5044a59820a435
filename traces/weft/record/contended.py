"""The closures of a lock of which only contention is recorded: a pass that nobody waits for writes no record.

What is left on the way of a free lock is a cell with the holder's ``put``, set behind the acquisition and emptied
before the release, and a look at whether somebody waits. As in `sections`, the raw lock guards the cell: others may
read it, and find nobody where the lock is on its way. So a waiter is told who holds the lock, or that it is not known,
and never somebody who had it before.

A hold is known from its acquisition on when that came after a wait, else from the moment at which the first waiter saw
the holder. That is where its `SECTION` begins.

What `sections` says of signals holds here too. What must not be left half done is done without a call, or with one that
is the answer of a C iterator.
"""

from __future__ import annotations

from itertools import repeat, starmap
from time import perf_counter_ns
from typing import Any

from ..events import Kind, code_of
from . import interrupts, sections, trouble
from .buffers import Put, here, join, put_here
from .sections import NOT_BLOCKING, Closures, gave_up, must_raise, nobody, tried

_NO_ARGUMENTS = repeat(())
_ticks = starmap(perf_counter_ns, _NO_ARGUMENTS)


class _Watched:
    """What is known of a lock that somebody waits for.

    ``waiters`` are those who wait, and who has got the lock after waiting, until the release: while there are any,
    every release comes here. What a waiter has seen counts only if it is younger than the last release.
    """

    __slots__ = ("got", "let_go", "number", "section", "seen", "waiters")

    def __init__(self, number: int) -> None:
        self.number = number
        self.section = code_of(Kind.SECTION, number)
        self.waiters: list[Put] = []
        self.seen: tuple[Put, int] = (nobody, 0)
        self.got: tuple[Put, int] = (nobody, 0)
        """Who has acquired the lock after waiting, and when (ns). The holder's own."""
        self.let_go = 0

    def since(self, own: Put) -> int:
        """Return since when a holder is known to hold the lock (ns), 0: it is not known."""
        holder, got = self.got
        first, seen = self.seen
        return got if holder is own else seen if first is own and seen > self.let_go else 0

    def begin(self, own: Put) -> tuple[Put, int]:
        """Record that this thread is about to block; return its ``put`` and when the wait began (ns)."""
        put: Put = nobody
        try:
            put = put_here()
            self.waiters.append(put)
            self._look(perf_counter_ns(), own)
            return put, sections.contended(put, own, self.number)
        except BaseException as error:
            self.forget(put)
            if not trouble.forgiven(error):
                raise
        return nobody, 0

    def acquired(self, put: Put, began: int) -> None:
        """Record the end of a wait."""
        now = perf_counter_ns()
        if put in self.waiters:  # else its release will not come here
            self.got = put, now
        sections.acquired(put, now, began, self.let_go, self.number)

    @interrupts.never_at_start
    def forget(self, put: Put) -> None:
        """Forget a thread that does not wait any more, and what it has acquired."""
        if self.got[0] is put:
            self.got = nobody, 0
        if put in self.waiters:
            self.waiters.remove(put)

    @interrupts.never_at_start
    def release(self, own: Put) -> None:
        """Record what is known of the hold that is about to end."""
        now = 0
        for now in _ticks:  # noqa: B007
            break
        holder, got = self.got
        first, seen = self.seen
        since = got if holder is own else seen if first is own and seen > self.let_go else 0
        self.got, self.let_go = (nobody, 0), now
        if own in self.waiters:
            self.waiters.remove(own)
        if since:
            own((since, now, self.section))

    def reset(self, keep: Put) -> None:
        """Forget all threads but one."""
        if self.got[0] is not keep:
            self.got = nobody, 0
        self.waiters[:] = [put for put in self.waiters if put == keep]

    def _look(self, now: int, holder: Put) -> None:
        """Note who was seen to hold the lock, by a waiter that took ``now`` (ns) before it looked."""
        if holder is not nobody and (self.seen[0] is not holder or self.seen[1] <= self.let_go):
            self.seen = holder, now


@interrupts.never_in("leave")
def of_lock(raw: Any, number: int) -> Closures:
    """Return the closures of a plain lock around ``raw`` whose id is ``number``."""
    tries, let, none, forgiven = starmap(raw.acquire, NOT_BLOCKING), raw.release, nobody, trouble.forgiven
    watched = _Watched(number)
    waiters = watched.waiters
    own: Put = none

    def enter() -> bool:
        nonlocal own
        for got in tries:
            if not got:
                break
            try:
                try:
                    own = here.put
                except AttributeError:
                    own = join()
            except BaseException as error:
                own, ours = none, False
                try:
                    ours = forgiven(error)
                finally:
                    if not ours:
                        let()
                if not ours:
                    raise
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own
        if waiters:
            # Emptied first: whoever still sees the holder has looked at the clock before the release does.
            put, own = own, none
            try:
                watched.release(put)
            except BaseException as error:
                if not forgiven(error):
                    raise
            finally:
                let()
        else:
            own = none
            let()

    def wait(timeout: float) -> bool:
        nonlocal own
        put: Put = none
        began, got = 0, False
        try:
            put, began = watched.begin(own)
            for got in starmap(raw.acquire, ((True, timeout),)):  # noqa: B007
                break
            if got:
                own = put
                watched.acquired(put, began)
            else:
                watched.forget(put)
                gave_up(put, began, number)
        except BaseException as error:
            if not got:
                watched.forget(put)
                gave_up(put, began, number)
                raise
            own, ours = none, False
            try:
                watched.forget(put)
                ours = forgiven(error)
            finally:
                if not ours:
                    let()
            if not ours:
                raise
        return got

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        for got in tries:
            if not got:
                break
            try:
                own = put_here()
            except BaseException as error:
                own, ours = none, False
                try:
                    ours = forgiven(error)
                finally:
                    if not ours:
                        let()
                if not ours:
                    raise
            return True
        if blocking:
            return wait(timeout)
        tried(own, number)
        return False

    def reset(keep: Put = none) -> None:
        nonlocal own
        own = own if own is keep else none
        watched.reset(keep)

    return Closures(enter, acquire, leave, lambda: (own, watched.since(own)), reset)


@interrupts.never_in("leave", "restore")
def of_rlock(raw: Any, number: int) -> Closures:
    """Return the closures of a re-entrant lock around ``raw`` whose id is ``number``."""
    tries, let, none, forgiven = starmap(raw.acquire, NOT_BLOCKING), raw.release, nobody, trouble.forgiven
    asked = starmap(raw._is_owned, _NO_ARGUMENTS)
    watched = _Watched(number)
    waiters = watched.waiters
    own: Put = none
    depth = 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, depth
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        for got in tries:
            if not got:
                break
            depth += 1
            if depth == 1:
                try:
                    own = put_here()
                except BaseException as error:
                    own, ours = none, False
                    try:
                        ours = forgiven(error)
                    finally:
                        if not ours:
                            depth = 0
                            let()
                    if not ours:
                        raise
            return True
        if blocking:
            return wait(timeout)
        tried(own, number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, depth
        for mine in asked:
            if mine:
                depth -= 1
                if depth < 1:
                    put, own, depth = own, none, 0
                    if waiters:
                        try:
                            watched.release(put)
                        except BaseException as error:
                            if not forgiven(error):
                                raise
                        finally:
                            let()
                        return
            break
        let()  # raises where it is not held

    def wait(timeout: float) -> bool:
        nonlocal own, depth
        put: Put = none
        began, got = 0, False
        try:
            put, began = watched.begin(own)
            for got in starmap(raw.acquire, ((True, timeout),)):  # noqa: B007
                break
            if got:
                depth, own = 1, put
                watched.acquired(put, began)
            else:
                watched.forget(put)
                gave_up(put, began, number)
        except BaseException as error:
            if not got:
                watched.forget(put)
                gave_up(put, began, number)
                raise
            own, ours = none, False
            try:
                watched.forget(put)
                ours = forgiven(error)
            finally:
                if not ours:
                    depth = 0
                    let()
            if not ours:
                raise
        return got

    def save() -> Any:
        nonlocal own, depth
        for mine in asked:
            if mine:
                put, own, depth = own, none, 0
                if waiters:
                    try:
                        watched.release(put)
                    except BaseException as error:
                        if not forgiven(error):
                            raise
            break
        return raw._release_save()  # raises where it is not held

    def restore(state: Any) -> None:
        nonlocal own, depth
        put: Put = none
        began = 0
        try:
            put = put_here()
            for got in tries:
                if got:
                    for _ in range(state[0] - 1):
                        raw.acquire(False)
                else:
                    put, began = watched.begin(own)
                    raw._acquire_restore(state)
                break
            depth, own = state[0], put
            if began:
                watched.acquired(put, began)
        except BaseException as error:
            if raw._is_owned():
                raw._release_save()
            raw._acquire_restore(state)
            depth, own = state[0], none
            watched.forget(put)
            if not forgiven(error):
                raise

    def reset(keep: Put = none) -> None:
        nonlocal own, depth
        if own is not keep:
            own, depth = none, 0
        watched.reset(keep)

    return Closures(acquire, acquire, leave, lambda: (own, watched.since(own)), reset, save, restore)
