"""What customers notice: latencies and requests per second on real servers, bare and recorded, in turns.

Rounds alternate between a bare server and a recorded one, so that what else the machine does hits both. Wall times
swing by some per cent between two bare servers; the instructions of `instructions.py` do not.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from weft.log import writer
from weft.record.launch import environment

APP = """
import threading
from flask import Flask
app = Flask(__name__)
lock = threading.Lock()

@app.get("/")
def index():
    with lock:
        return "x" * 100
"""
SERVERS = {
    "gunicorn 2 x 4": "-m gunicorn -b 127.0.0.1:{port} -w 2 -k gthread --threads 4 app:app",
    "gunicorn 1 x 8": "-m gunicorn -b 127.0.0.1:{port} -w 1 -k gthread --threads 8 app:app",
    "waitress 8": "-m waitress --listen=127.0.0.1:{port} --threads=8 app:app",
}


@contextmanager
def served(folder: Path, command: str, recorded: bool) -> Iterator[int]:
    """Start a server and yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    if recorded:
        trace = str(folder / f"{port}.weft")
        writer.create(trace, force=True)
        variables = environment(variables, trace)
    command_line = [sys.executable, *(part.format(port=port) for part in command.split())]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command_line, cwd=folder, env=variables, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 20
            while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


def load(port: int, clients: int, each: int) -> tuple[list[int], float]:
    """Let customers ask at once; return the latencies (ns) and requests per second."""
    latencies: list[list[int]] = [[] for _ in range(clients)]

    def shop(mine: list[int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for _ in range(each):
            began = time.perf_counter_ns()
            connection.request("GET", "/")
            connection.getresponse().read()
            mine.append(time.perf_counter_ns() - began)
        connection.close()

    threads = [threading.Thread(target=shop, args=(mine,)) for mine in latencies]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return sorted(one for mine in latencies for one in mine), clients * each / seconds


def compare(name: str, folder: Path, rounds: int, clients: int, each: int) -> None:
    """Print the medians over the rounds, bare and recorded."""
    results: dict[bool, list[tuple[float, float, float]]] = {False: [], True: []}
    for turn in range(rounds):
        for recorded in (False, True) if turn % 2 else (True, False):
            with served(folder, SERVERS[name], recorded) as port:
                load(port, clients, each // 10 + 1)
                latencies, rate = load(port, clients, each)
            p50, p99 = (latencies[len(latencies) * part // 100] / 1e6 for part in (50, 99))
            results[recorded].append((p50, p99, rate))
    bare, told = (_medians(results[recorded]) for recorded in (False, True))
    spread = max(one[1] for one in results[False]) / min(one[1] for one in results[False])
    print(
        f"{name:16} p50 {bare[0]:6.2f} -> {told[0]:6.2f} ms   p99 {bare[1]:6.2f} -> {told[1]:6.2f} ms "
        f"(bare rounds differ by {spread:.2f} times)   {bare[2]:6.0f} -> {told[2]:6.0f} requests/s, "
        f"{told[2] / bare[2]:.2f} times",
        flush=True,
    )


def _medians(rows: Sequence[tuple[float, float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def main() -> None:
    """Compare every server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--each", type=int, default=500, help="requests of a client in a round")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "app.py").write_text(APP)
        for name in SERVERS:
            compare(name, Path(place), chosen.rounds, chosen.clients, chosen.each)


if __name__ == "__main__":
    main()
