"""Put a program on the stage: its source becomes a file, its scenario runs in a process of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weft.stage.moment import As, Status, Stops
from weft.stage.process import AppProcess
from weft.stage.session import Session

HEAD = """\
import queue, threading, time
from concurrent.futures import ThreadPoolExecutor
from flask import Flask, g, request, session
from weft.stage import Scenario, get, post

"""


@contextmanager
def staged(
    folder: Path, source: str, *, stops: Stops = Stops.ACCESS, interpreter: As = As.FREE_THREADED, **wanted: Any
) -> Iterator[Session]:
    """Step through the only scenario of a program."""
    file = folder / "program.py"
    file.write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    session = Session(AppProcess(wanted.pop("target", str(file)), **wanted), stops=stops, interpreter=interpreter)
    try:
        yield session
    finally:
        session.close()


def upcoming(session: Session) -> dict[str, str]:
    """Return what each actor that is not done does next, marked when it is blocked."""
    return {
        view.name: ("blocked: " if view.status is Status.BLOCKED else "") + view.next.text
        for view in session.moment.actors
        if view.next is not None
    }


def play(session: Session, *actors: int) -> list[str]:
    """Give steps in this order; return the operations done."""
    done = []
    for actor in actors:
        node = session.step(actor)
        done.append(node.operation.text)
    return done


def finish(session: Session, actor: int) -> list[str]:
    """Give steps to one actor for as long as it can move; return the operations done."""
    done = []
    while not session.refusal(actor):
        done += play(session, actor)
    return done
