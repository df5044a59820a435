"""Watching by `sys.settrace` (3.11): it tells of opcodes too, and reliably so in that version."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ..moment import Stops
from .sites import is_function, is_inlined

if TYPE_CHECKING:
    from .eyes import Eyes, Plan

Trace = Callable[[FrameType, str, Any], Any]


class Tracing:
    """Tells of the threads that have entered.

    Args:
        eyes: are told.
    """

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._codes: dict[int, CodeType] = {}
        self._plans: dict[int, Plan] = {}
        self._stops = Stops.SYNC
        self._before = threading.local()
        """Whoever has traced the thread before: coverage, a debugger."""

    def add(self, code: CodeType) -> None:
        """Watch one more code object."""
        if is_function(code):
            self._codes[id(code)] = code

    def start(self, stops: Stops) -> None:
        """Begin to tell of the threads that enter from now on."""
        self._stops = stops
        self._plans.clear()

    def stop(self) -> None:
        """Tell no more."""
        self._stops = Stops.SYNC

    def enter_thread(self) -> None:
        """Tell of the current thread."""
        if self._stops is not Stops.SYNC:
            self._before.trace = sys.gettrace()
            sys.settrace(self._call)

    def leave_thread(self) -> None:
        """Tell no more of the current thread."""
        sys.settrace(getattr(self._before, "trace", None))

    def displaced(self) -> str:
        """Return who traces the current thread instead; a thread has one tracer."""
        found = sys.gettrace()
        if self._stops is Stops.SYNC or found == self._call:
            return ""
        return str(getattr(found, "__module__", None) or "sys.settrace")

    def _call(self, frame: FrameType, event: str, argument: Any) -> Trace | None:
        code = frame.f_code
        if id(code) not in self._codes or self._stops is Stops.SYNC:
            return None
        plan = self._plans.get(id(code))
        if plan is None:
            plan = self._plans[id(code)] = self._eyes.plan(code, self._stops)
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if not is_inlined(code):
            self._eyes.entered()
            _refresh(frame)
        return _Frame(self._eyes, plan).trace


class _Frame:
    """Tells of one run of a function.

    Args:
        plan: what there is to tell.
    """

    __slots__ = ("_after", "_eyes", "_plan")

    def __init__(self, eyes: Eyes, plan: Plan) -> None:
        self._eyes, self._plan = eyes, plan
        self._after = -1

    def trace(self, frame: FrameType, event: str, argument: Any) -> Trace:
        """Tell of an instruction."""
        if event == "opcode":
            offset = frame.f_lasti
            if self._after >= 0:
                self._loop(frame, offset)
            if self._eyes.instruction(frame, self._plan, offset):
                _refresh(frame)
                site = self._plan.sites.get(offset)
                self._after = site.target if site is not None else -1
        return self.trace

    def _loop(self, frame: FrameType, offset: int) -> None:
        """Tell of the end of a loop that has jumped to its beginning."""
        if self._after == offset:
            self._eyes.entered()
            _refresh(frame)
        self._after = -1


def _refresh(frame: FrameType) -> None:
    """Read the variables again.

    When a trace function returns, 3.11 writes ``f_locals`` back, closure variables included: those that other threads
    have changed while this one was held would get their old values (cpython#74929).
    """
    code = frame.f_code
    if code.co_cellvars or code.co_freevars:
        _ = frame.f_locals
