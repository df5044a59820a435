"""A report for terminals and tickets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from weft.counted import many
from weft.timeline.units import plain
from weft_tui import checkup

from . import grids
from .grids import Grid

if TYPE_CHECKING:
    from weft.findings import Finding
    from weft.timeline.snapshot import Snapshot

_EVIDENCE: Final = 6
"""Lines that are told of one finding."""


def report(snapshot: Snapshot, found: Sequence[Finding]) -> str:
    """Return what is wrong, a text timeline, and two tables."""
    from weft.findings.report import report as figures
    from weft.timeline.text import draw

    told = figures(snapshot, found)
    parts = [
        "\n".join(findings(told["findings"])),
        draw(snapshot, notes=False).rstrip(),
        *(table(grid) for grid in grids.tables(told)),
        grids.queued(told["requests"]),
        "\n".join(checkup.lines(told["recording"])),
    ]
    return "\n\n".join(part for part in parts if part)


def difference(told: dict[str, Any]) -> str:
    """Return what changed from one trace to another."""
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
    parts += [table(grids.changed_locks(told["locks"])), table(grids.changed_requests(told["requests"]))]
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


def table(grid: Grid) -> str:
    """Return a table with columns as wide as they need to be."""
    if not grid.body:
        return grid.empty
    rows = [grid.head, *([plain(cell) for cell in row] for row in grid.body)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(grid.head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < grid.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)
