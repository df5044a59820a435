"""Requests per second of a Flask app under recorders, side by side: bare, weft, and what else there is.

Each gets a virtual environment of its own with the newest versions; what cannot be installed or started says so. The
rounds are interleaved, so that a busy moment of the machine hits all alike; the medians are printed, and their ratio to
bare. Needs ab (ApacheBench). Arguments: a folder for the environments (kept for the next time), rounds, requests.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from weft.log import writer
from weft.record.launch import environment

APP = """
import os, threading
peer = os.environ.get("PEER")
if peer == "viztracer":
    from viztracer import VizTracer
    tracer = VizTracer(tracer_entries=1_000_000, output_file=os.environ["OUT"], verbose=0)
    tracer.start()
from flask import Flask
app = Flask(__name__)
lock = threading.Lock()
if peer == "opentelemetry":
    from opentelemetry import trace
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(out=open(os.environ["OUT"], "w"))))
    trace.set_tracer_provider(provider)
    FlaskInstrumentor().instrument_app(app)
    ThreadingInstrumentor().instrument()

@app.get("/one")
def one():
    with lock:
        return "x"

@app.get("/ten")
def ten():
    for _ in range(10):
        with lock:
            pass
    return "x"
"""

SERVERS = {
    "gunicorn gthread": ("gunicorn", "-k", "gthread", "--threads", "4", "-b", "127.0.0.1:{port}", "app:app"),
    "waitress": ("waitress-serve", "--threads=4", "--listen=127.0.0.1:{port}", "app:app"),
}
PATHS = {"/one": "1 lock operation", "/ten": "10 lock operations"}
BASE = ("flask", "gunicorn", "waitress")


@dataclass
class Peer:
    """What is measured: packages, what stands before the server's command, and variables."""

    name: str
    packages: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    missing: str = ""


PEERS = [
    Peer("bare"),
    Peer("weft"),
    Peer("weft --contended"),
    Peer("viztracer", ("viztracer",)),
    Peer(
        "opentelemetry",
        ("opentelemetry-sdk", "opentelemetry-instrumentation-flask", "opentelemetry-instrumentation-threading"),
    ),
    Peer(
        "ddtrace",
        ("ddtrace",),
        ("ddtrace-run",),
        {
            "DD_PROFILING_ENABLED": "1",
            "DD_PROFILING_LOCK_ENABLED": "1",
            "DD_PROFILING_CAPTURE_PCT": "100",
            "DD_TRACE_ENABLED": "0",
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0",
        },
    ),
]


def _install(peer: Peer, folder: Path) -> Path:
    """Return the tools of a peer's environment, made if it is not there."""
    place = folder / (peer.name.split()[0] if peer.packages else "bare")
    if not place.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "install", "-q", *BASE, *peer.packages], capture_output=True, text=True, check=False)
    if done.returncode:
        peer.missing = "not installed"
    listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=False).stdout
    versions = [line for line in listed.splitlines() if line.partition("==")[0].lower() in (*BASE, *peer.packages)]
    print(f"  {peer.name}: {peer.missing or ' '.join(versions)}", flush=True)
    return place / "bin"


def _measure(peer: Peer, tools: Path, server: str, folder: Path, path: str, requests: int) -> float:
    """Return requests per second, 0 when the server did not answer them all."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    out = folder / "out"
    env = {**os.environ, **peer.variables, "PEER": peer.name, "OUT": str(out), "PYTHONPATH": str(folder)}
    if peer.name.startswith("weft"):
        trace = str(folder / "trace.weft")
        writer.create(trace, force=True)
        env = environment(env, trace, contended=peer.name.endswith("--contended"))
    words = [word.format(port=port) for word in SERVERS[server]]
    command = [*(str(tools / word) for word in peer.before), str(tools / words[0]), *words[1:]]
    with subprocess.Popen(
        command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            if not _answers(process, port):
                return 0.0
            url = f"http://127.0.0.1:{port}{path}"
            _ab(url, requests // 5)
            return _ab(url, requests)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process.poll() is None
    return False


def _ab(url: str, requests: int) -> float:
    done = subprocess.run(
        ["ab", "-q", "-k", "-c", "4", "-n", str(requests), url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    rate, failed = re.search(r"Requests per second: +([\d.]+)", done.stdout), re.search(r"Failed .* (\d+)", done.stdout)
    return float(rate.group(1)) if rate and failed and failed.group(1) == "0" else 0.0


def main() -> None:
    if shutil.which("ab") is None:
        print("\nrequests per second beside other recorders: ab (ApacheBench) is not installed, left out")
        return
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="weft-peers-"))
    given = [int(word) for word in sys.argv[2:4]]
    rounds, requests = *given, *(7, 4000)[len(given) :]
    place.mkdir(parents=True, exist_ok=True)
    print(
        f"\nrequests/s, Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    tools = {peer.name: _install(peer, place) for peer in PEERS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(APP)
        for server in SERVERS:
            for path, what in PATHS.items():
                rates: dict[str, list[float]] = {peer.name: [] for peer in PEERS if not peer.missing}
                for turn in range(rounds):
                    some = [peer for peer in PEERS if not peer.missing]
                    for peer in some[turn % len(some) :] + some[: turn % len(some)]:
                        rates[peer.name].append(_measure(peer, tools[peer.name], server, folder, path, requests))
                print(f"\n  {server}, {what}: medians of {rounds} rounds")
                bare = statistics.median(rates["bare"])
                for peer in PEERS:
                    rate = statistics.median(rates.get(peer.name, [0.0]))
                    told = f"{rate:8,.0f}  {rate / bare:.2f}" if rate and bare else peer.missing or "did not answer"
                    print(f"    {peer.name:18} {told}", flush=True)
    print(f"\n  load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
