"""The part of the stage that plays: keys become things for the session to do, its answers become what is seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from weft.stage.session import Order, Session, Until
from weft.timeline.units import plain

from ..spans import Ink, Line
from . import moves
from .code import Listings
from .messages import ActorPicked, Played, PointPicked, Refused, Searching
from .moves import Move
from .player import Player
from .seen import Seen

T = TypeVar("T")
RUNNING_SECONDS: Final = 0.15
"""What takes longer is said to be running."""

RUNS: Final = "something runs: esc stops it"


class Playing(Screen[None]):
    """Has a session played by another thread.

    Args:
        factory: makes the session; called in that thread.

    Attributes:
        seen: what is shown; None as long as the app is being started.
        picked: the selected actor.
        running: something takes longer.
        note: what was said last, until the next move.
        pending: how many things the session was asked for and has not done, the first one being to start.
        long: one of them may take long, so that no more is taken.
    """

    seen: reactive[Seen | None] = reactive(None, repaint=False)
    picked: reactive[int] = reactive(0, repaint=False)
    running: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, factory: Callable[[], Session]) -> None:
        super().__init__()
        self.listings = Listings()
        self.player = Player(factory, self.post_message, self.listings)
        self.note: Line = ()
        self.pending = 1
        self.long = False
        self.clock: Timer | None = None

    def show_rows(self) -> None:
        """Show the rows that tell about all of it."""
        raise NotImplementedError

    # what arrives

    def on_played(self, message: Played) -> None:
        """Show what is seen now."""
        self._take(message.seen, done=not message.progress)
        if message.then is not None:
            message.then(message.answer)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong."""
        self._take(message.seen, done=True)
        self.refuse(str(message.error))

    def on_searching(self, message: Searching) -> None:
        """Say how far it is, as long as it goes on."""
        if self.long:
            self.tell(message.text)

    def on_actor_picked(self, message: ActorPicked) -> None:
        """Select the actor that was clicked."""
        self.picked = message.actor

    def on_point_picked(self, message: PointPicked) -> None:
        """Look at the step that was clicked."""
        if self.seen is not None and message.at < len(self.seen.path):
            self.play(moves.go(self.seen.path[message.at]))

    def _take(self, seen: Seen, *, done: bool) -> None:
        self._finish(int(done))
        self.seen = seen

    # playing

    def play(self, move: Move, then: Callable[[str], None] | None = None, *, long: bool = False) -> None:
        """Have something done to the session.

        Args:
            then: takes what there is to say; by default as a refusal.
            long: it may take long, so that no more is taken meanwhile.
        """
        self.note = ()
        self.ask(move, then or self.refuse)
        self.long = self.long or long

    def ask(self, work: Callable[[Session], T], then: Callable[[T], None] | None = None) -> bool:
        """Ask the session something; return whether it could be asked."""
        if self.long or not self.player.submit(work, then):
            self.refuse(RUNS)
            return False
        self.pending += 1
        if self.clock is None:
            self.clock = self.set_timer(RUNNING_SECONDS, self._say_running)
        return True

    def _say_running(self) -> None:
        self.running = True

    def _finish(self, count: int) -> None:
        """Note that some of what was asked for is done."""
        self.pending -= count
        if not self.pending:
            self.long = self.running = False
            if self.clock is not None:
                self.clock.stop()
                self.clock = None

    def look_again(self) -> None:
        """See whether anybody has come back from outside, unless something else is being done."""
        if not self.pending:
            self.ask(moves.look)

    def refuse(self, sentence: str) -> None:
        """Say why something was not done."""
        self._say(sentence, Ink.WAIT)

    def tell(self, sentence: str) -> None:
        """Say something."""
        self._say(sentence, Ink.PLAIN)

    def _say(self, sentence: str, ink: Ink) -> None:
        self.note = ((f" {plain(sentence)}", ink),) if sentence else ()
        self.show_rows()

    # keys: moves

    def action_step(self, actor: int) -> None:
        """Give an actor a step, and select it."""
        if self.seen is not None and actor < len(self.seen.moment.actors):
            self.picked = actor
        self.play(moves.step(actor))

    def action_step_picked(self) -> None:
        """Give the selected actor a step."""
        self.play(moves.step(self.picked))

    def action_run(self, until: str) -> None:
        """Run the selected actor until something happens."""
        self.play(moves.run(self.picked, Until(until)), long=True)

    def action_run_all(self, order: str) -> None:
        """Run all actors until the run ends."""
        self.play(moves.run_all(Order(order)), long=True)

    def action_interrupt(self) -> None:
        """Stop what runs; otherwise forget what was said."""
        self._finish(self.player.interrupt())
        self.note = ()
        self.show_rows()

    def action_undo(self) -> None:
        """Look at the step before."""
        self.play(moves.undo)

    def action_redo(self) -> None:
        """Look at the step after."""
        self.play(moves.redo)

    def action_to_preemption(self) -> None:
        """Look at the point before the last preemption."""
        self.play(moves.to_preemption)

    def action_walk(self, count: int) -> None:
        """Look some steps further on, or back."""
        self.play(moves.walk(count))

    def action_first(self) -> None:
        """Look at the beginning."""
        self.play(moves.restart)

    def action_last(self) -> None:
        """Look at the end of the branch."""
        self.play(moves.last)

    def action_next_level(self) -> None:
        """Stop more finely."""
        self.play(moves.next_level, self.tell, long=True)

    def action_other_interpreter(self) -> None:
        """Allow other preemptions."""
        self.play(moves.other_interpreter, self.tell)

    def search(self, *, keep: bool) -> None:
        """Search for an order that fails."""
        self.play(partial(self.player.search, keep=keep), self.tell, long=True)

    def action_on_fixed(self) -> None:
        """Make the same choices on the fixed app."""
        self.play(self.player.on_fixed, self.tell, long=True)
