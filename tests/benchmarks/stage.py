"""What a step on the stage costs: forward, back by running anew, back by looking, and the start.

The scenario is a real Flask view with 15 stop points for two actors. Every figure includes the way through the pipe to
the app's process and back; the time to a usable screen is taken in a real pty.
"""

from __future__ import annotations

import fcntl
import os
import platform
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from _thread import get_ident
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, perf_counter_ns, sleep

from weft.stage.host import baton
from weft.stage.host.baton import Pending, Player, Stage
from weft.stage.process import AppProcess
from weft.stage.session import Order, Session

SHOP = """
import threading, time
from flask import Flask
from weft.stage import Scenario, post

SHELF = {"left": 1, "sold": 0}
lock = threading.Lock()

def create_app():
    app = Flask("shop")

    @app.post("/buy")
    def buy():
        left = SHELF["left"]
        if left > 0:
            time.sleep(0.1)
            SHELF["left"] = left - 1
            with lock:
                SHELF["sold"] += 1
            return {"ok": True}
        return {"ok": False}, 409

    return app

SCENARIO = Scenario("oversell", create_app, {"alice": post("/buy"), "bob": post("/buy")},
                    check=lambda outcome: SHELF["sold"] < 2)
"""
ROUNDS = 20


def _line(what: str, times: list[float], unit: str = "ms") -> None:
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(f"  {what:44} median {statistics.median(times):7.3f} {unit}   p95 {p95:7.3f}   n {len(times)}")


def _ms(act: Callable[[], object]) -> float:
    begin = perf_counter()
    act()
    return (perf_counter() - begin) * 1e3


def _hand_off(switches: int = 20_000) -> float:
    """Return the price of passing the baton from one thread to another (us)."""
    stage = Stage()
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    both: list[Player] = []

    def other() -> Player | None:
        me = next(player for player in both if player.ident == get_ident())
        return next((player for player in (both[1 - me.index], me) if player.parked), None)

    def act() -> None:
        for _ in range(switches // 2):
            stage.point(Pending("step", "step"))

    baton.PATIENCE = 60.0  # all of them are one step
    if hasattr(os, "sched_setaffinity"):  # as in a copy of the app's process
        os.sched_setaffinity(0, {max(processors)})
    parked = threading.Semaphore(0)
    for name in ("alice", "bob"):
        player = stage.enter(name)
        both.append(player)
        threading.Thread(target=stage.play, args=(player, act, parked.release), daemon=True).start()
        parked.acquire()
    stage.choose = other
    begin = perf_counter_ns()
    if not stage.give(both[0]):
        raise SystemExit("the baton did not come back")
    taken = perf_counter_ns() - begin
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)
    return taken / switches / 1e3


def _steps(target: str) -> None:
    starts: list[float] = []
    for _ in range(3):
        begin = perf_counter()
        runner = AppProcess(target)
        session = Session(runner)
        starts.append((perf_counter() - begin) * 1e3)
        if len(starts) < 3:
            session.close()
    forward: list[float] = []
    back: list[float] = []
    looking: list[float] = []
    for _ in range(ROUNDS):
        session.restart()
        session.root.children.clear()
        session.here = session.root
        session.step(0)
        while session.movable():
            actor = session.movable()[session.here.number % len(session.movable())]
            forward.append(_ms(lambda actor=actor: session.step(actor)))  # type: ignore[misc]
        stops = session.here.number
        session.prepare()  # as the screen does when no key comes
        sleep(0.15)
        looking.append(_ms(session.undo))
        session.here.children.clear()
        back.append(_ms(session._catch_up))
    on = [_ms(lambda: (session.restart(), session.root.children.clear(), session.run_all(Order.ROUND_ROBIN)))]
    session.close()
    _line("start of the app's process", starts)
    _line(f"step forward ({stops} stop points)", forward)
    _line("back, run anew", back)
    _line("back, looking", looking)
    _line("a whole run, step by step", on)


def _screen(target: str) -> None:
    """Time from starting the command to a screen that names both actors, in a pty."""
    times = []
    for _ in range(5):
        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        begin = perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "weft_tui", "step", target],
            stdin=side, stdout=side, stderr=side, env={**os.environ, "TERM": "xterm-256color"}, start_new_session=True,
        )  # fmt: skip
        os.close(side)
        seen = b""
        while not (b"alice" in seen and b"bob" in seen) and select.select([main], [], [], 10)[0]:
            seen += os.read(main, 65536)
        times.append((perf_counter() - begin) * 1e3)
        child.kill()
        child.wait()
        os.close(main)
    _line("`weft step` to a usable screen", times)


def main() -> None:
    print(f"\nthe stage, Python {platform.python_version()}")
    handed = [_hand_off() for _ in range(5)]
    _line("hand-off between two threads", handed, "us")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.py"
        file.write_text(SHOP)
        _steps(str(file))
        _screen(str(file))


if __name__ == "__main__":
    main()
