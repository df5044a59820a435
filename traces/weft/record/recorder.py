"""Start and stop recording in this process, and carry on in forked children."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from time import perf_counter_ns, time_ns
from types import ModuleType
from typing import Any

from ..events import Kind
from ..log.writer import TraceWriter
from . import (
    buffers,
    definitions,
    digests,
    flask_app,
    forking,
    greenlets,
    imports,
    joins,
    late,
    locks,
    logs,
    pools,
    queueing,
    redis_locks,
    said,
    shared_locks,
    simple_queues,
    stacks,
    tasks,
    threads,
    traced,
    trouble,
    waits,
)
from .drain import Drain
from .options import Options
from .patches import Patches
from .ring import Ring

_SAID = 8
"""Names that one sentence has room for."""


class Recorder:
    """Everything that is patched and running in this process. There is one at most: `active`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._patches = Patches()
        self._drain = self._new_drain()
        self._forking = False
        self._withdrawn = False
        self._makers: dict[Any, Any] = {}
        self._asks: Callable[[int, object], None] | None = None

    def start(self) -> None:
        """Patch, and start the drain."""
        greens = greenlets.patched()
        if greens is not None:
            self.withdraw(greens)
            return
        locks.show_all = self.options.all_locks
        self._choose_closures()
        self._makers = {threading.Lock: locks.Lock, threading.RLock: locks.RLock}
        for name, ours in (("Lock", locks.Lock), ("RLock", locks.RLock)):
            self._patches.set(threading, name, ours)
        waits.install(self._patches)
        joins.install(self._patches)
        shared_locks.install(self._patches)
        threads.install(self._patches)
        imports.watch({"queue": lambda queue: simple_queues.install(self._patches, queue)})
        imports.watch({"multiprocessing.util": self._follow_multiprocessing})
        imports.watch({"flask": self._wrap_flask, **greenlets.watch(self._patches, self.withdraw, self.warn)})
        imports.watch(queueing.watch(self._patches))
        imports.watch(
            {
                **logs.watch(self._patches, self.options.log),
                **pools.watch(self._patches),
                **redis_locks.watch(self._patches),
                "sqlite3": self._wrap_sqlite,
            }
        )
        buffers.enter(threading.current_thread().name)
        if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
            _watch_forks()
            self._patches.set(os, "fork", self._resuming(os.fork))
        atexit.register(self.finish)
        if self.options.ring:
            self._listen()
        self._drain.write_now()
        self._drain.start()

    def catch_up(self) -> None:
        """Record from now on what the app's modules made earlier, as far as they have a name for it; say what not."""
        try:
            found = late.catch_up(self._patches, self._makers, self.options.all_locks)
            for number, unseen in enumerate(found, 1):
                definitions.pending.append(("unseen", number, (unseen.name, unseen.file, unseen.line, unseen.why)))
            if found:
                shown = [f"{unseen.name} ({unseen.why})" for unseen in found[:_SAID]]
                more = [f"{len(found) - _SAID} more"] * (len(found) > _SAID)
                text = f"not recorded: {', '.join([*shown, *more])}"
                definitions.pending.append(("notice", 1, (text,)))
                trouble.say(f"{text}; call weft.instrument() earlier, or start the app with `weft run -- CMD`")
        except Exception as error:
            trouble.note(error, "looking for what was made before the recording")

    def stop(self) -> None:
        """End the recording, put every name back and end our threads; recorded locks keep working, unrecorded."""
        try:
            atexit.unregister(self.finish)
            imports.forget()
            self._listen_no_more()
            taken = [*self._patches.undo(), *late.give_back({ours: theirs for theirs, ours in self._makers.items()})]
            if taken:
                trouble.say(f"left as they are, since somebody else has replaced them too: {', '.join(taken)}")
            self._drain.end(buffers.silence)
        except Exception as error:
            trouble.note(error, "ending the recording")

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

    def warn(self, text: str) -> None:
        """Say on stderr and in the trace what the trace lacks, while it is written."""
        if not self._drain.failed:
            trouble.say(text)
            definitions.pending.append(("notice", 2, (text,)))

    def finish(self) -> None:
        """Write what there is and end the recording; recorded locks keep working."""
        if self._drain.failed:
            return
        try:
            self._drain.finish()
        except Exception as error:
            trouble.note(error, "ending the recording")

    def _choose_closures(self) -> None:
        """Say what of each lock is recorded; one that is in use may have handed its closures out, and keeps them."""
        if traced.contended_only != self.options.contended and traced.in_use:
            text = "locks used while it was recorded before are recorded as they were then (contended or not)"
            trouble.say(text)
            definitions.pending.append(("notice", 3, (text,)))
        traced.contended_only = self.options.contended

    def _wrap_sqlite(self, sqlite3: ModuleType) -> None:
        from . import databases

        databases.install(self._patches)

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
            self._asks = ask

    def _listen_no_more(self) -> None:
        if self._asks is not None and threading.current_thread() is threading.main_thread():
            if signal.getsignal(signal.SIGUSR2) is self._asks:
                signal.signal(signal.SIGUSR2, signal.SIG_DFL)
            self._asks = None

    def _wrap_flask(self, flask: ModuleType) -> None:
        flask_app.install(self._patches, flask)
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is not None:
            self._follow_uwsgi(uwsgi)
            if "uwsgidecorators" not in sys.modules:
                imports.watch({"uwsgidecorators": lambda _: self._follow_uwsgi(uwsgi)})

    def _follow_multiprocessing(self, util: Any) -> None:
        """Write the last records of its forked children too: they end without running what `atexit` knows."""
        util.register_after_fork(self, lambda recorder: util.Finalize(None, recorder._main_ends, exitpriority=-1000))

    def _main_ends(self) -> None:
        """The main thread of a forked child of `multiprocessing` has ended; the process ends with its last thread."""
        here = threading.current_thread()
        if not any(thread is not here and not thread.daemon for thread in threading.enumerate()):
            self.finish()

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
        parent = self._drain.writer if hasattr(self, "_drain") else None
        writer = TraceWriter(options.trace, _process_number(pid), parent=parent)
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
            forking.after_in_child()
            definitions.take()
            stacks.forget()
            digests.forget()
            flask_app.forget()
            tasks.forget()
            self._drain = self._new_drain()
            self._drain.failed = self._withdrawn
            buffers.keep_only_this()
            traced.after_fork()
            waits.after_fork()
            said.after_fork()
            self._drain.start()
        except Exception as error:
            buffers.silence()
            trouble.note(error, "carrying on after a fork")


def _process_number(pid: int) -> int:
    """Return a number for this process that a later one with the same pid will not have."""
    return pid << 32 | perf_counter_ns() >> 10 & 0xFFFFFFFF


active: Recorder | None = None
_forks_watched = _stopped = False


def _watch_forks() -> None:
    """Let forks be seen by whatever recorder is active: hooks for them cannot be taken back."""
    global _forks_watched
    if not _forks_watched:
        _forks_watched = True
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def _before_fork() -> None:
    if active is not None:
        active._pause()
        forking.before()


def _after_fork() -> None:
    forking.after_in_parent()
    if active is not None:
        active._resume()


def _in_child() -> None:
    if active is not None:
        active._carry_on()


def start(options: Options) -> Recorder:
    """Start recording, or return the recorder that is already running.

    Raises:
        OSError: the trace cannot be opened.
    """
    global active
    if active is None:
        if _stopped:
            _begin_anew()
        recorder = Recorder(options)
        recorder.start()
        active = recorder
    return active


def stop() -> None:
    """End the recording that is running, if any."""
    global active, _stopped
    recorder, active = active, None
    if recorder is not None:
        _stopped = True
        recorder.stop()


def _begin_anew() -> None:
    """Forget what an earlier recording of this process knew."""
    trouble.count = 0
    definitions.take()
    stacks.forget()
    flask_app.forget()
    tasks.forget()
    said.after_fork()
    buffers.begin_anew()
    traced.begin_anew()
    waits.begin_anew()
