"""The dashboard: it takes what arrives, and tells the widgets what to show."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding
from textual.notifications import SeverityLevel
from textual.timer import Timer
from textual.widgets import Static

from weft.errors import WeftError
from weft.findings import Finding, Severity, fragments
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import LockFigures, Mark, Moment, Request

from .. import against as versus
from .. import jumps, pasting, picture, view
from ..against import Changed
from ..announcing import announced
from ..jumps import Spot
from ..lineup import Order, Wish
from ..linking import ties
from ..listed import Listed
from ..lock_story import lock_story
from ..messages import (
    ChildEnded,
    ComparisonReady,
    Dragged,
    FindingsReady,
    LaneStepped,
    MomentWanted,
    PanelWanted,
    Panned,
    PauseWanted,
    Pointed,
    RoomChanged,
    RowChosen,
    Scrubbed,
    SnapshotReady,
    SourceFailed,
    Zoomed,
)
from ..picks import By, Picks
from ..query import fits
from ..queues import Queues
from ..recording_story import recording_story
from ..settings import Settings
from ..sources import Sources
from ..spans import Line
from ..story import story, told
from ..twins import twins_of
from ..view import FOLLOW_SPAN_NS, Mode, Motion, View
from ..widgets.inspector import Inspector
from ..widgets.keys import Keys
from ..widgets.lanes import Lanes
from ..widgets.legend import Legend
from ..widgets.memo import Memo
from ..widgets.minimap import Density, Minimap, density
from ..widgets.panels import TABLES, PanelName, Panels
from ..widgets.ruler import Ruler
from ..widgets.status import Status, StatusLine
from ..widgets.table import Table
from ..widgets.tables import (
    NO_FINDINGS,
    NO_LOCKS,
    NO_MARKS,
    NO_REQUESTS,
    NOTHING_FITS,
    finding_columns,
    lock_columns,
    log_columns,
    request_columns,
    sparks,
)
from .help import HelpScreen
from .keys import KEYS
from .layout import lane_rows
from .navigation import Navigation

PLAY_SECONDS: Final = 0.05
MARK_NAMES: Final = ("thread", "start", "label", "level")
"""What tells marks apart."""

ANNOUNCED_SECONDS: Final = 8
ENDED: Final = "It said last"
ENDED_SECONDS: Final = 15

SLOW_NS: Final = 6_000_000
"""CPU time of telling, twice in a row, from which on it waits until nobody moves …"""

REST_SECONDS: Final = 0.06
"""… for so long."""

TABLE_SECONDS: Final = 0.5
"""Figures that change more often cannot be read."""

MAP_SECONDS: Final = 1.0
"""How often the whole trace is drawn while it grows: less and less of it changes, but all of it is looked at."""

EMPTY: Final = {
    Mode.LIVE: "No thread has done anything yet.\nSend the app a request: with curl, or in a browser.",
    Mode.REPLAY: "There is nothing in this trace.\nRecord again while the app gets requests: weft record -- CMD",
}
NO_LATER_FINDING: Final = "There is no later finding. P goes to the one before."
NO_EARLIER_FINDING: Final = "There is no earlier finding. p goes to the next one."
LOADING: Final = "Reading …"
TOO_SMALL: Final = "weft needs 60x16 characters. Enlarge the terminal, or press q."


class DashboardScreen(Navigation):
    """One screen for live traces and recorded ones.

    Args:
        path: the trace, to name pictures after.
        mode: LIVE or REPLAY.
        title: what is recorded.
        clock: monotonic ns, for playing at real speed.
        against: two runs are compared.

    Attributes:
        liked: what was chosen before; to be set before it is shown.
    """

    # Textual's own annotation of these is not that of a class variable.
    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (60, "-wide-enough")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall-enough")]  # noqa: RUF012
    BINDINGS = KEYS

    def __init__(
        self,
        path: Path,
        mode: Mode,
        title: str,
        clock: Callable[[], int] = time.monotonic_ns,
        *,
        against: bool = False,
    ) -> None:
        super().__init__(mode, clock)
        self.against = against
        self.comparison: dict[str, Any] | None = None
        self.liked = Settings()
        self.panel_chosen: str | None = None
        self.path = path
        self.status = Status(mode, self.motion, title)
        self.tables_timer: Timer | None = None
        # CPU time that telling of the selected lane has taken the last two times, and what waits to do it.
        self.telling_ns = (0, 0)
        self.teller: Timer | None = None
        self.sources: Sources | None = None
        self.tables_stale = False
        self.maps: Memo[Density] = Memo()
        # What the minimap shows, not newer than the tables, since when (monotonic s), and whether it is time again.
        self.mapped: tuple[int, Snapshot] | None = None
        self.mapped_at = 0.0
        self.map_due = True
        # A snapshot is being taken over: what follows from its parts is not told part by part.
        self.taking = False
        self.queues: Queues = {}
        self.findings: tuple[Finding, ...] = ()
        self.ended = ""
        # Findings that were here before, by identity; those that nobody has looked at; those still to be announced.
        self.known: set[tuple[str, tuple[int, ...]]] = set()
        self.unseen: set[tuple[str, tuple[int, ...]]] = set()
        self.unsaid: list[Finding] = []
        self.announcer: Timer | None = None
        # The finding that was gone to, and the lane and the moment where that was.
        self.chosen: tuple[Finding, int, int] | None = None

    def compose(self) -> ComposeResult:
        """Yield the rows from top to bottom."""
        yield StatusLine(id="status")
        yield Minimap(id="minimap")
        yield Ruler(id="ruler")
        yield Lanes(id="lanes")
        yield Legend(id="legend")
        yield Panels(
            Table[LockFigures]((), lambda row: row.lock.id, empty=NO_LOCKS, id="locks"),
            Table[Request]((), lambda row: row.id, empty=NO_REQUESTS, id="requests"),
            Inspector(id="inspector"),
            Table[Finding]((), lambda row: row.identity, empty=NO_FINDINGS, id="findings"),
            Table[Mark]((), lambda row: row, empty=NO_MARKS, id="log"),
            Inspector(id="recording"),
        )
        yield Keys()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def on_mount(self) -> None:
        """Find the parts, and get ready to play."""
        self.lanes = self.query_one(Lanes)
        self.panels = self.query_one(Panels)
        self.inspector = self.query_one("#inspector", Inspector)
        self.status_line, self.ruler, self.minimap = (
            self.query_one(StatusLine),
            self.query_one(Ruler),
            self.query_one(Minimap),
        )
        self.player = self.set_interval(PLAY_SECONDS, self.play_on, pause=True)
        self.lanes.notice = LOADING if self.mode is Mode.REPLAY else EMPTY[self.mode]
        usual = PanelName.INSPECTOR if self.mode is Mode.REPLAY else PanelName.LOCKS
        self.panels.wanted = PanelName[self.liked.panel.upper()] if self.liked.panel else usual
        self.wish = replace(self.wish, by=By[self.liked.lanes.upper()], order=Order[self.liked.sort.upper()])
        self.lanes.focus()
        self._show_status()

    def liking(self, settings: Settings) -> Settings:
        """Return settings with what is chosen here."""
        by, order = self.wish.by.name.lower(), self.wish.order.name.lower()
        return replace(settings, lanes=by, sort=order, panel=self.panel_chosen or settings.panel)

    def on_resize(self) -> None:
        """Share the rows anew."""
        self.call_after_refresh(self._share_rows)
        self.call_after_refresh(self._show_status)
        self.call_after_refresh(self._fill_tables)

    def on_room_changed(self, message: RoomChanged) -> None:
        """Arrange the panels anew."""
        if message.columns != self.panels.room:
            self.panels.room = message.columns
            self.call_after_refresh(self._fill_panels)

    # what arrives

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Take over the new state of the trace."""
        self.status = replace(self.status, rate=message.rate, loaded=message.loaded)
        self.queues = message.queues
        self._take(message.snapshot)

    def on_findings_ready(self, message: FindingsReady) -> None:
        """Show what is wrong, and announce what is new."""
        self.findings = message.findings
        new = [each for each in message.fresh if each.identity not in self.known]
        self.known |= {each.identity for each in new}
        self.unseen |= {each.identity for each in new}
        self.unsaid += new
        self._count_findings()
        if self.announcer is None or any(each.severity is Severity.STUCK for each in new):
            self._announce()

    def _announce(self) -> None:
        """Say what has been found since this was done last; then be quiet for a while."""
        self.announcer = None
        if not self.unsaid:
            return
        if self.app.screen is not self:
            # A dialog lies over the screen: what it says would be covered.
            self.announcer = self.set_timer(ANNOUNCED_SECONDS, self._announce)
            return
        for what in announced(self.unsaid):
            severity: SeverityLevel = "error" if what.loud else "warning"
            self.notify(what.text, severity=severity, timeout=ANNOUNCED_SECONDS, markup=False)
        self.unsaid = []
        self.announcer = self.set_timer(ANNOUNCED_SECONDS, self._announce)

    def on_comparison_ready(self, message: ComparisonReady) -> None:
        """Show what changed."""
        self.comparison = message.told
        self._fill_tables()

    def on_source_failed(self, message: SourceFailed) -> None:
        """Say why there is nothing to see."""
        self.lanes.notice = message.sentence
        self.notify(message.sentence, severity="error", timeout=30, markup=False)

    def on_child_ended(self, message: ChildEnded) -> None:
        """Say that the app has ended and what it said last, or nothing any more."""
        self.status = replace(self.status, note=message.sentence)
        if message.sentence and message.said and (self.snapshot is None or not self.snapshot.lanes):
            self.ended = f"{message.sentence}\n\n{message.said}"
            self.lanes.notice = self.ended
        elif message.said:
            self.notify(message.said, title=ENDED, severity="warning", timeout=ENDED_SECONDS, markup=False)
        self._show_status()

    def on_pointed(self, message: Pointed) -> None:
        """Go where somebody clicked."""
        self.pick(message.row)
        if message.time_ns is not None and self.view:
            self.move(view.look_at(self.view, self.extent, message.time_ns))

    def on_moment_wanted(self, message: MomentWanted) -> None:
        """Go where somebody clicked in the whole trace."""
        self.go_to(message.time_ns)

    def on_scrubbed(self, message: Scrubbed) -> None:
        """Follow a pulled cursor."""
        if self.view:
            self.move(view.look_at(self.view, self.extent, message.time_ns))

    def on_dragged(self, message: Dragged) -> None:
        """Follow pulled lanes."""
        if self.view:
            self.move(view.drag(self.view, self.extent, message.start_ns))

    def on_selection_begun(self) -> None:
        """Select from the cursor on."""
        self.anchor_ns = self.view.cursor_ns if self.view else None

    def on_panned(self, message: Panned) -> None:
        """Move with the wheel."""
        self.action_pan(message.part)

    def on_zoomed(self, message: Zoomed) -> None:
        """Zoom with the wheel."""
        self.action_zoom(message.factor)

    def on_lane_stepped(self, message: LaneStepped) -> None:
        """Scroll the lanes with the wheel."""
        self.action_lane(message.count)

    def on_panel_wanted(self, message: PanelWanted) -> None:
        """Show a panel."""
        self.action_panel(message.number)

    def on_pause_wanted(self, message: PauseWanted) -> None:
        """Stop what moves, or let it move again."""
        if self.motion is not Motion.STILL:
            self.action_pause()
        elif self.mode is Mode.LIVE:
            self.action_follow()
        else:
            self.action_play()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Go to what a row of a table is about."""
        if self.snapshot and isinstance(message.row, Request):
            self.go(jumps.of_request(self.snapshot, message.row), "")
        elif self.snapshot and isinstance(message.row, LockFigures):
            self.go(jumps.wait_for(self.snapshot, message.row), "Nobody has waited for this lock yet.")
        elif self.snapshot and isinstance(message.row, Changed):
            self._explain(versus.place_of(self.snapshot, message.row), "Nothing of this is in either run.")
        elif isinstance(message.row, Mark):
            self._explain(Spot(message.row.lane, message.row.time_ns), "")
        elif self.snapshot and isinstance(message.row, Finding):
            self._choose(message.row, jumps.of_finding(self.snapshot, message.row), "This is about the whole trace.")

    # keys

    def explain(self) -> None:
        """Show the inspector, without that being a choice for the next time."""
        if not self.panels.showing(PanelName.INSPECTOR):
            chosen = self.panel_chosen
            self.action_panel(PanelName.INSPECTOR)
            self.panel_chosen = chosen

    def action_finding(self, step: int) -> None:
        """Go to the next or previous finding."""
        if self.snapshot and self.view:
            step = -1 if self.view.motion is Motion.FOLLOW else step
            now = self.chosen[0] if self.chosen and self.chosen[1:] == (self.lane, self.view.cursor_ns) else None
            fitting = self.scope.findings(self.findings) if self.scope else self.findings
            found = jumps.next_finding(self.snapshot, fitting, self.view.cursor_ns, step, now)
            if found is None:
                self.notify(self._excuse(NO_LATER_FINDING if step > 0 else NO_EARLIER_FINDING), markup=False)
            else:
                self._choose(*found, "")

    def _choose(self, finding: Finding, spot: Spot | None, excuse: str) -> None:
        """Go to a finding, and have it told."""
        self._explain(spot, excuse)
        self.chosen = (finding, self.lane, self.view.cursor_ns) if self.view else None
        self._fill_inspector()

    def action_panel(self, number: int) -> None:
        """Show a panel; tables take the focus, so that the arrow keys are theirs."""
        name = PanelName(number)
        self.panel_chosen = name.name.lower()
        self.panels.wanted = name
        (self.panels.panels[name].body if name in TABLES else self.lanes).focus()
        self._count_findings()
        self._fill_inspector()

    def action_lanes(self) -> None:
        """Give the arrow keys back to the lanes; select nothing."""
        self.anchor_ns = None
        self.lanes.focus()

    def action_mark(self) -> None:
        """Mark the selected row, or the lock under the table's cursor."""
        locks = self.query_one("#locks", Table)
        if locks.has_focus and locks.rows:
            self.marks = self.marks.toggled(By.LOCK, locks.rows[locks.marked].lock.id)
        else:
            super().action_mark()

    def _part(self) -> tuple[str, int]:
        """Return what is selected, or else visible, as text, and how long a time that is, ns."""
        if self.snapshot is None or self.view is None or self.lineup is None:
            return "", 0
        first, last = self.selection or (self.view.start_ns, self.view.end_ns)
        span = self.extent.clip(first), self.extent.clip(last)
        found = self.matches.findings(self.findings) if self.matches else self.findings
        return pasting.as_text(self.snapshot, self.lineup, span, self.path.name, found), span[1] - span[0]

    def action_copy(self) -> None:
        """Copy what is selected, or else visible, as text."""
        text, span_ns = self._part()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"{duration(span_ns)} copied as text. C writes it to a file.", markup=False)

    def action_write(self) -> None:
        """Write what is selected, or else visible, as text where weft was started."""
        text, span_ns = self._part()
        if not text:
            return
        try:
            path = picture.save_text(text, Path.cwd(), f"weft-{self.path.stem}", ".txt")
        except WeftError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"{duration(span_ns)} written to {path}", markup=False)

    def action_save(self) -> None:
        """Save the screen as a picture where weft was started."""
        try:
            path = picture.save(self.app.export_screenshot(), Path.cwd(), f"weft-{self.path.stem}")
        except WeftError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"Saved {path}", markup=False)

    def action_help(self) -> None:
        """Explain colours and keys, those of the focused part first."""
        here = self.focused.BINDINGS if self.focused and self.focused is not self.lanes else []
        named = "in this table" if isinstance(self.focused, Table) else "in this text"
        sections = [(named, here), ("everywhere" if here else "", (*self.BINDINGS, *self.app.BINDINGS))]
        bound = [(title, [each for each in keys if isinstance(each, Binding)]) for title, keys in sections if keys]
        self.app.clear_notifications()
        self.app.push_screen(HelpScreen(bound, self.lanes.shares()))

    # state

    def watch_lane(self) -> None:
        """Select the lane everywhere."""
        if self.snapshot:
            self.touched = True
            self._line_up()
            self._tell()

    def watch_subject(self) -> None:
        """Select the lock or request everywhere."""
        if self.snapshot:
            self._line_up()
            self._tell()

    def watch_marks(self, marks: Picks) -> None:
        """Show what is marked."""
        self.lanes.marks = marks
        self._tell_wish()
        self._fill_tables()
        self.refresh_bindings()

    def watch_anchor_ns(self, anchor_ns: int | None) -> None:
        """Show what is selected."""
        self.lanes.anchor_ns = anchor_ns
        self._show_status()
        self.refresh_bindings()

    def watch_speed(self, speed: float) -> None:
        """Say how fast it plays."""
        if self.motion is not Motion.PLAY and self.is_mounted:
            self.notify(f"Plays at {speed:g}x", timeout=2, markup=False)
        self._show_status()

    def _tell_wish(self) -> None:
        """Say how the lanes are arranged, and that steps go over a part only."""
        marked = f"{len(self.marks)} marked" if self.marks else ""
        self.query_one(Legend).note = ", ".join(filter(None, (marked, self.wish.told())))

    def watch_wish(self, old: Wish, new: Wish) -> None:
        """Show other rows."""
        if old.by is not new.by:
            self.subject = -1
            self.choose_subject()
        self._line_up(always=True)
        self._tell_wish()
        if old.query != new.query:
            self.lanes.notice = NOTHING_FITS if new.query else EMPTY[self.mode]
            self._fill_tables()
        self._share_rows()
        self._show_status()
        self._tell()

    def watch_view(self, old: View | None, new: View | None) -> None:
        """Look there everywhere."""
        if new is None:
            return
        self.lanes.view = view.on_grid(new, self.lanes.columns)
        self._line_up(always=self.lineup is None)
        self._show_status()
        self._tell()
        if old is None or old.motion is not new.motion:
            self.player.resume() if new.motion is Motion.PLAY else self.player.pause()
            self.refresh_bindings()

    def _take(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.taken += 1
        if self.against:
            self.wish = replace(self.wish, twins=twins_of(snapshot))
        self.lanes.notice = NOTHING_FITS if self.wish.query else self.ended or EMPTY[self.mode]
        self.lanes.snapshot = snapshot
        self._fill_tables_soon()
        before, self.taking = self.view, True
        if snapshot.lanes:
            self.view = self._next_view(snapshot)
        self.taking = False
        self._line_up(always=True)
        self._share_rows()
        if self.view == before:
            self._show_status()
        self._tell()

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

    def _line_up(self, *, always: bool = False) -> None:
        """Choose the rows anew where that may make a difference, and mark the selected one."""
        if always or self.wish.moves:
            self.line_up()
            self.lanes.lineup = self.lineup
        self.lanes.picked = self.row

    def _tell(self) -> None:
        """Tell of the selected lane at the cursor: now or, when that takes long, as soon as nobody moves any more."""
        if self.teller is not None:
            self.teller.stop()
            self.teller = None
        if self.taking:
            return
        if min(self.telling_ns) < SLOW_NS:
            self._tell_now()
        else:
            self.lanes.ties = ()
            self.teller = self.set_timer(REST_SECONDS, self._tell_now)

    def _tell_now(self) -> None:
        began = time.thread_time_ns()
        self._tie()
        self._fill_inspector()
        self.telling_ns = (self.telling_ns[1], time.thread_time_ns() - began)

    def _tie(self) -> None:
        """Join the selected row to those that it waits for, and that wait for it, at the cursor."""
        moment = self.moment()
        if self.snapshot and self.lineup and moment:
            self.lanes.ties = ties(self.snapshot, self.lineup, moment, self.blame())

    def _share_rows(self) -> None:
        """Give the lanes the rows that they need, the panels the others."""
        rows = lane_rows(len(self.lineup) if self.lineup else 0, self.size.height)
        if self.lanes.styles.height is None or self.lanes.styles.height.value != rows:
            self.lanes.styles.height = rows

    def _show_status(self) -> None:
        snapshot, now = self.snapshot, self.view
        if snapshot and now:
            contended = any(process.contended_only for process in snapshot.processes)
            self.status = replace(
                self.status,
                motion=now.motion,
                wall_ns=snapshot.wall_ns + now.cursor_ns - snapshot.start_ns,
                offset_ns=now.cursor_ns - snapshot.start_ns,
                span_ns=now.span_ns,
                lost=snapshot.lost,
                gaps=len(snapshot.gaps) - contended,
                contended=contended,
                complete=snapshot.complete,
                speed=self.speed,
                selected_ns=self.selection[1] - self.selection[0] if self.selection else None,
            )
            ruler, minimap = self.ruler, self.minimap
            ruler.origin_ns = snapshot.start_ns
            ruler.indent = self.lanes.indent
            ruler.heading = self.lineup.heading() if self.lineup else ""
            ruler.view = view.on_grid(now, self.lanes.columns)
            ruler.selected = self.selection
            minimap.indent = ruler.indent
            minimap.view = now
            self._draw_map(snapshot)
        self.status_line.status = self.status

    def _fill_tables_soon(self) -> None:
        """Fill the tables now, or, when that was done a moment ago, in a moment."""
        if self.tables_timer is not None:
            self.tables_stale = True
            return
        self.tables_stale = False
        self.tables_timer = self.set_timer(TABLE_SECONDS, self._tables_rested)
        self._fill_tables()
        self.map_due = self.mode is Mode.REPLAY or time.monotonic() - self.mapped_at >= MAP_SECONDS
        if self.snapshot and self.view:
            self._draw_map(self.snapshot)

    def _tables_rested(self) -> None:
        self.tables_timer = None
        if self.tables_stale:
            self._fill_tables_soon()
        elif self.mapped and self.snapshot and self.mapped[1] is not self.snapshot:
            self.map_due = True
            self._draw_map(self.snapshot)

    def _fill_panels(self) -> None:
        self._fill_tables()
        self._fill_inspector()

    def _fill_tables(self) -> None:
        snapshot, matches = self.snapshot, self.matches
        if snapshot and self.comparison:
            self._fill_changes(snapshot, self.comparison)
        elif snapshot and self.panels.showing(PanelName.LOCKS):
            locks = self.query_one("#locks", Table)
            locks.columns = lock_columns(snapshot, self.marks.locks, sparks(self.queues))
            locks.rows = matches.figures(snapshot.lock_figures()) if matches else snapshot.lock_figures()
            locks.empty = NO_LOCKS if not matches else NOTHING_FITS
        if snapshot and self.panels.showing(PanelName.REQUESTS) and not self.comparison:
            requests = self.query_one("#requests", Table)
            requests.columns = request_columns(snapshot)
            order = (matches or snapshot).latest_requests
            requests.rows = Listed(snapshot.request_rows, order, snapshot.requests_of, ("id",))
            requests.empty = NO_REQUESTS if not matches else NOTHING_FITS
        if snapshot and self.panels.showing(PanelName.FINDINGS):
            findings = self.query_one("#findings", Table)
            findings.columns = finding_columns(snapshot)
            findings.rows = matches.findings(self.findings) if matches else self.findings
            findings.empty = NO_FINDINGS if not matches else NOTHING_FITS

        if snapshot and self.panels.showing(PanelName.LOG):
            rows = snapshot.tables.marks.all()
            order = np.argsort(rows["start"], kind="stable")[::-1]
            log = self.query_one("#log", Table)
            log.columns = log_columns(snapshot)
            log.rows = Listed(
                rows, order[matches.marks(rows)[order]] if matches else order, snapshot.marks_of, MARK_NAMES
            )
            log.empty = NO_MARKS if not matches else NOTHING_FITS
        if snapshot and self.panels.showing(PanelName.RECORDING):
            told = recording_story(snapshot, self.status.rate)
            self.query_one("#recording", Inspector).lines = tuple(told)

    def _fill_changes(self, snapshot: Snapshot, told: dict[str, Any]) -> None:
        """Let the tables of locks and requests tell what changed."""
        labels = [origin.label for origin in snapshot.origins]
        locks, requests = self.query_one("#locks", Table), self.query_one("#requests", Table)
        names = [row["name"] for row in told["locks"]]
        locks.columns, requests.columns = versus.lock_columns(labels, names), versus.request_columns(labels)
        for table, rows, wanted, empty in (
            (locks, versus.locks(told), "lock", NO_LOCKS),
            (requests, versus.requests(told), "endpoint", NO_REQUESTS),
        ):
            table.key = attrgetter("name")
            table.rows = [row for row in rows if fits(row.name, self.wish.query.patterns(wanted))]
            table.empty = NOTHING_FITS if self.wish.query else empty

    def _draw_map(self, snapshot: Snapshot) -> None:
        """Draw the minimap anew, if anything in it is new."""
        if self.mapped is None or (self.map_due and not self.tables_stale):
            self.mapped, self.mapped_at = (self.taken, snapshot), time.monotonic()
            self.map_due = False
        taken, snapshot = self.mapped
        key = (taken, self.findings, self.lanes.columns)
        self.minimap.density = self.maps.get(key, lambda: density(snapshot, self.findings, self.lanes.columns))

    def _fill_inspector(self) -> None:
        if self.panels.showing(PanelName.INSPECTOR) and self.snapshot and (moment := self.moment()):
            if self.sources is None or self.sources.files is not self.snapshot.files:
                self.sources = Sources(self.snapshot.files)
            about = self._lock(moment.time_ns) or story(self.snapshot, moment, self.sources.line, self.blame())
            self.inspector.lines = (*self._finding(moment), *about)

    def _lock(self, time_ns: int) -> list[Line]:
        """Return what there is to say about the lock whose lane is selected."""
        if self.snapshot is None or self.wish.by is not By.LOCK or self.row < 0:
            return []
        return lock_story(self.snapshot, self.subject, time_ns)

    def _finding(self, moment: Moment) -> list[Line]:
        """Return the finding that was gone to, as long as nobody has moved on."""
        if self.snapshot is None or self.view is None or self.chosen is None:
            return []
        finding, lane, cursor_ns = self.chosen
        return told(self.snapshot, finding) if (lane, cursor_ns) == (moment.lane.id, self.view.cursor_ns) else []

    def _count_findings(self) -> None:
        stuck = [each for each in self.findings if each.severity is Severity.STUCK and each.ended_ns is None]
        self.status = replace(self.status, stuck=", ".join(fragments(stuck)), findings=len(self.findings) - len(stuck))
        if self.panels.showing(PanelName.FINDINGS):
            self._see_findings()
        self.panels.count(self.findings, len(self.unseen))
        self._show_status()
        self._fill_tables()

    def _see_findings(self) -> None:
        """Take the findings that the table shows as seen, and let go of what announces them."""
        self.unseen.clear()
        self.unsaid = []
        if self.announcer is not None:
            self.announcer.stop()
            self.announcer = None
            self.app.clear_notifications()
