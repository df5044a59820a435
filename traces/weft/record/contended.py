"""The closures of a lock of which only contention is recorded: a pass that nobody waits for writes no record.

What is left on the way of a free lock is a cell with the holder's ident, set behind the acquisition and emptied before
the release, and a look at whether somebody waits. As in `sections`, the raw lock guards the cell: others may read it,
and find nobody where the lock is on its way. So a waiter is told who holds the lock, or that it is not known, and never
somebody who had it before.

An ident is used again as soon as its thread has ended. What a thread still holds when it ends has its ``put`` in the
cell from the moment on at which another thread joins under the same ident.

A hold is known from its acquisition on when that came after a wait, else from the moment at which the first waiter saw
the holder. That is where its `SECTION` begins.

What `sections` says of signals holds here too. What must not be left half done is done without a call, or with one that
is the answer of a C iterator.
"""

from __future__ import annotations

import weakref
from _thread import get_ident
from collections.abc import Callable
from itertools import repeat, starmap
from time import perf_counter_ns
from types import CellType
from typing import Any

from ..events import Kind, code_of
from . import buffers, interrupts, sections, trouble
from .buffers import Put, put_here
from .sections import NOT_BLOCKING, Closures, gave_up, kept, must_raise, nobody, tried

_NO_ARGUMENTS = repeat(())
_ticks = starmap(perf_counter_ns, _NO_ARGUMENTS)

Holder = int | Put
"""A thread by its ident, by its ``put`` when it is gone; 0 for nobody."""


_cells: list[tuple[weakref.ref[_Watched], CellType]] = []
"""The cells with the holders of all locks that have been used; of locks that are gone until there are many of them."""

_crowd = 64
"""How many cells are too many to keep those of locks that are gone."""


class _Watched(list[Put]):
    """Who waits for a lock, and who has got it after waiting, until the release; and what is known of it.

    While there are any, every release comes here. What a waiter has seen counts only if it is younger than the last
    release.
    """

    __slots__ = ("__weakref__", "got", "let_go", "number", "section", "seen")

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.section = code_of(Kind.SECTION, number)
        self.seen: tuple[Put, int] = (nobody, 0)
        self.got: tuple[Put, int] = (nobody, 0)
        """Who has acquired the lock after waiting, and when (ns). The holder's own."""
        self.let_go = 0

    def since(self, own: Put) -> int:
        """Return since when a holder is known to hold the lock (ns), 0: it is not known."""
        holder, got = self.got
        first, seen = self.seen
        return got if holder is own else seen if first is own and seen > self.let_go else 0

    def begin(self, held: Callable[[], Put], timeout: float = -1) -> tuple[Put, int]:
        """Record that this thread is about to block; return its ``put`` and when the wait began (ns)."""
        put: Put = nobody
        try:
            put = put_here()
            self.append(put)
            now, own = perf_counter_ns(), held()
            self._look(now, own)
            return put, sections.contended(put, own, self.number, None if timeout == -1 else timeout)
        except BaseException as error:
            self.forget(put)
            if not trouble.forgiven(error):
                raise
        return nobody, 0

    def acquired(self, put: Put, began: int) -> None:
        """Record the end of a wait."""
        now = perf_counter_ns()
        if put in self:  # else its release will not come here
            self.got = put, now
        sections.acquired(put, now, began, self.let_go, self.number)

    @interrupts.never_at_start
    def forget(self, put: Put) -> None:
        """Forget a thread that does not wait any more, and what it has acquired."""
        if self.got[0] is put:
            self.got = nobody, 0
        if put in self:
            self.remove(put)

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
        if own in self:
            self.remove(own)
        if since:
            own((since, now, self.section))

    def reset(self, keep: Put) -> None:
        """Forget all threads but one."""
        if self.got[0] is not keep:
            self.got = nobody, 0
        self[:] = [put for put in self if put == keep]

    def _look(self, now: int, holder: Put) -> None:
        """Note who was seen to hold the lock, by a waiter that took ``now`` (ns) before it looked."""
        if holder is not nobody and (self.seen[0] is not holder or self.seen[1] <= self.let_go):
            self.seen = holder, now


def _put_of(own: Holder) -> Put:
    """Return the ``put`` of a holder, `nobody` where there is none, or it has not recorded anything."""
    if not isinstance(own, int):
        return own
    try:
        return buffers.put_of(own) or nobody if own else nobody
    except Exception as error:
        trouble.note(error)
        return nobody


def _watch(watched: _Watched, enter: Callable[..., object]) -> None:
    """Keep a lock's cell at hand. Only one thread at a time gives locks their closures."""
    global _cells, _crowd
    if len(_cells) >= _crowd:
        _cells = [(lock, cell) for lock, cell in _cells if lock() is not None]
        _crowd = max(2 * len(_cells), 64)
    closure: Any = enter.__closure__
    _cells.append((weakref.ref(watched), closure[enter.__code__.co_freevars.index("own")]))


def _succeed(ident: int, before: Put | None) -> None:
    """Let what the thread that had an ident before still holds not be taken for the new one's."""
    for _, cell in _cells:
        if cell.cell_contents == ident:
            cell.cell_contents = before or 0


buffers.succeeding.append(_succeed)


@interrupts.never_in("leave")
def of_lock(raw: Any, number: int) -> Closures:
    """Return the closures of a plain lock around ``raw`` whose id is ``number``."""
    tries, let = starmap(raw.acquire, NOT_BLOCKING), raw.release
    watched = _Watched(number)
    own: Holder = 0

    def held() -> Put:
        return _put_of(own)

    def enter() -> bool:
        nonlocal own
        for got in tries:
            if not got:
                break
            try:
                own = get_ident()
            except BaseException as error:
                own = 0
                if not kept(error, let):
                    raise
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own
        if watched:
            # Emptied first: whoever still sees the holder has looked at the clock before the release does.
            mine, own = own, 0
            try:
                watched.release(_put_of(mine))
            except BaseException as error:
                if not trouble.forgiven(error):
                    raise
            finally:
                let()
        else:
            own = 0
            let()

    def wait(timeout: float) -> bool:
        nonlocal own
        put: Put = nobody
        began, got = 0, False
        try:
            put, began = watched.begin(held, timeout)
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
            own, ours = 0, False
            try:
                watched.forget(put)
                ours = trouble.forgiven(error)
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
                own = get_ident()
            except BaseException as error:
                own = 0
                if not kept(error, let):
                    raise
            return True
        if blocking:
            return wait(timeout)
        tried(held(), number)
        return False

    def reset(keep: Put = nobody) -> None:
        nonlocal own
        own = own if held() is keep else 0
        watched.reset(keep)

    _watch(watched, enter)
    return Closures(enter, acquire, leave, lambda: ((put := held()), watched.since(put)), reset)


@interrupts.never_in("leave", "restore")
def of_rlock(raw: Any, number: int) -> Closures:
    """Return the closures of a re-entrant lock around ``raw`` whose id is ``number``."""
    tries, let = starmap(raw.acquire, NOT_BLOCKING), raw.release
    asked = starmap(raw._is_owned, _NO_ARGUMENTS)
    watched = _Watched(number)
    own: Holder = 0
    depth = 0

    def held() -> Put:
        return _put_of(own)

    def enter() -> bool:
        nonlocal own, depth
        for got in tries:
            if not got:
                break
            depth += 1
            if depth == 1:
                try:
                    own = get_ident()
                except BaseException as error:
                    own, depth = 0, 0
                    if not kept(error, let):
                        raise
                    depth = 1
            return True
        return wait(-1)

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
                    own = get_ident()
                except BaseException as error:
                    own, depth = 0, 0
                    if not kept(error, let):
                        raise
                    depth = 1
            return True
        if blocking:
            return wait(timeout)
        tried(held(), number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, depth
        for mine in asked:
            if mine:
                depth -= 1
                if depth < 1:
                    before, own, depth = own, 0, 0
                    if watched:
                        try:
                            watched.release(_put_of(before))
                        except BaseException as error:
                            if not trouble.forgiven(error):
                                raise
                        finally:
                            let()
                        return
            break
        let()  # raises where it is not held

    def wait(timeout: float) -> bool:
        nonlocal own, depth
        put: Put = nobody
        began, got = 0, False
        try:
            put, began = watched.begin(held, timeout)
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
            own, ours = 0, False
            try:
                watched.forget(put)
                ours = trouble.forgiven(error)
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
                before, own, depth = own, 0, 0
                if watched:
                    try:
                        watched.release(_put_of(before))
                    except BaseException as error:
                        if not trouble.forgiven(error):
                            raise
            break
        return raw._release_save()  # raises where it is not held

    def restore(state: Any) -> None:
        nonlocal own, depth
        put: Put = nobody
        began = 0
        try:
            put = put_here()
            for got in tries:
                if got:
                    for _ in range(state[0] - 1):
                        raw.acquire(False)
                else:
                    put, began = watched.begin(held)
                    raw._acquire_restore(state)
                break
            depth, own = state[0], put
            if began:
                watched.acquired(put, began)
        except BaseException as error:
            if raw._is_owned():
                raw._release_save()
            raw._acquire_restore(state)
            depth, own = state[0], 0
            watched.forget(put)
            if not trouble.forgiven(error):
                raise

    def reset(keep: Put = nobody) -> None:
        nonlocal own, depth
        if held() is not keep:
            own, depth = 0, 0
        watched.reset(keep)

    _watch(watched, enter)
    return Closures(enter, acquire, leave, lambda: ((put := held()), watched.since(put)), reset, save, restore)
