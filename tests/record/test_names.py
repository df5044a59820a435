"""What locks are called: by what they are assigned to, read from the source where there is one."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from support.recorded import Recorded, record, run
from support.recorded import load as load_trace
from weft.events import Kind

AROUND = """
import collections, contextlib, dataclasses, functools, queue, sys, threading, types
from threading import Condition, Lock, RLock
locks = {}
class Thing:
    pass
thing = Thing()
def use(*found):
    for one in found:
        with one:
            pass
"""

# The code, and the names of the locks that it makes and uses, in the order of their use.
SHAPES = {
    "variable": ("a = Lock(); use(a)", "app.a"),
    "annotated": ("a: object = Lock(); use(a)", "app.a"),
    "two at once": ("a, b = Lock(), Lock(); use(a, b)", "app.a", "app.b"),
    "nested": ("(a, (b, c)) = (Lock(), (Lock(), Lock())); use(a, b, c)", "app.a", "app.b", "app.c"),
    "starred": ("a, *b = Lock(), Lock(); use(a, *b)", "app.a", "app.b"),
    "list pattern": ("[a, b] = [Lock(), Lock()]; use(a, b)", "app.a", "app.b"),
    "chained": ("a = b = Lock(); use(a)", "app.a"),
    "walrus": ("if (a := Lock()): use(a)", "app.a"),
    "alternative": ("a = None or Lock(); b = Lock() if a else RLock(); use(a, b)", "app.a", "app.b"),
    "with": ("with Lock() as a: pass", "app.a"),
    "tuple": ("pair = (Lock(), Lock()); use(*pair)", "app.pair[0]", "app.pair[1]"),
    "list": ("many = [Lock(), Lock()]; use(*many)", "app.many[0]", "app.many[1]"),
    "dict": ("of = {'a': Lock(), 1: [Lock()]}; use(of['a'], *of[1])", 'app.of["a"]', "app.of[1][0]"),
    "dict over lines": (
        "of = {\n    'a': Lock(),\n    'b': Lock(),\n}\nuse(*of.values())",
        'app.of["a"]',
        'app.of["b"]',
    ),
    "list comprehension": ("many = [Lock() for _ in '12']; use(*many)", "app.many", "app.many #2"),
    "dict comprehension": ("of = {k: Lock() for k in 'ab'}; use(*of.values())", "app.of[k]", "app.of[k] #2"),
    "generator": ("many = list(Lock() for _ in '1'); use(*many)", "app.many"),
    "item": ("locks['a'] = Lock(); use(locks['a'])", 'app.locks["a"]'),
    "item of an attribute": ("thing.of = {}; thing.of['a'] = Lock(); use(thing.of['a'])", 'app.thing.of["a"]'),
    "attribute of an object": (
        "thing.lock = Lock(); Thing.own = Lock(); use(thing.lock, Thing.own)",
        *("app.thing.lock", "app.Thing.own"),
    ),
    "setattr": ("setattr(thing, 'lock', Lock()); use(thing.lock)", "app.thing.lock"),
    "setdefault": ("use(locks.setdefault('a', Lock()))", 'app.locks["a"]'),
    "setdefault by key": (
        "def of(user):\n    return locks.setdefault(user, Lock())\nuse(of('a'), of('b'))",
        "app.locks[user]",
        "app.locks[user] #2",
    ),
    "defaultdict": ("of = collections.defaultdict(Lock); use(of['a'])", 'app.of["a"]'),
    "append": ("many = []; many.append(Lock()); use(*many)", "app.many"),
    "keyword": ("thing = types.SimpleNamespace(lock=Lock()); use(thing.lock)", "app.thing.lock"),
    "keyword of a dict": ("of = dict(a=Lock()); use(of['a'])", 'app.of["a"]'),
    "default": ("def f(lock=Lock(), *, other=Lock()): use(lock, other)\nf()", "app.f.lock", "app.f.other"),
    "class": (
        "class A:\n    shared = Lock()\n    def __init__(self):\n        self.own, self.__private = RLock(), Lock()\n"
        "        self.of = {'a': Lock()}\n        use(self.own, self.__private, self.of['a'])\nuse(A.shared); A(); A()",
        *("A.shared", "A.own", "A.__private", 'A.of["a"]', "A.own #2", "A.__private #2", 'A.of["a"] #2'),
    ),
    "class method": (
        "class A:\n    @classmethod\n    def make(cls):\n        cls.late = Lock()\n        use(cls.late)\nA.make()",
        "A.late",
    ),
    "inherited": (
        "class A:\n    def __init__(self): self.own = Lock()\nclass B(A): pass\nuse(B().own)",
        "A.own",
    ),
    "lazy property": (
        "class A:\n    @functools.cached_property\n    def lock(self): return Lock()\nuse(A().lock)",
        "A.lock",
    ),
    "dataclass": (
        "@dataclasses.dataclass\nclass A:\n    n: int = 0\n"
        "    lock: object = dataclasses.field(default_factory=Lock)\n"
        "    other: object = dataclasses.field(default_factory=lambda: Lock())\n"
        "    last: object = dataclasses.field(default_factory=RLock)\n"
        "a = A(); b = A(); use(a.lock, a.other, a.last, b.lock)",
        *("A.lock", "A.other", "A.last", "A.lock #2"),
    ),
    "slots": ("class A:\n    __slots__ = 'lock'\na = A(); a.lock = Lock(); use(a.lock)", "app.a.lock"),
    "local": ("def f():\n    mine = Lock()\n    use(mine)\nf()", "f.mine"),
    "global": ("def f():\n    global everybodys\n    everybodys = Lock()\n    use(everybodys)\nf()", "app.everybodys"),
    "closure": (
        "def f():\n    lock = Lock()\n    def g():\n        nonlocal lock\n        lock = Lock()\n        use(lock)\n"
        "    use(lock)\n    g()\nf()",
        *("f.lock", "f.lock"),
    ),
    "condition": (
        "class A:\n    def __init__(self):\n        self.changed, self.over = Condition(), Condition(lock=Lock())\n"
        "a = A(); use(a.changed, a.over)",
        *("A.changed", "A.over"),
    ),
    "indented": (
        "if True:\n    try:\n        a = Lock()\n    finally:\n        b = Lock()\n    use(a, b)",
        "app.a",
        "app.b",
    ),
    "in a string": ("exec('a = Lock(); use(a)')", "__main__.a"),
    "nameless": ("use(Lock())\ndef fresh(): return Lock()\nuse(fresh())", "app lock", "fresh lock"),
    "hostile": (
        "locks['\\x1b[31m'] = Lock(); locks['" + "x" * 99 + "'] = Lock(); use(*locks.values())",
        *('app.locks["\\u001b[31m"]', 'app.locks["' + "x" * 28 + "…]"),
    ),
}


def _names(found: Recorded) -> list[str]:
    return [row.what for row in found.of(Kind.SECTION)]


def test_every_shape_has_its_name(tmp_path: Path) -> None:
    wrong = {}
    for title, (code, *names) in SHAPES.items():
        folder = tmp_path / title.replace(" ", "-")
        folder.mkdir()
        found = _names(record(folder, AROUND + code + "\n"))
        if found != names:
            wrong[title] = found
    assert not wrong


@pytest.mark.parametrize("gone", ["removed", "changed", "no positions"])
def test_without_the_source_the_code_tells(gone: str, tmp_path: Path) -> None:
    code = textwrap.dedent("""
        class A:
            def __init__(self):
                self.own, self.flag = (Lock() if len(sys.argv) else None), 1
        import os
        if os.environ["GONE"] == "removed":
            os.unlink(__file__)
        elif os.environ["GONE"] == "changed":
            open(__file__, "w").write("x = 1\\n" * 100)
        mine = Lock()
        use(A().own, mine)
        """)
    options = ["-X", "no_debug_ranges"] if gone == "no positions" else []
    done = run(tmp_path / "t", AROUND + code, *options, variables={"GONE": gone})
    assert (done.returncode, done.stderr) == (0, "")
    assert _names(load_trace(tmp_path / "t")) == ["A.own", "app.mine"]


def test_locks_of_libraries_are_called_after_what_they_belong_to(tmp_path: Path) -> None:
    code = """
class A:
    def __init__(self):
        self.jobs = queue.LifoQueue()
        self.ready = threading.Event()
import logging
a = A()
handler = logging.StreamHandler()
a.jobs.put(1)
a.ready.set()
use(handler.lock)
logging.Handler.acquire(logging._StderrHandler(10))
"""
    names = _names(record(tmp_path, AROUND + code, all_locks=True))
    expected = ["A.jobs.mutex", "A.ready.lock", "app.handler.lock"]
    assert [*dict.fromkeys(name for name in names if name.partition(".")[0] in ("A", "app"))] == expected
    assert not any(name.endswith(" lock") for name in names), names


def test_a_lock_keeps_its_name_over_garbage_collections_and_forks(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        AROUND
        + """
import gc, os
shared = Lock()
use(shared)
for _ in range(3):
    short = Lock()
    use(short)
    del short
    gc.collect()
if os.fork() == 0:
    use(shared)
    sys.exit()
os.wait()
use(shared)
""",
    )
    of_process: dict[int, list[str]] = {}
    for row in found.of(Kind.SECTION):
        of_process.setdefault(row.process, []).append(row.what)
    assert sorted(of_process.values()) == [
        ["app.shared"],
        ["app.shared", "app.short", "app.short #2", "app.short #3", "app.shared"],
    ]
