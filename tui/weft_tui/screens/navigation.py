"""The part of the dashboard that moves: keys become moves of the window, the cursor and the selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final, TypeVar

from textual.reactive import reactive
from textual.screen import Screen

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Moment

from .. import jumps, view, when
from ..blame import Chain, chain
from ..jumps import Spot
from ..lineup import Lineup, Wish, line_up
from ..matching import Matches
from ..picks import NONE, By, Picks
from ..query import EXAMPLE, parse
from ..stepping import Scope
from ..trail import Place, Trail
from ..view import Extent, Mode, Motion, View
from ..widgets.direct import Direct
from ..widgets.lanes import Lanes
from ..widgets.memo import Memo
from .ask import AskScreen

FILTER: Final = "Show only"
FILTER_NOTE: Final = f"""{EXAMPLE}
All words have to fit; also endpoint: status: took>; * and ? stand for anything.
An empty line shows everything."""
NO_LATER_EVENT: Final = "Nothing changes on this lane any more. E goes to the event before."
NO_EARLIER_EVENT: Final = "Nothing has changed on this lane before. e goes to the next event."
NOT_BEFORE: Final = "You have not been anywhere before."
NOT_BEHIND: Final = "You have not gone back from anywhere."
NOT_BLOCKED: Final = "Nothing blocks this lane at the cursor. n goes to the next wait."
UNFIT: Final = " Only what fits is gone over: / and m change that."
HIDDEN: Final = "This lane is hidden by what you filter by: / changes that."
NOTHING_TO_ZOOM: Final = "Nothing lasts here. Press a, move the cursor, then z shows what lies between."
GO: Final = "Go to a time or an event"
NO_LATER: Final = "There is no later wait. N goes to the one before."
NO_EARLIER: Final = "There is no earlier wait. n goes to the next one."


class Navigation(Screen[None]):
    """Knows where the user looks in a trace.

    Attributes:
        view: the window and the cursor; None as long as there is nothing to see.
        lane: id of the selected lane of a thread: where lanes are those of locks or requests, that of the selected one.
        subject: id of the selected lock or request there, -1 for none.
        wish: what the rows of the lanes are to be.
        marks: what steps go over; nothing: everything.
        anchor_ns: where what is selected begins, None without a selection; it ends at the cursor.
        speed: how fast the cursor walks when it plays.
        touched: somebody has moved, so nothing moves by itself any more.

    Args:
        mode: LIVE or REPLAY.
        clock: monotonic ns, for playing at real speed.
    """

    lanes: Lanes
    view: reactive[View | None] = reactive(None, repaint=False)
    lane: reactive[int] = reactive(0, repaint=False)
    subject: reactive[int] = reactive(-1, repaint=False)
    wish: reactive[Wish] = reactive(Wish(), repaint=False)
    marks: reactive[Picks] = reactive(NONE, repaint=False)
    anchor_ns: reactive[int | None] = reactive(None, repaint=False)
    speed: reactive[float] = reactive(1.0, repaint=False)

    def __init__(self, mode: Mode, clock: Callable[[], int]) -> None:
        super().__init__()
        self._compositor = Direct()
        self.mode = mode
        self.clock = clock
        self.snapshot: Snapshot | None = None
        # How many snapshots there have been: what was made of an older one is stale.
        self.taken = 0
        self.touched = False
        self.played_ns = 0
        self.lineup: Lineup | None = None
        self.matching: Memo[Matches] = Memo()
        self.lineups: Memo[Lineup] = Memo()
        self.scopes: Memo[Scope] = Memo()
        self.moments: Memo[Moment] = Memo()
        self.chains: Memo[Chain] = Memo()
        self.trail = Trail()

    @property
    def extent(self) -> Extent:
        """First and last moment of what has been read."""
        return Extent(self.snapshot.start_ns, self.snapshot.end_ns) if self.snapshot else Extent(0, 0)

    @property
    def motion(self) -> Motion:
        """What moves the window now, or will as soon as there is something to see."""
        if self.view is not None:
            return self.view.motion
        return Motion.FOLLOW if self.mode is Mode.LIVE else Motion.STILL

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what makes sense now."""
        motion = self.motion
        if action == "pause":
            return motion is not Motion.STILL
        if action == "follow":
            return self.mode is Mode.LIVE and motion is not Motion.FOLLOW
        if action == "play":
            return self.mode is Mode.REPLAY and motion is not Motion.PLAY
        if action == "zoom_selection":
            return self.anchor_ns is not None
        if action == "zoom_thing":
            return self.anchor_ns is None
        return bool(self.marks) if action == "unmark" else True

    def action_step(self, count: int) -> None:
        """Move the cursor by columns."""
        if self.view:
            self.move(view.step(self.view, self.extent, self.lanes.columns, count))

    def action_pan(self, part: float) -> None:
        """Move the window by a part of its width."""
        if self.view:
            self.move(view.pan(self.view, self.extent, part, self.lanes.columns))

    def action_zoom(self, factor: float) -> None:
        """Look closer (below 1) or wider."""
        if self.view:
            self.move(view.zoom(self.view, self.extent, factor))

    def action_whole(self) -> None:
        """Show the whole trace, with the cursor where it is."""
        if self.view:
            self.leave()
            self.move(replace(view.whole(self.extent), cursor_ns=self.extent.clip(self.view.cursor_ns)))

    def action_first(self) -> None:
        """Go to the first moment."""
        self.go_to(self.extent.start_ns, margin=0.0)

    def action_last(self) -> None:
        """Go to the last moment."""
        self.go_to(self.extent.end_ns, margin=0.0)

    def action_pause(self) -> None:
        """Stop following or playing."""
        if self.view:
            self.move(view.still(self.view))

    def action_follow(self) -> None:
        """Keep the newest moment in view."""
        if self.view:
            self.move(view.follow(self.view, self.extent))

    def action_play(self) -> None:
        """Let the cursor walk, from the beginning if it is at the end."""
        if self.view:
            start = self.view.cursor_ns if self.view.cursor_ns < self.extent.end_ns else self.extent.start_ns
            self.played_ns = self.clock()
            self.move(replace(view.look_at(self.view, self.extent, start), motion=Motion.PLAY))

    def action_speed(self, count: int) -> None:
        """Play faster or slower."""
        self.speed = view.faster(self.speed, count)

    def action_select(self) -> None:
        """Begin to select at the cursor; what is selected ends where the cursor goes. Again: select nothing."""
        if self.view:
            self.move(view.still(self.view))
            self.anchor_ns = self.view.cursor_ns if self.anchor_ns is None else None

    @property
    def selection(self) -> tuple[int, int] | None:
        """First and last moment of what is selected, ns; None: nothing is."""
        if self.anchor_ns is None or self.view is None:
            return None
        return min(self.anchor_ns, self.view.cursor_ns), max(self.anchor_ns, self.view.cursor_ns)

    def action_zoom_selection(self) -> None:
        """Let what is selected fill the window."""
        if self.view and (selected := self.selection):
            self.leave()
            self.move(view.zoom_to(self.view, self.extent, *selected))
            self.anchor_ns = None

    def action_zoom_thing(self) -> None:
        """Let what the selected lane does at the cursor fill the window: its wait, hold, task or request."""
        if not self.view:
            return
        moment = self.moment()
        lasting = jumps.lasting(moment, self.extent.end_ns) if moment else None
        if lasting is None:
            self.notify(NOTHING_TO_ZOOM, markup=False)
            return
        self.leave()
        self.move(view.zoom_to(self.view, self.extent, *lasting, margin=view.MARGIN))

    def action_mark(self) -> None:
        """Mark the selected row, or mark it no longer: steps go over what is marked only."""
        if self.row >= 0 and self.lineup:
            self.marks = self.marks.toggled(self.lineup.by, int(self.lineup.ids[self.row]))

    def action_unmark(self) -> None:
        """Mark nothing."""
        self.marks = NONE

    def action_pin(self) -> None:
        """Keep the selected row above the others, or let it go."""
        if self.row >= 0 and self.lineup:
            pins = self.wish.pins.toggled(self.lineup.by, int(self.lineup.ids[self.row]))
            self.wish = replace(self.wish, pins=pins)

    def action_lane(self, count: int) -> None:
        """Select another row."""
        if self.lineup and len(self.lineup):
            self.pick(max(min(max(self.row, 0) + count, len(self.lineup) - 1), 0))

    def action_lane_page(self, count: int) -> None:
        """Select a row one page away."""
        self.action_lane(count * self.lanes.page)

    def action_by(self) -> None:
        """Show lanes of locks, of requests, of threads."""
        self.touched = True
        self.wish = replace(self.wish, by=_after(self.wish.by))

    def action_show_by(self, name: str) -> None:
        """Show lanes of threads, of locks, of requests."""
        self.touched = True
        self.wish = replace(self.wish, by=By[name])

    def action_order(self) -> None:
        """Sort the lanes by something else."""
        self.touched = True
        self.wish = replace(self.wish, order=_after(self.wish.order))

    def action_idle(self) -> None:
        """Hide the rows in which nothing happens, or show them again."""
        self.touched = True
        self.wish = replace(self.wish, idle=not self.wish.idle)

    def action_filter(self) -> None:
        """Ask for what to show."""
        self.app.push_screen(AskScreen(FILTER, self.wish.query.text, FILTER_NOTE, self.filter))

    def filter(self, text: str) -> None:
        """Show only what fits a query; nothing shows everything.

        Raises:
            WeftError: it cannot be understood.
        """
        self.touched = True
        self.wish = replace(self.wish, query=parse(text))

    @property
    def matches(self) -> Matches | None:
        """What fits the query, None without one."""
        snapshot, query = self.snapshot, self.wish.query
        if snapshot is None or not query:
            return None
        return self.matching.get((self.taken, query), lambda: Matches(snapshot, query))

    @property
    def scope(self) -> Scope | None:
        """What steps go over, None for everything."""
        snapshot, marks, matches = self.snapshot, self.marks, self.matches
        if snapshot is None or (matches is None and not marks):
            return None
        return self.scopes.get((self.taken, self.wish.query, marks), lambda: Scope(snapshot, matches, marks))

    def _excuse(self, sentence: str) -> str:
        return sentence if self.scope is None else sentence + UNFIT

    @property
    def row(self) -> int:
        """The selected row, -1 when it is hidden."""
        if self.lineup is None:
            return -1
        return self.lineup.place(self.lane if self.lineup.by is By.THREAD else self.subject)

    def pick(self, row: int) -> None:
        """Select a row, and with a lock or a request the thread to tell about."""
        if self.snapshot is None or self.lineup is None or self.view is None:
            return
        number = int(self.lineup.ids[row])
        if self.lineup.by is By.THREAD:
            self.lane = number
            return
        self.subject = number
        if self.lineup.by is By.LOCK:
            self.lane = jumps.lane_at(self.snapshot, number, self.view.cursor_ns, self.lane)
        elif self.lineup.requests is not None:
            spot = jumps.in_request(self.snapshot, self.lineup.requests[row : row + 1], self.view)
            self.lane = spot.lane
            self.move(replace(view.still(self.view), cursor_ns=spot.time_ns))

    def line_up(self) -> None:
        """Choose the rows anew."""
        if self.snapshot and self.view:
            always = self.lane if self.wish.by is By.THREAD else self.subject
            snapshot, wish, now, matches = self.snapshot, self.wish, self.view, self.matches
            window = (now.start_ns, now.span_ns, -1 if wish.idle else always) if wish.moves else ()
            self.lineup = self.lineups.get(
                (self.taken, wish, *window), lambda: line_up(snapshot, wish, now, always, matches)
            )

    def choose_subject(self) -> None:
        """Select the lock or request that the selected thread has to do with at the cursor, if there is one."""
        if self.wish.by is By.THREAD or not (moment := self.moment()):
            return
        found = jumps.subject_of(moment, locks=self.wish.by is By.LOCK)
        self.subject = self.subject if found is None else found

    def action_wait(self, step: int) -> None:
        """Go to the next or previous wait of any lane."""
        if self.snapshot and self.view:
            # Whoever follows stands at the end: the next wait to look at is the newest.
            step = -1 if self.view.motion is Motion.FOLLOW else step
            spot = jumps.next_wait(self.scope or self.snapshot, self.view.cursor_ns, step)
            self._explain(spot, self._excuse(NO_LATER if step > 0 else NO_EARLIER))

    def action_event(self, step: int) -> None:
        """Go to where something changes next, or did before, on the selected lane, or where something is marked."""
        if self.snapshot and self.view and self.snapshot.lanes:
            step = -1 if self.view.motion is Motion.FOLLOW else step
            spot = jumps.next_event(self.snapshot, self.lane, self.view.cursor_ns, step, self.scope)
            self.go(spot, self._excuse(NO_LATER_EVENT if step > 0 else NO_EARLIER_EVENT))

    def action_go(self) -> None:
        """Ask for a time to go to."""
        if self.view:
            self.app.push_screen(AskScreen(GO, "", when.EXAMPLES, self.go_to_time))

    def go_to_time(self, text: str) -> None:
        """Go to a time, or to an event by its number.

        Raises:
            WeftError: it is none, or not in the trace.
        """
        if self.snapshot and self.view:
            if spot := when.event(text, self.snapshot):
                self.go(Spot(*spot), "")
            else:
                self.go_to(when.moment(text, self.snapshot, self.view.cursor_ns))

    def go_to(self, time_ns: int, margin: float = 0.5) -> None:
        """Put the cursor on a moment, and note where one comes from."""
        if self.view:
            self.leave()
            self.move(view.look_at(self.view, self.extent, time_ns, margin))

    def leave(self) -> None:
        """Note the place, for it is left for another one."""
        if self.view:
            self.trail.leave(self._place(self.view))

    def action_back(self) -> None:
        """Go to where one was before."""
        self._return(self.trail.back(self._place(self.view)) if self.view else None, NOT_BEFORE)

    def action_forward(self) -> None:
        """Go to where one went back from."""
        self._return(self.trail.forward(self._place(self.view)) if self.view else None, NOT_BEHIND)

    def _place(self, now: View) -> Place:
        return Place(now, self.lane, self.subject)

    def _return(self, place: Place | None, excuse: str) -> None:
        if place is None:
            self.notify(excuse, markup=False)
            return
        self.lane, self.subject = place.lane, place.subject
        self.move(
            view.follow(place.view, self.extent) if place.view.motion is Motion.FOLLOW else view.still(place.view)
        )

    def action_blame(self) -> None:
        """Go to the lane that makes the selected lane wait."""
        self._explain(jumps.culprit(self.blame().first), NOT_BLOCKED)

    def action_root(self) -> None:
        """Go to the lane that all others wait for, which the selected lane waits for."""
        self._explain(jumps.culprit(self.blame().root), NOT_BLOCKED)

    def action_worst(self) -> None:
        """Show the longest wait of the worst lock, large."""
        spot = jumps.worst_wait(self.snapshot, self.scope) if self.snapshot else None
        if spot and self.view:
            self.leave()
            span = max(3 * spot.span_ns, view.MIN_SPAN_NS)
            self.view = View(spot.time_ns - span // 2, span, spot.time_ns)
            self.lane = spot.lane
        self._explain(spot, self._excuse("No thread has waited for a lock in this trace."))

    def validate_lane(self, lane: int) -> int:
        """Keep the selection on a lane."""
        return max(min(lane, len(self.snapshot.lanes) - 1), 0) if self.snapshot else 0

    def explain(self) -> None:
        """Make sure that what is there is told in words."""
        raise NotImplementedError

    def _explain(self, spot: Spot | None, excuse: str) -> None:
        """Go somewhere, and have it told what is there."""
        if spot:
            self.explain()
        self.go(spot, excuse)

    def go(self, spot: Spot | None, excuse: str) -> None:
        """Select a lane and put the cursor on a moment, or say why not."""
        if spot is None or self.view is None:
            self.notify(excuse, markup=False)
            return
        if (self.lane, self.view.cursor_ns) != (spot.lane, spot.time_ns):
            self.leave()
        self.lane = spot.lane
        self.move(view.look_at(self.view, self.extent, spot.time_ns))
        self.choose_subject()
        if self.row < 0 and self.wish.query and self.wish.by is By.THREAD:
            self.notify(HIDDEN, markup=False)

    def move(self, new: View) -> None:
        """Look somewhere because somebody asked for it."""
        self.touched = True
        self.view = new

    def play_on(self) -> None:
        """Let the cursor walk for the time that has passed since the last call."""
        now = self.clock()
        if self.view and self.view.motion is Motion.PLAY:
            self.view = view.play(self.view, self.extent, round((now - self.played_ns) * self.speed))
        self.played_ns = now

    def moment(self) -> Moment | None:
        """Return what is known of the selected lane at the cursor."""
        snapshot = self.snapshot
        if snapshot is None or self.view is None or not snapshot.lanes:
            return None
        # At the very end nothing is any more; what was is told by the last moment before.
        time_ns = min(self.view.cursor_ns, max(snapshot.end_ns - 1, 0))
        return self.moments.get((self.taken, self.lane, time_ns), lambda: snapshot.moment(self.lane, time_ns))

    def blame(self) -> Chain:
        """Return who makes the selected lane wait at the cursor."""
        snapshot, moment = self.snapshot, self.moment()
        if snapshot is None or moment is None:
            return Chain()
        return self.chains.get((self.taken, moment.lane.id, moment.time_ns), lambda: chain(snapshot, moment))


Choice = TypeVar("Choice", bound=Enum)


def _after(choice: Choice) -> Choice:
    """Return the next member of an enumeration, the first one after the last."""
    members = list(type(choice))
    return members[(members.index(choice) + 1) % len(members)]
