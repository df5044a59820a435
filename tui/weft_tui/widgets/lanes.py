"""The lanes: a row per thread, lock or request, what happened to it from left to right, and the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.color import ColorSystem
from textual import events
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import State

from ..fronts import fronts
from ..lineup import Lineup
from ..linking import Tie
from ..messages import Dragged, LaneStepped, Panned, Pointed, RoomChanged, Scrubbed, SelectionBegun, Zoomed
from ..picks import NONE, By, Picks
from ..spans import cut
from ..view import View
from .arrows import Arrow
from .grid import Grid, Picture, Place, segments
from .inked import Plain, cropped, shapes_of, unfiltered
from .lock_lanes import lock_backdrop, lock_heads
from .memo import Memo
from .palette import Palette, Role, palette_of
from .request_lanes import request_backdrop, request_heads
from .scene import Backdrop, LaneHead, Scene, draw
from .sheet import Sheet, sheet
from .thread_lanes import thread_backdrop, thread_heads

MIN_GUTTER: Final = 14
MAX_GUTTER: Final = 32
ROOMY: Final = 2
LEFT: Final = 1
WHEEL: Final = 0.1
"""Part of the window by which a turn of the wheel moves it."""


@dataclass
class Grip:
    """What a mouse button has taken hold of: where it was pressed, and what the window was then."""

    x: int
    start_ns: int
    selects: bool
    moved: bool = False


class Lanes(Plain, can_focus=True):
    """Draws what happened in a time window; says where it was clicked."""

    ALLOW_SELECT = False

    snapshot: reactive[Snapshot | None] = reactive(None, always_update=True)
    view: reactive[View | None] = reactive(None)
    lineup: reactive[Lineup | None] = reactive(None)
    picked: reactive[int] = reactive(0)
    """The selected row, -1 for none."""
    ties: reactive[tuple[Tie, ...]] = reactive(())
    """What joins the selected row to others at the cursor."""
    marks: reactive[Picks] = reactive(NONE)
    """Rows that steps go over."""
    anchor_ns: reactive[int | None] = reactive(None)
    """Where what is selected begins; it ends at the cursor."""
    notice: reactive[str] = reactive("")
    """What to say when there is no lane."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pictures: Memo[list[Strip]] = Memo()
        self.backdrops: Memo[Backdrop] = Memo()
        self._sheet: Sheet | None = None
        self._palette: Palette | None = None
        self._serial = 0
        self._top = 0
        self._shown: NDArray[np.int64] = np.zeros(0, np.int64)
        self._grip: Grip | None = None

    # what the screen wants to know

    @property
    def indent(self) -> int:
        """Columns of the lanes' names."""
        longest = (self.lineup.longest if self.lineup else 0) + 4 + self._front_width()
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

    def on_resize(self) -> None:
        """Say how many columns there are, for those that are not told it themselves."""
        self.post_message(RoomChanged(self.size.width))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Select what was clicked, and take hold of it: of the window, or, with ctrl or the other button, of a time."""
        self._point(event.x, event.y)
        if self.view is not None and event.x >= self.indent:
            selects = event.ctrl or event.button != LEFT
            self._grip = Grip(event.x, self.view.start_ns, selects)
            self.capture_mouse()
            if selects:
                self.post_message(SelectionBegun())

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the window, or the end of what is selected."""
        grip, now = self._grip, self.view
        if grip is None or now is None:
            return
        if grip.selects:
            column = min(max(event.x - self.indent, 0), self.columns - 1)
            self.post_message(Scrubbed(now.time(column, self.columns)))
        elif event.x != grip.x or grip.moved:
            grip.moved = True
            self.post_message(Dragged(grip.start_ns + (grip.x - event.x) * now.span_ns // self.columns))

    def on_mouse_up(self) -> None:
        """Let go."""
        self._grip = None
        self.release_mouse()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the lanes, or, with ctrl, zoom out, with shift, move right."""
        event.stop()
        self.post_message(Zoomed(2.0) if event.ctrl else Panned(WHEEL) if event.shift else LaneStepped(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the lanes, or, with ctrl, zoom in, with shift, move left."""
        event.stop()
        self.post_message(Zoomed(0.5) if event.ctrl else Panned(-WHEEL) if event.shift else LaneStepped(-1))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Move right."""
        event.stop()
        self.post_message(Panned(WHEEL))

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Move left."""
        event.stop()
        self.post_message(Panned(-WHEEL))

    def _point(self, x: int, y: int) -> None:
        place = y // self.pitch
        if self.lineup is None or self.view is None or place >= len(self._shown):
            return
        column = x - self.indent
        self.post_message(
            Pointed(int(self._shown[place]), self.view.time(column, self.columns) if column >= 0 else None)
        )

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
            *(self._serial, self.view, self.picked, self.ties, self.marks, self.anchor_ns, self.size, self.notice),
            *(unfiltered(self), shapes_of(self)),
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
        view, columns = self.view, self.columns
        width = view.span_ns // columns if view else 0
        place = Place(self.indent, view.start_ns, width) if view and width * columns == view.span_ns else None
        return Picture(grid, palette, system, place).strips()

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
        shown = self._choose(lineup)
        places = {row: place for place, row in enumerate(shown.tolist())}
        window = (self._serial, view.start_ns, view.span_ns, self._top, len(shown), self.columns, self.pitch)
        back = self.backdrops.get(window, lambda: self._backdrop(snapshot, view, lineup, shown))
        return Scene(
            cells=back.cells,
            heads=self._heads(snapshot, view, lineup, shown),
            picked=places.get(self.picked, -1),
            gutter=self.indent,
            pitch=self.pitch,
            cursor=self._column(view, view.cursor_ns),
            waits=back.waits,
            captions=back.captions,
            shapes=shapes_of(self),
            marks=back.marks,
            queue=back.queue,
            short=back.short,
            arrows=tuple(_arrow(tie, places, self._top) for tie in self.ties),
            anchor=-1 if self.anchor_ns is None else self._column(view, self.anchor_ns),
        )

    def _backdrop(self, snapshot: Snapshot, view: View, lineup: Lineup, shown: NDArray[np.int64]) -> Backdrop:
        if lineup.requests is not None:
            return request_backdrop(snapshot, lineup.requests[shown], view, self.columns, self.pitch)
        ids = lineup.ids[shown].tolist()
        if lineup.by is By.LOCK:
            return lock_backdrop(snapshot, ids, view, self.columns)
        self._sheet = sheet(snapshot, ids, view, self.columns, self._sheet)
        return thread_backdrop(snapshot, ids, view, self.pitch, self._sheet.cells)

    def _heads(self, snapshot: Snapshot, view: View, lineup: Lineup, shown: NDArray[np.int64]) -> tuple[LaneHead, ...]:
        front = fronts(snapshot)
        pids = [front[process] for process in lineup.process[shown].tolist()]
        ids = lineup.ids[shown].tolist()
        if lineup.requests is not None:
            heads = request_heads(snapshot, lineup.requests[shown], pids, view)
        elif lineup.by is By.LOCK:
            heads = lock_heads(snapshot, ids, pids, view, self.indent)
        else:
            heads = thread_heads(snapshot, ids, pids, view, self.indent)
        marks = self.marks.of(lineup.by)
        if not marks and not lineup.pinned:
            return heads
        return tuple(
            replace(head, marked=number in marks, pinned=row < lineup.pinned)
            for head, number, row in zip(heads, ids, shown.tolist(), strict=True)
        )

    def _choose(self, lineup: Lineup) -> NDArray[np.int64]:
        """Return the visible rows: the pinned ones, as long as they leave some room, and those scrolled to."""
        fixed = min(lineup.pinned, self.page - 1)
        top = max(self._top, fixed) - fixed
        wanted = self.picked - fixed if self.picked >= fixed else top
        self._top = fixed + first_row(top, wanted, self.page - fixed, len(lineup) - fixed)
        last = min(self._top + self.page - fixed, len(lineup))
        self._shown = np.concatenate((np.arange(fixed), np.arange(self._top, last)))
        return self._shown

    def _column(self, view: View, time_ns: int) -> int:
        column = view.column(time_ns, self.columns)
        return column if 0 <= column < self.columns else -1

    def _front_width(self) -> int:
        widest = max(map(len, fronts(self.snapshot)), default=0) if self.snapshot else 0
        return widest + 1 if widest else 0


def first_row(top: int, lane: int, page: int, total: int) -> int:
    """Return the first lane to draw so that the selected one is visible and little moves."""
    top = min(max(top, lane - page + 1), lane)
    return max(min(top, total - page), 0)


def _arrow(tie: Tie, places: Mapping[int, int], top: int) -> Arrow:
    """Return what joins rows as an arrow between visible lanes.

    Args:
        places: where the visible rows stand.
        top: the first of those that scroll.
    """

    def place(row: int) -> int:
        return places.get(row, -1 if row < top else len(places))

    sources = tuple(sorted({place(row) for row in tie.sources}))
    name = "" if tie.target in places else tie.name
    return Arrow(sources, place(tie.target), tie.wakes, tie.joined, name)
