"""A report as Markdown, for tickets and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from weft.timeline.units import plain
from weft_tui import checkup

from . import grids
from .grids import Grid

if TYPE_CHECKING:
    from weft.findings import Finding
    from weft.timeline.snapshot import Snapshot

_SPECIAL: Final = re.compile(
    r"""[\\`*\[\]|~$@]            # emphasis, code, links, cells, mathematics, people
    | (?<![^\W_])_ | _(?![^\W_])  # emphasis again, but not within a word
    | \#(?=\w)                    # an issue's number
    | :(?=//) | (?<=www)\.        # what becomes a link by itself
    | ^\s*(?:[-+=#]|\d+(?=[.)](?:\s|$)))  # what begins a list, a quotation or a heading
    """,
    re.VERBOSE,
)
_MARKS: Final = {"stuck": "🛑", "slow": "🐢", "risk": "⚠️", "note": "ℹ️"}


def report(snapshot: Snapshot, found: Sequence[Finding]) -> str:
    """Return what is wrong, a text timeline, and two tables."""
    from weft.findings.report import report as figures
    from weft.timeline.text import draw

    told = figures(snapshot, found)
    drawn = draw(snapshot, notes=False).rstrip()
    fence = "`" * (max(map(len, re.findall("`+", drawn)), default=0) + 3)
    parts = [
        "## Findings",
        "\n".join(findings(told["findings"])),
        "## Timeline",
        f"{fence}text\n{drawn}\n{fence}",
        *(part for grid in grids.tables(told) for part in table(grid)),
        *([said(queued)] if (queued := grids.queued(told["requests"])) else []),
        "## Recording",
        "\n".join(f"    {plain(line)}" for line in checkup.lines(told["recording"])),
    ]
    return "\n\n".join(parts)


def difference(told: dict[str, Any]) -> str:
    """Return what changed from one trace to another."""
    parts = [
        "## New findings",
        "\n".join(findings(told["new_findings"], "None.")),
        "## Gone findings",
        "\n".join(findings(told["gone_findings"], "None.")),
    ]
    if told["new_orders"]:
        orders = [f"- {said(first)}, then {said(second)}" for first, second in told["new_orders"]]
        parts += ["## New orders of locks", "\n".join(orders)]
    parts += [*table(grids.changed_locks(told["locks"])), *table(grids.changed_requests(told["requests"]))]
    return "\n\n".join(parts)


def findings(rows: Sequence[dict[str, Any]], nothing: str = "Nothing was found to be wrong.") -> Iterator[str]:
    """Yield the sentences as a list, with the evidence below each."""
    if not rows:
        yield nothing
    for row in rows:
        yield f"- {_MARKS[row['severity']]} {said(row['sentence'])}"
        for line in row["evidence"]:
            place = f" ({said(grids.short(line['place']))})" if line["place"] else ""
            yield f"    - {said(grids.time(line['began_ns']))} {said(line['lane'])}: {said(line['text'])}{place}"


def table(grid: Grid) -> Iterator[str]:
    """Yield a heading and a table."""
    yield f"## {grid.title}"
    if not grid.body:
        yield grid.empty
        return
    ruler = ["---" if column < grid.left else "---:" for column in range(len(grid.head))]
    rows = [grid.head, ruler, *([said(cell) for cell in row] for row in grid.body)]
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)


def said(text: str) -> str:
    """Return text from a trace in which nothing is left that Markdown, or HTML within it, would act on."""
    return _SPECIAL.sub(_escaped, plain(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(found: re.Match[str]) -> str:
    sign = found[0].strip()
    return f"{sign}\\" if sign.isdecimal() else f"\\{sign}"
