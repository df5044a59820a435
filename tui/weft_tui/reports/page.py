"""A report as one HTML page that needs nothing else: no script, no picture, no font from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

from weft.timeline.units import plain
from weft_tui import checkup

from . import grids
from .grids import Grid

if TYPE_CHECKING:
    from weft.findings import Finding
    from weft.timeline.snapshot import Snapshot

_STYLE: Final = """
:root { color-scheme: light dark; --wait: #d2481a; --hold: #b98a00; --run: #2a6592; --dim: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.sum { color: GrayText; margin: .2rem 0 0; }
details { border-left: .35rem solid var(--dim); padding: .45rem .9rem; margin: .5rem 0; background: #8881; }
.stuck { border-color: var(--wait); } .slow { border-color: var(--hold); } .risk { border-color: var(--run); }
summary { cursor: pointer; } summary b { font-variant: small-caps; margin-right: .4rem; }
pre { overflow-x: auto; font: 12px/1.25 ui-monospace, monospace; padding: .8rem; background: #8881; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; white-space: nowrap; }
th { text-align: right; font-weight: 600; color: GrayText; } th.l, td.l { text-align: left; }
td { text-align: right; font-variant-numeric: tabular-nums; border-top: 1px solid #8883; }
th, td { padding: .25rem .7rem .25rem 0; }
ul { margin: .4rem 0 0; padding-left: 1.2rem; } li { font-size: 13px; }
"""


def report(snapshot: Snapshot, found: Sequence[Finding], title: str) -> str:
    """Return the page.

    Args:
        snapshot: the trace.
        found: what is wrong with it.
        title: what the trace is called.
    """
    from weft.findings import fragments
    from weft.findings.report import report as figures
    from weft.timeline.text import draw

    told = figures(snapshot, found)
    counts = ", ".join(fragments(found)) or "nothing was found to be wrong"
    body = [
        f"<h1>{said(title)}</h1>",
        f'<p class="sum">{said(grids.trace_line(told["trace"]))}</p>',
        f"<h2>Findings: {said(counts)}</h2>",
        *(_finding(row) for row in told["findings"]),
        "<h2>Timeline</h2>",
        f"<pre>{said(draw(snapshot, notes=False).rstrip(), lines=True)}</pre>",
        *(part for grid in grids.tables(told) for part in _table(grid)),
        f"<p>{said(grids.queued(told['requests']))}</p>",
        "<h2>Recording</h2>",
        f"<pre>{said(chr(10).join(checkup.lines(told['recording'])), lines=True)}</pre>",
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>weft: {said(title)}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>"


def _finding(row: dict[str, Any]) -> str:
    lines = "".join(
        f"<li>{said(grids.time(line['began_ns']))} {said(line['lane'])}: {said(line['text'])}"
        f"{' (' + said(grids.short(line['place'])) + ')' if line['place'] else ''}</li>"
        for line in row["evidence"]
    )
    opened = " open" if row["severity"] == "stuck" else ""
    return (
        f'<details class="{said(row["severity"])}"{opened}><summary><b>{said(row["kind"])}</b>'
        f"{said(row['sentence'])}</summary><ul>{lines}</ul></details>"
    )


def _table(grid: Grid) -> Iterator[str]:
    yield f"<h2>{said(grid.title)}</h2>"
    if not grid.body:
        yield f"<p>{said(grid.empty)}</p>"
        return
    sides = [' class="l"' if column < grid.left else "" for column in range(len(grid.head))]
    head = "".join(f"<th{side}>{said(cell)}</th>" for side, cell in zip(sides, grid.head, strict=True))
    rows = (
        "<tr>" + "".join(f"<td{side}>{said(cell)}</td>" for side, cell in zip(sides, row, strict=True)) + "</tr>"
        for row in grid.body
    )
    yield f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def said(text: str, *, lines: bool = False) -> str:
    """Return text from a trace that HTML does not act on; ``lines`` keeps its line ends."""
    shown = "\n".join(map(plain, text.split("\n"))) if lines else plain(text)
    return escape(shown, quote=True)
