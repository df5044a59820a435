"""Small programs of the kind that people write, and what is true of them, by reasoning: title, verdict, source.

The verdict is ``fails``, ``holds``, or ``said``: that it holds is not so, and what it depends on is named.
"""

from __future__ import annotations

PROGRAMS: list[tuple[str, str, str]] = [
    (
        "generator next shared",
        "fails",
        """
def ids():
    n = 0
    while True:
        n += 1
        yield n
gen, seen = ids(), []
def act(): seen.append(next(gen))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: sorted(seen) == [1, 2])
""",
    ),
    (
        "generator next locked",
        "holds",
        """
def ids():
    n = 0
    while True:
        n += 1
        yield n
gen, seen, lock = ids(), [], threading.Lock()
def act():
    with lock: seen.append(next(gen))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: sorted(seen) == [1, 2])
""",
    ),
    (
        "itertools.count",
        "holds",
        """
import itertools
ids, seen = itertools.count(), []
def act(): seen.append(next(ids))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: sorted(seen) == [0, 1])
""",
    ),
    (
        "itertools.count order",
        "fails",
        """
import itertools
ids, seen = itertools.count(), {}
def first(): seen["a"] = next(ids)
def second(): seen["b"] = next(ids)
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: seen['a'] == 0)
""",
    ),
    (
        "closure nonlocal",
        "fails",
        """
def make():
    n = 0
    def act():
        nonlocal n
        n += 1
    def get(): return n
    return act, get
act, get = make()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: get() == 2)
""",
    ),
    (
        "closure nonlocal locked",
        "holds",
        """
def make():
    n, lock = 0, threading.Lock()
    def act():
        nonlocal n
        with lock: n += 1
    def get(): return n
    return act, get
act, get = make()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: get() == 2)
""",
    ),
    (
        "class attribute",
        "fails",
        """
class Hits:
    total = 0
    @classmethod
    def hit(cls): cls.total += 1
act = lambda: Hits.hit()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: Hits.total == 2)
""",
    ),
    (
        "global",
        "fails",
        """
total = 0
def act():
    global total
    total += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: total == 2)
""",
    ),
    (
        "global via other name",
        "fails",
        """
total = 0
def bump(by):
    global total
    old = total
    total = old + by
def act(): bump(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: total == 2)
""",
    ),
    (
        "setdefault ok",
        "holds",
        """
d = {}
def act(): d.setdefault("k", []).append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: d['k'] == [1, 1])
""",
    ),
    (
        "get then set",
        "fails",
        """
d = {}
def act():
    if "k" not in d: d["k"] = []
    d["k"].append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: d['k'] == [1, 1])
""",
    ),
    (
        "list pop if any",
        "fails",
        """
jobs = [1]
def act():
    if jobs: jobs.pop()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "list pop try",
        "holds",
        """
jobs, got = [1], []
def act():
    try: got.append(jobs.pop())
    except IndexError: pass
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: got == [1])
""",
    ),
    (
        "lru_cache calls twice",
        "said",
        """
import functools
calls = []
@functools.lru_cache
def load():
    calls.append(1)
    return object()
def act(): load()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(calls) == 1)
""",
    ),
    (
        "lru_cache locked",
        "holds",
        """
import functools
calls, lock = [], threading.Lock()
@functools.lru_cache
def load():
    calls.append(1)
    return object()
def act():
    with lock: load()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(calls) == 1)
""",
    ),
    (
        "cached_property computed twice",
        "said",
        """
import functools
class Shop:
    made = 0
    @functools.cached_property
    def config(self):
        n = self.made
        self.made = n + 1
        return n
shop = Shop()
def act(): shop.config
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: shop.made == 1)
""",
    ),
    (
        "contextvar own",
        "holds",
        """
import contextvars
v, seen = contextvars.ContextVar("v", default=0), []
def act():
    v.set(v.get() + 1)
    seen.append(v.get())
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: seen == [1, 1])
""",
    ),
    (
        "contextvar mutable",
        "said",
        """
import contextvars
v, seen = contextvars.ContextVar("v", default=[]), []
def act():
    v.get().append(1)
    seen.append(len(v.get()))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: sorted(seen) == [1, 2])
""",
    ),
    (
        "dict of lists",
        "fails",
        """
carts = {"u": []}
def act():
    items = carts["u"]
    carts["u"] = items + [1]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(carts['u']) == 2)
""",
    ),
    (
        "property",
        "fails",
        """
class A:
    def __init__(self): self._v = 0
    @property
    def v(self): return self._v
    @v.setter
    def v(self, x): self._v = x
a = A()
def act(): a.v += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.v == 2)
""",
    ),
    (
        "slots",
        "fails",
        """
class A:
    __slots__ = ("v",)
a = A(); a.v = 0
def act(): a.v += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.v == 2)
""",
    ),
    (
        "dataclass",
        "fails",
        """
from dataclasses import dataclass, field
@dataclass
class A:
    v: int = 0
    log: list = field(default_factory=list)
a = A()
def act():
    a.v += 1
    a.log.append(a.v)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.v == 2)
""",
    ),
    (
        "deque popleft",
        "fails",
        """
from collections import deque
q = deque([1])
def act():
    if len(q) > 0: q.popleft()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "counter +=",
        "fails",
        """
from collections import Counter
c = Counter()
def act(): c["x"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: c['x'] == 2)
""",
    ),
    (
        "string building",
        "fails",
        """
class L: text = ""
def act(): L.text += "x"
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: L.text == 'xx')
""",
    ),
    (
        "pool inside a view",
        "fails",
        """
def create_app():
    app = Flask("x")

    stock = {"n": 2}
    def take():
        n = stock["n"]
        stock["n"] = n - 1
    @app.post("/")
    def go():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: take(), range(2)))
        return str(stock["n"])
    app.stock = stock
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/")},
                    check=lambda outcome: outcome.app.stock["n"] == 0)
""",
    ),
    (
        "pool inside a view locked",
        "holds",
        """
def create_app():
    app = Flask("x")

    stock, lock = {"n": 2}, threading.Lock()
    def take():
        with lock:
            n = stock["n"]
            stock["n"] = n - 1
    @app.post("/")
    def go():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: take(), range(2)))
        return str(stock["n"])
    app.stock = stock
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/")},
                    check=lambda outcome: outcome.app.stock["n"] == 0)
""",
    ),
    (
        "condition predicate while",
        "holds",
        """
c, box = threading.Condition(), []
def first():
    with c:
        while not box: c.wait()
        box.pop()
def second():
    with c:
        box.append(1); c.notify()
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: box == [])
""",
    ),
    (
        "condition if, lost wakeup",
        "fails",
        """
c, box = threading.Condition(), []
def first():
    if not box:
        with c: c.wait()
def second():
    box.append(1)
    with c: c.notify()
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "event latch",
        "holds",
        """
e, out = threading.Event(), {}
def first():
    e.wait(); out["b"] = out["a"]
def second():
    out["a"] = 1; e.set()
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out['b'] == 1)
""",
    ),
    (
        "event latch set too early",
        "fails",
        """
e, out = threading.Event(), {}
def first():
    e.wait(); out["b"] = out["a"]
def second():
    e.set(); out["a"] = 1
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "semaphore 1",
        "holds",
        """
s, a = threading.Semaphore(1), {"n": 0}
def act():
    with s: a["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "semaphore 2",
        "fails",
        """
s, a = threading.Semaphore(2), {"n": 0}
def act():
    with s: a["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "bounded semaphore released too much",
        "fails",
        """
s = threading.BoundedSemaphore(1)
def first():
    with s: pass
def second(): s.release()
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "lock timeout ignored",
        "said",
        """
l, a = threading.Lock(), {"n": 0}
def act():
    l.acquire(timeout=1)
    n = a["n"]; time.sleep(5); a["n"] = n + 1
    if l.locked(): l.release()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "lock timeout respected",
        "holds",
        """
l, a = threading.Lock(), {"n": 0, "no": 0}
def act():
    if l.acquire(timeout=1):
        try: a["n"] += 1
        finally: l.release()
    else: a["no"] = 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "lazy singleton",
        "fails",
        """
class Conn: made = 0
conn = None
def get():
    global conn
    if conn is None:
        Conn.made += 1
        conn = object()
    return conn
def act(): get()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: Conn.made == 1)
""",
    ),
    (
        "double-checked locking",
        "holds",
        """
class Conn: made = 0
conn, lock = None, threading.Lock()
def act():
    global conn
    if conn is None:
        with lock:
            if conn is None:
                Conn.made += 1
                conn = object()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: Conn.made == 1)
""",
    ),
    (
        "double-checked published early",
        "fails",
        """
conf, lock = None, threading.Lock()
def get():
    global conf
    if conf is None:
        with lock:
            if conf is None:
                conf = {}
                conf["a"] = 1
    return conf["a"]
def act(): get()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "threading.local",
        "holds",
        """
t, out = threading.local(), []
def act():
    t.n = getattr(t, "n", 0) + 1
    out.append(t.n)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: out == [1, 1])
""",
    ),
    (
        "per-key locks made unsafely",
        "fails",
        """
locks, a = {}, {"n": 0}
def act():
    if "k" not in locks: locks["k"] = threading.Lock()
    with locks["k"]: a["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "per-key locks setdefault",
        "holds",
        """
locks, a = {}, {"n": 0}
def act():
    with locks.setdefault("k", threading.Lock()): a["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "rlock recursion",
        "holds",
        """
r, a = threading.RLock(), {"n": 0}
def inner():
    with r: a["n"] += 1
def act():
    with r:
        n = a["n"]
        inner()
        assert a["n"] == n + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "lock recursion",
        "fails",
        """
r, a = threading.Lock(), {"n": 0}
def inner():
    with r: a["n"] += 1
def act():
    with r: inner()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "wait for futures",
        "fails",
        """
from concurrent.futures import wait
pool, a = ThreadPoolExecutor(4), {"n": 0}
def work():
    n = a["n"]; a["n"] = n + 1
def act(): wait([pool.submit(work)])
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "wait for futures, one thread",
        "holds",
        """
from concurrent.futures import wait
pool, a = ThreadPoolExecutor(1), {"n": 0}
def work():
    n = a["n"]; a["n"] = n + 1
def act(): wait([pool.submit(work)])
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "iterate while inserting",
        "fails",
        """
d = {"a": 1}
def first():
    for k in d: time.sleep(0)
def second(): d["b"] = 1
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "iterate over a copy",
        "holds",
        """
d = {"a": 1}
def first():
    for k in list(d): time.sleep(0)
def second(): d["b"] = 1
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "tuple swap unpack",
        "fails",
        """
class S: a, b = 1, 2
def act(): S.a, S.b = S.b, S.a
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: (S.a, S.b) == (1, 2))
""",
    ),
    (
        "method alias",
        "fails",
        """
jobs = [1]
pop = jobs.pop
def act():
    if jobs: pop()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "getattr/setattr",
        "fails",
        """
class A: n = 0
a = A()
def act(): setattr(a, "n", getattr(a, "n") + 1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "__dict__ update",
        "said",
        """
class A: pass
a = A(); a.n = 0
def act():
    n = vars(a)["n"]
    a.__dict__.update(n=n + 1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "globals()",
        "said",
        """
total = 0
def act(): globals()["total"] = globals()["total"] + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: total == 2)
""",
    ),
    (
        "list index assign",
        "fails",
        """
v = [0]
def act(): v[0] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: v[0] == 2)
""",
    ),
    (
        "list +=",
        "holds",
        """
v = []
def act():
    global v
    v += [1]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(v) == 2)
""",
    ),
    (
        "list + assign",
        "fails",
        """
v = []
def act():
    global v
    v = v + [1]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(v) == 2)
""",
    ),
    (
        "set add check",
        "fails",
        """
seen, ran = set(), []
def act():
    if "k" in seen: return
    seen.add("k"); ran.append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(ran) == 1)
""",
    ),
    (
        "dict pop claim",
        "holds",
        """
todo, ran = {"k": 1}, []
def act():
    if todo.pop("k", None): ran.append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(ran) == 1)
""",
    ),
    (
        "comprehension over shared",
        "fails",
        """
rows = [1, 2]
def first():
    global rows
    rows = [r for r in rows if r != 1]
def second():
    global rows
    rows = [r for r in rows if r != 2]
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: rows == [])
""",
    ),
    (
        "default argument",
        "fails",
        """
seen = []
def act(cache=[]):
    if not cache: cache.append(len(seen)); seen.append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(seen) == 1)
""",
    ),
    (
        "dict |=",
        "fails",
        """
class S: d = {}
def first(): S.d = S.d | {"a": 1}
def second(): S.d = S.d | {"b": 1}
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: len(S.d) == 2)
""",
    ),
    (
        "match on shared",
        "fails",
        """
class S: state = "new"
ran = []
def act():
    match S.state:
        case "new":
            S.state = "done"; ran.append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(ran) == 1)
""",
    ),
    (
        "while flag",
        "holds",
        """
class S: ready = False
def first():
    while not S.ready: time.sleep(0.1)
def second(): S.ready = True
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: True)
""",
    ),
    (
        "heapq",
        "fails",
        """
import heapq
h = [1]
def act():
    if h: heapq.heappop(h)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "queue get_nowait after empty()",
        "fails",
        """
q = queue.Queue(); q.put(1)
def act():
    if not q.empty(): q.get_nowait()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "queue get blocks for ever",
        "fails",
        """
q = queue.Queue(); q.put(1)
def act():
    if not q.empty(): q.get()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "weakref dict",
        "fails",
        """
import weakref
class V: pass
keep = V()
w = weakref.WeakValueDictionary()
made = []
def act():
    v = w.get("k")
    if v is None:
        made.append(1)
        w["k"] = keep
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(made) == 1)
""",
    ),
    (
        "chainmap",
        "fails",
        """
from collections import ChainMap
c = ChainMap({}, {"n": 0})
def act(): c["n"] = c["n"] + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: c['n'] == 2)
""",
    ),
    (
        "userdict",
        "fails",
        """
from collections import UserDict
c = UserDict(n=0)
def act(): c["n"] = c["n"] + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: c['n'] == 2)
""",
    ),
    (
        "simplenamespace",
        "fails",
        """
from types import SimpleNamespace
c = SimpleNamespace(n=0)
def act(): c.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: c.n == 2)
""",
    ),
    (
        "enum member attr",
        "fails",
        """
import enum
class E(enum.Enum):
    A = 1
E.A.n = 0
def act(): E.A.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: E.A.n == 2)
""",
    ),
    (
        "app.config counter",
        "fails",
        """
def create_app():
    app = Flask("x")

    app.config["n"] = 0
    @app.post("/")
    def go():
        app.config["n"] += 1
        return ""
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/"), "b": post("/")},
                    check=lambda outcome: outcome.app.config["n"] == 2)
""",
    ),
    (
        "app.extensions via current_app",
        "fails",
        """
def create_app():
    app = Flask("x")

    from flask import current_app
    app.extensions["hits"] = {"n": 0}
    @app.post("/")
    def go():
        current_app.extensions["hits"]["n"] += 1
        return ""
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/"), "b": post("/")},
                    check=lambda outcome: outcome.app.extensions["hits"]["n"] == 2)
""",
    ),
    (
        "before_request global user",
        "fails",
        """
def create_app():
    app = Flask("x")

    state = {}
    @app.before_request
    def who(): state["user"] = request.path
    @app.get("/<name>")
    def me(name): return state["user"]
    return app
SCENARIO = Scenario("x", create_app, {"a": get("/a"), "b": get("/b")},
                    check=lambda outcome: all(outcome.responses[n].body == "/" + n for n in "ab"))
""",
    ),
    (
        "g user",
        "holds",
        """
def create_app():
    app = Flask("x")

    @app.before_request
    def who(): g.user = request.path
    @app.get("/<name>")
    def me(name): return g.user
    return app
SCENARIO = Scenario("x", create_app, {"a": get("/a"), "b": get("/b")},
                    check=lambda outcome: all(outcome.responses[n].body == "/" + n for n in "ab"))
""",
    ),
    (
        "streamed response reads late",
        "fails",
        """
def create_app():
    app = Flask("x")

    rows = [1, 2]
    @app.get("/rows")
    def stream():
        def gen():
            for r in rows: yield str(r)
        return gen()
    @app.post("/clear")
    def clear():
        rows.clear(); return ""

    return app
SCENARIO = Scenario("x", create_app, {"a": get("/rows"), "b": post("/clear")},
                    check=lambda outcome: outcome.responses["a"].body in ("12", ""))
""",
    ),
    (
        "method view class attr",
        "fails",
        """
def create_app():
    app = Flask("x")

    from flask.views import MethodView
    class V(MethodView):
        init_every_request = False
        n = 0
        def post(self):
            self.n += 1
            return str(self.n)
    app.add_url_rule("/", view_func=V.as_view("v"))
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/"), "b": post("/")},
                    check=lambda outcome: sorted(r.body for r in outcome.responses.values()) == ["1", "2"])
""",
    ),
    (
        "function attribute",
        "fails",
        """
def act(): act.n += 1
act.n = 0
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: act.n == 2)
""",
    ),
    (
        "module attribute",
        "fails",
        """
import types
state = types.ModuleType("state"); state.n = 0
def act(): state.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: state.n == 2)
""",
    ),
    (
        "type(self).n",
        "fails",
        """
class A:
    n = 0
    def hit(self): type(self).n += 1
a = A()
def act(): a.hit()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: A.n == 2)
""",
    ),
    (
        "self.__class__.n",
        "fails",
        """
class A:
    n = 0
    def hit(self): self.__class__.n += 1
a = A()
def act(): a.hit()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: A.n == 2)
""",
    ),
    (
        "array",
        "fails",
        """
import array
a = array.array("i", [0])
def act(): a[0] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a[0] == 2)
""",
    ),
    (
        "exception attribute",
        "fails",
        """
class E(Exception): pass
e = E(); e.n = 0
def act(): e.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: e.n == 2)
""",
    ),
    (
        "slots dataclass",
        "fails",
        """
from dataclasses import dataclass
@dataclass(slots=True)
class A:
    n: int = 0
a = A()
def act(): a.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "abc generic",
        "fails",
        """
import abc, typing
T = typing.TypeVar("T")
class B(abc.ABC, typing.Generic[T]):
    n = 0
    @abc.abstractmethod
    def x(self): ...
class A(B[int]):
    def x(self): self.n += 1
a = A()
def act(): a.x()
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "own __getattr__",
        "fails",
        """
class A:
    def __init__(self): self.__dict__["d"] = {"n": 0}
    def __getattr__(self, k): return self.d[k]
    def __setattr__(self, k, v): self.d[k] = v
a = A()
def act(): a.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "own __getitem__",
        "fails",
        """
class A:
    def __init__(self): self.d = {"n": 0}
    def __getitem__(self, k): return self.d[k]
    def __setitem__(self, k, v): self.d[k] = v
a = A()
def act(): a["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "dict subclass own getitem",
        "fails",
        """
class D(dict):
    def __getitem__(self, k): return super().__getitem__(k)
a = D(n=0)
def act(): a["n"] = a["n"] + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a['n'] == 2)
""",
    ),
    (
        "descriptor",
        "said",
        """
class F:
    def __get__(self, o, t): return o.__dict__["n"]
    def __set__(self, o, v): o.__dict__["n"] = v
class A: n = F()
a = A(); a.n = 0
def act(): a.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "passed object",
        "fails",
        """
class A: n = 0
a = A()
def bump(x): x.n += 1
def act(): bump(a)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: a.n == 2)
""",
    ),
    (
        "list of objects",
        "fails",
        """
class A: n = 0
rows = [A() for _ in range(3)]
def act():
    for r in rows: r.n += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: all(r.n == 2 for r in rows))
""",
    ),
    (
        "star args",
        "fails",
        """
d = {"n": 0}
def bump(*a, **k): k["d"]["n"] += 1
def act(): bump(d=d)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: d['n'] == 2)
""",
    ),
    (
        "unpacking items",
        "fails",
        """
pair = [0, 0]
def act():
    global pair
    a, b = pair
    pair = [a + 1, b + 1]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: pair == [2, 2])
""",
    ),
    (
        "unpack list in place",
        "fails",
        """
pair = [0]
def act():
    [a] = pair
    pair[:] = [a + 1]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: pair == [2])
""",
    ),
    (
        "unpack list, no read of the item",
        "fails",
        """
pair = [0]
def act():
    a, = pair
    pair[0] = a + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: pair == [2])
""",
    ),
    (
        "print f-string of shared",
        "fails",
        """
class S: a = 0; b = 0
out = []
def first(): S.a = 1; S.b = 1
def second(): out.append(f"{S.a}{S.b}")
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out[0] in ('00', '11'))
""",
    ),
    (
        "star list",
        "fails",
        """
rows = [1]
out = []
def first(): rows.append(2)
def second(): out.extend([*rows, len(rows)])
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out in ([1, 1], [1, 2, 2]))
""",
    ),
    (
        "dict star merge",
        "fails",
        """
d = {"a": 1}; out = []
def first(): d["b"] = 2
def second():
    x = {**d}; out.append(len(x) == len(d))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "star call args",
        "fails",
        """
d = [1]; out = []
def f(*a): return len(a)
def first(): d.append(2)
def second():
    n = f(*d); out.append(n == len(d))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "comparison of lists",
        "fails",
        """
d = [1]; out = []
def first(): d.append(2)
def second():
    same = d == [1]; out.append(same == (len(d) == 1))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "list concat",
        "fails",
        """
d = [1]; out = []
def first(): d.append(2)
def second():
    x = d + []; out.append(len(x) == len(d))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "yield from shared list",
        "fails",
        """
d = [1]; out = []
def g(): yield from d
def first(): d.append(2)
def second():
    n = sum(1 for _ in g()); out.append(n == len(d))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "join of list",
        "fails",
        """
d = ["a"]; out = []
def first(): d.append("b")
def second():
    x = "".join(d); out.append(len(x) == len(d))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "del item check",
        "fails",
        """
d = {"k": 1}
def act():
    if "k" in d: del d["k"]
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "try/except KeyError",
        "fails",
        """
d = {}; made = []
def act():
    try: d["k"]
    except KeyError:
        made.append(1); d["k"] = 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: made == [1])
""",
    ),
    (
        "any(x for x in shared)",
        "fails",
        """
d = []; ran = []
def act():
    if not any(x == 1 for x in d):
        d.append(1); ran.append(1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: ran == [1])
""",
    ),
    (
        "max over shared",
        "fails",
        """
ids = [0]
def act(): ids.append(max(ids) + 1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: ids == [0, 1, 2])
""",
    ),
    (
        "len as id",
        "fails",
        """
ids = []
def act(): ids.append(len(ids))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: ids == [0, 1])
""",
    ),
    (
        "str format %",
        "holds",
        """
ids = []; lock = threading.Lock()
def act():
    with lock: ids.append("%d" % len(ids))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: ids == ['0', '1'])
""",
    ),
    (
        "datetime stamp",
        "holds",
        """
import datetime
seen = []
def act(): seen.append(datetime.datetime.now())
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(seen) == 2)
""",
    ),
    (
        "itemgetter",
        "fails",
        """
import operator
d = {"n": 0}; get = operator.itemgetter("n")
def act():
    n = get(d); d["n"] = n + 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: d['n'] == 2)
""",
    ),
    (
        "sorted copy swap",
        "fails",
        """
rows = [2, 1]
def act():
    global rows
    rows = sorted(rows + [len(rows)])
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: len(rows) == 4)
""",
    ),
    (
        "shared iterator for",
        "fails",
        """
src = iter([1, 2, 3]); got = []
def act():
    for x in src:
        got.append(x); break
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: got == [1, 2])
""",
    ),
    (
        "shared generator for",
        "fails",
        """
def rows():
    for x in (1, 2, 3): yield x
src = rows(); got = []
def act():
    for x in src:
        got.append(x); break
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: True)
""",
    ),
    (
        "zip(shared)",
        "fails",
        """
a, b = [1], [1]; out = []
def first(): a.append(2); b.append(2)
def second(): out.append(len(a) == len(b))
SCENARIO = Scenario("x", None, {"alice": first, "bob": second},
                    check=lambda outcome: out == [True])
""",
    ),
    (
        "cachetools-like MutableMapping",
        "fails",
        """
from collections import UserDict
c = UserDict(); made = []
def act():
    if "k" not in c:
        made.append(1); c["k"] = 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: made == [1])
""",
    ),
    (
        "os.environ",
        "fails",
        """
import os
os.environ["WX"] = "0"
def act(): os.environ["WX"] = str(int(os.environ["WX"]) + 1)
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: os.environ['WX'] == '2')
""",
    ),
    (
        "file append read",
        "said",
        """
from weft.stage import folder
def setup(app=None): (folder() / "n").write_text("0")
def act():
    f = folder() / "n"
    n = int(f.read_text()); f.write_text(str(n + 1))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, setup=setup,
                    check=lambda outcome: (folder() / 'n').read_text() == '2')
""",
    ),
]
