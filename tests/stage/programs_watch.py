"""Runs small programs under `Eyes` and writes down what these tell."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from pathlib import Path
from types import FrameType, ModuleType

from weft.stage.host.eyes import Eyes
from weft.stage.host.sites import Site
from weft.stage.moment import Stops


class Recorder:
    """Remembers what it was told.

    Attributes:
        told: kind, text and name of each access; switches, lines and opcodes by their kind.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def access(self, site: Site, frame: FrameType) -> None:
        touch = site.resolve(frame)
        if touch is not None:
            self.told.append((touch.kind, site.text, touch.name))

    def switch(self) -> None:
        self.told.append(("switch",))

    def line(self, frame: FrameType, line: int) -> None:
        self.told.append(("line", str(line)))

    def opcode(self, frame: FrameType, text: str) -> None:
        self.told.append(("opcode", text))

    def accesses(self) -> list[tuple[str, ...]]:
        return [one for one in self.told if one[0] in ("read", "write")]


def load(folder: Path, text: str, name: str = "program", eyes: Eyes | None = None) -> ModuleType:
    """Import a program; eyes see it before it is executed."""
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text).strip() + "\n")
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    if eyes is not None:
        eyes.watch_imports(lambda file: file.startswith(str(folder)))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
        if eyes is not None:
            eyes.forget_imports()
    return module


def watched(folder: Path, text: str, stops: Stops = Stops.ACCESS, call: str = "run") -> Recorder:
    """Load a program, run its ``run`` under eyes once, and return what they told."""
    recorder, eyes = Recorder(), Eyes()
    module = load(folder, text, eyes=eyes)
    eyes.sites.names.scan([module], vars(module).get("app"))
    eyes.start(recorder, stops)
    eyes.enter_thread()
    try:
        vars(module)[call]()
    finally:
        eyes.leave_thread()
        eyes.stop()
    assert eyes.failures == []
    return recorder
