"""What stands in front of the name of a row: its process where there are several, and its trace where there are."""

from __future__ import annotations

from collections import Counter

from weft.timeline.snapshot import Snapshot


def fronts(snapshot: Snapshot) -> list[str]:
    """Return what to write for each process; nothing where that tells nothing apart."""
    processes, origins = snapshot.processes, snapshot.origins
    if not origins:
        return [str(process.pid) if len(processes) > 1 else "" for process in processes]
    of_one = Counter(process.source for process in processes)
    wide = max(len(origin.label) for origin in origins)

    def front(source: int, pid: int) -> str:
        return f"{origins[source].label:{wide}}{f' {pid}' if of_one[source] > 1 else ''}"

    return [front(process.source, process.pid) for process in processes]


def label_of(snapshot: Snapshot, process: int) -> str:
    """Return the short name of the trace that a process belongs to, nothing where there is only one."""
    return snapshot.origins[snapshot.processes[process].source].label if snapshot.origins else ""


def pid_of(snapshot: Snapshot, process: int) -> str:
    """Return the pid of a process where its trace has several, else nothing: nobody waits for another trace."""
    here = snapshot.processes[process]
    several = sum(each.source == here.source for each in snapshot.processes) > 1
    return str(here.pid) if several else ""


def lane_name(snapshot: Snapshot, lane: int) -> str:
    """Return the name of a lane with its process where there are several: ``4711 MainThread``."""
    row = snapshot.lanes[lane]
    return f"{pid_of(snapshot, row.process)} {row.name}".lstrip()


def thread_name(snapshot: Snapshot, thread: int) -> str:
    """Return the name of a thread's lane with its process where there are several."""
    return lane_name(snapshot, snapshot.threads[thread].lane)
