"""Start and stop recording in this process, and carry on in forked children."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns, time_ns
from types import ModuleType
from typing import Any

from ..events import Kind
from ..log.writer import TraceWriter
from . import (
    buffers,
    definitions,
    flask_app,
    greenlets,
    imports,
    joins,
    locks,
    stacks,
    threads,
    traced,
    trouble,
    waits,
)
from .drain import Drain
from .patches import Patches
from .ring import Ring

DEFAULT_BOUND = 1_000_000
"""Records that may wait for the disk, 24 bytes each."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to record.

    Attributes:
        path: an existing trace (see `weft.log.writer.create`).
        all_locks: record the locks of the standard library and of frameworks too.
        bound: records that may wait for the disk; beyond it they are dropped and counted.
        ring: seconds that are kept in memory until there is cause to write them (see `ring`); 0: everything is written.
        slower_than: a request that lasts longer (ms) is cause; 0: none is.
        contended: record of locks only what somebody waits for.
    """

    path: str
    all_locks: bool = False
    bound: int = DEFAULT_BOUND
    ring: float = 0
    slower_than: float = 0
    contended: bool = False


class Recorder:
    """Everything that is patched and running in this process. There is one at most: `active`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._patches = Patches()
        self._drain = self._new_drain()
        self._forking = False
        self._withdrawn = False

    def start(self) -> None:
        """Patch, and start the drain."""
        greens = greenlets.patched()
        if greens is not None:
            self.withdraw(greens)
            return
        locks.show_all = self.options.all_locks
        traced.contended_only = self.options.contended
        self._patches.set(threading, "Lock", locks.Lock)
        self._patches.set(threading, "RLock", locks.RLock)
        waits.install(self._patches)
        joins.install(self._patches)
        threads.install(self._patches)
        imports.watch({"flask": self._wrap_flask, **greenlets.watch(self.withdraw)})
        buffers.enter(threading.current_thread().name)
        if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
            os.register_at_fork(before=self._pause, after_in_parent=self._resume, after_in_child=self._carry_on)
            self._patches.set(os, "fork", self._resuming(os.fork))
        atexit.register(self.finish)
        if self.options.ring:
            self._listen()
        self._drain.write_now()
        self._drain.start()

    def withdraw(self, greens: str) -> None:
        """End the recording and put every name back, since the threads are about to be replaced by greenlets."""
        try:
            if self._withdrawn:
                return
            self._withdrawn = True
            text = f"{greens} replaces threads by greenlets, which are not recorded"
            trouble.say(f"{text}: the app goes on, the recording of process {os.getpid()} ends here")
            definitions.pending.append(("notice", 1, (text,)))
            self.finish()
            self._patches.undo()
        except Exception as error:
            trouble.note(error, f"giving way to {greens}")

    def finish(self) -> None:
        """Write what there is and end the recording; recorded locks keep working."""
        if self._drain.failed:
            return
        try:
            self._drain.mark(Kind.PROCESS_EXIT)
            self._drain.finish()
        except Exception as error:
            trouble.note(error, "ending the recording")

    def _listen(self) -> None:
        """Let SIGUSR2 ask for a dump, unless it means something to the app already; what the app sets later counts."""
        number = getattr(signal, "SIGUSR2", None)
        if number is None or threading.current_thread() is not threading.main_thread():
            return

        def ask(number: int, frame: object) -> None:
            if self._drain.ring is not None:
                self._drain.ring.ask("SIGUSR2")

        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, ask)

    def _wrap_flask(self, flask: ModuleType) -> None:
        flask_app.install(self._patches, flask)
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is not None:
            self._follow_uwsgi(uwsgi)
            if "uwsgidecorators" not in sys.modules:
                imports.watch({"uwsgidecorators": lambda _: self._follow_uwsgi(uwsgi)})

    def _follow_uwsgi(self, uwsgi: Any) -> None:
        """Carry on in uWSGI's workers: it forks below Python, which then runs none of its own hooks."""
        theirs = getattr(uwsgi, "post_fork_hook", None)

        def post_fork_hook() -> None:
            if self._pid != os.getpid():
                self._carry_on()
            if theirs is not None:
                theirs()

        self._patches.set(uwsgi, "post_fork_hook", post_fork_hook)

    def _new_drain(self) -> Drain:
        self._pid = pid = os.getpid()
        options = self.options
        writer = TraceWriter(options.path, _process_number(pid))
        ring = Ring(writer, options.ring, options.slower_than) if options.ring else None
        drain = Drain(writer, options.bound, ring)
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        argv = [*getattr(sys, "orig_argv", sys.argv)]
        about = (pid, argv, sys.version.partition(" ")[0], gil, options.ring, options.contended)
        definitions.pending.append(("process", pid, about))
        drain.mark(Kind.PROCESS_ENTER, time_ns())
        return drain

    def _pause(self) -> None:
        """Before a fork: Python 3.12 and newer warn of a fork with threads, and the app has not started ours."""
        try:
            self._drain.pause()
        except Exception as error:
            trouble.note(error, "preparing a fork")

    def _resume(self) -> None:
        """Start the threads again, unless `_resuming` will: Python 3.13 counts them only after this hook."""
        try:
            if not self._forking:
                self._drain.start()
        except Exception as error:
            trouble.note(error, "carrying on after a fork")

    def _resuming(self, fork: Callable[[], int]) -> Callable[[], int]:
        def resuming_fork() -> int:
            self._forking = True
            pid = -1
            try:
                pid = fork()
            finally:
                self._forking = False
                if pid:
                    self._resume()
            return pid

        return resuming_fork

    def _carry_on(self) -> None:
        """Continue in a forked child: nothing that the parent has yet to write, ids defined anew, new threads."""
        try:
            self._forking = False
            definitions.take()
            stacks.forget()
            flask_app.forget()
            self._drain = self._new_drain()
            self._drain.failed = self._withdrawn
            buffers.keep_only_this()
            traced.after_fork()
            waits.after_fork()
            self._drain.start()
        except Exception as error:
            trouble.note(error, "carrying on after a fork")


def _process_number(pid: int) -> int:
    """Return a number for this process that a later one with the same pid will not have."""
    return pid << 32 | perf_counter_ns() >> 10 & 0xFFFFFFFF


active: Recorder | None = None


def start(options: Options) -> Recorder:
    """Start recording, or return the recorder that is already running.

    Raises:
        OSError: the trace cannot be opened.
    """
    global active
    if active is None:
        recorder = Recorder(options)
        recorder.start()
        active = recorder
    return active
