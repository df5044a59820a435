"""Watches the code of the user's files, whichever way this Python allows."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import NamedTuple, Protocol

from ..moment import Stops
from . import imports
from .sites import Site, Sites


class Watcher(Protocol):
    """Is told what a thread is about to do; the thread is held for as long as the call takes.

    An exception that is no `Exception` goes on into the app; any other is kept in `Eyes.failures`.
    """

    def access(self, site: Site, frame: FrameType) -> None:
        """Something is about to be read or written."""

    def switch(self) -> None:
        """The interpreter may let another thread run here."""

    def line(self, frame: FrameType, line: int) -> None:
        """The statement at a line is about to begin. ``frame.f_lineno`` may be a later line of the same statement."""

    def opcode(self, frame: FrameType, text: str) -> None:
        """A bytecode is about to be executed."""


class Backend(Protocol):
    """How the interpreter tells what it executes."""

    def add(self, code: CodeType) -> None:
        """Watch one more code object."""

    def start(self, stops: Stops) -> None:
        """Begin to tell."""

    def stop(self) -> None:
        """Tell no more."""

    def enter_thread(self) -> None:
        """Tell of the current thread."""

    def leave_thread(self) -> None:
        """Tell no more of the current thread."""

    def displaced(self) -> str:
        """Return who has taken its place in the current thread, empty for nobody."""
        ...


class Plan(NamedTuple):
    """What there is to tell of a code object, by offset: sites, where lines begin, bytecodes as text."""

    code: CodeType
    sites: dict[int, Site]
    lines: dict[int, int]
    opcodes: dict[int, str]


class Eyes:
    """Tells a watcher what the user's code is about to do.

    Args:
        watcher: is told; None until `start` names one.
        sites: finds the places that matter.
    """

    def __init__(self, watcher: Watcher | None = None, sites: Sites | None = None) -> None:
        self.watcher = watcher
        self.sites = sites if sites is not None else Sites()
        self.switches = True
        self.failures: list[Exception] = []
        """What went wrong in a watcher; the app never sees these."""
        self._codes: dict[int, CodeType] = {}
        self._imports: imports.Watch | None = None
        self._backend = _backend(self)

    def add(self, code: CodeType) -> None:
        """Watch a code object and all those inside of it."""
        pending = [code]
        while pending:
            one = pending.pop()
            if id(one) not in self._codes:
                self._codes[id(one)] = one
                self.sites.sources.file(one.co_filename)
                self._backend.add(one)
            pending.extend(inner for inner in one.co_consts if isinstance(inner, CodeType))

    def prepare(self) -> None:
        """Find the sites of all that was added; otherwise they are found when the code first runs."""
        for code in list(self._codes.values()):
            self.sites.prepare(code)

    def watch_imports(self, is_ours: Callable[[str], bool]) -> None:
        """Add every module whose file is ours, before it is executed; modules that are imported already are not."""
        if self._imports is None:
            self._imports = imports.Watch(is_ours, self.add)
            self._imports.install()

    def forget_imports(self) -> None:
        """Undo `watch_imports`."""
        if self._imports is not None:
            self._imports.uninstall()
            self._imports = None

    def start(self, watcher: Watcher | None = None, stops: Stops = Stops.ACCESS, *, switches: bool = True) -> None:
        """Begin to tell.

        Args:
            switches: tell also where the interpreter may let another thread run.

        Raises:
            WeftError: other tools have taken all that the interpreter offers for this.
        """
        self.watcher = watcher if watcher is not None else self.watcher
        self.switches = switches
        self._backend.start(stops)

    def stop(self) -> None:
        """Tell no more; what was added stays known."""
        self._backend.stop()

    def enter_thread(self) -> None:
        """Say that the current thread is to be told of; others may or may not be."""
        self._backend.enter_thread()

    def leave_thread(self) -> None:
        """Say that the current thread has done what there was to tell."""
        self._backend.leave_thread()

    def displaced(self) -> str:
        """Return which other tool keeps accesses of the current thread from being told, empty for none."""
        return self._backend.displaced()

    def watches(self, code: CodeType) -> bool:
        """Return whether a code object was added."""
        return id(code) in self._codes

    # What the interpreters tell

    def instruction(self, frame: FrameType, plan: Plan, offset: int) -> bool:
        """Pass an instruction on to the watcher; return whether there was anything to tell."""
        site, text = plan.sites.get(offset), plan.opcodes.get(offset, "")
        line = plan.lines.get(offset, 0)
        if site is None and not text and not line:
            return False
        if self.watcher is not None and (line or text):
            try:
                self._tell(self.watcher, frame, text, line)
            except Exception as error:
                self.failed(error)
        if site is not None:
            self.site(frame, site)
        return True

    def site(self, frame: FrameType, site: Site) -> None:
        """Pass a site on to the watcher."""
        watcher = self.watcher
        if watcher is None:
            return
        try:
            if site.kind != "switch":
                watcher.access(site, frame)
            if self.switches and site.switches and site.may_switch(frame):
                watcher.switch()
        except Exception as error:
            self.failed(error)

    def _tell(self, watcher: Watcher, frame: FrameType, text: str, line: int) -> None:
        if line:
            watcher.line(frame, line)
        if text:
            watcher.opcode(frame, text)

    def plan(self, code: CodeType, stops: Stops) -> Plan:
        """Return what there is to tell of a code object."""
        begins = self.sites.lines(code) if stops in (Stops.LINE, Stops.OPCODE) else {}
        texts = opcodes(code) if stops is Stops.OPCODE else {}
        sites = self.sites.prepare(code)
        if not self.switches:
            sites = {offset: site for offset, site in sites.items() if site.kind != "switch"}
        return Plan(code, sites, begins, texts)

    def entered(self) -> None:
        """Pass the entry of a function on to the watcher."""
        if self.watcher is None or not self.switches:
            return
        try:
            self.watcher.switch()
        except Exception as error:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Note what went wrong in a watcher."""
        if len(self.failures) < 100:
            self.failures.append(error)


def opcodes(code: CodeType) -> dict[int, str]:
    """Return the bytecodes of a code object as text, by offset."""
    return {
        one.offset: f"{one.opname} {one.argrepr}".rstrip()
        for one in dis.get_instructions(code)
        if one.opname not in ("CACHE", "EXTENDED_ARG", "RESUME", "PRECALL")
    }


def _backend(eyes: Eyes) -> Backend:
    if sys.version_info >= (3, 12):
        from .eyes_monitoring import Monitoring

        return Monitoring(eyes)
    from .eyes_tracing import Tracing

    return Tracing(eyes)
