"""Records of what the app says of itself to rows: sections and marks."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..events import Kind
from .columns import I64, MARK, SPAN, UNKNOWN, Bools, Table, chosen, joined, rows_of
from .intake import Batch, kinds

SAYING: Final = kinds(Kind.SPAN_ENTER, Kind.SPAN_EXIT, Kind.MARK, Kind.LOG)

_MARKS: Final = kinds(Kind.MARK, Kind.LOG)
_NUMBER_BITS: Final = 48


class Saying:
    """The tables of sections and marks as they grow."""

    def __init__(self) -> None:
        self.spans = Table(SPAN)
        self.marks = Table(MARK)

    def fold(self, batch: Batch, label: I64) -> None:
        """Take in records of kinds in `SAYING`, of known threads; ``label`` is int64 ``[n]``, `UNKNOWN` allowed."""
        at = np.flatnonzero(_MARKS[batch.kind])
        time = batch.time[at]
        level = np.where(batch.kind[at] == Kind.LOG, np.clip(batch.value[at], 0, 1000), UNKNOWN)
        columns = {"start": time, "end": time, "thread": batch.thread[at], "label": label[at], "level": level}
        self.marks.update(rows_of(MARK, len(at), **columns))
        self._fold_spans(batch, label)

    def cut(self, threads: Bools, time: int) -> None:
        """Finish the open sections of some threads: nobody will know how they ended."""
        over = threads[self.spans.open["thread"]]
        done = chosen(self.spans.open, over)
        done["end"] = np.maximum(time, done["start"])
        self.spans.update(done, chosen(self.spans.open, ~over))

    def _fold_spans(self, batch: Batch, label: I64) -> None:
        opening = np.flatnonzero(batch.kind == Kind.SPAN_ENTER)
        closing = np.flatnonzero(batch.kind == Kind.SPAN_EXIT)
        if not len(opening) and not len(closing):
            return
        key = batch.process << _NUMBER_BITS | batch.value & (1 << _NUMBER_BITS) - 1
        columns = {"start": batch.time[opening], "thread": batch.thread[opening], "label": label[opening]}
        begun = rows_of(SPAN, len(opening), key=key[opening], **columns)
        rows = joined(self.spans.open, begun)
        order = np.argsort(rows["key"], kind="stable")
        ended, first = np.unique(key[closing], return_index=True)
        begins = rows["key"][order]
        at: I64 = np.asarray(np.searchsorted(begins, ended), np.int64)
        known = np.flatnonzero(np.append(begins, -1)[at] == ended)
        over = order[at[known]]
        done = chosen(rows, over)
        done["end"] = np.maximum(batch.time[closing[first[known]]], done["start"])
        still_open = np.ones(len(rows), np.bool_)
        still_open[over] = False
        self.spans.update(done, chosen(rows, still_open))
