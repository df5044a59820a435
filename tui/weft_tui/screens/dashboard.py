"""The dashboard: it holds what is looked at, hands it to the widgets, and turns keys into moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static

from weft.errors import WeftError
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import LockFigures, Moment, Request

from .. import jumps, picture, view
from ..jumps import Spot
from ..messages import ChildEnded, LaneStepped, PanelWanted, Pointed, RowChosen, SnapshotReady, SourceFailed, Zoomed
from ..story import story
from ..view import FOLLOW_SPAN_NS, Extent, Mode, Motion, View
from ..widgets.inspector import Inspector
from ..widgets.lanes import Lanes
from ..widgets.legend import Legend
from ..widgets.panels import TABLES, PanelName, Panels
from ..widgets.ruler import Ruler
from ..widgets.status import Status, StatusLine
from ..widgets.table import Table
from ..widgets.tables import NO_LOCKS, NO_REQUESTS, lock_columns, request_columns
from .help import HelpScreen
from .layout import lane_rows

PLAY_SECONDS: Final = 0.05
REQUESTS: Final = 200
"""Rows of the table of requests."""

TABLE_SECONDS: Final = 0.25
"""Figures that change more often cannot be read."""

EMPTY: Final = {
    Mode.LIVE: "No thread has done anything yet.\nSend the app a request: with curl, or in a browser.",
    Mode.REPLAY: "There is nothing in this trace.\nRecord again while the app gets requests: weft record -- CMD",
}
LOADING: Final = "Reading …"
NO_LATER: Final = "There is no later wait. N goes to the one before."
NO_EARLIER: Final = "There is no earlier wait. n goes to the next one."
TOO_SMALL: Final = "weft needs at least 60 columns and 16 rows."


class DashboardScreen(Screen[None]):
    """One screen for live traces and recorded ones.

    Args:
        path: the trace, to name pictures after.
        mode: LIVE or REPLAY.
        title: what is recorded.
        clock: monotonic ns, for playing at real speed.
    """

    # Textual's own annotation of these is not that of a class variable.
    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (60, "-wide-enough")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall-enough")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "wait(1)", "Next wait", tooltip="Next, previous wait of any lane"),
        Binding("N", "wait(-1)", show=False, tooltip="Next, previous wait of any lane"),
        Binding("b", "blame", "Who blocks", tooltip="Go to the lane that holds the lock"),
        Binding("w", "worst", "Worst wait", tooltip="The longest wait for the worst lock"),
        Binding("space", "pause", "Pause", tooltip="Pause; then follow, or play"),
        Binding("space", "follow", "Follow", tooltip="Pause; then follow, or play"),
        Binding("space", "play", "Play", tooltip="Pause; then follow, or play"),
        Binding("f", "follow", show=False, tooltip="Follow the newest moment"),
        Binding("left,h", "step(-1)", show=False, tooltip="Move the cursor"),
        Binding("right,l", "step(1)", show=False, tooltip="Move the cursor"),
        Binding("shift+left,H", "pan(-0.25)", show=False, tooltip="Move a quarter of the window"),
        Binding("shift+right,L", "pan(0.25)", show=False, tooltip="Move a quarter of the window"),
        Binding("up,k", "lane(-1)", show=False, tooltip="Select a lane"),
        Binding("down,j", "lane(1)", show=False, tooltip="Select a lane"),
        Binding("pageup", "lane_page(-1)", show=False, tooltip="Select a lane a page away"),
        Binding("pagedown", "lane_page(1)", show=False, tooltip="Select a lane a page away"),
        Binding("plus,equals_sign", "zoom(0.5)", "Closer", key_display="+", tooltip="Look closer, wider"),
        Binding("minus,underscore", "zoom(2)", "Wider", key_display="-", tooltip="Look closer, wider"),
        Binding("0", "whole", show=False, tooltip="The whole trace"),
        Binding("home", "first", show=False, tooltip="First, last moment"),
        Binding("end", "last", show=False, tooltip="First, last moment"),
        Binding("1", "panel(1)", show=False, tooltip="Locks, requests, inspector"),
        Binding("2", "panel(2)", show=False, tooltip="Locks, requests, inspector"),
        Binding("3", "panel(3)", show=False, tooltip="Locks, requests, inspector"),
        Binding("tab", "app.focus_next", show=False, tooltip="Next part of the screen"),
        Binding("shift+tab", "app.focus_previous", show=False, tooltip="Next part of the screen"),
        Binding("escape", "lanes", show=False, tooltip="Back to the lanes"),
        Binding("s", "save", show=False, tooltip="Save a picture (SVG)"),
        Binding("question_mark", "help", "Help", key_display="?", tooltip="This help"),
    ]

    view: reactive[View | None] = reactive(None, repaint=False)
    lane: reactive[int] = reactive(0, repaint=False)

    def __init__(self, path: Path, mode: Mode, title: str, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__()
        self.path = path
        self.mode = mode
        self.clock = clock
        self.snapshot: Snapshot | None = None
        self.status = Status(mode, Motion.FOLLOW if mode is Mode.LIVE else Motion.STILL, title)
        self.touched = False
        self.played_ns = 0
        self.tables_timer: Timer | None = None
        self.tables_stale = False

    def compose(self) -> ComposeResult:
        """Yield the rows from top to bottom."""
        yield StatusLine(id="status")
        yield Ruler(id="ruler")
        yield Lanes(id="lanes")
        yield Legend(id="legend")
        yield Panels(
            Table[LockFigures]((), lambda row: row.lock.id, empty=NO_LOCKS, id="locks"),
            Table[Request]((), lambda row: row.id, empty=NO_REQUESTS, id="requests"),
            Inspector(id="inspector"),
        )
        yield Footer(show_command_palette=False, compact=True)
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def on_mount(self) -> None:
        """Find the parts, and get ready to play."""
        self.lanes = self.query_one(Lanes)
        self.panels = self.query_one(Panels)
        self.inspector = self.query_one(Inspector)
        self.player = self.set_interval(PLAY_SECONDS, self._play_on, pause=True)
        self.lanes.notice = LOADING if self.mode is Mode.REPLAY else EMPTY[self.mode]
        self.panels.wanted = PanelName.INSPECTOR if self.mode is Mode.REPLAY else PanelName.LOCKS
        self.lanes.focus()
        self._show_status()

    def on_resize(self) -> None:
        """Share the rows anew."""
        self.call_after_refresh(self._share_rows)

    # what arrives

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Take over the new state of the trace."""
        self.status = replace(self.status, rate=message.rate, loaded=message.loaded)
        self._take(message.snapshot)

    def on_source_failed(self, message: SourceFailed) -> None:
        """Say why there is nothing to see."""
        self.lanes.notice = message.sentence
        self.notify(message.sentence, severity="error", timeout=30, markup=False)

    def on_child_ended(self, message: ChildEnded) -> None:
        """Say that the app has ended."""
        self.status = replace(self.status, note=message.sentence)
        self._show_status()

    def on_pointed(self, message: Pointed) -> None:
        """Go where somebody clicked."""
        self.lane = message.lane
        if message.time_ns is not None and self.view:
            self._move(view.look_at(self.view, self.extent, message.time_ns))

    def on_zoomed(self, message: Zoomed) -> None:
        """Zoom with the wheel."""
        self.action_zoom(message.factor)

    def on_lane_stepped(self, message: LaneStepped) -> None:
        """Scroll the lanes with the wheel."""
        self.action_lane(message.count)

    def on_panel_wanted(self, message: PanelWanted) -> None:
        """Show a panel."""
        self.action_panel(message.number)

    def on_row_chosen(self, message: RowChosen) -> None:
        """Go to what a row of a table is about."""
        if self.snapshot and isinstance(message.row, Request):
            self._go(jumps.of_request(self.snapshot, message.row), "")
        elif self.snapshot and isinstance(message.row, LockFigures):
            self._go(jumps.wait_for(self.snapshot, message.row), "Nobody has waited for this lock yet.")

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what makes sense now."""
        motion = self.status.motion
        if action == "pause":
            return motion is not Motion.STILL
        if action == "follow":
            return self.mode is Mode.LIVE and motion is not Motion.FOLLOW
        if action == "play":
            return self.mode is Mode.REPLAY and motion is not Motion.PLAY
        return True

    def action_step(self, count: int) -> None:
        """Move the cursor by columns."""
        if self.view:
            self._move(view.step(self.view, self.extent, self.lanes.columns, count))

    def action_pan(self, part: float) -> None:
        """Move the window by a part of its width."""
        if self.view:
            self._move(view.pan(self.view, self.extent, part))

    def action_zoom(self, factor: float) -> None:
        """Look closer (below 1) or wider."""
        if self.view:
            self._move(view.zoom(self.view, self.extent, factor))

    def action_whole(self) -> None:
        """Show the whole trace, with the cursor where it is."""
        if self.view:
            self._move(replace(view.whole(self.extent), cursor_ns=self.extent.clip(self.view.cursor_ns)))

    def action_first(self) -> None:
        """Go to the first moment."""
        if self.view:
            self._move(view.look_at(self.view, self.extent, self.extent.start_ns, margin=0.0))

    def action_last(self) -> None:
        """Go to the last moment."""
        if self.view:
            self._move(view.look_at(self.view, self.extent, self.extent.end_ns, margin=0.0))

    def action_pause(self) -> None:
        """Stop following or playing."""
        if self.view:
            self._move(view.still(self.view))

    def action_follow(self) -> None:
        """Keep the newest moment in view."""
        if self.view:
            self._move(view.follow(self.view, self.extent))

    def action_play(self) -> None:
        """Let the cursor walk at real speed, from the beginning if it is at the end."""
        if self.view:
            start = self.view.cursor_ns if self.view.cursor_ns < self.extent.end_ns else self.extent.start_ns
            self.played_ns = self.clock()
            self._move(replace(view.look_at(self.view, self.extent, start), motion=Motion.PLAY))

    def action_lane(self, count: int) -> None:
        """Select another lane."""
        self.lane += count

    def action_lane_page(self, count: int) -> None:
        """Select a lane one page away."""
        self.lane += count * self.lanes.page

    def action_wait(self, step: int) -> None:
        """Go to the next or previous wait of any lane."""
        if self.snapshot and self.view:
            # Whoever follows stands at the end: the next wait to look at is the newest.
            step = -1 if self.view.motion is Motion.FOLLOW else step
            spot = jumps.next_wait(self.snapshot, self.view.cursor_ns, step)
            self._explain(spot, NO_LATER if step > 0 else NO_EARLIER)

    def action_blame(self) -> None:
        """Go to the lane that holds what the selected lane waits for."""
        if moment := self._moment():
            self._explain(jumps.blocker(moment), "Nothing blocks this lane at the cursor. n goes to the next wait.")

    def action_worst(self) -> None:
        """Show the longest wait of the worst lock, large."""
        spot = jumps.worst_wait(self.snapshot) if self.snapshot else None
        if spot and self.view:
            span = max(3 * spot.span_ns, view.MIN_SPAN_NS)
            self.view = View(spot.time_ns - span // 2, span, self.view.cursor_ns)
        self._explain(spot, "No thread has waited for a lock in this trace.")

    def action_panel(self, number: int) -> None:
        """Show a panel; tables take the focus, so that the arrow keys are theirs."""
        name = PanelName(number)
        self.panels.wanted = name
        (self.panels.panels[name].body if name in TABLES else self.lanes).focus()
        self._fill_panels()

    def action_lanes(self) -> None:
        """Give the arrow keys back to the lanes."""
        self.lanes.focus()

    def action_save(self) -> None:
        """Save the screen as a picture where weft was started."""
        try:
            path = picture.save(self.app.export_screenshot(), Path.cwd(), f"weft-{self.path.stem}")
        except WeftError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"Saved {path}", markup=False)

    def action_help(self) -> None:
        """Explain colours and keys."""
        bindings = [binding for binding in (*self.BINDINGS, *self.app.BINDINGS) if isinstance(binding, Binding)]
        self.app.push_screen(HelpScreen(bindings, self.lanes.shares()))

    # state

    @property
    def extent(self) -> Extent:
        """First and last moment of what has been read."""
        return Extent(self.snapshot.start_ns, self.snapshot.end_ns) if self.snapshot else Extent(0, 0)

    def validate_lane(self, lane: int) -> int:
        """Keep the selection on a lane."""
        return max(min(lane, len(self.snapshot.lanes) - 1), 0) if self.snapshot else 0

    def watch_lane(self, lane: int) -> None:
        """Select the lane everywhere."""
        if self.snapshot:
            self.touched = True
            self.lanes.lane = lane
            self._fill_inspector()

    def watch_view(self, old: View | None, new: View | None) -> None:
        """Look there everywhere."""
        if new is None:
            return
        self.lanes.view = new
        self._show_status()
        self._fill_inspector()
        if old is None or old.motion is not new.motion:
            self.player.resume() if new.motion is Motion.PLAY else self.player.pause()
            self.refresh_bindings()

    def _move(self, new: View) -> None:
        """Look somewhere because somebody asked for it."""
        self.touched = True
        self.view = new

    def _explain(self, spot: Spot | None, excuse: str) -> None:
        """Go somewhere, and have the inspector tell what is there."""
        if spot and not self.panels.showing(PanelName.INSPECTOR):
            self.action_panel(PanelName.INSPECTOR)
        self._go(spot, excuse)

    def _go(self, spot: Spot | None, excuse: str) -> None:
        """Select a lane and put the cursor on a moment, or say why not."""
        if spot is None or self.view is None:
            self.notify(excuse, markup=False)
            return
        self.lane = spot.lane
        self._move(view.look_at(self.view, self.extent, spot.time_ns))

    def _play_on(self) -> None:
        now = self.clock()
        if self.view and self.view.motion is Motion.PLAY:
            self.view = view.play(self.view, self.extent, now - self.played_ns)
        self.played_ns = now

    def _take(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lanes.notice = EMPTY[self.mode]
        self.lanes.snapshot = snapshot
        self._share_rows()
        self._fill_tables_soon()
        before = self.view
        if snapshot.lanes:
            self.view = self._next_view(snapshot)
        if self.view == before:
            self._show_status()
            self._fill_inspector()

    def _next_view(self, snapshot: Snapshot) -> View:
        """Return where to look now that there is more: nobody who looks around is moved."""
        if self.mode is Mode.REPLAY and not self.touched:
            return self._first_look(snapshot)
        if self.view is None:
            return view.follow(View(0, FOLLOW_SPAN_NS, 0), self.extent)
        return view.follow(self.view, self.extent) if self.view.motion is Motion.FOLLOW else self.view

    def _first_look(self, snapshot: Snapshot) -> View:
        """Return the whole trace, with the cursor on the worst wait once everything is read."""
        everything = view.whole(self.extent)
        if self.status.loaded < 1 or (spot := jumps.worst_wait(snapshot)) is None:
            return everything
        self.lane = spot.lane
        self.touched = False
        return replace(everything, cursor_ns=self.extent.clip(spot.time_ns))

    # what the widgets are told

    def _share_rows(self) -> None:
        """Give the lanes the rows that they need, the panels the others."""
        rows = lane_rows(len(self.snapshot.lanes) if self.snapshot else 0, self.size.height)
        if self.lanes.styles.height is None or self.lanes.styles.height.value != rows:
            self.lanes.styles.height = rows

    def _show_status(self) -> None:
        snapshot, now = self.snapshot, self.view
        if snapshot and now:
            self.status = replace(
                self.status,
                motion=now.motion,
                wall_ns=snapshot.wall_ns + now.cursor_ns - snapshot.start_ns,
                offset_ns=now.cursor_ns - snapshot.start_ns,
                span_ns=now.span_ns,
                lost=snapshot.lost,
                gaps=len(snapshot.gaps),
                complete=snapshot.complete,
            )
            ruler = self.query_one(Ruler)
            ruler.origin_ns = snapshot.start_ns
            ruler.indent = self.lanes.indent
            ruler.heading = f"{len(snapshot.lanes)} lanes"
            ruler.view = now
        self.query_one(StatusLine).status = self.status

    def _fill_tables_soon(self) -> None:
        """Fill the tables now, or, when that was done a moment ago, in a moment."""
        if self.tables_timer is not None:
            self.tables_stale = True
            return
        self.tables_stale = False
        self.tables_timer = self.set_timer(TABLE_SECONDS, self._tables_rested)
        self._fill_tables()

    def _tables_rested(self) -> None:
        self.tables_timer = None
        if self.tables_stale:
            self._fill_tables_soon()

    def _fill_panels(self) -> None:
        self._fill_tables()
        self._fill_inspector()

    def _fill_tables(self) -> None:
        snapshot = self.snapshot
        if snapshot and self.panels.showing(PanelName.LOCKS):
            locks = self.query_one("#locks", Table)
            locks.columns = lock_columns(snapshot)
            locks.rows = snapshot.lock_figures()
        if snapshot and self.panels.showing(PanelName.REQUESTS):
            requests = self.query_one("#requests", Table)
            requests.columns = request_columns(snapshot)
            requests.rows = snapshot.requests(REQUESTS)

    def _fill_inspector(self) -> None:
        if self.panels.showing(PanelName.INSPECTOR) and self.snapshot and (moment := self._moment()):
            self.inspector.lines = tuple(story(self.snapshot, moment))

    def _moment(self) -> Moment | None:
        if self.snapshot is None or self.view is None or not self.snapshot.lanes:
            return None
        # At the very end nothing is any more; what was is told by the last moment before.
        return self.snapshot.moment(self.lane, min(self.view.cursor_ns, max(self.snapshot.end_ns - 1, 0)))
