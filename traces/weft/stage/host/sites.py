"""The places in the app's code where it touches what other threads could see, or where threads may be switched.

They speak the language of the source and are the same on every Python.
"""

from __future__ import annotations

from inspect import CO_OPTIMIZED
from types import CodeType, FrameType

from . import finding, lines, switches
from .expressions import View
from .matching import Found, Function
from .naming import Names
from .source import Source, Sources
from .touches import Key, Touch

INLINED = (".<locals>.<listcomp>", ".<locals>.<setcomp>", ".<locals>.<dictcomp>")
"""Comprehensions are functions of their own on 3.11 only."""


class Site:
    """An instruction at which something can happen.

    Attributes:
        file, line, function: where it stands.
        kind: read, write, or switch when nothing is touched.
        text: what is touched, in source terms; for a switch what is executed.
        rooted: what is touched is reached from a global or closure variable.
        switches: threads may be switched here, for some values at least.
        target: threads may be switched if the next instruction is the one at this offset; -1 for all other sites.
        key: what identifies it from process to process: file, line, kind, text.
        find: finds the part of an object that is about to be touched; None where nothing is.
    """

    __slots__ = (
        "_base",
        "_names",
        "_switch",
        "file",
        "find",
        "function",
        "key",
        "kind",
        "line",
        "rooted",
        "switches",
        "target",
        "text",
    )

    def __init__(self, place: tuple[str, int, str], found: Found, names: Names) -> None:
        self.file, self.line, self.function = place
        self.kind, self.text, self.rooted = found.kind, found.text, found.rooted
        self.key = self.file, self.line, self.kind, self.text
        self.switches, self.target = found.switch is not None, found.target
        self._base, self.find, self._switch, self._names = found.base, found.find, found.switch, names

    def resolve(self, frame: FrameType) -> Touch | None:
        """Return what is about to be touched; None when it cannot be shared. Runs none of the app's code."""
        found = self.part(frame)
        return self.touch(*found) if found is not None else None

    def part(self, frame: FrameType) -> finding.Part | None:
        """Return the object that is about to be touched, and which part of it."""
        return self.find(View(frame)) if self.find is not None else None

    def touch(self, obj: object, key: Key) -> Touch:
        """Return what it is to touch a part of an object here."""
        kind = "write" if self.kind == "read" and finding.inserts(obj, key) else self.kind
        asks = self.find.answer if isinstance(self.find, finding.Membership) else None
        return Touch(obj, key, kind, self.text, self._base, self._names.of, asks)

    def may_switch(self, frame: FrameType) -> bool:
        """Return whether threads may be switched at, or after, this instruction."""
        switch = self._switch
        return switch is switches.always or (switch is not None and switch(View(frame)))

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text} at line {self.line}>"


class Sites:
    """Finds the sites of code objects, and remembers them.

    Args:
        names: gives what is touched its name.
    """

    def __init__(self, names: Names | None = None) -> None:
        self.names = names if names is not None else Names()
        self.sources = Sources()
        self._known: dict[int, tuple[CodeType, dict[int, Site]]] = {}
        self._version = 0

    def prepare(self, code: CodeType) -> dict[int, Site]:
        """Return the sites of a code object by instruction offset; none if its source is not at hand."""
        source = self.sources.of(code)
        if self._version != self.sources.version:
            self._known.clear()
            self._version = self.sources.version
        # By id: code objects of different files can be equal, and hashing one takes long.
        known = self._known.get(id(code))
        if known is None:
            sites = self._prepare(code, source) if source is not None and is_function(code) else {}
            known = self._known[id(code)] = code, sites
        return known[1]

    def lines(self, code: CodeType) -> dict[int, int]:
        """Return the lines of statements by the offsets at which they begin."""
        source = self.sources.of(code)
        return {} if source is None or not is_function(code) or is_inlined(code) else lines.starts(code, source)

    def _prepare(self, code: CodeType, source: Source) -> dict[int, Site]:
        function = function_name(code)
        found = Function(code, source, self.sources).sites()
        return {
            offset: Site((code.co_filename, one.line or code.co_firstlineno, function), one, self.names)
            for offset, one in found.items()
        }


def is_function(code: CodeType) -> bool:
    """Return whether code belongs to a function: module and class bodies run once, before anything is shared."""
    if not code.co_flags & CO_OPTIMIZED:
        return False
    name = code.co_qualname
    return not any(name == one[10:] or (name.endswith(one[9:]) and not name.endswith(one)) for one in INLINED)


def is_inlined(code: CodeType) -> bool:
    """Return whether code is a comprehension, which newer versions make part of the function around it."""
    return code.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>")


def function_name(code: CodeType) -> str:
    """Return the name of a function as a person would say it."""
    name = code.co_qualname
    for one in INLINED:
        name = name.replace(one, "")
    return name.replace(".<locals>", "")
