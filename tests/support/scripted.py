"""A snapshot from a script: a few threads whose every act is written down, answered by plain loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.timeline.columns import I64, REQUEST, Rows, rows_of
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import (
    Blame,
    Frame,
    Hold,
    Lane,
    Lock,
    LockFigures,
    Moment,
    Place,
    Process,
    Request,
    State,
    Thread,
    Wait,
    WaitLabel,
)

MS = 1_000_000
T0 = 5_000 * MS
WALL = 1_700_000_000 * 1_000 * MS
SHOP = "/srv/shop/shop.py"
CHECKOUT = (Place(SHOP, "checkout", 42), Place("/srv/shop/app.py", "dispatch", 7))
REPORT = (Place("/usr/lib/python3/site-packages/lib.py", "sleep", 3), Place(SHOP, "report", 88))


@dataclass(frozen=True, eq=False)
class Scripted(Snapshot):
    """Everything is listed; ``acts`` are (lane, state, start, end), later ones paint over earlier ones."""

    acts: tuple[tuple[int, State, int, int], ...] = ()
    waits: tuple[Wait, ...] = ()
    holds: tuple[Hold, ...] = ()
    served: tuple[Request, ...] = ()

    def frame(self, lanes: Sequence[int], start_ns: int, end_ns: int, columns: int) -> Frame:
        edges = np.array([start_ns + (end_ns - start_ns) * k // columns for k in range(columns + 1)], np.int64)
        spent = np.zeros((len(State), len(lanes), columns), np.int64)
        first = np.zeros((len(lanes), columns), np.uint8)
        began = np.zeros((len(lanes), columns), np.int64)
        for row, lane in enumerate(lanes):
            for column in range(columns):
                left, right = int(edges[column]), int(edges[column + 1])
                for state, start, end in self._pieces(lane, left, right):
                    spent[state, row, column] += end - start
                first[row, column] = self.state(lane, left)
                began[row, column] = sum(w.lane == lane and left <= w.start_ns < right for w in self.waits)
        return Frame(edges, spent, first, began)

    def states(self, lanes: Sequence[int], time_ns: int) -> NDArray[np.uint8]:
        return np.array([self.state(lane, time_ns) for lane in lanes], np.uint8)

    def idles(self, lanes: Sequence[int]) -> NDArray[np.bool_]:
        return np.zeros(len(lanes), np.bool_)

    def _pieces(self, lane: int, left: int, right: int):
        cuts = {left, right}
        for act in self.acts:
            if act[0] == lane:
                cuts.update(time for time in act[2:] if left < time < right)
        ordered = sorted(cuts)
        for start, end in pairwise(ordered):
            yield self.state(lane, start), start, end

    def state(self, lane: int, time_ns: int) -> State:
        found = State.OFF
        for act in self.acts:
            if act[0] == lane and act[2] <= time_ns < act[3]:
                found = act[1]
        return found

    def labels(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[WaitLabel]:
        found = []
        for wait in self.waits:
            start, end = max(wait.start_ns, start_ns), min(self._end(wait), end_ns)
            if wait.lane in lanes and end - start >= min_ns:
                found.append(WaitLabel(list(lanes).index(wait.lane), start, end, wait.lock))
        return found

    def _end(self, what: Wait | Hold | Request) -> int:
        return self.end_ns if what.end_ns is None else what.end_ns

    def _at(self, what: Wait | Hold | Request, time_ns: int) -> bool:
        return what.start_ns <= time_ns and (what.end_ns is None or time_ns < what.end_ns)

    def _serving(self, lane: int, time_ns: int) -> Request | None:
        return next((r for r in self.served if r.lane == lane and self._at(r, time_ns)), None)

    def request_at(self, thread: int, time_ns: int) -> Request | None:
        return self._serving(self.threads[thread].lane, time_ns)

    def moment(self, lane: int, time_ns: int) -> Moment:
        wait = next((w for w in self.waits if w.lane == lane and self._at(w, time_ns)), None)
        holds = tuple(h for h in self.holds if h.lane == lane and self._at(h, time_ns))
        request = self._serving(lane, time_ns)
        held = {hold.lock for hold in holds}
        return Moment(
            lane=self.lanes[lane],
            time_ns=time_ns,
            state=self.state(lane, min(time_ns, self.end_ns - 1)),
            thread=self.threads[lane],
            request=request,
            contexts=("app", "request") if request else (),
            holds=holds,
            wait=wait,
            blames=self._blames(wait) if wait else (),
            wanted_by=tuple(w for w in self.waits if w.lock in held and w.lane != lane and self._at(w, time_ns)),
        )

    def _blames(self, wait: Wait) -> tuple[Blame, ...]:
        blames = []
        for hold in sorted(self.holds, key=lambda hold: hold.start_ns):
            overlap = min(self._end(hold), self._end(wait)) - max(hold.start_ns, wait.start_ns)
            if hold.lock == wait.lock and hold.lane != wait.lane and overlap > 0:
                blames.append(Blame(hold, overlap, self._serving(hold.lane, max(hold.start_ns, wait.start_ns))))
        return tuple(blames)

    def lock_figures(self) -> list[LockFigures]:
        rows = [self._figures(lock) for lock in self.locks]
        return sorted(rows, key=lambda row: -row.wait_ns)

    def _figures(self, lock: Lock) -> LockFigures:
        waits = [self._end(w) - w.start_ns for w in self.waits if w.lock == lock.id]
        holds = [self._end(h) - h.start_ns for h in self.holds if h.lock == lock.id]
        return LockFigures(
            lock=lock,
            acquisitions=len(holds),
            contended=len(waits),
            wait_ns=sum(waits),
            wait_max_ns=max(waits, default=0),
            hold_ns=sum(holds),
            hold_max_ns=max(holds, default=0),
            waiting_now=sum(w.lock == lock.id and w.end_ns is None for w in self.waits),
            holder_now=next((h.thread for h in self.holds if h.lock == lock.id and h.end_ns is None), None),
        )

    @property
    def request_rows(self) -> Rows:
        return rows_of(REQUEST, len(self.served), id=np.arange(len(self.served)))

    @property
    def latest_requests(self) -> I64:
        flying = [r.id for r in self.served if r.end_ns is None]
        done = sorted((r for r in self.served if r.end_ns is not None), key=lambda r: -r.end_ns)
        return np.array([*flying, *(r.id for r in done)], np.int64)

    def requests_of(self, rows: Rows) -> list[Request]:
        return [self.served[row] for row in rows["id"].tolist()]

    def requests_within(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[Request]:
        mine = sorted((r for r in self.served if r.lane in lanes), key=lambda r: (r.lane, r.start_ns))
        return [r for r in mine if min(self._end(r), end_ns) - max(r.start_ns, start_ns) >= min_ns]

    def next_wait(self, lane: int | None, time_ns: int, step: int) -> Wait | None:
        waits = [w for w in self.waits if lane in (None, w.lane) and (w.start_ns - time_ns) * step > 0]
        return min(waits, key=lambda w: abs(w.start_ns - time_ns), default=None)


def ms(number: float) -> int:
    """Return a moment of the script, ``number`` milliseconds after its start."""
    return T0 + round(number * MS)


def nothing() -> Scripted:
    """A trace in which nothing has happened."""
    return Scripted(T0, T0, WALL, 0, 0, (), (), (), (), (), False)


def shop(*, processes: int = 1, lost: int = 0, names: Sequence[str] = ()) -> Scripted:
    """Four threads of a shop over a second: a report holds the stock lock, two checkouts wait, one in a ring.

    At 700 ms: lane 1 (GET /report) holds stock; lanes 2 and 3 wait for it, lane 3 while it holds audit.
    """
    end = ms(1000)
    names = names or ("MainThread", "Thread-1 (worker)", "Thread-2 (worker)", "Thread-3 (worker)")
    acts = [(lane, State.IDLE, T0, end) for lane in range(len(names))]
    acts += [
        (1, State.RUN, ms(100), ms(200)),
        (1, State.HOLD, ms(200), ms(800)),
        (1, State.RUN, ms(800), ms(900)),
        (2, State.RUN, ms(250), ms(300)),
        (2, State.WAIT, ms(300), ms(800)),
        (2, State.HANDOFF, ms(800), ms(820)),
        (2, State.HOLD, ms(820), ms(900)),
        (2, State.RUN, ms(900), ms(920)),
        (3, State.RUN, ms(350), ms(380)),
        (3, State.HOLD, ms(380), ms(500)),
        (3, State.WAIT_HOLD, ms(500), end),
    ]
    return Scripted(
        start_ns=T0,
        end_ns=end,
        wall_ns=WALL,
        events=1234,
        lost=lost,
        gaps=(),
        processes=tuple(Process(i, 4711 + i, ("app.py",), "3.12", True, T0, None, lost, end) for i in range(processes)),
        threads=tuple(Thread(i, i % processes, name, i, T0, None) for i, name in enumerate(names)),
        lanes=tuple(Lane(i, i % processes, name, 1) for i, name in enumerate(names)),
        locks=(
            Lock(0, 0, "shop.stock_lock", "Lock", Place(SHOP, "<module>", 12)),
            Lock(1, 0, "shop.audit_lock", "RLock", Place(SHOP, "<module>", 13)),
            Lock(2, 0, "Cache._lock", "Lock", Place(SHOP, "__init__", 30)),
        ),
        complete=False,
        acts=tuple(acts),
        waits=(
            Wait(2, 2, 0, ms(300), ms(800), True, 1, CHECKOUT, REPORT),
            Wait(3, 3, 0, ms(500), None, False, 1, CHECKOUT, REPORT),
        ),
        holds=(
            Hold(1, 1, 0, ms(200), ms(800)),
            Hold(3, 3, 1, ms(380), None),
            Hold(2, 2, 0, ms(820), ms(900)),
        ),
        served=(
            Request(0, 1, 0, 1, 1, "GET", "/report", "report", ms(100), ms(900), 200, 0),
            Request(1, 2, 0, 2, 2, "GET", "/checkout", "checkout", ms(250), ms(920), 500, 500 * MS),
            Request(2, 3, 0, 3, 3, "POST", "/checkout", "checkout", ms(350), None, None, 500 * MS),
        ),
    )


def later(snapshot: Scripted, milliseconds: float) -> Scripted:
    """Return the same trace, idle for so much longer."""
    end = snapshot.end_ns + round(milliseconds * MS)
    acts = tuple((lane, State.IDLE, snapshot.end_ns, end) for lane in range(len(snapshot.lanes)))
    return replace(snapshot, end_ns=end, acts=(*acts, *snapshot.acts), events=snapshot.events + 10)
