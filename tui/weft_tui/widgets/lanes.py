"""The lanes: a row per thread, lock or request, what happened to it from left to right, and the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.color import ColorSystem
from textual import events
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import State

from ..lineup import By, Lineup
from ..linking import Tie
from ..messages import LaneStepped, Pointed, Zoomed
from ..spans import cut
from ..view import View
from .arrows import Arrow
from .cells import Cells, cells
from .grid import Grid, GridStrip, encode, segments
from .inked import cropped, unfiltered
from .lock_lanes import lock_scene
from .memo import Memo
from .palette import COMPONENT_CLASSES, Palette, Role, palette_of
from .request_lanes import request_scene
from .scene import Scene, Stage, draw
from .thread_lanes import thread_scene

MIN_GUTTER: Final = 14
MAX_GUTTER: Final = 32
ROOMY: Final = 2


class Lanes(Widget, can_focus=True):
    """Draws what happened in a time window; says where it was clicked."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENT_CLASSES)

    snapshot: reactive[Snapshot | None] = reactive(None, always_update=True)
    view: reactive[View | None] = reactive(None)
    lineup: reactive[Lineup | None] = reactive(None)
    picked: reactive[int] = reactive(0)
    """The selected row, -1 for none."""
    ties: reactive[tuple[Tie, ...]] = reactive(())
    """What joins the selected row to others at the cursor."""
    notice: reactive[str] = reactive("")
    """What to say when there is no lane."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pictures: Memo[list[Strip]] = Memo()
        self.frames: Memo[Cells] = Memo()
        self._palette: Palette | None = None
        self._serial = 0
        self._top = 0

    # what the screen wants to know

    @property
    def indent(self) -> int:
        """Columns of the lanes' names."""
        longest = (self.lineup.longest if self.lineup else 0) + 4 + self._pid_width()
        return min(max(longest, MIN_GUTTER), MAX_GUTTER, max(self.size.width // 3, MIN_GUTTER))

    @property
    def columns(self) -> int:
        """Columns of the timeline."""
        return max(self.size.width - self.indent, 1)

    @property
    def pitch(self) -> int:
        """Rows per lane."""
        rows = len(self.lineup) if self.lineup else 0
        return ROOMY if rows * ROOMY <= self.size.height else 1

    @property
    def page(self) -> int:
        """How many lanes are visible at once."""
        return max(self.size.height // self.pitch, 1)

    def shares(self) -> list[float]:
        """Return how much of the visible time was spent in each state, 0 … 1; empty when nothing is visible."""
        if self.snapshot is None or self.view is None or not self.snapshot.lanes:
            return []
        spent = self.snapshot.frame(range(len(self.snapshot.lanes)), self.view.start_ns, self.view.end_ns, 1).spent.sum(
            axis=(1, 2)
        )
        alive = spent[State.IDLE :].sum()
        return [float(part / alive) if alive else 0.0 for part in spent]

    # reactions

    def watch_snapshot(self) -> None:
        """Make pictures of older snapshots stale."""
        self._serial += 1

    def watch_lineup(self) -> None:
        """Make pictures of other rows stale."""
        self._serial += 1

    def notify_style_update(self) -> None:
        """Read the colours anew when the theme changes."""
        super().notify_style_update()
        self._palette = None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select what was clicked."""
        self._point(event.x, event.y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the lanes, or zoom out."""
        event.stop()
        self.post_message(Zoomed(2.0) if event.ctrl else LaneStepped(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the lanes, or zoom in."""
        event.stop()
        self.post_message(Zoomed(0.5) if event.ctrl else LaneStepped(-1))

    def _point(self, x: int, y: int) -> None:
        row = self._top + y // self.pitch
        if self.lineup is None or self.view is None or row >= len(self.lineup):
            return
        column = x - self.indent
        self.post_message(Pointed(row, self.view.time(column, self.columns) if column >= 0 else None))

    # drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the strips as they are: the widget's own cache would replace them by plain ones."""
        return cropped(self.picture(), crop, self.size.width) if unfiltered(self) else super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one row of the picture."""
        picture = self.picture()
        return picture[y] if y < len(picture) else Strip.blank(self.size.width, self.rich_style)

    def picture(self) -> list[Strip]:
        """Return all rows; made once for everything that is visible in them."""
        key = (
            *(self._serial, self.view, self.picked, self.ties, self.size, self.notice),
            *(unfiltered(self), self.app.no_color),
        )
        if self._palette is None:
            self._palette = palette_of(self)
        return self.pictures.get((*key, id(self._palette)), self._make_picture)

    def _make_picture(self) -> list[Strip]:
        if self.snapshot is None or self.view is None or self.lineup is None or not len(self.lineup):
            return self._make_notice()
        grid = draw(self._scene(self.snapshot, self.view, self.lineup), self.size.height, self.size.width)
        return self._strips(grid)

    def _strips(self, grid: Grid) -> list[Strip]:
        palette, width = self._palette or palette_of(self), self.size.width
        if not unfiltered(self):
            return [Strip(segments(grid, palette, row), width) for row in range(len(grid.styles))]
        system = ColorSystem(self.app.console._color_system or ColorSystem.TRUECOLOR)

        def strip(row: int, ansi: str) -> Strip:
            return GridStrip(ansi, width, lambda: segments(grid, palette, row))

        return [strip(row, ansi) for row, ansi in enumerate(encode(grid, palette, system))]

    def _make_notice(self) -> list[Strip]:
        width, height = self.size
        grid = Grid.blank(height, width, Role.GROUND)
        lines = self.notice.splitlines()
        for row, line in enumerate(lines, max((height - len(lines)) // 2, 0)):
            if row < height:
                text = cut(line, width)
                grid.write(row, (width - len(text)) // 2, text, Role.CAPTION if row else Role.NAME)
        return self._strips(grid)

    def _scene(self, snapshot: Snapshot, view: View, lineup: Lineup) -> Scene:
        self._top = first_row(self._top, max(self.picked, 0), self.page, len(lineup))
        shown = slice(self._top, min(self._top + self.page, len(lineup)))
        pids = {process.id: str(process.pid) for process in snapshot.processes} if self._pid_width() else {}
        head = [pids.get(process, "") for process in lineup.process[shown].tolist()]
        cursor = view.column(view.cursor_ns, self.columns)
        stage = Stage(
            picked=self.picked - self._top if shown.start <= self.picked < shown.stop else -1,
            gutter=self.indent,
            columns=self.columns,
            pitch=self.pitch,
            cursor=cursor if 0 <= cursor < self.columns else -1,
            shapes=self.app.no_color,
            arrows=tuple(_arrow(tie, self._top, shown.stop - self._top) for tie in self.ties),
        )
        key = (self._serial, view.start_ns, view.span_ns, shown.start, shown.stop, self.columns)
        if lineup.by is By.LOCK:
            return lock_scene(snapshot, lineup.ids[shown].tolist(), head, view, stage)
        if lineup.by is By.REQUEST and lineup.requests is not None:
            return request_scene(snapshot, lineup.requests[shown], head, view, stage)
        ids = lineup.ids[shown].tolist()
        what = self.frames.get(key, lambda: _cells(snapshot, ids, view, stage.columns))
        return thread_scene(snapshot, ids, head, view, stage, what)

    def _pid_width(self) -> int:
        processes = self.snapshot.processes if self.snapshot else ()
        return max(len(str(process.pid)) for process in processes) + 1 if len(processes) > 1 else 0


def first_row(top: int, lane: int, page: int, total: int) -> int:
    """Return the first lane to draw so that the selected one is visible and little moves."""
    top = min(max(top, lane - page + 1), lane)
    return max(min(top, total - page), 0)


def _arrow(tie: Tie, top: int, lanes: int) -> Arrow:
    """Return what joins rows as an arrow between visible lanes, of which ``top`` is the first."""

    def place(row: int) -> int:
        return min(max(row - top, -1), lanes)

    target = place(tie.target)
    out = not 0 <= target < lanes
    sources = tuple(sorted({place(row) for row in tie.sources}))
    return Arrow(sources, target, tie.wakes, tie.joined, tie.name if out else "")


def _cells(snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int) -> Cells:
    return cells(snapshot.frame(lanes, view.start_ns, view.end_ns, columns))
