"""Stop points at the app's thread pools: handing work over, taking it, finishing it, and waiting for what comes of it.

Who of two requests hands its work over first decides what a pool with one thread does first; nothing else would tell.
Executors that libraries make (event loops do) are left alone.
"""

from __future__ import annotations

import concurrent.futures
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from ...record.patches import Patches
from ..search.execution import ACQUIRE, READ, RELEASE, WRITE
from .baton import Effect, Pending
from .blocking import Blocking, Thing
from .outside import Operation, acting

_IDLE_AT_ITS_END = sys.version_info < (3, 12)
"""A thread says that it is idle when it has finished its work, and not when it finds no more: who submits looks."""

_numbers = count()


class Job:
    """What a future of such a pool is for; kept in its ``_weft``."""

    __slots__ = ("name", "pool", "thing")

    def __init__(self, pool: Thing, work: Any) -> None:
        self.pool = pool
        self.name = str(getattr(work, "__name__", None) or type(work).__name__)
        self.thing = f"job {next(_numbers)}"


class Executors:
    """Puts the stop points in place, behind those of `Blocking`."""

    def __init__(self, blocking: Blocking) -> None:
        self._blocking, self._maker = blocking, blocking.maker

    def install(self, patches: Patches) -> None:
        """Wrap executors and futures."""
        from concurrent.futures import _base, thread  # only now: they make locks

        self._pool(patches, thread.ThreadPoolExecutor)
        self._future(patches, _base.Future)
        self._several(patches, _base)

    def _pool(self, patches: Patches, kind: Any) -> None:
        init, submit, shutdown = kind.__init__, kind.submit, kind.shutdown

        def inits(it: Any, *args: Any, **options: Any) -> None:
            init(it, *args, **options)
            name = self._maker.name(sys._getframe(1), it)
            it._weft = None
            if name:
                waiting = it._work_queue._queue
                it._weft = thing = Thing(name, "ThreadPoolExecutor", lambda: f"{len(waiting)} waiting")
                self._blocking.things.append(thing)
                counts = (it._work_queue._count, it._idle_semaphore)
                for part in (it._work_queue, *counts, *(count._cond for count in counts)):
                    part._weft_pool = thing

        def submits(it: Any, work: Any, /, *args: Any, **options: Any) -> Any:
            pool: Thing | None = it._weft
            job = Job(pool, work) if pool is not None else None
            text = f"submit {job.name} to {job.pool.name}" if job is not None else ""
            future = self._do(pool, "put", text, lambda: submit(it, work, *args, **options))
            if job is not None:
                future._weft, future._condition._weft_pool = job, job.pool
            return future

        def shuts_down(it: Any, *args: Any, **options: Any) -> None:
            text = f"shut down {it._weft.name}" if it._weft is not None else ""
            self._do(it._weft, "set", text, lambda: shutdown(it, *args, **options))

        for name, method in (("__init__", inits), ("submit", submits), ("shutdown", shuts_down)):
            patches.set(kind, name, method)

    def _future(self, patches: Patches, kind: Any) -> None:
        for name in ("result", "exception"):
            patches.set(kind, name, self._waits(getattr(kind, name)))
        for name in ("set_result", "set_exception"):
            patches.set(kind, name, self._finishes(getattr(kind, name)))
        for name in ("done", "running", "cancelled", "cancel", "add_done_callback"):
            patches.set(kind, name, self._looks(name, getattr(kind, name)))

    def _waits(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def waits(it: Any, timeout: float | None = None) -> Any:
            job = _job(it)
            if job is not None:
                effects = [(job.thing, "", ACQUIRE)]
                self._stop("wait", f"wait for {job.name}", job, effects, lambda: _is_done(it), timeout)
            return original(it, timeout if job is None or _is_done(it) else 0)

        return waits

    def _finishes(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def finishes(it: Any, value: Any) -> None:
            job = _job(it)
            if job is not None:
                effects = [(job.thing, "", RELEASE)]
                if _IDLE_AT_ITS_END:
                    effects.append((job.pool.name, "", WRITE))
                self._stop("set", f"finish {job.name}", job, effects)
            original(it, value)

        return finishes

    def _looks(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        how = WRITE if name in ("cancel", "add_done_callback") else READ

        def looks(it: Any, *args: Any) -> Any:
            job = _job(it)
            if job is not None and not (name == "cancel" and _is_done(it)):
                effects = [(job.thing, "", how)]
                if name != "done":  # whether it runs is decided when a thread takes it from the pool
                    effects.append((job.pool.name, "", how))
                self._stop("read" if how == READ else "set", f"{name}() of {job.name}", job, effects)
            return original(it, *args)

        return looks

    def _several(self, patches: Patches, base: Any) -> None:
        wait, as_completed = base.wait, base.as_completed

        def waits(fs: Iterable[Any], timeout: float | None = None, return_when: str = base.ALL_COMPLETED) -> Any:
            futures = set(fs)
            jobs = _jobs(futures)
            if jobs:
                how = ACQUIRE if return_when == base.ALL_COMPLETED else READ
                text = f"wait for {_all(jobs)}"
                effects = [(job.thing, "", how) for job in jobs]
                self._stop("wait", text, jobs[0], effects, lambda: _enough(futures, return_when), timeout)
                timeout = timeout if _enough(futures, return_when) else 0
            return wait(futures, timeout, return_when)

        def completes(fs: Iterable[Any], timeout: float | None = None) -> Iterator[Any]:
            left = set(fs)
            found = as_completed(left.copy(), timeout)
            while left:
                jobs = _jobs(left)
                if jobs:
                    effects = [(job.thing, "", READ) for job in jobs]
                    some = f"wait for the next of {_all(jobs)}" if len(left) > 1 else f"wait for {_all(jobs)}"
                    self._stop("wait", some, jobs[0], effects, lambda: any(map(_is_done, left)), timeout)
                future = next(found)
                left.discard(future)
                yield future

        for module in (base, concurrent.futures):
            patches.set(module, "wait", waits)
            patches.set(module, "as_completed", completes)

    # How it is wrapped

    def _do(self, pool: Thing | None, kind: str, text: str, act: Callable[[], Any]) -> Any:
        """Stop before something is done to a pool; what the library does for it is no operation of its own."""
        me = acting(self._maker) if pool is not None else None
        if me is None or pool is None:
            return act()
        operation = Operation(self._maker, me, Pending(kind, text, pool.name))
        operation.stop()
        with operation.inside():
            return act()

    def _stop(
        self,
        kind: str,
        text: str,
        job: Job,
        effects: list[Effect],
        ready: Callable[[], bool] | None = None,
        timeout: float | None = None,
    ) -> None:
        me = acting(self._maker)
        if me is not None:
            operation = Operation(self._maker, me, Pending(kind, text, job.pool.name, effects=effects), timeout)
            operation.stop(ready, None, lambda: f"{text.removeprefix('wait for ')} to be done")


def _job(future: Any) -> Job | None:
    found = getattr(future, "_weft", None)
    return found if type(found) is Job else None


def _jobs(futures: Iterable[Any]) -> list[Job]:
    return sorted((job for one in futures if (job := _job(one)) is not None), key=lambda job: int(job.thing[4:]))


def _is_done(future: Any) -> bool:
    return future._state in ("FINISHED", "CANCELLED", "CANCELLED_AND_NOTIFIED")


def _enough(futures: Iterable[Any], return_when: str) -> bool:
    """Return whether what `concurrent.futures.wait` waits for has happened."""
    done = [one for one in futures if _is_done(one)]
    if return_when == "FIRST_COMPLETED" and done:
        return True
    failed = any(one._state == "FINISHED" and one._exception is not None for one in done)
    return (return_when == "FIRST_EXCEPTION" and failed) or len(done) == len(list(futures))


def _all(jobs: list[Job]) -> str:
    return ", ".join(dict.fromkeys(job.name for job in jobs))
