"""What `weft doctor` says, and the end of a report: what the recording could see, what it could not, what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weft.counted import many

LEFT_OUT = "Locks of libraries are left out unless --all-locks is given, and so is all waiting in C code."
"""What no trace holds, whatever was recorded."""

_UNSEEN = 20
_SLOWER = 0.05
"""A share of the median hold from which on the recording is said to change what it measures."""


def advice(figures: dict[str, Any]) -> str:
    """Return what keeps requests from being seen and what to do, nothing when they were seen."""
    if figures["requests"]:
        return ""
    processes, notes = figures["processes"], figures["notes"]
    if not processes:
        return (
            "No Python that can be recorded was started: 3.11 or newer is needed, without -I, -E or -S. Name the "
            "command that starts your app with such a Python."
        )
    if any("greenlets" in note for note in notes):
        return (
            "The app's threads are greenlets, which are not recorded: start it with threads, as with "
            "`gunicorn --threads 4`."
        )
    if not any("flask" in process["libraries"] for process in processes):
        return "Flask was never imported in what was recorded: name the command that serves your Flask app."
    return "Flask is there, but no request came: send the app some requests before you stop it, for instance with curl."


def text(figures: dict[str, Any], fault: str = "") -> str:
    """Return all of it for people, below what went wrong with the command, if something did."""
    return "\n".join([*([_plain(fault)] if fault else []), *_seen(figures), "", *lines(figures)])


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """Yield what the recording cost and what it could not see."""
    yield from _cost(figures)
    yield ""
    yield from _unseen(figures)


def _seen(figures: dict[str, Any]) -> Iterator[str]:
    sentence = advice(figures)
    requests = figures["requests"]
    yield sentence or f"Seen: {many(requests, 'request')}."
    for process in figures["processes"]:
        libraries = ", ".join(f"{name} {version}".strip() for name, version in process["libraries"].items())
        gil = "" if process["gil"] else " without the GIL"
        yield _plain(f"  process {process['pid']}: Python {process['python']}{gil}{f', {libraries}' * bool(libraries)}")


def _cost(figures: dict[str, Any]) -> Iterator[str]:
    yield "WHAT RECORDING COST"
    told = [process for process in figures["processes"] if process["record_ns"] is not None]
    if not told:
        yield "  The command ended before that was measured."
    for process in told:
        share, took = process["drain_share"], process["pass_ns"]
        drain = f"; its own threads used {share:.1%} of a core" if share is not None else ""
        each = f"at {process['record_ns']:,} ns each" if not process["contended_only"] else "of contention only"
        yield (
            f"  process {process['pid']}: {many(process['records'], 'record')} {each} "
            f"(`with lock:` takes {took['bare']:,} ns bare, {took['recorded']:,} ns recorded){drain}"
        )
    if figures["probe_share"] is not None:
        share, hold = figures["probe_share"], figures["hold_p50_ns"]
        yield f"  That is about {share:.1%} of the median time that a lock was held ({_time(hold)}), by estimate."
        if share > _SLOWER:
            yield "  So short holds look longer than they are, and waits for such locks are a little more frequent."
    lost = figures["lost"]
    dropped = f"  {many(lost, 'record was', 'records were')} dropped, since the disk could not keep up."
    yield dropped if lost else "  No record was dropped."


def _unseen(figures: dict[str, Any]) -> Iterator[str]:
    yield "WHAT WAS NOT SEEN"
    rows = [
        f"  {each['name']}{' at ' if each['made_at'] else ''}{each['made_at']}: {each['why']}"
        for each in figures["unseen"]
    ]
    rows += [f"  {note}" for note in figures["notes"]]
    for row in rows[:_UNSEEN]:
        yield _plain(row)
    if len(rows) > _UNSEEN:
        yield f"  and {len(rows) - _UNSEEN} more"
    yield f"  {LEFT_OUT}"


def _time(ns: int) -> str:
    from weft.timeline.units import duration

    return duration(ns)


def _plain(words: str) -> str:
    from weft.timeline.units import plain

    return plain(words)
