"""`weft info`: what is inside a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weft.counted import many
from weft_tui.wrapping import say

if TYPE_CHECKING:
    from weft.log.info import Info, ProcessInfo

_GAPS = 5
_NAMED = 200


@click.command(short_help="Print what is inside a trace.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def info(file: Path, form: str) -> None:
    """Print what is inside FILE: processes, times, records of each kind, and what is missing."""
    from weft.log.info import info as count

    found = count(file)
    if form == "json":
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        say("\n".join(_text(found)))


def _text(found: Info) -> Iterator[str]:
    from weft.events import Kind, events_in
    from weft.log.info import name_of
    from weft.timeline.units import duration, plain

    first, last = found.span
    wall = (found.header.wall_ns + first - found.header.perf_ns) / 1e9 if last else found.header.wall_ns / 1e9
    yield f"{many(found.size, 'byte')}, {many(found.events, 'event')} in {many(found.records, 'record')}"
    if found.events:
        yield f"{found.bytes_per_event:.1f} bytes an event"
    yield f"from {_clock(wall)}, for {duration(last - first)}"
    threads = sum(len(process.threads) for process in found.processes.values())
    yield (
        f"{many(threads, 'thread')}, {many(found.definitions['lock'], 'lock')}, "
        f"{many(found.kinds[Kind.REQUEST_ENTER], 'request')}, "
        f"{many(sum(process.lost for process in found.processes.values()), 'record')} lost"
    )
    for number, process in enumerate(found.processes.values(), 1):
        yield ""
        yield f"process {number}: {_process(process)}"
        if process.argv:
            yield f"  {plain(' '.join(process.argv))[:_NAMED]}"
        if process.last_ns >= 0:
            yield f"  from {duration(process.first_ns - first)} to {duration(process.last_ns - first)}" + (
                "" if process.ended else ", without a farewell: killed, or still running"
            )
        yield from (f"  ! {plain(notice)}" for notice in process.notices)
    if found.kinds:
        yield ""
        width = max(len(f"{count:,}") for count in found.kinds.values())
        for kind, count in sorted(found.kinds.items()):
            counted = "" if events_in(kind) == 1 else f"  ({events_in(kind)} events each)"
            yield f"{count:>{width},}  {name_of(kind)}{counted}"
    if found.gaps:
        yield ""
        for gap in found.gaps[:_GAPS]:
            yield f"! {many(gap.size, 'byte')} at offset {gap.offset:,} cannot be read: {plain(gap.reason)[:_NAMED]}"
        more = len(found.gaps) + found.more_gaps - _GAPS
        if more > 0:
            yield f"! and {many(more, 'more such gap')}; `weft verify` lists them"


def _process(process: ProcessInfo) -> str:
    from weft.timeline.units import plain

    python = f", Python {plain(process.python)[:_NAMED]}" if process.python else ""
    lost = f", {many(process.lost, 'record')} lost" if process.lost else ""
    return f"pid {process.pid}{python}, {many(len(process.threads), 'thread')}, {many(process.records, 'record')}{lost}"


def _clock(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return "an impossible time"
