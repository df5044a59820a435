"""Every mark and badge of the stage, with what it means: the screen draws from this page, and the help shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

from weft.stage.moment import Status
from weft.stage.session import Badge

from ..spans import Ink, Span


class Mark(NamedTuple):
    """A glyph or a few words on the screen, and what the help says about it."""

    glyph: str
    ink: Ink
    meaning: str

    @property
    def span(self) -> Span:
        """The mark as a piece of a line."""
        return self.glyph, self.ink


# in a column

NEXT: Final = Mark("→", Ink.TITLE, "what the actor does with its next step")
BLOCKED: Final = Mark("∥", Ink.WAIT, "it is blocked: for what, and by whom")
OUTSIDE: Final = Mark("∿", Ink.HANDOFF, "it runs where the stage does not see it")
ANSWERED: Final = Mark("✓", Ink.GOOD, "it has finished: the answer that it got")
WRONG: Final = Mark("✗", Ink.WAIT, "an error, or the line that it is about")
CURRENT: Final = Mark("▶", Ink.TITLE, "the line that is about to run")
EDGE: Final = Mark("│", Ink.DIM, "between two actors")
EDGE_PICKED: Final = Mark("▌", Ink.TITLE, "the selected actor: space is for it")
CAN_STEP: Final = Mark(" 1 ", Ink.BADGE, "this digit gives the actor a step now")
CANNOT_STEP: Final = Mark(" 1 ", Ink.DIM, "this one cannot be given a step now")

# in the history

HERE: Final = Mark("▶", Ink.TITLE, "the step that is looked at")
STEP: Final = Mark("●", Ink.RUN, "a step")
LAST_STEP: Final = Mark("■", Ink.GOOD, "the last step of its actor")
FAILED_STEP: Final = Mark("✗", Ink.WAIT, "a step that ended in an exception")
ALIVE: Final = Mark("│", Ink.DIM, "an actor that could have gone on")
LANE_BLOCKED: Final = Mark("┆", Ink.WAIT, "an actor that is blocked")
LANE_OUTSIDE: Final = Mark("╎", Ink.HANDOFF, "an actor outside the stage")
OVER: Final = Mark("╰─▸", Ink.DIM, "the next step is another actor's")
BACK: Final = Mark("◂─╯", Ink.DIM, "the same, to the left")
CROSSED: Final = Mark("┼", Ink.DIM, "on its way past an actor between them")
THIS: Final = Mark("!", Ink.HOLD, "preempted, as this interpreter may")
FREE_THREADED: Final = Mark("‡", Ink.WAIT_HOLD, "preempted, as only without the GIL")

NO_DIGIT: Final = Mark("·", Ink.TITLE, "an actor without a digit: 0 lists all")

# elsewhere

CHANGED: Final = Mark("→", Ink.HOLD, "a value before and after the step")
READ: Final = Mark("→", Ink.PLAIN, "behind a step: what it read")
WROTE: Final = Mark("=", Ink.PLAIN, "behind a step: what it wrote")
THIS_BRANCH: Final = Mark("●", Ink.STRONG, "in the branches: the one looked at")
DIFFERS: Final = Mark("≠", Ink.WAIT, "in a comparison: they differ")
NOT_THERE: Final = Mark("–", Ink.PLAIN, "in a comparison: not there")
CUT: Final = Mark("…", Ink.PLAIN, "there was no room for the rest")
MORE: Final = Mark("▐", Ink.DIM, "there is more: scroll")

COLUMN: Final[Sequence[Mark]] = (
    NEXT, BLOCKED, OUTSIDE, ANSWERED, WRONG, CURRENT, EDGE, EDGE_PICKED, CAN_STEP, CANNOT_STEP,
)  # fmt: skip
HISTORY: Final[Sequence[Mark]] = (
    HERE, STEP, LAST_STEP, FAILED_STEP, ALIVE, LANE_BLOCKED, LANE_OUTSIDE, OVER, BACK, CROSSED, THIS, FREE_THREADED,
    NO_DIGIT,
)  # fmt: skip
ELSEWHERE: Final[Sequence[Mark]] = (CHANGED, READ, WROTE, THIS_BRANCH, DIFFERS, NOT_THERE, CUT, MORE)

LIVES: Final[Mapping[Status, Mark]] = {
    Status.READY: ALIVE,
    Status.BLOCKED: LANE_BLOCKED,
    Status.OUTSIDE: LANE_OUTSIDE,
}
"""What a lane looks like where its actor makes no step; it ends with the actor."""

PREEMPTIONS: Final[Mapping[Badge, Mark]] = {Badge.THIS: THIS, Badge.FREE_THREADED: FREE_THREADED}

# what an actor can do, in a word

STATES: Final[Mapping[Status, Mark]] = {
    Status.READY: Mark("ready", Ink.RUN, "can be given a step"),
    Status.BLOCKED: Mark("blocked", Ink.WAIT, "waits for somebody, or for something to happen"),
    Status.OUTSIDE: Mark("outside", Ink.HANDOFF, "runs or blocks where the stage cannot stop it"),
    Status.DONE: Mark("done", Ink.GOOD, "has finished"),
    Status.FAILED: Mark("failed", Ink.ALARM, "ended with an exception"),
}
DEADLOCK: Final = Mark(" deadlock ", Ink.ALARM, "waits in a circle, and can never go on")
HELD_BY_GIL: Final = Mark("held by the GIL", Ink.DIM, "this interpreter does not switch to it here: i")
TIMES_OUT: Final = Mark("can time out", Ink.WAIT, "a step lets the time pass that it waits at most")

WORDS: Final[Sequence[Mark]] = (*STATES.values(), DEADLOCK, HELD_BY_GIL, TIMES_OUT)

# what goes on, and what came of it


class Phase(Enum):
    """What the first row's badge says."""

    READY = Mark(" ● STAGE ", Ink.BADGE_LIVE, "the newest step is shown: go on from here")
    RUNNING = Mark(" ▶ RUNNING, esc stops ", Ink.BADGE_LIVE, "many steps are being made")
    BACK = Mark(" ◀ LOOKING BACK ", Ink.BADGE, "an earlier step is shown, nothing runs")


VERDICTS: Final[Mapping[str, Mark]] = {
    "holds": Mark(" ✓ HOLDS ", Ink.BADGE_LIVE, "all is well after this order of steps"),
    "invariant": Mark(" ✗ INVARIANT BROKEN ", Ink.ALARM, "what must hold does not"),
    "exception": Mark(" ✗ EXCEPTION ", Ink.ALARM, "an actor ended with an exception"),
    "status": Mark(" ✗ SERVER ERROR ", Ink.ALARM, "an actor was answered with 500 or more"),
    "deadlock": Mark(" ✗ DEADLOCK ", Ink.ALARM, "nobody can go on, or some never again"),
    "livelock": Mark(" ✗ LIVELOCK ", Ink.ALARM, "they go on for ever and get nowhere"),
    "limit": Mark(" NOT FINISHED ", Ink.BADGE, "too many steps: run on, or look for a loop"),
    "inconclusive": Mark(" INCONCLUSIVE ", Ink.BADGE, "the check itself failed"),
}
UNSTEADY: Final = Mark("not deterministic", Ink.WAIT, "the app did not do the same twice: see v")
CAREFUL: Final = Mark("careful", Ink.WAIT, "something is not as it should be: see v")

BADGES: Final[Sequence[Mark]] = (*(phase.value for phase in Phase), *VERDICTS.values(), UNSTEADY, CAREFUL)
