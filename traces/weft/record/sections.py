"""The closures of a recorded lock: one record per uncontended pass, and a wait written before the thread blocks.

Between a successful acquire and the release the cells ``own`` and ``t0`` belong to the holder: the raw lock itself
guards them, with or without a GIL. Others may read them (who holds it, since when) and can at worst see the holder a
moment late, so a wait that finds ``own`` empty says "not known" instead of guessing.

A signal's handler may raise into any of this (Ctrl-C, an alarm that ends slow work), and the lock must then be as a
bare one would be: never kept by a ``with`` that was not entered, never given back twice. Python looks for signals
when a call has returned, and not between a C iterator's answer and the variable of its ``for``. So an attempt to take
the lock is ``for got in tries``: what is raised afterwards finds in ``got`` whether there is something to undo.
"""

from __future__ import annotations

from _thread import TIMEOUT_MAX
from collections.abc import Callable, Iterable
from itertools import repeat, starmap
from time import perf_counter_ns
from typing import Any, NamedTuple

from ..events import Kind, code_of
from . import interrupts, stacks, trouble
from .buffers import Put, here, idents, join, owner, put_here

NOT_BLOCKING = repeat((False,))


def nobody(words: Iterable[int]) -> None:
    """Stand in for the owner's ``put`` while a lock is free: there is nothing to record."""


class Closures(NamedTuple):
    """What a lock is made of once it is used; ``save`` and ``restore`` are a re-entrant lock's, for Condition."""

    enter: Callable[[], bool]
    acquire: Callable[..., bool]
    leave: Callable[..., None]
    peek: Callable[[], tuple[Put, int]]
    """The owner's ``put`` (`nobody` while the lock is free) and since when it holds the lock (ns)."""
    reset: Callable[..., None]
    """Forgets a holder, unless it is the one whose ``put`` is given."""
    save: Callable[[], Any] | None = None
    restore: Callable[[Any], None] | None = None


@interrupts.never_at_start
def kept(error: BaseException, let: Callable[[], None]) -> bool:
    """Return whether what was raised behind an acquisition is our own fault: then the app has the lock.

    Else the lock is given back, and the error has to be raised again.
    """
    ours = False
    try:
        ours = trouble.forgiven(error)
    finally:
        if not ours:
            let()
    return ours


@interrupts.never_in("leave")
def of_lock(raw: Any, number: int) -> Closures:
    """Return the closures of a plain lock around ``raw`` whose id is ``number``."""
    section = code_of(Kind.SECTION, number)
    tries, let, clock = starmap(raw.acquire, NOT_BLOCKING), raw.release, perf_counter_ns
    own: Put = nobody
    t0 = let_go = 0

    def enter() -> bool:
        nonlocal own, t0
        for got in tries:
            if not got:
                break
            try:
                t0 = clock()
                try:
                    own = here.put
                except AttributeError:
                    own = join()
            except BaseException as error:
                own = nobody
                if not kept(error, let):
                    raise
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go
        try:
            let_go = clock()
            own((t0, let_go, section))
            own = nobody
        except BaseException as error:
            own = nobody
            if not trouble.forgiven(error):
                raise
        finally:
            let()

    def wait(timeout: float) -> bool:
        nonlocal own, t0
        put, began = _waiting(own, number, timeout)
        got = False
        try:
            for got in starmap(raw.acquire, ((True, timeout),)):  # noqa: B007
                break
            if got:
                t0, own = clock(), put
                acquired(put, t0, began, let_go, number)
            else:
                gave_up(put, began, number)
        except BaseException as error:
            if not got:
                gave_up(put, began, number)
                raise
            own = nobody
            if not kept(error, let):
                raise
        return got

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        for got in tries:
            if not got:
                break
            try:
                t0, own = clock(), put_here()
            except BaseException as error:
                own = nobody
                if not kept(error, let):
                    raise
            return True
        if blocking:
            return wait(timeout)
        tried(own, number)
        return False

    def reset(keep: Put = nobody) -> None:
        nonlocal own
        own = own if own is keep else nobody

    return Closures(enter, acquire, leave, lambda: (own, t0), reset)


@interrupts.never_in("leave", "restore")
def of_rlock(raw: Any, number: int) -> Closures:
    """Return the closures of a re-entrant lock around ``raw`` whose id is ``number``."""
    section = code_of(Kind.SECTION, number)
    tries, let, owned, clock = starmap(raw.acquire, NOT_BLOCKING), raw.release, raw._is_owned, perf_counter_ns
    own: Put = nobody
    t0 = let_go = depth = 0

    def enter() -> bool:
        nonlocal own, t0, depth
        for got in tries:
            if not got:
                break
            depth += 1
            if depth == 1:
                try:
                    t0 = clock()
                    try:
                        own = here.put
                    except AttributeError:
                        own = join()
                except BaseException as error:
                    own, depth = nobody, 0
                    if not kept(error, let):
                        raise
                    depth = 1
            return True
        return wait(-1)

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0, depth
        if timeout != -1 and must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        for got in tries:
            if not got:
                break
            depth += 1
            if depth == 1:
                try:
                    t0, own = clock(), put_here()
                except BaseException as error:
                    own, depth = nobody, 0
                    if not kept(error, let):
                        raise
                    depth = 1
            return True
        if blocking:
            return wait(timeout)
        tried(own, number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go, depth
        try:
            if owned():
                depth -= 1
                if depth < 1:
                    depth = 0
                    let_go = clock()
                    own((t0, let_go, section))
                    own = nobody
        except BaseException as error:
            let()
            if depth:
                depth -= 1
            if not depth:
                own = nobody
            if not trouble.forgiven(error):
                raise
        else:
            let()  # raises where it is not held

    def wait(timeout: float) -> bool:
        nonlocal own, t0, depth
        put, began = _waiting(own, number, timeout)
        got = False
        try:
            for got in starmap(raw.acquire, ((True, timeout),)):  # noqa: B007
                break
            if got:
                depth = 1
                t0, own = clock(), put
                acquired(put, t0, began, let_go, number)
            else:
                gave_up(put, began, number)
        except BaseException as error:
            if not got:
                gave_up(put, began, number)
                raise
            own, depth = nobody, 0
            if not kept(error, let):
                raise
            depth = 1
        return got

    def save() -> Any:
        nonlocal own, let_go, depth
        if owned():
            try:
                let_go = clock()
                own((t0, let_go, section))
            except BaseException as error:
                if not trouble.forgiven(error):
                    raise
            depth, own = 0, nobody
        return raw._release_save()  # raises where it is not held

    def restore(state: Any) -> None:
        nonlocal own, t0, depth
        put: Put = nobody
        began = 0
        try:
            put = put_here()
            for got in tries:
                if got:
                    for _ in range(state[0] - 1):
                        raw.acquire(False)
                else:
                    began = contended(put, own, number)
                    raw._acquire_restore(state)
                break
            depth, t0, own = state[0], clock(), put
            if began:
                acquired(put, t0, began, let_go, number)
        except BaseException as error:
            if owned():
                raw._release_save()
            raw._acquire_restore(state)
            depth, own = state[0], nobody
            if not trouble.forgiven(error):
                raise

    def reset(keep: Put = nobody) -> None:
        nonlocal own, depth
        if own is not keep:
            own, depth = nobody, 0

    return Closures(enter, acquire, leave, lambda: (own, t0), reset, save, restore)


def contended(put: Put, own: Put, number: int, limit: float | None = None) -> int:
    """Record that this thread is about to block, with the holder and both stacks; return when the wait began (ns).

    Args:
        put: of this thread.
        own: of the holder.
        number: what it waits for.
        limit: after how many seconds it gives up, None: never.
    """
    began = 0
    try:
        began = perf_counter_ns()
        holder = owner(own)
        waiter_at = stacks.here()
        # Another thread may have the ident of one that has ended.
        holder_at = stacks.of(holder.ident) if holder is not None and idents.get(holder.ident) == own else 0
        put(
            (
                began, holder.thread if holder is not None else 0, code_of(Kind.WAIT, number),
                began, waiter_at, code_of(Kind.WAITER_AT, number),
                began, holder_at, code_of(Kind.HOLDER_AT, number),
                *(() if limit is None else (began, _ns(limit), code_of(Kind.TIMED, number))),
            )
        )  # fmt: skip
    except Exception as error:
        trouble.note(error)
    return began


def _ns(seconds: float) -> int:
    """Return whole nanoseconds, 0 for what is no number that is known here."""
    known = type(seconds) in (int, float) and 0 <= seconds <= TIMEOUT_MAX
    return int(seconds * 1_000_000_000) if known else 0


def _waiting(own: Put, number: int, timeout: float) -> tuple[Put, int]:
    """Record that this thread is about to block; return its ``put`` and when the wait began (ns)."""
    try:
        put = put_here()
        return put, contended(put, own, number, None if timeout == -1 else timeout)
    except BaseException as error:
        if not trouble.forgiven(error):
            raise
    return nobody, 0


def gave_up(put: Put, began: int, number: int) -> None:
    """Record the end of a wait without the lock."""
    try:
        put((perf_counter_ns(), began, code_of(Kind.GIVE_UP, number)))
    except Exception as error:
        trouble.note(error)


def tried(own: Put, number: int) -> None:
    """Record a non-blocking attempt that found the lock taken."""
    try:
        put, holder = put_here(), owner(own)
        put((perf_counter_ns(), holder.thread if holder is not None else 0, code_of(Kind.TRY_FAILED, number)))
    except Exception as error:
        trouble.note(error)


def acquired(put: Put, t0: int, began: int, let_go: int, number: int) -> None:
    """Record the end of a wait and since when the lock had been free."""
    put((t0, began, code_of(Kind.ACQUIRE, number)))
    if let_go:  # nobody has seen the release of a lock that is held since before the recording
        put((t0, let_go, code_of(Kind.HANDOFF, number)))


def must_raise(blocking: bool, timeout: float) -> bool:
    """Return whether the raw lock rejects these arguments."""
    return timeout != -1 and (not blocking or not 0 <= timeout <= TIMEOUT_MAX)
