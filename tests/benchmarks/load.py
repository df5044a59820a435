"""Many threads that write many events, for long: what is lost, what memory does, what speed is left.

Then as fast as they can, also with a small bound: what is lost must have been counted, and the app keep its speed.
Arguments: seconds, threads, events per second in all.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from weft.events import Kind
from weft.log import reader, writer
from weft.record.launch import environment

APP = """
import json, os, sys, threading, time
seconds, threads, rate = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
passes = [0] * threads
page = os.sysconf("SC_PAGE_SIZE")

def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * page

def work(number):
    lock = threading.Lock()
    begin, done, part = time.monotonic(), 0, rate / 2 / threads
    while (now := time.monotonic() - begin) < seconds:
        # A pass is two events. A rate of 0: as fast as possible.
        for _ in range(min(max(int(now * part) - done, 0), 2000) if rate else 1000):
            with lock:
                pass
            done += 1
        if rate:
            time.sleep(0.02)
    passes[number] = done

workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
for worker in workers:
    worker.start()
used = []
end = time.monotonic() + seconds
while time.monotonic() < end:
    time.sleep(seconds / 20)
    used.append(memory())
for worker in workers:
    worker.join()
print(json.dumps({"passes": sum(passes), "memory": used, "cpu": time.process_time()}))
"""


def run(
    seconds: float, threads: int, rate: float, bound: int | None = None, *, recorded: bool = True
) -> dict[str, Any]:
    """Return what the app counted and what the trace holds: ``passes``, ``memory`` (bytes), ``sections``, ``lost``."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.weft"
        writer.create(str(trace))
        env = environment(os.environ, str(trace), bound=bound) if recorded else {**os.environ}
        command = [sys.executable, "-c", APP, str(seconds), str(threads), str(rate)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        counted: dict[str, Any] = json.loads(done.stdout)
        counted |= {"sections": 0, "records": 0, "lost": 0}
        for item in reader.read(trace):
            if isinstance(item, reader.Events):
                counted["sections"] += int((item.kind == Kind.SECTION).sum())
                counted["lost"] += int(item.value[item.kind == Kind.LOST].sum())
        return counted


def main() -> None:
    given = [float(argument) for argument in sys.argv[1:4]]
    seconds, threads, rate = *given, *(60.0, 64.0, 100_000.0)[len(given) :]
    print(f"\n{threads:.0f} threads for {seconds:.0f} s, Python {platform.python_version()}")
    found = run(seconds, int(threads), rate)
    missing = found["passes"] - found["sections"]
    memory, half = found["memory"], len(found["memory"]) // 2
    print(
        f"  {found['passes'] * 2 / seconds:,.0f} events/s: {missing:,} passes not in the trace, "
        f"{found['lost']:,} counted as lost; memory {max(memory[:half]) / 1e6:.0f} MB at most in the first half, "
        f"{max(memory[half:]) / 1e6:.0f} MB in the second"
    )
    short = min(seconds, 10)
    bare = run(short, int(threads), 0, recorded=False)
    for bound in (None, 20_000):
        found = run(short, int(threads), 0, bound)
        memory, missing = found["memory"], found["passes"] - found["sections"]
        least, most = memory[len(memory) // 4] / 1e6, max(memory) / 1e6
        print(
            f"  at full speed, bound {bound or 'as usual'}: {found['passes'] * 2 / short:,.0f} events/s "
            f"(bare {bare['passes'] * 2 / short:,.0f}), {missing:,} passes not in the trace, "
            f"{found['lost']:,} counted as lost; memory {least:.0f} to {most:.0f} MB"
        )


if __name__ == "__main__":
    main()
