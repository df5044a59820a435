"""A scripted runner for the stage: actors are lists of operations on shared values and locks, played for real."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from weft.errors import WeftError
from weft.stage.moment import (
    ActorView,
    Context,
    LockView,
    Moment,
    Operation,
    Place,
    Shown,
    Status,
    Stops,
    Verdict,
)
from weft.stage.session import Choice, Diverged, Info, Performed

Locals = dict[str, Any]


class Op(NamedTuple):
    """One thing that an actor does.

    Attributes:
        at: a piece of the source line that it stands in.
        does: makes the value that is written, or the condition of a jump.
        into: the local variable that takes what was read; where a jump leads.
        switch: this interpreter can switch to another thread before it.
    """

    kind: str
    on: str = ""
    at: str = ""
    does: Callable[[Locals], Any] = lambda names: None
    into: str = ""
    switch: bool = True


def read(on: str, at: str, into: str) -> Op:
    return Op("read", on, at, into=into)


def write(on: str, at: str, does: Callable[[Locals], Any], *, switch: bool = True) -> Op:
    return Op("write", on, at, does, switch=switch)


def acquire(on: str, at: str) -> Op:
    return Op("acquire", on, at)


def release(on: str, at: str) -> Op:
    return Op("release", on, at)


def respond(status: int, body: str, at: str = "return") -> Op:
    return Op("respond", str(status), at, into=body)


def jump_if(does: Callable[[Locals], bool], to: str) -> Op:
    return Op("jump", does=does, into=to)


def label(name: str) -> Op:
    return Op("label", into=name)


def crash(text: str, at: str) -> Op:
    return Op("crash", text, at)


def say(text: str) -> Op:
    return Op("say", text)


def outside(at: str) -> Op:
    """Block where the stage does not see it, until `Staged.come_back`."""
    return Op("outside", at=at)


@dataclass(frozen=True)
class Script:
    """What a scripted runner plays.

    Attributes:
        programs: by name what an actor is told to do, and its operations; those of background threads begin with ``+``.
        check: returns what is wrong with the shared values and the responses at the end, or nothing.
    """

    name: str
    source: str
    shared: Mapping[str, Any]
    programs: Mapping[str, tuple[str, Sequence[Op]]]
    locks: Sequence[str] = ()
    check: Callable[[Mapping[str, Any], Sequence[str]], str] = lambda shared, endings: ""
    goal: str = ""
    hints: Sequence[str] = ()
    lesson: str = ""
    watched: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    fixed: Script | None = None


class Actor:
    def __init__(self, name: str, does: str, ops: Sequence[Op]) -> None:
        self.name, self.does = name.lstrip("+"), does
        self.own = not name.startswith("+")
        self.ops = [Op("start", does), *ops]
        self.pc, self.line = 0, 0
        self.names: Locals = {}
        self.ended = ""
        self.outside = self.back = False

    @property
    def op(self) -> Op | None:
        return self.ops[self.pc] if self.pc < len(self.ops) and not self.ended else None


class Staged:
    """Plays a script; its source is written into a folder, so that it can be shown.

    Attributes:
        starts: how often it had to begin anew.
        steps: how many steps were made, those that were repeated included.
    """

    def __init__(self, script: Script, folder: Path, *, fixed: bool = False) -> None:
        self.folder, self.given = folder, script
        self.script = script = script.fixed if fixed and script.fixed is not None else script
        self.file = folder / "shop.py"
        self.text = textwrap.dedent(script.source).lstrip("\n")
        self.file.write_text(self.text, encoding="utf-8")
        self.info = Info(
            script.name,
            f"shop:{script.name}",
            str(self.file),
            tuple(name for name in script.programs if not name.startswith("+")),
            tuple(does for does, _ in script.programs.values()),
            script.goal,
            script.hints,
            script.lesson,
            self.given.fixed is not None,
            fixed,
            python="3.13.0",
        )
        self.starts = self.steps = 0
        self.closed = self.broken = False
        self.note = ""
        self.stubborn = -1
        self.prepared: list[Choice] = []
        self.stops = Stops.ACCESS

    # what a session asks for

    def start(self, path: Sequence[Choice], stops: Stops) -> Moment:
        self.starts += 1
        self.stops = stops
        self.shared = dict(self.script.shared)
        self.owners = dict.fromkeys(self.script.locks, -1)
        self.actors = [Actor(name, does, ops) for name, (does, ops) in self.script.programs.items()]
        self.number, self.output, self.value = 0, "", ""
        self.changed: list[str] = []
        for number, choice in enumerate(path, 1):
            following = self._next(self.actors[choice.actor])
            if self.stubborn == number or following is None or following.text != choice.text:
                raise Diverged(f"step {number} did something else than before")
            self.step(choice.actor)
        return self._moment()

    def prepare(self, path: Sequence[Choice], stops: Stops) -> None:
        self.prepared = list(path)

    def step(self, actor: int) -> Performed:
        if self.broken:
            raise WeftError("the app's process has ended with status 1; restart with R")
        self.steps += 1
        self.number += 1
        self.output, self.value, self.changed = "", "", []
        one = self.actors[actor]
        operation = self._next(one)
        assert operation is not None
        if self._new_line(one):
            one.line = self._line(one.op)
        else:
            self._perform(actor, one.op)
        for index in range(len(self.actors)):
            self._advance(index)
        return Performed(operation, self._moment())

    def come_back(self) -> None:
        """Let those that are outside go on."""
        for one in self.actors:
            one.back = True

    def look(self) -> Moment:
        for one in self.actors:
            if one.outside and one.back:
                one.outside, one.pc = False, one.pc + 1
        return self._moment()

    def again(self, *, fixed: bool) -> Staged:
        return Staged(self.given, self.folder, fixed=fixed)

    def close(self) -> None:
        self.closed = True

    # how it plays

    def _line(self, op: Op) -> int:
        lines = self.text.splitlines()
        return next((number for number, line in enumerate(lines, 1) if op.at and op.at in line), 1)

    def _place(self, op: Op) -> Place:
        lines = self.text.splitlines()
        number = self._line(op)
        function = next((line.split("(")[0].split()[-1] for line in lines[number - 1 :: -1] if "def " in line), "?")
        return Place(str(self.file), number, function)

    def _next(self, one: Actor) -> Operation | None:
        op = one.op
        if op is None:
            return None
        if op.kind == "start":
            return Operation("start", f"start {one.does}", None, "")
        place = self._place(op)
        if self._new_line(one):
            return Operation("line", f"line {place.line}", place, "")
        if op.kind == "respond":
            return Operation("respond", f"respond {op.on}", place, "")
        if op.kind in ("crash", "outside"):
            return Operation("line", f"line {place.line}", place, "")
        return Operation(op.kind, f"{op.kind} {op.on}", place, op.on)

    def _new_line(self, one: Actor) -> bool:
        """Whether a stop at the actor's line comes before its operation."""
        op = one.op
        fine = self.stops in (Stops.LINE, Stops.OPCODE)
        return fine and op is not None and op.kind != "start" and one.line != self._line(op)

    def _perform(self, actor: int, op: Op) -> None:
        one = self.actors[actor]
        match op.kind:
            case "read":
                one.names[op.into] = self.shared[op.on]
                self.value = f"→ {self.shared[op.on]!r}"
            case "write":
                before, self.shared[op.on] = self.shared[op.on], op.does(one.names)
                self.value = f"= {self.shared[op.on]!r}"
                self.changed += [op.on] if before != self.shared[op.on] else []
            case "acquire":
                self.owners[op.on] = actor
            case "release":
                self.owners[op.on] = -1
            case "respond":
                one.ended = f"{op.on} {op.into}"
            case "crash":
                one.ended = f"!{op.on}"
            case "outside":
                one.outside, one.back = True, False
                return
        one.pc += 1

    def _advance(self, actor: int) -> None:
        """Do what nobody stops at."""
        one = self.actors[actor]
        while (op := one.op) is not None:
            if op.kind == "jump":
                one.pc = self._target(one, op) if op.does(one.names) else one.pc + 1
            elif op.kind == "label":
                one.pc += 1
            elif op.kind == "say":
                self.output += op.on + "\n"
                one.pc += 1
            elif op.kind in ("read", "write") and self.stops is Stops.SYNC:
                value, changed = self.value, self.changed
                self._perform(actor, op)
                self.value, self.changed = value, changed
            else:
                return

    def _target(self, one: Actor, op: Op) -> int:
        return next(i for i, other in enumerate(one.ops) if other.kind == "label" and other.into == op.into)

    # what is seen

    def _moment(self) -> Moment:
        views = tuple(self._view(actor) for actor in range(len(self.actors)))
        return Moment(
            self.number,
            self.number * 1_000,
            views,
            tuple(Shown(name, repr(value)) for name, value in self.shared.items()),
            tuple(self.changed),
            tuple(Shown(name, repr(make(self.shared))) for name, make in self.script.watched.items()),
            tuple(self._locks()),
            tuple(self._circle(views)),
            self.output,
            (),
            self.value,
            self._verdict(views),
        )

    def _view(self, actor: int) -> ActorView:
        one = self.actors[actor]
        op = one.op
        if one.ended.startswith("!"):
            return ActorView(one.name, one.does, Status.FAILED, why=one.ended[1:], own=one.own)
        if op is None:
            return ActorView(one.name, one.does, Status.DONE, why=one.ended, own=one.own)
        place = self._place(op) if op.kind != "start" else None
        frames = (place, Place(str(self.file), 1, "dispatch")) if place else ()
        status, why, waits_for = self._status(actor, op)
        method, _, path = one.does.partition(" ")
        context = Context("shop", one.does, path.strip("/"), (Shown("user", repr(one.name)),)) if place else None
        return ActorView(
            one.name,
            one.does,
            status,
            self._next(one),
            why,
            waits_for,
            frames,
            tuple(Shown(name, repr(value)) for name, value in one.names.items()),
            context if method.isupper() else None,
            op.switch,
            one.own,
        )

    def _status(self, actor: int, op: Op) -> tuple[Status, str, tuple[int, ...]]:
        if self.actors[actor].outside:
            return Status.OUTSIDE, f"runs outside the stage at {self._place(op).function}", ()
        owner = self.owners.get(op.on, -1) if op.kind == "acquire" else -1
        if self._new_line(self.actors[actor]):
            owner = -1
        if owner == -1:
            return Status.READY, "", ()
        return Status.BLOCKED, f"waits for {op.on}, held by {self.actors[owner].name}", (owner,)

    def _locks(self) -> list[LockView]:
        views = []
        for name, owner in self.owners.items():
            waiters = tuple(i for i in range(len(self.actors)) if self._waits(i, name))
            if owner != -1 or waiters:
                views.append(LockView(name, "Lock", "held" if owner != -1 else "free", owner, waiters))
        return views

    def _waits(self, actor: int, lock: str) -> bool:
        op = self.actors[actor].op
        return op is not None and op.on == lock and self._status(actor, op)[0] is Status.BLOCKED

    def _circle(self, views: Sequence[ActorView]) -> list[int]:
        for start in range(len(views)):
            seen, actor = [start], start
            while views[actor].waits_for:
                actor = views[actor].waits_for[0]
                if actor == start:
                    return sorted(seen)
                if actor in seen:
                    break
                seen.append(actor)
        return []

    def _verdict(self, views: Sequence[ActorView]) -> Verdict | None:
        failed = [i for i, view in enumerate(views) if view.status is Status.FAILED]
        if failed:
            view = views[failed[0]]
            at = self._place(self.actors[failed[0]].ops[self.actors[failed[0]].pc - 1])
            return Verdict("exception", f"{view.name}: {view.why}", at, tuple(failed))
        if all(view.status is Status.DONE for view in views if view.own):
            wrong = self.script.check(self.shared, [one.ended for one in self.actors if one.own])
            last = next((op for op in reversed(self.actors[0].ops) if op.kind == "write"), None)
            if wrong:
                return Verdict("invariant", wrong, self._place(last) if last else None, tuple(range(len(views))))
            return Verdict("holds", "every check holds in this order")
        stuck = [i for i, view in enumerate(views) if view.status is Status.BLOCKED]
        if stuck and all(view.status in (Status.BLOCKED, Status.DONE) for view in views):
            told = "; ".join(f"{views[i].name} {views[i].why}" for i in stuck)
            return Verdict("deadlock", f"nobody can go on: {told}", views[stuck[0]].frames[0], tuple(stuck))
        return None


# what is played

SHOP = '''
from flask import Flask, g, jsonify

app = Flask(__name__)
STATE = {"stock": 1, "sold": 0}


@app.post("/buy")
def buy():
    """Sell one, if there is one."""
    stock = STATE["stock"]
    if stock < 1:
        return jsonify(error="sold out"), 409
    STATE["stock"] = stock - 1  # somebody else may have bought it meanwhile
    sold = STATE["sold"]
    STATE["sold"] = sold + 1
    return jsonify(left=stock - 1)
'''


def _buy() -> list[Op]:
    return [
        read('STATE["stock"]', 'stock = STATE["stock"]', "stock"),
        jump_if(lambda names: names["stock"] < 1, "sold out"),
        write('STATE["stock"]', 'STATE["stock"] = stock', lambda names: names["stock"] - 1, switch=False),
        say("sold one"),
        read('STATE["sold"]', 'sold = STATE["sold"]', "sold"),
        write('STATE["sold"]', 'STATE["sold"] = sold', lambda names: names["sold"] + 1),
        respond(200, '{"left": 0}', "left=stock"),
        label("sold out"),
        respond(409, '{"error": "sold out"}', 'error="sold out"'),
    ]


def _oversold(shared: Mapping[str, Any], endings: Sequence[str]) -> str:
    buyers = sum(ending.startswith("200") for ending in endings)
    return f"one item was in stock, and {buyers} customers have bought it" if buyers > 1 else ""


STOCK = {'STATE["stock"]': 1, 'STATE["sold"]': 0}


CAREFUL = SHOP.replace(
    """    stock = STATE["stock"]
    if stock < 1:
        return jsonify(error="sold out"), 409
    STATE["stock"] = stock - 1  # somebody else may have bought it meanwhile
""",
    """    with stock_lock:
        stock = STATE["stock"]
        if stock < 1:
            return jsonify(error="sold out"), 409
        STATE["stock"] = stock - 1
""",
)


def _careful() -> Script:
    """The same shop, with a lock around the check and the act."""
    ops = [acquire("shop.stock_lock", "with stock_lock"), *_buy()]
    ops.insert(ops.index(say("sold one")), release("shop.stock_lock", "with stock_lock"))
    ops.insert(len(ops) - 1, release("shop.stock_lock", "with stock_lock"))
    programs = {"alice": ("POST /buy", ops), "bob": ("POST /buy", ops)}
    return Script("the last item", CAREFUL, STOCK, programs, locks=("shop.stock_lock",), check=_oversold)


def last_item() -> Script:
    """Two customers buy the last item: a lost update."""
    return Script(
        "the last item",
        SHOP,
        STOCK,
        {"alice": ("POST /buy", _buy()), "bob": ("POST /buy", _buy())},
        check=_oversold,
        goal="Sell the last item twice: both customers must get status 200.",
        hints=("Both must have read the stock before one of them writes it.", "Press 1 1 2 2, and then a."),
        lesson="A check and the act that relies on it must be one step: hold a lock around both, or let the "
        "database do it in one UPDATE … WHERE stock > 0.",
        watched={"sold + stock": lambda shared: shared['STATE["sold"]'] + shared['STATE["stock"]']},
        fixed=_careful(),
    )


MOVES = '''
from threading import Lock

from flask import Flask, request

app = Flask(__name__)
stock_lock = Lock()
audit_lock = Lock()
BALANCE = {"stock": 10, "audit": 0}


@app.post("/move")
def move():
    """Move from the stock to the audit."""
    with stock_lock:
        taken = BALANCE["stock"]
        with audit_lock:
            BALANCE["audit"] = taken
    return "moved"


@app.post("/check")
def check():
    """Compare both, locking them the other way round."""
    with audit_lock:  # audit first
        seen = BALANCE["audit"]
        with stock_lock:  # then stock
            BALANCE["stock"] = seen
    return "checked"
'''


def two_locks() -> Script:
    """Two requests take two locks in opposite orders, a third one only looks on: a deadlock."""
    move = [
        acquire("shop.stock_lock", "with stock_lock:"),
        read('BALANCE["stock"]', "taken =", "taken"),
        acquire("shop.audit_lock", "with audit_lock:"),
        write('BALANCE["audit"]', "= taken", lambda names: names["taken"]),
        release("shop.audit_lock", "with audit_lock:"),
        release("shop.stock_lock", "with stock_lock:"),
        respond(200, "moved", 'return "moved"'),
    ]
    check = [
        acquire("shop.audit_lock", "# audit first"),
        read('BALANCE["audit"]', "seen =", "seen"),
        acquire("shop.stock_lock", "# then stock"),
        write('BALANCE["stock"]', "= seen", lambda names: names["seen"]),
        release("shop.stock_lock", "# then stock"),
        release("shop.audit_lock", "# audit first"),
        respond(200, "checked", 'return "checked"'),
    ]
    look = [read('BALANCE["audit"]', "seen =", "seen"), respond(200, "checked", 'return "checked"')]
    return Script(
        "two locks",
        MOVES,
        {'BALANCE["stock"]': 10, 'BALANCE["audit"]': 0},
        {
            "mover": ("POST /move", move),
            "auditor": ("POST /check", check),
            "onlooker": ("GET /check", look),
        },
        locks=("shop.stock_lock", "shop.audit_lock"),
    )


def crowd(count: int) -> Script:
    """As many customers as wanted, and a background thread."""
    names = ("ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida")
    programs = {name: ("POST /buy", _buy()) for name in names[:count]}
    programs["+stock-keeper"] = ("refill", [read('STATE["sold"]', "sold =", "sold")])
    return Script("a crowd", SHOP, STOCK, programs, check=_oversold)


COUNTER = """
HITS = {"a": 0}


def spin():
    while True:
        hits = HITS["a"]
        HITS["a"] = hits + 1
"""


def counting(rounds: int) -> Script:
    """Two threads that go on for a long time."""
    loop = [
        label("again"),
        read('HITS["a"]', "hits = ", "hits"),
        write('HITS["a"]', "hits + 1", lambda names: names["hits"] + 1),
        jump_if(lambda names: names["hits"] < rounds, "again"),
    ]
    return Script("counting", COUNTER, {'HITS["a"]': 0}, {"one": ("spin", loop), "two": ("spin", loop)})


HOSTILE = "[b]x[/b]\x1b[31m\r\n\u202e日本" + "y" * 200


def hostile() -> Script:
    """Everything that comes from the app tries to be something else."""
    source = f"def [bold]:\n\tx = '{HOSTILE!s}'  # \x1b]0;title\x07 [red]\n\treturn x\n" + "z" * 5_000
    ops = [
        read(HOSTILE, "x = ", HOSTILE),
        say(HOSTILE),
        crash(f"[link=file:///]{HOSTILE}", "return x"),
    ]
    return Script(HOSTILE, source, {HOSTILE: HOSTILE}, {HOSTILE: (HOSTILE, ops), "[/]": (HOSTILE, ops)}, goal=HOSTILE)


def faulty() -> Script:
    """A request that raises, and one that blocks where nobody sees it."""
    return Script(
        "faulty",
        SHOP,
        STOCK,
        {
            "alice": ("POST /buy", [crash("KeyError: 'stock'", "stock = STATE"), respond(200, "")]),
            "bob": ("POST /buy", [outside("sold = STATE"), respond(200, "", "left=stock")]),
        },
    )
