"""Records about requests, Flask contexts and tasks to rows: openers and closers matched as nested brackets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..events import Kind
from .columns import CONTEXT, FOREVER, I64, NOTE, REQUEST, TASK, UNKNOWN, Bools, Rows, Table, chosen, joined, rows_of
from .grouping import nest
from .intake import SPAN_LIMIT, Batch, Find, Part, kinds

UNMATCHED: Final = -2
"""``endpoint`` of a request for which no route matched; `UNKNOWN` while no context was pushed."""

APP, REQUEST_CONTEXT = 0, 1
"""``what`` of a context."""

_OPENING: Final = (kinds(Kind.APP_PUSH, Kind.PUSH_BOTH), kinds(Kind.REQUEST_PUSH))
_CLOSING: Final = (kinds(Kind.APP_POP, Kind.POP_AND_EXIT), kinds(Kind.REQUEST_POP))
ENTER: Final = kinds(Kind.REQUEST_ENTER)
_QUEUED: Final = kinds(Kind.REQUEST_QUEUED)
_CLOSE: Final = kinds(Kind.REQUEST_CLOSE)
_NONE: Final = kinds()
_SUBMIT, _BEGIN, _DONE = kinds(Kind.TASK_SUBMIT), kinds(Kind.TASK_ENTER), kinds(Kind.TASK_EXIT)
_PUSHING: Final = kinds(Kind.REQUEST_PUSH, Kind.PUSH_BOTH)
_RETURNING: Final = kinds(Kind.REQUEST_EXIT, Kind.POP_AND_EXIT, Kind.REQUEST_STREAM)


class Serving:
    """The tables of requests, contexts and tasks as they grow.

    Attributes:
        tasks: who ran what another thread had handed over, from when to when.
        submits: notes of when a thread handed something over; the value is what.
        workers: threads that have run tasks.
    """

    def __init__(self) -> None:
        self.requests = Table(REQUEST)
        self.contexts = Table(CONTEXT)
        self.tasks = Table(TASK)
        self.submits = Table(NOTE)
        self.workers: set[int] = set()
        self._count = 0
        self._queued: dict[int, int] = {}
        """By thread, how long (ns) what it has taken last had waited; the request from it has not begun."""

    def fold(self, batch: Batch, find: Mapping[str, Find]) -> None:
        """Take in records of known threads; of kinds that are not about requests, contexts and tasks nothing is taken.

        Args:
            batch: the records.
            find: makes indexes of each ``target``, ``endpoint``, ``work`` and ``thread``.
        """
        self._fold_requests(batch, find)
        self._fold_contexts(batch)
        self._fold_tasks(batch, find)

    def cut(self, threads: Bools, time: int) -> None:
        """Finish the open requests and contexts of some threads: nobody will know how they ended."""
        self.end(np.where(threads, time, FOREVER))
        self._queued = {thread: waited for thread, waited in self._queued.items() if not threads[thread]}

    def end(self, end: I64) -> None:
        """Finish the open requests and contexts of threads that have ended; ``end`` is int64 ``[threads]``, ns."""
        for table in (self.requests, self.contexts, self.tasks):
            last = end[table.open["thread"]]
            over = last != FOREVER
            if over.any():
                done = chosen(table.open, over)
                done["end"] = np.maximum(last[over], done["start"])
                table.update(done, chosen(table.open, ~over))

    def _fold_requests(self, batch: Batch, find: Mapping[str, Find]) -> None:
        opening, closing, pushing = map(batch.of, (ENTER, _RETURNING, _PUSHING))
        rows = rows_of(
            REQUEST,
            len(opening),
            start=opening.time,
            thread=opening.thread,
            target=find["target"](opening.process, opening.obj),
            number=opening.value,
            id=np.arange(self._count, self._count + len(opening)),
            endpoint=UNKNOWN,
            status=UNKNOWN,
            queued=self._waited(batch, opening.at),
        )
        self._count += len(opening)
        streams = self.requests.open["streams"] != 0
        calls, streaming = chosen(self.requests.open, ~streams), chosen(self.requests.open, streams)
        rows = joined(calls, rows)
        closers, pushers = _owners(calls, opening, closing, pushing)
        endpoint = find["endpoint"](pushing.process, pushing.obj)
        _set_first(rows["endpoint"], pushers, np.where(endpoint >= 0, endpoint, UNMATCHED))
        goes_on = closers[(closing.kind == Kind.REQUEST_STREAM) & (closers >= 0)]
        rows["streams"][goes_on] = 1
        done, still_open = _close(rows, closers, closing.time, np.clip(closing.obj, 0, 999))
        streams = done["streams"] != 0
        ended, streaming = _end_streams(joined(streaming, chosen(done, streams)), batch)
        self.requests.update(
            joined(chosen(done, ~streams) if streams.any() else done, ended), joined(still_open, streaming)
        )

    def _waited(self, batch: Batch, opening: I64) -> I64:
        """Return for each request that begins how long it had waited for a worker (ns), 0: nobody told."""
        taking = batch.of(_QUEUED).at
        waited = np.zeros(len(opening), np.int64)
        if not len(taking) and not self._queued:
            return waited
        at = np.concatenate((taking, opening))
        begins = np.repeat((-1, 1), (len(taking), len(opening))) > 0
        place = np.concatenate((np.zeros(len(taking), np.int64), np.arange(len(opening))))
        order = np.lexsort((at, batch.thread[at]))
        for thread, value, is_request, which in zip(
            batch.thread[at[order]].tolist(),
            batch.value[at[order]].tolist(),
            begins[order].tolist(),
            place[order].tolist(),
            strict=True,
        ):
            if is_request:
                waited[which] = self._queued.pop(thread, 0)
            elif 0 <= value < SPAN_LIMIT:
                self._queued[thread] = value
        return waited

    def _fold_contexts(self, batch: Batch) -> None:
        before = self.contexts.open
        kept, finished = [], []
        for what in (APP, REQUEST_CONTEXT):
            opening, closing = batch.of(_OPENING[what]), batch.of(_CLOSING[what])
            mine = chosen(before, before["what"] == what)
            if not len(opening) and not len(closing):
                kept.append(mine)
                continue
            request = np.where(opening.kind == Kind.PUSH_BOTH, opening.time, FOREVER)
            columns = {"start": opening.began(), "thread": opening.thread, "request": request}
            rows = rows_of(CONTEXT, len(opening), what=what, **columns)
            closers, _ = _owners(mine, opening, closing, batch.of(_NONE))
            done, still_open = _close(joined(mine, rows), closers, closing.began())
            finished.append(done)
            kept.append(still_open)
        if finished:
            self.contexts.update(joined(*finished), joined(*kept))

    def _fold_tasks(self, batch: Batch, find: Mapping[str, Find]) -> None:
        opening, closing, submitting = map(batch.of, (_BEGIN, _DONE, _SUBMIT))
        if not len(opening) + len(closing) + len(submitting):
            return
        time = submitting.time
        work = find["work"](submitting.process, submitting.obj)
        columns = {"start": time, "end": time, "thread": submitting.thread, "value": work}
        self.submits.update(rows_of(NOTE, len(submitting), **columns))
        if not len(opening) and not len(closing):
            return
        self.workers.update(opening.thread.tolist())
        by = find["thread"](opening.process, opening.obj)
        columns = {"start": opening.time, "thread": opening.thread, "by": by, "submitted": opening.value}
        rows = rows_of(TASK, len(opening), **columns)
        before = self.tasks.open
        closers, _ = _owners(before, opening, closing, batch.of(_NONE))
        done, still_open = _close(joined(before, rows), closers, closing.time)
        self.tasks.update(done, still_open)


def _owners(before: Rows, opening: Part, closing: Part, asking: Part) -> tuple[I64, I64]:
    """Return which row (those before, then those that open) each closer closes and each asker stands in, -1: none."""
    closers, askers = _inmost(opening, closing, asking)
    done = np.zeros(len(opening), np.bool_)
    done[closers[closers >= 0]] = True
    # What is left when whole pairs are taken out is nested as before.
    rest = [np.flatnonzero(some) for some in (~done, closers < 0, askers < 0)]
    parts = [
        (part.at.take(some), part.thread.take(some))
        for part, some in zip((opening, closing, asking), rest, strict=True)
    ]
    rows = np.concatenate((np.arange(-len(before), 0), rest[0]))
    at = np.concatenate((rows[: len(before)], *(at for at, _ in parts)))
    thread = np.concatenate((before["thread"], *(thread for _, thread in parts)))
    step = np.repeat(np.array((1, -1, 0), np.int8), (len(rows), len(rest[1]), len(rest[2])))
    order = np.argsort(at, kind="stable")
    found = nest(thread.take(order).astype(np.int64), step.take(order))
    inside = np.flatnonzero(found >= 0)
    owner = np.full(len(at), -1 - len(before), np.int64)
    owner[order.take(inside)] = rows.take(order.take(found.take(inside)))
    closers[rest[1]], askers[rest[2]] = np.split(owner[len(rows) :], [len(rest[1])])
    return closers + len(before), askers + len(before)


def _inmost(opening: Part, closing: Part, asking: Part) -> tuple[I64, I64]:
    """Return which opener each closer and asker belongs to if nothing but askers stands between, as nearly always."""
    closers, askers = np.full(len(closing), -1, np.int64), np.full(len(asking), -1, np.int64)
    thread = opening.thread
    behind = np.searchsorted(closing.at, opening.at)
    first = np.flatnonzero(np.append(behind[1:], len(closing))[: len(behind)] > behind)
    first = first[closing.thread.take(behind.take(first)) == thread.take(first)]
    closers[behind.take(first)] = first
    if len(asking):
        last = np.searchsorted(opening.at, asking.at) - 1
        among = np.flatnonzero(last >= 0)
        last = last.take(among)
        until = np.append(closing.at, FOREVER).take(behind.take(last))
        inside = (asking.at.take(among) < until) & (asking.thread.take(among) == thread.take(last))
        askers[among[inside]] = last[inside]
    return closers, askers


def _close(rows: Rows, owner: I64, time: I64, status: I64 | None = None) -> tuple[Rows, Rows]:
    """Return the rows that have an owner among the closers, in the closers' order, and the others."""
    matched = np.flatnonzero(owner >= 0)
    owner = owner.take(matched)
    done = rows.take(owner)
    done["end"] = np.maximum(time.take(matched), done["start"])
    if status is not None:
        done["status"] = status.take(matched)
    still_open = np.ones(len(rows), np.bool_)
    still_open[owner] = False
    return done, chosen(rows, still_open)


def _end_streams(rows: Rows, batch: Batch) -> tuple[Rows, Rows]:
    """Return the responses that were closed, and those that are still being read; they end in any order."""
    rows["end"] = FOREVER
    at = {key: index for index, key in enumerate(zip(rows["thread"].tolist(), rows["number"].tolist(), strict=True))}
    still_open = np.ones(len(rows), np.bool_)
    for closing in batch.of(_CLOSE).at.tolist():
        index = at.pop((int(batch.thread[closing]), int(batch.value[closing])), None)
        if index is not None:
            still_open[index] = False
            rows["end"][index] = max(int(batch.time[closing]), int(rows["start"][index]))
            rows["status"][index] = min(max(int(batch.obj[closing]), 0), 999)
    return chosen(rows, ~still_open), chosen(rows, still_open)


def _set_first(column: NDArray[np.int32], at: I64, values: I64) -> None:
    """Set cells that are `UNKNOWN`, but not at -1; of several values for one cell the first counts."""
    known = np.flatnonzero(at >= 0)
    fresh = known[column.take(at.take(known)) == UNKNOWN][::-1]
    column[at.take(fresh)] = values.take(fresh)
