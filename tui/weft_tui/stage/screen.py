"""The stepping screen: keys become moves of the session, what is seen then becomes rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Static

from weft.stage.moment import Status
from weft.stage.session import Session, Until
from weft.timeline.units import plain

from ..screens.dashboard import TOO_SMALL
from ..screens.help import TextScreen, key_list
from ..shown import in_ascii
from ..spans import Ink, Line, fit
from ..widgets.keys import Keys
from ..widgets.lines import Lines
from ..widgets.table import Column, text
from . import moves, words
from .choose import ChooseScreen
from .column import key_badge, status_word
from .columns import Columns
from .compare import Branch, CompareScreen, branches
from .facts import Facts
from .help import HelpScreen
from .history import History
from .keys import KEYS
from .marks import THIS_BRANCH
from .saving import Saving
from .seen import Seen

LOOK_SECONDS: Final = 0.2


class StageScreen(Saving):
    """Shows a session."""

    # Textual's own annotation of these is not that of a class variable.
    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (60, "-wide-enough"), (150, "-three-panes")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall-enough")]  # noqa: RUF012
    BINDINGS = KEYS
    AUTO_FOCUS = ""

    hint = 0
    """How many hints have been asked for."""

    def compose(self) -> ComposeResult:
        """Yield the parts from top to bottom."""
        yield Lines(id="stage-status")
        yield Lines(id="notice")
        with Container(id="stage"):
            yield Columns(self.listings, id="columns")
            yield History(id="history")
            yield Facts(id="facts")
        yield Lines(id="advice")
        yield Keys()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def on_mount(self) -> None:
        """Find the parts, and begin."""
        self.columns = self.query_one(Columns)
        self.columns.notice = words.STARTING
        self.history = self.query_one(History)
        self.looking = self.set_interval(LOOK_SECONDS, self.look_again, pause=True)
        self.show_rows()
        self.run_worker(self.player.run, thread=True, exclusive=True, name="player")

    def on_unmount(self) -> None:
        """Let the thread end."""
        self.player.close()

    def on_resize(self) -> None:
        """Fit the rows anew."""
        self.show_rows()

    # keys

    def action_run_to_access(self) -> None:
        """Choose a value or a lock and run the selected actor until it is about to use it."""
        if self.seen is None:
            return
        moment = self.seen.moment
        values = {shown.name: shown.text for shown in moment.shared} | {lock.name: lock.state for lock in moment.locks}
        if not values:
            self.refuse("nothing is shared yet")
            return
        columns: list[Column[str]] = [
            Column("until the next use of", 0, lambda name: text(plain(name), Ink.STRONG)),
            Column("now", 20, lambda name: text(plain(values[name]), Ink.DIM)),
        ]
        title = f"run {plain(self.seen.name(self.picked))}"
        self.app.push_screen(ChooseScreen(title, list(values), columns), self._run_to)

    def action_search(self) -> None:
        """Search for an order that fails: behind the steps that were made, or all of them."""
        if self.seen is not None:
            self.ask(_behind, self._choose_search)

    def _choose_search(self, steps: int) -> None:
        if not steps:
            self.search(keep=False)
            return
        made = f"the {steps} steps that were made stay" if steps > 1 else "the step that was made stays"
        said = {True: ("from here", made), False: ("from the beginning", "in all orders")}
        columns: list[Column[bool]] = [
            Column("search", 20, lambda keep: text(said[keep][0], Ink.STRONG), keep=9),
            Column("", 0, lambda keep: text(said[keep][1], Ink.DIM)),
        ]
        self.app.push_screen(ChooseScreen("find an order that breaks it", [True, False], columns), self._search)

    def _search(self, keep: bool | None) -> None:
        if keep is not None:
            self.search(keep=keep)

    def _run_to(self, name: str | None) -> None:
        if name is not None:
            self.play(moves.run(self.picked, Until.ACCESS, name), long=True)

    def action_walk_page(self, count: int) -> None:
        """Look a page further on, or back."""
        self.play(moves.walk(count * max(self.history.page - 1, 1)))

    def action_pick(self, count: int) -> None:
        """Select another actor."""
        if self.seen is not None:
            self.picked = (self.picked + count) % len(self.seen.moment.actors)

    def action_choose_actor(self) -> None:
        """Choose an actor, also one that has no digit."""
        if self.seen is not None:
            seen = self.seen
            columns: list[Column[int]] = [
                Column("", 3, lambda actor: (key_badge(seen, actor),), keep=9),
                Column("actor", 20, lambda actor: text(plain(seen.name(actor)), Ink.STRONG), keep=8),
                Column("can do", 15, lambda actor: (status_word(seen, actor),), keep=7),
                Column("next", 0, lambda actor: text(words.following(seen, actor), Ink.DIM)),
            ]
            actors = range(len(seen.moment.actors))
            self.app.push_screen(ChooseScreen("select an actor", actors, columns, self.picked), self._pick)

    def _pick(self, actor: int | None) -> None:
        if actor is not None:
            self.picked = actor

    def action_facts(self) -> None:
        """Give the arrow keys to the facts, or take them back."""
        facts = self.query_one(Facts)
        self.set_focus(None if facts.has_focus else facts)

    def action_interrupt(self) -> None:
        """Stop what runs; otherwise forget what was said, and whom the arrow keys are for."""
        self.set_focus(None)
        super().action_interrupt()

    def action_branches(self) -> None:
        """List all branches, to go to one."""
        self.ask(self._branches, self._choose_branch)

    def action_compare(self) -> None:
        """Compare the branch that is looked at with another one."""
        self.ask(self._branches, self._choose_other)

    def action_reveal(self) -> None:
        """Tell all about the run."""
        if self.seen is not None:
            self.app.push_screen(TextScreen(plain(self.seen.info.name), tuple(words.reveal(self.seen))))

    def action_hint(self) -> None:
        """Show the next hint."""
        hints = len(self.seen.info.hints) if self.seen is not None else 0
        if self.hint >= hints:
            self.tell("that was the last hint; v explains" if hints else "this scenario has no hints")
        self.hint = min(self.hint + 1, hints)
        self.show_rows()

    def action_help(self) -> None:
        """Explain the screen and the keys."""
        known = [binding for binding in (*self.BINDINGS, *self.app.BINDINGS) if isinstance(binding, Binding)]
        offered = [binding for binding in known if binding.action not in self._not_there()]
        self.app.push_screen(HelpScreen(key_list(offered, in_ascii=in_ascii(self))))

    def _not_there(self) -> set[str]:
        """Return the actions that make no sense with this scenario."""
        there = {
            "timeline": self.timeline is not None,
            "write_trace": self.save_trace is not None,
            "on_fixed": self.seen is None or self.seen.info.fixed,
            "hint": self.seen is None or bool(self.seen.info.hints),
        }
        return {action for action, offered in there.items() if not offered}

    # branches

    def _branches(self, session: Session) -> list[Branch]:
        return branches(self.player.branches.count(session), session.here)

    def _choose_branch(self, found: list[Branch]) -> None:
        at = next((index for index, branch in enumerate(found) if branch.current), 0)
        self.app.push_screen(ChooseScreen("branches", found, BRANCH_COLUMNS, at), self._go)

    def _go(self, branch: Branch | None) -> None:
        if branch is not None:
            self.play(moves.go(branch.tip))

    def _choose_other(self, found: list[Branch]) -> None:
        mine = next(branch for branch in found if branch.current)
        others = [branch for branch in found if not branch.current]
        if not others:
            self.refuse("there is only this branch yet: step back and try another order first")
        elif len(others) == 1:
            self._compare(mine, others[0])
        else:
            screen = ChooseScreen("compare with", others, BRANCH_COLUMNS)
            self.app.push_screen(screen, lambda branch: self._compare(mine, branch))

    def _compare(self, mine: Branch, other: Branch | None) -> None:
        if other is not None:
            self.app.push_screen(CompareScreen(mine, other))

    # what the widgets are told

    def on_room_changed(self) -> None:
        """Write the rows for their width."""
        self.show_rows()

    def watch_seen(self, seen: Seen | None) -> None:
        """Show it everywhere."""
        if seen is None:
            return
        self.app.title = words.title_of(seen.info)
        self.picked = min(self.picked, len(seen.moment.actors) - 1)
        self.columns.seen = seen
        self.history.seen = seen
        self.query_one(Facts).seen = seen
        outside = any(view.status is Status.OUTSIDE for view in seen.moment.actors)
        (self.looking.resume if outside and seen.at == seen.steps else self.looking.pause)()
        self.show_rows()

    def watch_picked(self, picked: int) -> None:
        """Select the actor everywhere."""
        self.columns.picked = picked
        self.show_rows()

    def watch_running(self) -> None:
        """Say that something runs."""
        self.show_rows()

    def show_rows(self) -> None:
        """Show the first row, the notice and the advice."""
        # A lesson beside it takes its part of the screen.
        width = self.query_one("#stage").size.width or self.size.width
        self.query_one("#stage-status", Lines).lines = (words.status_row(self.seen, self.running, width),)
        self._fill("#notice", words.notice(self.seen, self.hint, width) if self.seen is not None else ())
        told = words.said(self.note, width) if self.note else [fit(words.advice(self.seen, self.picked), width)]
        self._fill("#advice", told)

    def _fill(self, name: str, lines: Sequence[Line]) -> None:
        """Show lines in as many rows."""
        part = self.query_one(name, Lines)
        part.lines = tuple(lines)
        if part.styles.height is None or part.styles.height.value != len(part.lines):
            part.styles.height = len(part.lines)


def _behind(session: Session) -> int:
    """Return how many steps there are behind which something is left to search."""
    return session.here.number if session.moment.verdict is None else 0


def _number(branch: Branch) -> Line:
    return text(f"{branch.number}{f' {THIS_BRANCH.glyph}' if branch.current else ''}", Ink.STRONG)


BRANCH_COLUMNS: Final[tuple[Column[Branch], ...]] = (
    Column("branch", 7, _number, keep=9),
    Column("parts after", 11, lambda branch: text("" if branch.current else str(branch.fork)), right=True, keep=5),
    Column("with", 0, lambda branch: text("this one" if branch.current else plain(branch.first), Ink.DIM)),
    Column("steps", 5, lambda branch: text(str(branch.tip.number)), right=True, keep=7),
    Column("ends", 18, lambda branch: (words.ended(branch.tip),), keep=8),
)
