"""The closures of a recorded lock: one record per uncontended pass, and a wait written before the thread blocks.

Between a successful acquire and the release the cells ``own`` and ``t0`` belong to the holder: the raw lock itself
guards them, with or without a GIL. Others may read them (who holds it, since when) and can at worst see the holder a
moment late, so a wait that finds ``own`` empty says "not known" instead of guessing.
"""

from __future__ import annotations

from _thread import TIMEOUT_MAX
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any, NamedTuple

from ..events import Kind, code_of
from . import stacks, trouble
from .buffers import Put, here, join, owner, put_here


def nobody(words: Iterable[int]) -> None:
    """Stand in for the owner's ``put`` while a lock is free: there is nothing to record."""


class Closures(NamedTuple):
    """What a lock is made of once it is used; ``save`` and ``restore`` are a re-entrant lock's, for Condition."""

    enter: Callable[[], bool]
    acquire: Callable[..., bool]
    leave: Callable[..., None]
    peek: Callable[[], tuple[Put, int]]
    """The owner's ``put`` (`nobody` while the lock is free) and since when it holds the lock (ns)."""
    reset: Callable[[], None]
    save: Callable[[], Any] | None = None
    restore: Callable[[Any], None] | None = None


def of_lock(raw: Any, number: int) -> Closures:
    """Return the closures of a plain lock around ``raw`` whose id is ``number``."""
    section = code_of(Kind.SECTION, number)
    try_acquire, let, clock = raw.acquire, raw.release, perf_counter_ns
    own: Put = nobody
    t0 = let_go = 0

    def enter() -> bool:
        nonlocal own, t0
        if try_acquire(False):
            t0 = clock()
            try:
                own = here.put
            except AttributeError:
                own = join()
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go
        try:
            let_go = clock()
            own((t0, let_go, section))
            own = nobody
        except Exception as error:
            trouble.note(error)
        finally:
            let()

    def wait(timeout: float) -> bool:
        nonlocal own, t0
        put = put_here()
        began = blocked(raw, put, own, number, timeout)
        if began:
            t0, own = clock(), put
            acquired(put, t0, began, let_go, number)
        return began > 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0
        if must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            t0, own = clock(), put_here()
            return True
        if blocking:
            return wait(timeout)
        tried(put_here(), own, number)
        return False

    def reset() -> None:
        nonlocal own
        own = nobody

    return Closures(enter, acquire, leave, lambda: (own, t0), reset)


def of_rlock(raw: Any, number: int) -> Closures:
    """Return the closures of a re-entrant lock around ``raw`` whose id is ``number``."""
    section = code_of(Kind.SECTION, number)
    try_acquire, let, owned, clock = raw.acquire, raw.release, raw._is_owned, perf_counter_ns
    own: Put = nobody
    t0 = let_go = depth = 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0, depth
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            depth += 1
            if depth == 1:
                t0, own = clock(), put_here()
            return True
        if blocking:
            return wait(timeout)
        tried(put_here(), own, number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go, depth
        if not owned():
            let()  # raises
        try:
            depth -= 1
            if depth == 0:
                let_go = clock()
                own((t0, let_go, section))
                own = nobody
        except Exception as error:
            trouble.note(error)
        finally:
            let()

    def wait(timeout: float) -> bool:
        nonlocal own, t0, depth
        put = put_here()
        began = blocked(raw, put, own, number, timeout)
        if began:
            depth = 1
            t0, own = clock(), put
            acquired(put, t0, began, let_go, number)
        return began > 0

    def save() -> Any:
        nonlocal own, let_go, depth
        if not owned():
            return raw._release_save()  # raises
        let_go = clock()
        own((t0, let_go, section))
        saved, depth, own = depth, 0, nobody
        return raw._release_save(), saved

    def restore(state: Any) -> None:
        nonlocal own, t0, depth
        put, began = put_here(), 0
        if try_acquire(False):
            for _ in range(state[1] - 1):
                try_acquire(False)
        else:
            began = contended(put, own, number)
            raw._acquire_restore(state[0])
        depth, t0, own = state[1], clock(), put
        if began:
            acquired(put, t0, began, let_go, number)

    def reset() -> None:
        nonlocal own, depth
        own, depth = nobody, 0

    return Closures(acquire, acquire, leave, lambda: (own, t0), reset, save, restore)


def contended(put: Put, own: Put, number: int) -> int:
    """Record that this thread is about to block, with the holder and both stacks; return when the wait began (ns)."""
    began = perf_counter_ns()
    try:
        holder = owner(own)
        waiter_at = stacks.here()
        holder_at = stacks.of(holder.ident) if holder is not None else 0
        put(
            (
                began, holder.thread if holder is not None else 0, code_of(Kind.WAIT, number),
                began, waiter_at, code_of(Kind.WAITER_AT, number),
                began, holder_at, code_of(Kind.HOLDER_AT, number),
            )
        )  # fmt: skip
    except Exception as error:
        trouble.note(error)
    return began


def blocked(raw: Any, put: Put, own: Put, number: int, timeout: float) -> int:
    """Block on a taken lock; return when the wait began (ns), 0 when it ended without the lock."""
    began = contended(put, own, number)
    got = False
    try:
        got = raw.acquire(True, timeout)
    finally:
        if not got:
            put((perf_counter_ns(), began, code_of(Kind.GIVE_UP, number)))
    return began if got else 0


def tried(put: Put, own: Put, number: int) -> None:
    """Record a non-blocking attempt that found the lock taken."""
    holder = owner(own)
    put((perf_counter_ns(), holder.thread if holder is not None else 0, code_of(Kind.TRY_FAILED, number)))


def acquired(put: Put, t0: int, began: int, let_go: int, number: int) -> None:
    """Record the end of a wait and since when the lock had been free."""
    put((t0, began, code_of(Kind.ACQUIRE, number), t0, let_go, code_of(Kind.HANDOFF, number)))


def must_raise(blocking: bool, timeout: float) -> bool:
    """Return whether the raw lock rejects these arguments."""
    return timeout != -1 and (not blocking or not 0 <= timeout <= TIMEOUT_MAX)
