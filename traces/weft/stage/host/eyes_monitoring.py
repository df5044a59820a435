"""Watching by `sys.monitoring` (3.12 and later): events for the user's code objects only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ...errors import WeftError
from ..moment import Stops
from .sites import Site, is_function, is_inlined

if TYPE_CHECKING:
    from .eyes import Eyes, Plan

NAME = "weft stage"
_TOOLS = (4, 3, 5, 2, 1, 0)
"""Free ones first; the others are meant for debuggers, coverage, profilers and optimizers."""


def _sample(argument: int) -> int:
    """Is run to see whether its instructions are told."""
    return argument


class Monitoring:
    """Tells of all threads alike.

    Args:
        eyes: are told.
    """

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._codes: list[CodeType] = []
        self._plans: dict[int, Plan] = {}
        self._sites: dict[int, dict[int, Site]] = {}
        """Of the code objects of which there is nothing to tell but these."""
        self._tool: int | None = None
        self._stops = Stops.SYNC
        self._disable = _monitoring().DISABLE
        self._told = False
        """An instruction of the sample was told."""
        self._others: dict[str, None] = {}
        """Tools that have come to watch instructions of a function which is watched here."""
        self._set_local = _monitoring().set_local_events

    def add(self, code: CodeType) -> None:
        """Watch one more code object."""
        self._codes.append(code)
        if self._tool is not None:
            self._arm(code)

    def start(self, stops: Stops) -> None:
        """Begin to tell."""
        self.stop()
        self._stops = stops
        if stops is Stops.SYNC:
            return
        monitoring = _monitoring()
        self._tool = _free_tool()
        monitoring.use_tool_id(self._tool, NAME)
        events = monitoring.events
        monitoring.register_callback(self._tool, events.INSTRUCTION, self._teller())
        monitoring.register_callback(self._tool, events.PY_START, self._entered)
        monitoring.register_callback(self._tool, events.PY_RESUME, self._entered)
        for code in self._codes:
            self._arm(code)
        self._set_local(self._tool, _sample.__code__, events.INSTRUCTION)
        monitoring.set_local_events = self._noting
        self._others.clear()
        monitoring.restart_events()
        _sample(0)  # only what has been executed loses its instructions to a second tool

    def stop(self) -> None:
        """Tell no more."""
        if self._tool is None:
            return
        monitoring, tool = _monitoring(), self._tool
        self._tool = None
        monitoring.set_local_events = self._set_local
        for code in (*self._codes, _sample.__code__):
            self._set_local(tool, code, 0)
        events = monitoring.events
        for event in (events.INSTRUCTION, events.PY_START, events.PY_RESUME):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
        self._plans.clear()
        self._sites.clear()

    def enter_thread(self) -> None:
        """Do nothing: every thread is told of."""

    def leave_thread(self) -> None:
        """Do nothing: every thread is told of."""

    def displaced(self) -> str:
        """Return who else watches instructions, so that they are not told here.

        CPython (3.12, 3.13) tells only one tool of an instruction when a second one begins to watch it.
        """
        if self._tool is None:
            return ""
        self._told = False
        _sample(0)
        if self._told:
            return ", ".join(self._others)
        monitoring = _monitoring()
        names = [str(name) for tool in range(6) if tool != self._tool and (name := monitoring.get_tool(tool))]
        return ", ".join(names) if sys.gettrace() is None else "sys.settrace"

    def _noting(self, tool: int, code: CodeType, wanted: int) -> None:
        monitoring = _monitoring()
        if tool != self._tool and wanted & monitoring.events.INSTRUCTION and self._eyes.watches(code):
            self._others[str(monitoring.get_tool(tool))] = None
        self._set_local(tool, code, wanted)

    def _arm(self, code: CodeType) -> None:
        if not is_function(code) or self._tool is None:
            return
        events = _monitoring().events
        wanted = events.INSTRUCTION
        if self._eyes.switches and not is_inlined(code):
            wanted |= events.PY_START | events.PY_RESUME
        self._set_local(self._tool, code, wanted)

    def _teller(self) -> Callable[[CodeType, int], object]:
        """Return what is called before an instruction."""
        known, disable, tell, frame_of = self._sites, self._disable, self._eyes.site, sys._getframe
        watcher, failed = self._eyes.watcher, self._eyes.failed
        access = watcher.access if watcher is not None and not self._eyes.switches else None

        def instruction(code: CodeType, offset: int) -> object:
            sites = known.get(id(code))
            if sites is None:
                return self._instruction(code, offset, frame_of(1))
            site = sites.get(offset)
            if site is None:
                return disable
            if access is None:
                tell(frame_of(1), site)
                return None
            try:
                access(site, frame_of(1))
            except Exception as error:
                failed(error)
            return None

        return instruction

    def _instruction(self, code: CodeType, offset: int, frame: FrameType) -> object:
        plan = self._plans.get(id(code))
        if plan is None:
            if code is _sample.__code__:
                self._told = True
                return None
            plan = self._plans[id(code)] = self._eyes.plan(code, self._stops)
        if plan.lines or plan.opcodes:
            return None if self._eyes.instruction(frame, plan, offset) else self._disable
        self._sites[id(code)] = plan.sites
        site = plan.sites.get(offset)
        if site is None:
            return self._disable
        self._eyes.site(frame, site)
        return None

    def _entered(self, code: CodeType, offset: int) -> object:
        self._eyes.entered()
        return None


def _free_tool() -> int:
    monitoring = _monitoring()
    for tool in _TOOLS:
        if monitoring.get_tool(tool) is None:
            return tool
    taken = ", ".join(sorted({str(monitoring.get_tool(tool)) for tool in _TOOLS}))
    raise WeftError(f"all six ids of sys.monitoring are taken, by {taken}; run the stage without these tools")


def _monitoring() -> Any:
    """Return `sys.monitoring`, which type checkers do not know in 3.11."""
    return sys.monitoring  # type: ignore[attr-defined,unused-ignore] # pyright: ignore[reportAttributeAccessIssue]
