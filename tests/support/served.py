"""A Flask app on a real server, recorded, and customers that count their answers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from weft.log import writer
from weft.record.launch import environment
from weft.timeline import load
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Wait

APP = """
import os, threading, time
from flask import Flask, Response
app = Flask(__name__)
lock = threading.Lock()

@app.get("/pid")
def pid():
    return str(os.getpid())

@app.get("/item/<name>")
def item(name):
    with lock:
        time.sleep(0.001)
    return name

@app.get("/stream/<name>")
def stream(name):
    def parts():
        for letter in name:
            with lock:
                yield letter
    return Response(parts())
"""

Answers = Counter[tuple[str, int]]
"""How often a path was answered with a status."""


@dataclass
class Served:
    """A server under way."""

    process: subprocess.Popen[str]
    port: int
    trace: Path
    folder: Path

    def ask(self, path: str, connection: http.client.HTTPConnection | None = None) -> tuple[int, str]:
        """Return the status and the text of one answer."""
        mine = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        mine.request("GET", path)
        answer = mine.getresponse()
        text = answer.read().decode()
        if connection is None:
            mine.close()
        return answer.status, text

    def load(self, tag: str, *, clients: int = 4, each: int = 10, keep_alive: bool = True) -> Answers:
        """Let customers ask at the same time, each path once, and return what was answered."""
        answers: Answers = Counter()
        failed: list[BaseException] = []

        def shop(number: int) -> None:
            kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20) if keep_alive else None
            try:
                for turn in range(each):
                    name = f"{tag}-{number}-{turn}"
                    path = f"/{'stream' if turn % 5 == 4 else 'item'}/{name}"
                    status, text = self.ask(path, kept)
                    assert text == name
                    answers[path, status] += 1
            except BaseException as error:
                failed.append(error)
            finally:
                if kept is not None:
                    kept.close()

        threads = [threading.Thread(target=shop, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return answers

    def stop(self, number: int = signal.SIGINT) -> str:
        """Send a signal to the server (SIGINT to its whole group, as a terminal does) and return what it printed."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        return self.process.communicate(timeout=30)[0]

    def snapshot(self) -> Snapshot:
        """Return what stands in the trace."""
        return load(self.trace)

    def wait_for(self, answers: Answers, seconds: float = 10.0) -> None:
        """Wait until the answers stand in the trace."""
        deadline = time.monotonic() + seconds
        while recorded(self.snapshot()) != answers:
            missing, more = answers - recorded(self.snapshot()), recorded(self.snapshot()) - answers
            assert time.monotonic() < deadline, (missing, more)
            time.sleep(0.05)


@contextmanager
def serve(
    folder: Path, *command: str, app: str = APP, own_environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Start ``python COMMAND`` recorded beside an ``app.py``; ``{port}`` in it becomes a free port.

    With an environment of its own, it records by itself.
    """
    (folder / "app.py").write_text(app)
    trace = folder / "trace.weft"
    writer.create(str(trace))
    if folder.stat().st_mode & 0o002:
        trace.chmod(0o666)
    port = _free_port()
    variables = {**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{folder}"}
    process = subprocess.Popen(
        [sys.executable, *(part.format(port=port) for part in command)],
        cwd=folder,
        env=environment(variables, str(trace)) if own_environment is None else {**variables, **own_environment},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process, port, trace, folder)
    try:
        _wait_until_it_listens(served)
        yield served
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def recorded(snapshot: Snapshot) -> Answers:
    """Return the finished requests of a trace as answers."""
    requests = snapshot.requests(1_000_000)
    return Counter((request.path, request.status or 0) for request in requests if request.end_ns is not None)


def waits(snapshot: Snapshot) -> Iterator[Wait]:
    """Yield every wait for a lock; a server's own script may wait for events and threads besides."""
    wait = snapshot.next_wait(None, snapshot.start_ns - 1, 1)
    while wait is not None:
        if snapshot.locks[wait.lock].kind in ("Lock", "RLock"):
            yield wait
        wait = snapshot.next_wait(None, wait.start_ns, 1)


def total(parts: Sequence[Answers]) -> Answers:
    """Return the sum."""
    return sum(parts, Counter())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_it_listens(served: Served) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert served.process.poll() is None, served.process.communicate()[0]
        try:
            socket.create_connection(("127.0.0.1", served.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")
