"""Run a piece of Python under the recorder, in a process of its own, and read the trace back as plain rows."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft.events import Kind
from weft.log import reader, writer
from weft.record.launch import environment


@dataclass(frozen=True)
class Row:
    """One record with its ids replaced by names where it has any."""

    process: int
    thread: str
    kind: Kind
    what: str
    time: int
    value: int


@dataclass
class Recorded:
    """What a recording left behind."""

    rows: list[Row] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[reader.Gap] = field(default_factory=list)
    done: subprocess.CompletedProcess[str] | None = None

    def of(self, *kinds: Kind, thread: str | None = None) -> list[Row]:
        """Rows of these kinds, in the order of time."""
        rows = [row for row in self.rows if row.kind in kinds and thread in (None, row.thread)]
        return sorted(rows, key=lambda row: row.time)

    def defined(self, what: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["is"] == what]


_NAMED = {
    **dict.fromkeys(
        (
            *(Kind.SECTION, Kind.WAIT, Kind.ACQUIRE, Kind.HANDOFF, Kind.GIVE_UP, Kind.TRY_FAILED, Kind.HOLD),
            *(Kind.RESUME, Kind.WAKE, Kind.TIMED, Kind.WAITER_AT, Kind.HOLDER_AT),
        ),
        "lock",
    ),
    Kind.REQUEST_ENTER: "target",
    Kind.REQUEST_PUSH: "endpoint",
    Kind.PUSH_BOTH: "endpoint",
    Kind.TASK_SUBMIT: "work",
    Kind.TASK_ENTER: "thread",
    **dict.fromkeys((Kind.SPAN_ENTER, Kind.MARK, Kind.LOG), "label"),
}


def load(path: Path) -> Recorded:
    """Read a trace."""
    found = Recorded()
    names: dict[tuple[int, str, int], str] = {}
    for item in reader.read(path):
        if isinstance(item, reader.Gap):
            found.gaps.append(item)
        elif isinstance(item, reader.Definitions):
            found.entries.extend(item.entries)
            for entry in item.entries:
                names[item.process, entry["is"], entry["id"]] = (
                    entry.get("name") or entry.get("text") or entry.get("path", "")
                )
        else:
            found.rows.extend(_rows(item, names))
    return found


def _rows(events: reader.Events, names: Mapping[tuple[int, str, int], str]) -> list[Row]:
    columns = (events.thread, events.kind, events.obj, events.time, events.value)
    return [
        Row(
            process=events.process,
            thread=names.get((events.process, "thread", thread), str(thread)),
            kind=Kind(kind),
            what=names.get((events.process, _NAMED.get(Kind(kind), ""), obj), str(obj)),
            time=time,
            value=value,
        )
        for thread, kind, obj, time, value in zip(*(column.tolist() for column in columns), strict=True)
    ]


def run(
    path: Path, code: str, *arguments: str, variables: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Write ``code`` to app.py beside the trace ``path``, and run it recorded."""
    script = path.with_name("app.py")
    script.write_text(textwrap.dedent(code))
    writer.create(str(path))
    return subprocess.run(
        [sys.executable, *arguments, str(script)],
        env={**environment(os.environ, str(path), **options), **(variables or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def record(folder: Path, code: str, **options: Any) -> Recorded:
    """Run ``code`` recorded and return what was recorded; it must end well and say nothing on stderr."""
    path = folder / "trace.weft"
    done = run(path, code, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = load(path)
    found.done = done
    return found
