"""Random apps: threads that serve requests, take locks, wait for each other, die, and whose records get lost."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from weft.events import Kind
from weft.log.reader import Item

from .script import Record, Scribe

TICK = 40


@dataclass
class _Thread:
    process: int
    name: str
    held: list[tuple[str, int]] = field(default_factory=list)
    serving: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    waiting: tuple[str, int] | None = None


class App:
    """Plays out one process; the records stand in `written`, each with the time at which it was written."""

    def __init__(self, rng: random.Random, process: int, until: int) -> None:
        self.rng, self.process, self.until = rng, process, until
        self.written: list[tuple[int, Record]] = []
        self._owner: dict[str, _Thread] = {}
        self._queue: dict[str, list[_Thread]] = {}
        self._agenda: list[tuple[int, int, _Thread, str]] = []
        self._number = 0
        self._orderly = rng.random() < 0.7
        """Locks are taken in the order of the alphabet, so that nothing dies of a deadlock."""
        for index in range(rng.randint(1, 5)):
            thread = _Thread(process, f"worker_{index}")
            self._at(rng.randint(0, 30), thread, "act" if rng.random() < 0.5 else "enter")

    def run(self) -> None:
        while self._agenda and self._agenda[0][0] < self.until:
            time, _, thread, what = heapq.heappop(self._agenda)
            getattr(self, f"_{what}")(thread, time)

    def holds(self, time: int) -> list[tuple[_Thread, str, int]]:
        """Return holds in progress at the end of `run`."""
        return [
            (owner, lock, since) for lock, owner in self._owner.items() for name, since in owner.held if name == lock
        ]

    def _at(self, time: int, thread: _Thread, what: str) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (time, self._number, thread, what))

    def _put(self, written: int, thread: _Thread, kind: Kind, time: int, value: int | str = 0, obj: str = "") -> None:
        self.written.append((written, (self.process, thread.name, time, kind, value, obj)))

    def _enter(self, thread: _Thread, time: int) -> None:
        self._put(time, thread, Kind.THREAD_ENTER, time)
        self._at(time + self.rng.randint(0, 9), thread, "act")

    def _act(self, thread: _Thread, time: int) -> None:
        take, leave = [self._take] * 3, [self._leave] * 2
        act = self.rng.choice([*take, *leave, self._serve, self._end, *[self._listen] * (self.rng.random() < 0.3)])
        if self.rng.random() < 0.01 and not thread.held and not thread.serving:
            self._put(time, thread, Kind.THREAD_EXIT, time)
            thread.streams.clear()
            heir = _Thread(self.process, f"worker_{self._number + 10}")
            self._at(time + self.rng.randint(0, 20), heir, "enter")
            return
        if act(thread, time):
            self._at(time + self.rng.choice([0, 1, 2, 5, 12, 70]), thread, "act")

    def _take(self, thread: _Thread, time: int) -> bool:
        lock = self.rng.choice("abcd")
        if any(name == lock or (self._orderly and name > lock) for name, _ in thread.held):
            return True
        owner = self._owner.get(lock)
        if owner is None:
            self._owner[lock] = thread
            thread.held.append((lock, time))
            return True
        told = owner.name if self.rng.random() < 0.8 else "-"
        if self.rng.random() < 0.2:
            self._put(time, thread, Kind.TRY_FAILED, time, told, lock)
            return True
        self._put(time, thread, Kind.WAIT, time, told, lock)
        self._put(time, thread, Kind.WAITER_AT, time, f"in_{thread.name}", lock)
        self._put(time, thread, Kind.HOLDER_AT, time, f"in_{told}", lock)
        thread.waiting = (lock, time)
        self._queue.setdefault(lock, []).append(thread)
        if self.rng.random() < 0.5:
            self._at(time + self.rng.randint(1, 90), thread, "time_out")
        return False

    def _time_out(self, thread: _Thread, time: int) -> None:
        if thread.waiting is None or time <= thread.waiting[1]:
            return
        lock, began = thread.waiting
        if thread in self._queue.get(lock, ()):
            self._queue[lock].remove(thread)
            thread.waiting = None
            self._put(time, thread, Kind.GIVE_UP, time, began, lock)
            self._at(time + 1, thread, "act")

    def _listen(self, thread: _Thread, time: int) -> bool:
        """Wait for what nobody holds."""
        self._put(time, thread, Kind.WAIT, time, "-", "bell")
        self._put(time, thread, Kind.WAITER_AT, time, f"in_{thread.name}", "bell")
        thread.waiting = ("bell", time)
        self._at(time + self.rng.choice([1, 5, 30, 90]), thread, "hear")
        return False

    def _hear(self, thread: _Thread, time: int) -> None:
        assert thread.waiting is not None
        _, began = thread.waiting
        thread.waiting = None
        if self.rng.random() < 0.3:
            self._put(time, thread, Kind.GIVE_UP, time, began, "bell")
        else:
            self._put(time, thread, Kind.RESUME, time, began, "bell")
            self._put(time, thread, Kind.HANDOFF, time, time - self.rng.choice([0, 1]), "bell")
            self._put(time, thread, Kind.WAKE, began, thread.name, "bell")
        self._at(time + 1, thread, "act")

    def _leave(self, thread: _Thread, time: int) -> bool:
        if thread.held:
            lock, since = thread.held.pop(self.rng.randrange(len(thread.held)))
            if since == time:  # no real pass takes no time at all
                thread.held.append((lock, since))
                return True
            self._put(time, thread, Kind.SECTION, since, time, lock)
            del self._owner[lock]
            if self._queue.get(lock):
                heir = self._queue[lock].pop(0)
                self._owner[lock] = heir
                self._at(time + self.rng.choice([0, 1, 4]), heir, f"get_{lock}")
                heir.serving.append(f"!{time}")
        return True

    def _get(self, thread: _Thread, time: int, lock: str) -> None:
        assert thread.waiting is not None
        let_go = int(thread.serving.pop()[1:])
        self._put(time, thread, Kind.ACQUIRE, time, thread.waiting[1], lock)
        self._put(time, thread, Kind.HANDOFF, time, let_go, lock)
        thread.held.append((lock, time))
        thread.waiting = None
        self._at(time + 1, thread, "act")

    def _get_a(self, thread: _Thread, time: int) -> None:
        self._get(thread, time, "a")

    def _get_b(self, thread: _Thread, time: int) -> None:
        self._get(thread, time, "b")

    def _get_c(self, thread: _Thread, time: int) -> None:
        self._get(thread, time, "c")

    def _get_d(self, thread: _Thread, time: int) -> None:
        self._get(thread, time, "d")

    def _serve(self, thread: _Thread, time: int) -> bool:
        if len(thread.serving) < 3:
            self._number += 1
            thread.serving.append("request")
            thread.numbers.append(self._number)
            self._put(time, thread, Kind.REQUEST_ENTER, time, self._number, f"/{self.rng.randint(1, 3)}")
            if self.rng.random() < 0.8:
                endpoint = self.rng.choice(["", "shop", "cart"])
                thread.serving[-1] = self.rng.choice(["both", "pushed"])
                if thread.serving[-1] == "both":
                    self._put(time, thread, Kind.PUSH_BOTH, time, self.rng.randint(0, min(time, 3)), endpoint)
                else:
                    self._put(time, thread, Kind.APP_PUSH, time)
                    self._put(time, thread, Kind.REQUEST_PUSH, time, 0, endpoint)
        return True

    def _end(self, thread: _Thread, time: int) -> bool:
        if thread.serving:
            pushed, number = thread.serving.pop(), thread.numbers.pop()
            if pushed == "pushed":
                self._put(time, thread, Kind.REQUEST_POP, time)
            status = self.rng.choice(["0", "200", "404"])
            if pushed == "both" and self.rng.random() < 0.5:
                self._put(time, thread, Kind.POP_AND_EXIT, time, self.rng.randint(0, min(time, 3)), status)
                return True
            if pushed != "request":
                self._put(time, thread, Kind.APP_POP, time)
            if self.rng.random() < 0.3:
                self._put(time, thread, Kind.REQUEST_STREAM, time, number, status)
                thread.streams.append(number)
                self._at(time + self.rng.randint(0, 90), thread, "close")
                return True
            self._put(time, thread, Kind.REQUEST_EXIT, time, 0, status)
        return True

    def _close(self, thread: _Thread, time: int) -> None:
        if thread.streams:
            number = thread.streams.pop(self.rng.randrange(len(thread.streams)))
            self._put(time, thread, Kind.REQUEST_CLOSE, time, number, "200")


def trace(seed: int, *, losses: bool = False, until: int = 1500) -> list[Item]:
    """Return a trace of one to three processes, as the recorder would have written it.

    Holds longer than a tick are announced; some processes end in good order, others are killed.
    """
    rng = random.Random(seed)
    scribe = Scribe()
    apps = [App(rng, process, until) for process in range(1, rng.randint(1, 3) + 1)]
    ticks: list[tuple[int, int, list[Record]]] = []
    for app in apps:
        app.run()
        ends = rng.random() < 0.5
        for tick, records in enumerate(_ticks(app, rng, until)):
            if ends and (tick + 1) * TICK >= until:
                records.append((app.process, "*", until, Kind.PROCESS_EXIT, 0, ""))
            ticks.append((tick * TICK + rng.randint(0, TICK), app.process, records))
    blocks: list[Item] = []
    dropped = dict.fromkeys(range(1, len(apps) + 1), 0)
    for time, process, records in sorted(ticks, key=lambda entry: entry[:2]):
        if losses and time < until - TICK and rng.random() < 0.1:
            dropped[process] += len(records)
            continue
        if dropped[process] and records:
            now = max(record[4] if record[3] in (Kind.SECTION, Kind.HOLD) else record[2] for record in records)
            records.append((process, "*", int(now), Kind.LOST, dropped[process], ""))
            dropped[process] = 0
        blocks.extend(scribe.block(records))
    return blocks


def _ticks(app: App, rng: random.Random, until: int) -> list[list[Record]]:
    """Return the records of each tick, announcements of long holds among them."""
    count = until // TICK + 1
    ticks: list[list[Record]] = [[] for _ in range(count)]
    ended: dict[tuple[str, str, int], int] = {}
    for written, record in app.written:
        ticks[min(written // TICK, count - 1)].append(record)
        if record[3] == Kind.SECTION:
            ended[record[1], record[5], record[2]] = int(record[4])
    for thread, lock, since in app.holds(until):
        ended[thread.name, lock, since] = until
    for (name, lock, since), end in ended.items():
        seen = (since // TICK + 2) * TICK
        if end > seen and seen // TICK < count:
            ticks[seen // TICK].append((app.process, name, since, Kind.HOLD, seen, lock))
    for records in ticks:
        rng.shuffle(order := [*dict.fromkeys(record[1] for record in records)])
        records.sort(key=lambda record, order=order: order.index(record[1]))
    return ticks
