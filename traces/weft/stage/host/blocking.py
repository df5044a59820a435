"""Stop points at everything else that waits: Condition, Event, Semaphore, Barrier, Queue, threads and sleep.

The standard library's own code does the work, on the stage's locks. What is wrapped here only announces it under its
own name, with a predicate that tells whether it can be done now: "get from shop.jobs" is blocked while the queue is
empty, instead of a dozen steps through the locks inside.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ...record.patches import Patches
from ..search.execution import WRITE
from .baton import Effect, Pending, Player
from .primitives import Lock, Maker, RLock, forget_own_switch

Method = Callable[..., Any]


_BOUNDED = threading.BoundedSemaphore.__init__.__code__
"""It calls the constructor of Semaphore, on behalf of whoever calls it."""


class Thing:
    """What a wrapped object is called and how it is shown; kept in its ``_weft``."""

    __slots__ = ("kind", "name", "state", "waiters")

    def __init__(self, name: str, kind: str, state: Callable[[], str]) -> None:
        self.name, self.kind, self.state = name, kind, state
        self.waiters: list[Player] = []


class Blocking:
    """Puts the stop points in place.

    Args:
        maker: names what the app makes, and knows the stage and the clock.
    """

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.stage, self.clock = maker.stage, maker.clock
        self.things: list[Thing] = []
        self.loading = True
        """The app is being loaded: daemon threads that it starts now are started anew in each copy of the process."""
        self._waiting: list[threading.Thread] = []
        self._begin: Callable[[threading.Thread], None]

    def install(self, patches: Patches) -> None:
        """Replace the locks, and wrap what waits."""
        Lock.maker = RLock.maker = self.maker
        simple = queue._PySimpleQueue  # type: ignore[attr-defined]
        for owner, name, value in (
            (threading, "Lock", Lock),
            (threading, "_allocate_lock", Lock),
            (threading, "RLock", RLock),
            (queue, "SimpleQueue", simple),
        ):
            patches.set(owner, name, value)
        self._condition(patches)
        self._event(patches)
        self._semaphore(patches)
        self._barrier(patches)
        self._queue(patches, queue.Queue)
        self._simple_queue(patches, simple)
        self._threads(patches)
        self._sleep(patches)

    def mark(self) -> Callable[[], None]:
        """Return what makes it forget whatever is made, and which threads are to be started, from now on."""
        things, waiting = len(self.things), len(self._waiting)

        def forget() -> None:
            del self.things[things:], self._waiting[waiting:]

        return forget

    @property
    def waits_to_start(self) -> bool:
        """Whether there are threads that the app has started when it was loaded."""
        return bool(self._waiting)

    def start_waiting(self) -> None:
        """Start the threads that the app has started when it was loaded."""
        for thread in self._waiting:
            handle = vars(thread).get("_handle")
            if handle is not None:
                # Python 3.13 takes all threads but one for dead after a fork, this one too, which never ran.
                vars(thread)["_handle"] = type(handle)()
            self._begin(thread)

    # What is wrapped

    def _condition(self, patches: Patches) -> None:
        kind = threading.Condition
        self._named(patches, kind, "Condition", lambda it: f"{len(it._waiters)} waiting")
        wait = kind.wait

        def waits(it: Any, timeout: float | None = None) -> bool:
            me, thing = self._seen(it)
            if me is None or thing is None:
                return wait(it, timeout)
            name, lock = thing.name, getattr(it._lock, "name", "")
            effects = [(one, "", WRITE) for one in (name, lock) if one]
            self._stop(me, thing, "wait", f"wait for {name}", effects=effects)
            why = f"{name} to be notified"
            woken = Pending("wake", f"wake up from {name}", name, why=lambda: why, effects=effects)
            with self.stage.inside(me, woken):
                return wait(it, timeout)

        patches.set(kind, "wait", waits)
        self._announced(patches, kind, "notify", "notify", "notify {}")
        self._announced(patches, kind, "notify_all", "notify", "notify all of {}")

    def _event(self, patches: Patches) -> None:
        kind = threading.Event
        self._named(patches, kind, "Event", lambda it: "set" if it._flag else "not set")
        wait = kind.wait

        def waits(it: Any, timeout: float | None = None) -> bool:
            me, thing = self._seen(it)
            if me is None or thing is None:
                return wait(it, timeout)
            ready, why = (lambda: it._flag), f"{thing.name} to be set"
            self._stop(me, thing, "wait", f"wait for {thing.name}", ready, timeout, why)
            with self.stage.inside(me, Pending("wait", f"wait for {thing.name}", thing.name)):
                return wait(it, None if timeout is None else 0)

        patches.set(kind, "wait", waits)
        self._announced(patches, kind, "set", "set", "set {}")
        self._announced(patches, kind, "clear", "set", "clear {}")
        self._announced(patches, kind, "is_set", "read", "read {}")

    def _semaphore(self, patches: Patches) -> None:
        kind = threading.Semaphore
        self._named(patches, kind, "Semaphore", lambda it: f"{it._value} free")
        acquire = kind.acquire

        def acquires(it: Any, blocking: bool = True, timeout: float | None = None) -> bool:
            me, thing = self._seen(it)
            if me is None or thing is None:
                return acquire(it, blocking, timeout)
            if not blocking:
                self._stop(me, thing, "try", f"try {thing.name}")
                return bool(self._inside(me, thing, "try", lambda: acquire(it, False)))
            ready, why = (lambda: it._value > 0), f"{thing.name} to be released"
            self._stop(me, thing, "acquire", f"acquire {thing.name}", ready, timeout, why)
            return bool(self._inside(me, thing, "acquire", lambda: acquire(it, True, None if timeout is None else 0)))

        patches.set(kind, "acquire", acquires)
        patches.set(kind, "__enter__", acquires)
        for one in (kind, threading.BoundedSemaphore):
            self._announced(patches, one, "release", "release", "release {}")

    def _barrier(self, patches: Patches) -> None:
        kind = threading.Barrier
        self._named(patches, kind, "Barrier", lambda it: f"{it._count} of {it._parties}")
        wait = kind.wait

        def waits(it: Any, timeout: float | None = None) -> int:
            me, thing = self._seen(it)
            if me is None or thing is None:
                return wait(it, timeout)
            self._stop(me, thing, "barrier", f"arrive at {thing.name}")
            name = thing.name
            left = Pending("barrier", f"pass {name}", name, why=lambda: f"the others to arrive at {name}")
            with self.stage.inside(me, left):
                return wait(it, timeout)

        patches.set(kind, "wait", waits)

    def _queue(self, patches: Patches, kind: Any) -> None:
        self._named(patches, kind, "Queue", lambda it: _of(it._qsize(), it.maxsize))
        put, get, join = kind.put, kind.get, kind.join

        def closed(it: Any) -> bool:
            return bool(getattr(it, "is_shutdown", False))

        def room(it: Any) -> bool:
            return it.maxsize <= 0 or it._qsize() < it.maxsize or closed(it)

        def puts(it: Any, item: Any, block: bool = True, timeout: float | None = None) -> None:
            me, thing = self._seen(it)
            if me is None or thing is None:
                put(it, item, block, timeout)
                return
            ready = (lambda: room(it)) if block else None
            self._stop(me, thing, "put", f"put into {thing.name}", ready, timeout, f"room in {thing.name}")
            now = block and not room(it)
            self._inside(me, thing, "put", lambda: put(it, item, block, 0 if now else timeout))

        def gets(it: Any, block: bool = True, timeout: float | None = None) -> Any:
            self._next_job()
            me, thing = self._seen(it)
            if me is None or thing is None:
                return get(it, block, timeout)
            ready = (lambda: it._qsize() > 0 or closed(it)) if block else None
            self._stop(me, thing, "get", f"get from {thing.name}", ready, timeout, f"something in {thing.name}")
            now = block and not it._qsize()
            return self._inside(me, thing, "get", lambda: get(it, block, 0 if now and not closed(it) else timeout))

        def joins(it: Any) -> None:
            me, thing = self._seen(it)
            if me is None or thing is None:
                join(it)
                return
            done = f"{thing.name} to be done"
            self._stop(me, thing, "join", f"join {thing.name}", lambda: not it.unfinished_tasks, why=done)
            self._inside(me, thing, "join", lambda: join(it))

        for name, method in (("put", puts), ("get", gets), ("join", joins)):
            patches.set(kind, name, method)
        self._announced(patches, kind, "task_done", "set", "task done in {}")
        for name in ("qsize", "empty", "full"):
            self._announced(patches, kind, name, "read", f"read {{}}.{name}()")

    def _simple_queue(self, patches: Patches, kind: Any) -> None:
        self._named(patches, kind, "SimpleQueue", lambda it: _of(len(it._queue), 0))
        get = kind.get

        def gets(it: Any, block: bool = True, timeout: float | None = None) -> Any:
            self._next_job()
            me, thing = self._seen(it)
            thing = thing or (getattr(it, "_weft_pool", None) if me is not None else None)
            if me is None or thing is None:
                return get(it, block, timeout)
            ready = (lambda: len(it._queue) > 0) if block else None
            self._stop(me, thing, "get", f"get from {thing.name}", ready, timeout, f"something in {thing.name}")
            now = block and not it._queue
            return self._inside(me, thing, "get", lambda: get(it, block, 0 if now else timeout))

        patches.set(kind, "get", gets)
        self._announced(patches, kind, "put", "put", "put into {}")

    def _threads(self, patches: Patches) -> None:
        kind = threading.Thread
        start, join = kind.start, kind.join
        players: dict[int, tuple[threading.Thread, Player]] = {}

        def begin(it: threading.Thread) -> None:
            player = self.stage.enter(it.name, "a thread of the app")
            player.entry = self.maker.place_of(getattr(it, "_target", None) or it.run)
            players[id(it)] = (it, player)
            self._play(it, player)
            start(it)

        self._begin = begin

        def starts(it: threading.Thread) -> None:
            me, caller = self.stage.me(), sys._getframe(1)
            if it._started.is_set():  # type: ignore[attr-defined]
                return start(it)  # raises
            if me is None:
                if self.loading and it.daemon and self.maker.ours(caller.f_code.co_filename):
                    self._waiting.append(it)
                    return None
                return start(it)
            if not me.inside:
                self.stage.point(Pending("spawn", f"start {it.name}", it.name), caller)
            return begin(it)

        def joins(it: threading.Thread, timeout: float | None = None) -> None:
            me = self.stage.me()
            known = players.get(id(it))
            if me is None or known is None:
                return join(it, timeout)
            player = known[1]
            self.stage.point(
                Pending(
                    "join", f"join {it.name}", it.name, lambda: player.done, timeout is not None,
                    lambda: (player,), lambda: f"{it.name} to end",
                ),
                sys._getframe(1),
            )  # fmt: skip
            return join(it) if player.done else None

        patches.set(kind, "start", starts)
        patches.set(kind, "join", joins)

    def _play(self, thread: threading.Thread, player: Player) -> None:
        """Let a thread's ``run`` be that of a player, which parks before its first step."""
        run = thread.run
        parked = allocate_lock()
        parked.acquire()
        thread.run = lambda: self.stage.play(player, run, parked.release)  # type: ignore[method-assign]
        # `Thread.start` waits for its thread to have begun; ours begins by parking.
        started = thread._started  # type: ignore[attr-defined]
        wait = started.wait

        def waits(timeout: float | None = None) -> bool:
            me = self.stage.me() or player
            me.starts = True
            parked.acquire()
            me.starts = False
            started.wait = wait
            return True

        started.wait = waits

    def _sleep(self, patches: Patches) -> None:
        sleep = time.sleep

        def sleeps(seconds: float) -> None:
            me = self.stage.me()
            if me is None:
                return sleep(seconds)
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            until = self.clock.now_ns + int(seconds * 1e9)
            frame = sys._getframe(1)
            forget_own_switch(me, frame)
            self.stage.point(Pending("sleep", f"sleep {seconds:g} s"), frame)
            me.switchable = True
            self.clock.pass_until(until)
            return None

        patches.set(time, "sleep", sleeps)

    # How it is wrapped

    def _named(self, patches: Patches, kind: Any, label: str, state: Callable[[Any], str]) -> None:
        """Let objects of a class know what they are called, when the app makes them."""
        init = kind.__init__

        def inits(it: Any, *args: Any, **options: Any) -> None:
            init(it, *args, **options)
            frame = sys._getframe(1)
            if frame.f_code is _BOUNDED and frame.f_back is not None:
                frame = frame.f_back
            name = self.maker.name(frame, it)
            it._weft = None
            if name:
                it._weft = thing = Thing(name, type(it).__name__, lambda: state(it))
                self.things.append(thing)

        patches.set(kind, "__init__", inits)

    def _announced(self, patches: Patches, kind: Any, method: str, what: str, text: str) -> None:
        """Stop before a method that never waits."""
        original = getattr(kind, method)

        def announced(it: Any, *args: Any, **options: Any) -> Any:
            me, thing = self._seen(it)
            if me is None or thing is None:
                return original(it, *args, **options)
            self._stop(me, thing, what, text.format(thing.name))
            return self._inside(me, thing, what, lambda: original(it, *args, **options))

        patches.set(kind, method, announced)

    def _next_job(self) -> None:
        me = self.stage.me()
        if me is not None:
            me.jobs += 1

    def _seen(self, it: Any) -> tuple[Player | None, Thing | None]:
        """Return who is here and what this is; no player when it already runs on behalf of something announced."""
        me = self.stage.me()
        if me is None or me.inside:
            return None, None
        thing = getattr(it, "_weft", None)
        if thing is None and not hasattr(it, "_weft_pool"):  # see `weft.stage.host.executors`
            self.maker.beneath.used(it, me, lambda: self.maker.called(sys._getframe()), waited_at=True)
        return me, thing

    def _stop(
        self,
        me: Player,
        thing: Thing,
        kind: str,
        text: str,
        ready: Callable[[], bool] | None = None,
        timeout: float | None = None,
        why: str = "",
        effects: Sequence[Effect] | None = None,
    ) -> None:
        timed = timeout is not None and ready is not None
        began = self.clock.now_ns
        thing.waiters.append(me)
        try:
            asked = Pending(kind, text, thing.name, ready, timed, None, lambda: why, effects=effects)
            self.stage.point(asked, _caller())
        finally:
            thing.waiters.remove(me)
        me.switchable = True
        if timeout is not None and ready is not None and not ready():
            self.clock.pass_until(began + int(timeout * 1e9))

    def _inside(self, me: Player, thing: Thing, kind: str, act: Callable[[], Any]) -> Any:
        with self.stage.inside(me, Pending(kind, f"{kind} {thing.name}", thing.name)):
            return act()


def _caller() -> FrameType:
    """Return the frame that called the wrapped method."""
    frame = sys._getframe(2)
    while frame.f_globals is globals() and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _of(size: int, bound: int) -> str:
    if bound > 0:
        return f"{size} of {bound}"
    return f"{size}" if size else "empty"
