"""Exports hold what the timeline shows, nest on every lane, and stream."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from support.busy import BusyServer, records
from support.recorded import run
from support.tiled import write_tiled
from weft import WeftError
from weft.events import Kind, code_of
from weft.export import chrome, fxt, table
from weft.export import stream as stream_module
from weft.export.stream import LOCK_LANES, Flow, Part, Slice, Stream
from weft.log import writer
from weft.timeline import load

from . import fxt_reader

Lane = tuple[int, int]
Spans = dict[Lane, list[tuple[int, int, str]]]


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=6, locks=3).write(path, 8_000)
    return path


def written(write: Callable[[Iterable[Part], BinaryIO], None], path: Path) -> bytes:
    out = io.BytesIO()
    write(Stream(path).parts(), out)
    return out.getvalue()


def nested(spans: Spans) -> None:
    """Check that no two spans of a lane overlap in part."""
    for some in spans.values():
        stack: list[int] = []
        for start, end, _ in sorted(some, key=lambda span: (span[0], -span[1])):
            while stack and stack[-1] <= start:
                stack.pop()
            assert not stack or end <= stack[-1]
            stack.append(end)


def of_chrome(data: bytes) -> tuple[Spans, dict[Lane, str], dict[int, dict[str, dict[str, Any]]]]:
    spans: Spans = defaultdict(list)
    names: dict[Lane, str] = {}
    flows: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for event in json.loads(data)["traceEvents"]:
        lane = event["pid"], event["tid"]
        if event["ph"] == "X":
            start = round(event["ts"] * 1000)
            spans[lane].append((start, start + round(event["dur"] * 1000), event["name"]))
        elif event["ph"] in "sf":
            flows[event["id"]][event["ph"]] = event
        elif event["ph"] == "M" and event["name"] == "thread_name":
            names[lane] = event["args"]["name"]
        else:
            assert event["ph"] in "iM"
    return spans, names, flows


def of_fxt(data: bytes) -> tuple[Spans, fxt_reader.Fxt]:
    found = fxt_reader.read(data)
    spans: Spans = defaultdict(list)
    for event in found.events:
        if event["kind"] == 4:
            spans[event["lane"]].append((event["start"], event["end"], event["name"]))
    return spans, found


def test_both_formats_for_perfetto_say_the_same(trace: Path) -> None:
    chromes, names, flows = of_chrome(written(chrome.write, trace))
    fuchsias, found = of_fxt(written(fxt.write, trace))
    assert found.ticks == 1_000_000_000
    assert {lane: sorted(some) for lane, some in chromes.items()} == {
        lane: sorted(some) for lane, some in fuchsias.items()
    }
    assert names == found.threads
    nested(chromes)
    kinds = [event["kind"] for event in found.events]
    assert kinds.count(8) == kinds.count(10) == len(flows) > 50


def test_lanes_and_times_are_those_of_the_timeline(trace: Path) -> None:
    snapshot = load(trace)
    slices = [part for part in Stream(trace).parts() if isinstance(part, Slice)]
    for figures in snapshot.lock_figures():
        name = figures.lock.name
        held = [part.end - part.start for part in slices if part.lane >= LOCK_LANES and part.args["lock"] == name]
        waited = [part.end - part.start for part in slices if part.what == "wait" and part.args["lock"] == name]
        assert (len(held), sum(held)) == (figures.acquisitions, figures.hold_ns)
        assert (len(waited), sum(waited)) == (figures.contended, figures.wait_ns)
    requests = [part for part in slices if part.what == "request"]
    assert len(requests) == len(snapshot.requests(100_000))
    assert {part.args["endpoint"] for part in requests if "status" in part.args} == {"item"}
    assert {part.name for part in requests} <= {f"GET /item/{n}" for n in range(1, 7)}
    assert all(part.shown == (part.start, part.end) for part in slices)


def test_flows_lead_from_a_wait_to_the_hold_that_ended_it(trace: Path) -> None:
    parts = [*Stream(trace).parts()]
    slices = [part for part in parts if isinstance(part, Slice)]
    flows = [part for part in parts if isinstance(part, Flow)]
    waits = {(part.lane, part.start): part for part in slices if part.what == "wait"}
    assert len(flows) == len([part for part in waits.values() if part.args["outcome"] == "got it"])
    holds = defaultdict(list)
    for part in slices:
        if part.what == "hold" and part.lane < LOCK_LANES:
            holds[part.lane].append(part)
    for flow in flows:
        wait = waits[flow.waiter, flow.began]
        assert any(
            part.start <= flow.time < part.end and part.args["lock"] == wait.args["lock"]
            for part in holds[flow.releaser]
        )
        # A viewer binds it to the slice that began last before it, though that may have ended.
        before = [part for part in slices if part.lane == flow.releaser and part.shown[0] <= flow.time]
        newest = max(before, key=lambda part: (part.shown[0], -part.shown[1]))
        assert newest.name == f"release {wait.args['lock']}"


def test_slices_nest_though_locks_are_let_go_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "trace.weft"
    writer.create(str(path))
    file = writer.TraceWriter(str(path), 5 << 32)
    locks = [
        {"is": "lock", "id": n, "name": f"l{n}\x1b\ud800", "kind": "Lock", "file": "a", "function": "f", "line": 1}
        for n in (1, 2, 3)
    ]
    rows = [code_of(Kind.SECTION, 1), code_of(Kind.SECTION, 2), code_of(Kind.WAIT, 3), code_of(Kind.HOLD, 1)]
    words = [10, 20, rows[0], 15, 30, rows[1], 40, 0, rows[2], 35, 50, rows[3], 60, 0, code_of(Kind.PULSE)]
    file.write(locks, records((1, words)), 70)
    file.close()
    spans, names, _ = of_chrome(written(chrome.write, path))
    nested(spans)
    assert (15, 30, "l2\x1b\\ud800") not in spans[5, LOCK_LANES + 2]
    assert [span[:2] for span in spans[5, LOCK_LANES + 2]] == [(15, 30)]
    assert sorted(span[:2] for span in spans[5, 1]) == [(10, 20), (20, 30), (35, 60), (40, 60)]
    assert names[5, LOCK_LANES + 1] == "lock l1\x1b\\ud800"
    assert of_fxt(written(fxt.write, path))[1].threads == names


def test_a_recording_of_several_processes_is_exported(tmp_path: Path) -> None:
    path = tmp_path / "trace.weft"
    program = """
        import os, threading, time
        lock = threading.Lock()
        def work():
            with lock: time.sleep(0.01)
        child = os.fork()
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        if child: os.waitpid(child, 0)
    """
    assert run(path, program).returncode == 0
    spans, names, flows = of_chrome(written(chrome.write, path))
    assert len({pid for pid, _ in spans}) == 2
    assert len(flows) >= 2
    nested(spans)
    assert "lock __main__.lock" in names.values() or any(name.endswith("lock") for name in names.values())


def test_tables_have_a_row_for_every_slice(trace: Path) -> None:
    rows = [*csv.DictReader(io.StringIO(written(table.write_csv, trace).decode()))]
    assert [*rows[0]] == [*table.COLUMNS]
    snapshot = load(trace)
    waited = sum(int(row["end_ns"]) - int(row["start_ns"]) for row in rows if row["what"] == "wait")
    assert waited == sum(figures.wait_ns for figures in snapshot.lock_figures())
    assert {row["status"] for row in rows if row["what"] == "request"} <= {"200", ""}


def test_parquet_holds_the_same_rows_or_says_what_it_needs(trace: Path) -> None:
    try:
        from pyarrow import parquet
    except ImportError:
        with pytest.raises(WeftError, match="pyarrow"):
            written(table.write_parquet, trace)
        return
    found = parquet.read_table(io.BytesIO(written(table.write_parquet, trace)))
    expected = [dict(zip(table.COLUMNS, row, strict=True)) for row in table.rows(Stream(trace).parts())]
    assert found.to_pylist() == expected


class Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


@pytest.mark.parametrize("write", [chrome.write, fxt.write, table.write_csv])
def test_an_export_takes_no_more_memory_for_a_longer_trace(
    write: Callable[[Iterable[Part], Any], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "_RELEASES", 256)
    peaks = []
    for stretches in (4, 16):
        path = tmp_path / f"{stretches}.weft"
        write_tiled(path, stretches, events=4_000, threads=4)
        stream = Stream(path, chunk=1 << 12)
        tracemalloc.start()
        write(stream.parts(), Nowhere())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
