"""What the recording could see and what it cost, as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .snapshot import Snapshot
from .values import Process


def recording(snapshot: Snapshot) -> dict[str, Any]:
    """Return what a reader should know of the recording itself. Times are ns.

    Returns:
        ``requests``: how many began.
        ``lost``: records that the recorder dropped.
        ``processes``: of each ``pid``, ``python``, ``gil``, ``libraries`` (name to version), ``records``,
        ``contended_only`` (of locks only what was waited for is recorded), ``pass_ns`` (``bare`` and ``recorded``:
        an uncontended ``with lock:``), ``record_ns`` (the difference) and ``drain_share`` (of a core); None where a
        process has not told.
        ``hold_p50_ns``: the median time that a lock was held, None without any.
        ``probe_share``: which share of it recording adds, by estimate; None where one of the two is not known.
        ``unseen``: ``name``, ``made_at`` (``file:line``, empty: not known) and ``why`` of what could not be recorded.
        ``notes``: sentences on what else is missing.
    """
    processes = [_process(process) for process in snapshot.processes]
    holds = snapshot.tables.holds.all()
    held = snapshot.tables.held_until(holds) - holds["start"]
    median = int(np.sort(held)[(len(held) - 1) // 2]) if len(held) else None
    extra = max((each["record_ns"] for each in processes if each["record_ns"] is not None), default=None)
    return {
        "requests": len(snapshot.tables.requests.all()),
        "lost": snapshot.lost,
        "processes": processes,
        "hold_p50_ns": median,
        "probe_share": round(extra / max(median, 1), 4) if extra is not None and median is not None else None,
        "unseen": [
            {"name": name, "made_at": f"{made_at.file}:{made_at.line}" if made_at.file else "", "why": why}
            for name, made_at, why in dict.fromkeys((each.name, each.made_at, each.why) for each in snapshot.unseen)
        ],
        "notes": list(snapshot.gaps),
    }


def _process(process: Process) -> dict[str, Any]:
    costs = process.costs
    known = costs.bare_ps > 0 and costs.recorded_ps > 0
    return {
        "pid": process.pid,
        "python": process.python,
        "gil": process.gil,
        "libraries": dict(process.libraries),
        "records": costs.records,
        "contended_only": process.contended_only,
        "pass_ns": {"bare": costs.bare_ps // 1000, "recorded": costs.recorded_ps // 1000} if known else None,
        "record_ns": max(costs.recorded_ps - costs.bare_ps, 0) // 1000 if known else None,
        "drain_share": round(costs.drain_ns / costs.over_ns, 4) if costs.over_ns and costs.drain_ns else None,
    }
