"""What keys do to a session: each runs where it lives and returns what there is to say, empty when all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from weft.stage.moment import As, Stops
from weft.stage.session import Badge, Node, Order, Session, Until

Move = Callable[[Session], str]

LEVELS: Final = tuple(Stops)
NO_PREEMPTION: Final = "nobody was preempted before this point"
ENDED: Final = "the run has ended: u steps back, R restarts, v explains"


def _refusal(session: Session, actor: int) -> str:
    """Return why an actor cannot be given a step, and what can be done instead."""
    return ENDED if session.moment.verdict is not None else session.refusal(actor)


def step(actor: int) -> Move:
    """Give an actor a step, or say why not."""

    def move(session: Session) -> str:
        refusal = _refusal(session, actor)
        if not refusal:
            session.step(actor)
        return refusal

    return move


def run(actor: int, until: Until, on: str = "") -> Move:
    """Run one actor until something happens."""

    def move(session: Session) -> str:
        refusal = _refusal(session, actor)
        if not refusal:
            session.run(actor, until, on)
        return refusal

    return move


def run_all(order: Order) -> Move:
    """Run all actors until the run ends."""

    def move(session: Session) -> str:
        if session.moment.verdict is not None:
            return ENDED
        if not session.movable():
            return "nobody can be given a step here: u steps back"
        session.run_all(order)
        return "stopped" if session.stopped() else ""

    return move


def undo(session: Session) -> str:
    """Look at the step before."""
    if session.here.parent is None:
        return "this is the beginning"
    session.undo()
    return ""


def redo(session: Session) -> str:
    """Look at what followed."""
    if not session.here.children:
        return ENDED if session.moment.verdict is not None else "nothing followed yet: give somebody a step"
    session.redo()
    return ""


def walk(count: int) -> Move:
    """Look some steps further on, or back."""

    def move(session: Session) -> str:
        (session.redo if count > 0 else session.undo)(abs(count))
        return ""

    return move


def to_preemption(session: Session) -> str:
    """Look at the point before the last preemption, where another choice can be made."""
    node: Node | None = session.here
    while node is not None and node.parent is not None:
        if node.badge is not Badge.NONE:
            session.go(node.parent)
            return ""
        node = node.parent
    return NO_PREEMPTION


def restart(session: Session) -> str:
    """Look at the beginning."""
    session.restart()
    return ""


def last(session: Session) -> str:
    """Look at the end of this branch."""
    session.go(session.here.tip())
    return ""


def go(node: Node) -> Move:
    """Look at a point."""

    def move(session: Session) -> str:
        session.go(node)
        return ""

    return move


def next_level(session: Session) -> str:
    """Stop at the next finer level, or at the coarsest again."""
    wanted = LEVELS[(LEVELS.index(session.stops) + 1) % len(LEVELS)]
    before = session.here.number
    session.set_stops(wanted)
    lost = "" if session.here.number or not before else "; the way here could not be repeated with these stops"
    return f"threads now stop {STOPS[wanted]}{lost}"


STOPS: Final = {
    Stops.SYNC: "at locks, waits and responses",
    Stops.ACCESS: "also before what they share is read or written",
    Stops.LINE: "at every line of the app",
    Stops.OPCODE: "at every bytecode of the app",
}


def other_interpreter(session: Session) -> str:
    """Play the threads of this interpreter, or of a free-threaded build."""
    if session.interpreter is As.THIS:
        session.interpreter = As.FREE_THREADED
        return "any thread may go on at any stop now, as on a free-threaded build"
    session.interpreter = As.THIS
    if not session.info.gil:
        return "this interpreter has no GIL: its threads may be switched anywhere"
    return "only the switches that this interpreter can do are allowed now"


def look(session: Session) -> str:
    """See what happened where the stage does not look."""
    session.look()
    return ""
