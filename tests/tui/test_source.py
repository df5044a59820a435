"""The source: what it posts for a file that is complete, grows, is damaged or is not there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.message import Message

from support.busy import START_NS, BusyServer, records
from weft.events import Kind, code_of
from weft.log import writer
from weft_tui.commands.live import Silence
from weft_tui.messages import ChildEnded, FindingsReady, SnapshotReady, SourceFailed
from weft_tui.queues import queues
from weft_tui.source import CALM, LOOK_SECONDS, Rate, Source
from weft_tui.view import Mode

S = 1_000_000_000


def script(*steps: Callable[[], object]) -> Callable[[float], bool]:
    """Return a pause that does something instead of resting, and stops the source after the last step."""
    left = list(steps)

    def pause(seconds: float) -> bool:
        if seconds == LOOK_SECONDS:
            return False
        assert seconds >= 0.05
        if not left:
            return True
        left.pop(0)()
        return False

    return pause


def nothing() -> None:
    """Nothing new appears."""


def snapshots(posted: list[Message]) -> list[SnapshotReady]:
    return [message for message in posted if isinstance(message, SnapshotReady)]


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4).write(path, 4_000)
    return path


def append(path: Path, *rows: tuple[int, int, int]) -> None:
    file = writer.TraceWriter(str(path), 1)
    file.write([], records((1, [word for row in rows for word in row])), max(row[0] for row in rows))
    file.close()


def test_a_replay_posts_the_whole_trace_and_ends(trace: Path) -> None:
    posted: list[Message] = []
    Source(trace, Mode.REPLAY, posted.append, pause=script()).run()
    last = snapshots(posted)[-1]
    assert last.loaded == 1
    assert last.snapshot.events >= 4_000
    assert len(last.snapshot.lanes) == 4
    assert all(message.loaded < 1 for message in snapshots(posted)[:-1])


def test_a_replay_tells_what_is_missing_at_the_end(trace: Path) -> None:
    trace.write_bytes(trace.read_bytes()[:-20])
    posted: list[Message] = []
    Source(trace, Mode.REPLAY, posted.append, pause=script()).run()
    assert len(snapshots(posted)[-1].snapshot.gaps) == 1


def test_a_replay_ends_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "stuck.weft"
    stuck(path)
    posted: list[Message] = []
    Source(path, Mode.REPLAY, posted.append, pause=script()).run()
    assert isinstance(posted[-1], FindingsReady)
    assert [finding.kind for finding in posted[-1].findings] == ["deadlock"]


def test_a_deadlock_in_a_live_trace_is_posted_once_although_nothing_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "stuck.weft"
    stuck(path, at=time.perf_counter_ns() - S)
    posted: list[Message] = []
    Source(path, Mode.LIVE, posted.append, pause=script(nothing, nothing, nothing)).run()
    (told,) = (message for message in posted if isinstance(message, FindingsReady))
    assert [finding.kind for finding in told.fresh] == ["deadlock"]


def stuck(path: Path, at: int = START_NS) -> None:
    """Write a trace of two threads that wait for each other from a moment on."""
    writer.create(str(path))
    file = writer.TraceWriter(str(path), 1)
    place = {"kind": "Lock", "file": "app.py", "function": "<module>", "line": 1}
    names: list[dict[str, object]] = [
        {"is": "process", "pid": 1, "argv": [], "python": "3.12", "gil": True},
        *({"is": "lock", "id": number, "name": name, **place} for number, name in ((1, "left"), (2, "right"))),
    ]
    file.write(names, records(*(
        (thread, [at - S, at - S // 2, code_of(Kind.HOLD, thread), at, 3 - thread, code_of(Kind.WAIT, 3 - thread)])
        for thread in (1, 2)
    )), at)  # fmt: skip
    pulse = [at + S, 0, code_of(Kind.PULSE)] if at == START_NS else [at, 0, code_of(Kind.PULSE)]
    file.write([], records((0, pulse)), pulse[0])
    file.close()


def test_live_posts_only_when_something_is_new(trace: Path) -> None:
    posted: list[Message] = []
    later = START_NS + 100 * S

    def grow() -> None:
        append(trace, (later, 1, code_of(Kind.REQUEST_ENTER, 1)))

    Source(trace, Mode.LIVE, posted.append, pause=script(nothing, nothing, grow, nothing)).run()
    first, second = snapshots(posted)
    assert second.snapshot.events == first.snapshot.events + 1
    assert second.snapshot.end_ns >= later


def test_a_block_is_read_as_soon_as_it_is_there(trace: Path) -> None:
    posted: list[Message] = []
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            append(trace, (START_NS + 100 * S, 1, code_of(Kind.REQUEST_ENTER, 1)))
        return len(waits) > 3

    Source(trace, Mode.LIVE, posted.append, pause=pause).run()
    assert waits[1:3] == [LOOK_SECONDS] * 2
    assert waits[3] > LOOK_SECONDS, "it was read after the second look"
    assert len(snapshots(posted)) == 2


def test_queues_of_a_growing_trace_are_a_second_old_at_most(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[Message] = []
    now = [100.0]
    clock = SimpleNamespace(
        monotonic=lambda: now[0], thread_time=time.thread_time, perf_counter_ns=time.perf_counter_ns
    )
    monkeypatch.setattr("weft_tui.source.time", clock)

    def grow() -> None:
        append(trace, (START_NS + 100 * S, 1, code_of(Kind.REQUEST_ENTER, 1)))

    def wait() -> None:
        now[0] += 1.5

    Source(trace, Mode.LIVE, posted.append, pause=script(grow, nothing, wait, nothing, nothing)).run()
    first, grown, later = snapshots(posted)
    assert first.queues == queues(first.snapshot)
    assert grown.queues is first.queues
    assert later.queues == queues(grown.snapshot)
    assert later.queues != first.queues


def test_a_trace_that_is_read_has_its_queues_at_its_end(trace: Path) -> None:
    posted: list[Message] = []
    Source(trace, Mode.REPLAY, posted.append, pause=script()).run()
    *before, last = snapshots(posted)
    assert all(not each.queues for each in before)
    assert last.queues == queues(last.snapshot)
    assert last.queues


def test_live_waits_for_a_block_to_be_whole(trace: Path) -> None:
    whole = trace.read_bytes()
    trace.write_bytes(whole[:-20])
    posted: list[Message] = []
    Source(trace, Mode.LIVE, posted.append, pause=script(nothing, lambda: trace.write_bytes(whole), nothing)).run()
    first, second = snapshots(posted)
    assert first.snapshot.gaps == ()
    assert second.snapshot.gaps == ()
    assert second.snapshot.events > first.snapshot.events


def test_live_waits_for_the_file(tmp_path: Path, trace: Path) -> None:
    path = tmp_path / "late.weft"
    posted: list[Message] = []
    pause = script(nothing, path.touch, lambda: path.write_bytes(trace.read_bytes()), nothing)
    Source(path, Mode.LIVE, posted.append, pause=pause).run()
    assert len(snapshots(posted)) == 1


def test_the_end_of_the_app_is_told_once(trace: Path) -> None:
    posted: list[Message] = []
    end = "flask ended with status 1\nTraceback\nOSError: in use"
    answers = iter([None, end, end, end, end, end])
    source = Source(trace, Mode.LIVE, posted.append, lambda: next(answers), script(nothing, nothing, nothing, nothing))
    source.run()
    ended = [(message.sentence, message.said) for message in posted if isinstance(message, ChildEnded)]
    assert ended == [("flask ended with status 1", "Traceback\nOSError: in use")]


def test_an_app_that_was_only_quiet_is_told_to_go_on(trace: Path) -> None:
    posted: list[Message] = []
    answers = iter(["quiet", None, None, "quiet"])
    Source(trace, Mode.LIVE, posted.append, lambda: next(answers), script(nothing, nothing, nothing)).run()
    assert [message.sentence for message in posted if isinstance(message, ChildEnded)] == ["quiet", "", "quiet"]


def test_silence_is_measured_by_a_clock_that_does_not_jump(trace: Path) -> None:
    clock = Clock()
    silence = Silence(trace, clock)
    assert silence() is None
    os.utime(trace, (1, 1))
    clock.seconds += 3
    assert silence() is None
    clock.seconds += 5
    assert "nothing written" in (silence() or "")
    append(trace, (START_NS + 100 * S, 1, code_of(Kind.REQUEST_ENTER, 1)))
    assert silence() is None


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("how", ["removed", "replaced", "cut off"])
def test_what_becomes_of_the_file_is_told_once_and_what_was_read_stays(trace: Path, how: str) -> None:
    def happen() -> None:
        if how == "removed":
            trace.unlink()
        elif how == "replaced":
            other = trace.with_suffix(".other")
            other.write_bytes(trace.read_bytes())
            other.replace(trace)
        else:
            os.truncate(trace, 200)

    posted: list[Message] = []
    Source(trace, Mode.LIVE, posted.append, pause=script(nothing, happen, nothing, nothing)).run()
    told = [message.sentence for message in posted if isinstance(message, ChildEnded)]
    assert told == [f"the trace has been {how}; what was read of it stays here"]
    assert snapshots(posted)[-1].snapshot.events >= 4_000
    assert not any(isinstance(message, SourceFailed) for message in posted)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_file_that_is_no_trace_is_told_not_raised(tmp_path: Path, mode: Mode) -> None:
    path = tmp_path / "x.weft"
    path.write_text("hello, this is a text file and no trace at all")
    posted: list[Message] = []
    Source(path, mode, posted.append, pause=script()).run()
    assert [type(message) for message in posted] == [SourceFailed]
    assert "not a weft trace" in posted[0].sentence  # type: ignore[attr-defined]


def test_stopping_ends_the_reading(trace: Path) -> None:
    posted: list[Message] = []
    source = Source(trace, Mode.LIVE, posted.append)
    source.stop()
    source.run()
    assert posted == []


def test_a_newer_snapshot_replaces_an_older_one(trace: Path) -> None:
    posted: list[Message] = []
    Source(trace, Mode.REPLAY, posted.append, pause=script()).run()
    first, last = snapshots(posted)[0], snapshots(posted)[-1]
    assert first.can_replace(last)
    assert not first.can_replace(ChildEnded("ended"))


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.add(0, 0, 0) == 0
    assert rate.add(0, S, 100) == 100
    assert rate.add(0, 2 * S, 300) == 150
    assert rate.add(0, 3 * S, 300) == 100
    assert rate.add(0, 4 * S, 300) == 0


def test_a_trace_that_has_not_grown_for_long_is_looked_at_less_often(trace: Path) -> None:
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 4 * CALM:
            append(trace, (START_NS + 100 * S, 1, code_of(Kind.REQUEST_ENTER, 1)))
        return len(waits) > 4 * CALM + 6

    Source(trace, Mode.LIVE, [].append, pause=pause).run()
    looks = [wait == LOOK_SECONDS for wait in waits]
    assert looks[: 3 * CALM - 6].count(True) == 2 * CALM - 4
    assert not any(looks[3 * CALM : 4 * CALM])
    assert any(looks[4 * CALM :])
