"""Run a real server as a child, say where it listens, and end it when our input ends.

A server does not know that somebody watches it. It may outlive neither the lesson nor a lesson that was killed, so
this process stands between them: its input is a pipe that closes with whoever started it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from weft.record.launch import environment
from weft_demos.lab.gunicorn_conf import FOLDER
from weft_demos.lifeline import LISTENING, at_end_of_input, interrupt_on_signals

LOOPBACK = "127.0.0.1"
UP_SECONDS = 15.0
LOOK_SECONDS = 0.01
TRIES = 3
"""How often a port is chosen: between choosing and listening somebody else may take it."""

PORTS = range(20_000, 32_000)
"""Where servers listen: below the ports that systems choose, for which everybody else on the machine asks as well."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until our input ends, remove its folder, and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _serve(options)
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)


def _serve(options: argparse.Namespace) -> int:
    surroundings = {**os.environ, "XDG_RUNTIME_DIR": options.folder, FOLDER: options.folder}
    if options.trace:
        recording = {name: True for name in ("contended", "all_locks") if getattr(options, name)}
        surroundings = environment(surroundings, options.trace, **recording)
    server: subprocess.Popen[bytes] | None = None
    at_end_of_input(lambda: _end(server))
    with suppress(KeyboardInterrupt):
        interrupt_on_signals()
        for _ in range(TRIES):
            port = _free_port()
            command = [part.replace("{port}", str(port)) for part in options.command]
            if not options.program:
                command = [sys.executable, "-P", "-m", *command]
            # Its own words must not come between ours, which are all that stdout is for.
            server = subprocess.Popen(command, cwd=options.folder, env=surroundings, stdout=sys.stderr)
            if _listens(server, port) and _is_there(server, options.folder, options.workers):
                print(f"{LISTENING}{LOOPBACK}:{port}", flush=True)
                return server.wait()
        return server.wait() if server is not None else 1
    _end(server)
    return server.wait() if server is not None else 0


def _end(server: subprocess.Popen[bytes] | None) -> None:
    """Ask a server to end as Ctrl-C does; whoever started us is less polite if it does not."""
    if server is None:
        os._exit(0)
    if server.poll() is None:
        server.send_signal(signal.SIGINT)


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port
    raise SystemExit("no port of 127.0.0.1 is free")


def _listens(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a server listens; return False when it has ended instead.

    Raises:
        SystemExit: it does neither.
    """
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            return False
        with suppress(OSError), socket.create_connection((LOOPBACK, port), UP_SECONDS):
            return server.poll() is None
        time.sleep(LOOK_SECONDS)
    _end(server)
    raise SystemExit(f"nothing listens after {UP_SECONDS:g} s")


def _is_there(server: subprocess.Popen[bytes], folder: str, workers: int) -> bool:
    """Wait until so many workers have loaded the app: the first one that has would take what is meant for all."""
    until = time.monotonic() + UP_SECONDS
    while len([*Path(folder).glob("worker-*")]) < workers and time.monotonic() < until:
        if server.poll() is not None:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("weft_demos.lab.guard", description=__doc__)
    parser.add_argument("--trace", default="", help="record to this file, which exists")
    parser.add_argument("--folder", required=True, help="the server's own, to work in; it goes with it")
    parser.add_argument("--program", action="store_true", help="the command is a program, not a module of Python")
    parser.add_argument("--workers", type=int, default=0, help="how many say when they are there")
    parser.add_argument("--contended", action="store_true")
    parser.add_argument("--all-locks", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what is run, and its arguments")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
