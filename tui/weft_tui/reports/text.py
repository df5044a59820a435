"""A report for terminals and tickets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from weft.counted import many
from weft.timeline.units import plain
from weft_tui import checkup
from weft_tui.wrapping import wrapped

from . import grids
from .grids import Grid

if TYPE_CHECKING:
    from weft.findings import Finding
    from weft.timeline.snapshot import Snapshot

_EVIDENCE: Final = 6
"""Lines that are told of one finding."""


PICTURE: Final = 100
"""Columns of the text timeline, where there is room."""


def report(snapshot: Snapshot, found: Sequence[Finding], width: int = 0) -> str:
    """Return what is wrong, a text timeline, and two tables.

    Args:
        width: columns that lines may have; 0: as many as they need.
    """
    from weft.findings.report import report as figures
    from weft.timeline.text import draw

    told = figures(snapshot, found)
    parts = [
        wrapped("\n".join(findings(told["findings"])), width),
        wrapped(draw(snapshot, min(width or PICTURE, PICTURE), notes=False).rstrip(), width),
        *(table(grid, width) for grid in grids.tables(told)),
        wrapped(grids.queued(told["requests"]), width),
        wrapped("\n".join(checkup.lines(told["recording"])), width),
    ]
    return "\n\n".join(part for part in parts if part)


def difference(told: dict[str, Any], width: int = 0) -> str:
    """Return what changed from one trace to another.

    Args:
        width: columns that lines may have; 0: as many as they need.
    """
    before, after = told["before"], told["after"]
    parts = [
        f"before: {grids.time(before['duration_ns'])}, {many(before['events'], 'event')}\n"
        f"after:  {grids.time(after['duration_ns'])}, {many(after['events'], 'event')}",
        "\n".join(["New findings", *findings(told["new_findings"], "None.")]),
        "\n".join(["Gone findings", *findings(told["gone_findings"], "None.")]),
    ]
    if told["new_orders"]:
        orders = [f"  {plain(first)}, then {plain(second)}" for first, second in told["new_orders"]]
        parts.append("\n".join(["New orders of locks", *orders]))
    parts = [wrapped(part, width) for part in parts]
    parts += [
        table(grid, width) for grid in (grids.changed_locks(told["locks"]), grids.changed_requests(told["requests"]))
    ]
    return "\n\n".join(parts)


def findings(rows: Sequence[dict[str, Any]], nothing: str = "Nothing was found to be wrong.") -> Iterator[str]:
    """Yield the sentences with their evidence."""
    if not rows:
        yield nothing
    for row in rows:
        yield f"{MARKS[row['severity']]} {plain(row['sentence'])}"
        for line in row["evidence"][:_EVIDENCE]:
            place = f"  {plain(grids.short(line['place']))}" if line["place"] else ""
            yield f"    {grids.time(line['began_ns']):>8}  {plain(line['lane'])}: {plain(line['text'])}{place}"
        if len(row["evidence"]) > _EVIDENCE:
            yield f"    and {many(len(row['evidence']) - _EVIDENCE, 'more line')}"


MARKS: Final = {"stuck": "!!", "slow": "! ", "risk": "? ", "note": "- "}
"""What stands before a sentence, by severity."""


def table(grid: Grid, width: int = 0) -> str:
    """Return a table with columns as wide as they need to be.

    Args:
        width: columns that lines may have: what has no room stands in tables below, with the first columns again; 0:
            as many as they need.
    """
    if not grid.body:
        return grid.empty
    rows = [list(grid.head), *([plain(cell) for cell in row] for row in grid.body)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(grid.head))]

    def cell(row: Sequence[str], column: int) -> str:
        return row[column].ljust(widths[column]) if column < grid.left else row[column].rjust(widths[column])

    parts = _parts(grid, widths, width)
    return "\n\n".join("\n".join(GAP.join(cell(row, at) for at in part).rstrip() for row in rows) for part in parts)


GAP: Final = "  "


def _parts(grid: Grid, widths: Sequence[int], width: int) -> list[list[int]]:
    """Return which columns stand side by side: figures that belong together do, and names stand before all of them."""

    def taken(columns: Sequence[int]) -> int:
        return sum(widths[column] + len(GAP) for column in columns) - len(GAP)

    everything = list(range(len(widths)))
    if not width or taken(everything) <= width:
        return [everything]
    names = [column for column in range(grid.left) if not column or taken(range(column + 1)) <= width // 2]
    parts = [list(range(grid.left))]
    for group in grid.groups():
        if parts[-1] != names and taken([*parts[-1], *group]) > width:
            parts.append(list(names))
        parts[-1] += group
    return parts
