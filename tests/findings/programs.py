"""Programs with known truth: what each has planted is what is to be found in its trace, and nothing else.

Every program is run by the real recorder with real threads. Waits for each other are made certain by events and
barriers; sleeps stand for work. ``clean`` programs look suspicious and are not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from support.interpreter import GIL

from .scripts import greedy, queue

HEAD = """
import queue, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

def start(work, *arguments, daemon=True):
    thread = threading.Thread(target=work, args=arguments, name=getattr(work, "__name__", "work"), daemon=daemon)
    thread.start()
    return thread

def work(seconds):
    time.sleep(seconds)
"""


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        name: for people.
        code: what to run.
        planted: kinds of findings, each of which must be found; several of one kind as often as they are named.
        hangs: it never ends, and is killed when all has been found.
        allowed: kinds that may be found too, because what is planted brings them about.
        script: the records themselves, where threads cannot be made to do it for certain.
    """

    name: str
    code: str
    planted: tuple[str, ...] = ()
    hangs: bool = False
    allowed: frozenset[str] = field(default_factory=frozenset)
    script: str = ""

    @property
    def text(self) -> str:
        return HEAD + self.code


def ring(size: int, kinds: list[str], bystanders: int, *, partial: bool) -> str:
    """Threads that hold a lock each and want the next one's."""
    made = "\n".join(f"lock_{at} = threading.{kind}()" for at, kind in enumerate(kinds))
    locks = ", ".join(f"lock_{at}" for at in range(size))
    rest = """
def bystander():
    while True:
        with other:
            work(0.002)
        work(0.002)
"""
    return f"""
{made}
other = threading.Lock()
locks = [{locks}]
all_have_one = threading.Barrier({size})

def taker(at):
    with locks[at]:
        all_have_one.wait()
        with locks[(at + 1) % {size}]:
            print("never")
{rest}
for _ in range({bystanders}):
    start(bystander)
threads = [start(taker, at) for at in range({size})]
{"while True: work(0.01)" if partial else "for thread in threads: thread.join()"}
"""


SELF = """
lock = threading.Lock()

def twice():
    with lock:
        with lock:
            print("never")

start(twice).join()
"""

JOIN = """
lock = threading.Lock()

def child():
    with lock:
        print("never")

with lock:
    start(child).join()
"""

JOIN_RING = """
threads = {}
ready = threading.Barrier(3)

def joins(other):
    ready.wait()
    threads[other].join()

threads["a"], threads["b"] = (threading.Thread(target=joins, args=(other,)) for other in "ba")
threads["a"].start(), threads["b"].start()
ready.wait()
while True: work(0.01)
"""

BY_SIGNAL = """
lock = threading.Lock()
taken = threading.Event()
{made}

def waiter():
    with lock:
        taken.set()
        {wait}

def waker():
    taken.wait()
    with lock:
        {wake}

threads = [start(waiter), start(waker)]
for thread in threads:
    thread.join()
"""

SIGNALS = {
    "event": ("signal = threading.Event()", "signal.wait()", "signal.set()"),
    "queue-get": ("jobs = queue.Queue()", "jobs.get()", "jobs.put(1)"),
    "queue-put": ("jobs = queue.Queue(1)\njobs.put(0)", "jobs.put(1)", "jobs.get()"),
    "queue-join": ("jobs = queue.Queue()\njobs.put(0)", "jobs.join()", "jobs.task_done()"),
    "barrier": ("both = threading.Barrier(2)", "both.wait()", "both.wait()"),
    "semaphore": ("slots = threading.Semaphore(0)", "slots.acquire()", "slots.release()"),
    "condition": (
        "changed = threading.Condition()",
        "with changed: changed.wait()",
        "\n        with changed: changed.notify()",
    ),
}

SEMAPHORES = """
left, right = threading.BoundedSemaphore(1), threading.BoundedSemaphore(1)
both = threading.Barrier(2)

def one():
    with left:
        both.wait()
        with right: print("never")

def other():
    with right:
        both.wait()
        with left: print("never")

threads = [start(one), start(other)]
while True: work(0.01)
"""

FUTURE = """
pool = ThreadPoolExecutor(1)

def inner():
    return 1

def outer():
    return pool.submit(inner).result()

pool.submit(outer).result()
"""

FUTURE_LOCK = """
pool = ThreadPoolExecutor(2)
lock = threading.Lock()

def needs_lock():
    with lock: return 1

with lock:
    pool.submit(needs_lock).result()
"""

JOINED_WAITER = """
stop = threading.Event()

def worker():
    stop.wait()

start(worker).join()
stop.set()
"""

INVERSION = """
{made}
turn = threading.Event()
alive = threading.Barrier({threads})

def forth():
    alive.wait()
    {forth}
    turn.set()

def back():
    alive.wait()
    turn.wait()
    {back}

def third():
    alive.wait()
    turn.wait()
    {third}

threads = [start(each) for each in (forth, back, third)[:{threads}]]
for thread in threads: thread.join()
"""

AB = "a, b = threading.Lock(), threading.RLock()"
ACCOUNTS = """
class Account:
    def __init__(self):
        self.lock = threading.Lock()

one, two = Account(), Account()
"""


def inversion(made: str, forth: str, back: str, third: str = "") -> str:
    return INVERSION.format(made=made, forth=forth, back=back, third=third or "pass", threads=3 if third else 2)


SEQUENTIAL = """
a, b = threading.Lock(), threading.Lock()

with a:
    with b: work(0.01)

def later():
    for _ in range(5):
        with b:
            with a: work(0.001)

start(later).join()
"""

CONVOY = """
lock = threading.Lock()
until = time.monotonic() + 1.2

def worker():
    while time.monotonic() < until:
        with lock: work(0.004)
        work(0.0005)

threads = [start(worker) for _ in range({threads})]
for thread in threads: thread.join()
"""

STARVATION = """
import os
lock, starved, passes = threading.Lock(), threading.Event(), [0]

def greedy():
    while not starved.is_set():
        for _ in range(60):
            with lock:  # again at once, before who was woken can run
                work(0.008)
                passes[0] += 1
        work(0.02)

def victim():
    if hasattr(os, "SCHED_BATCH"):  # being woken, it does not push others aside; else it is only likely to starve
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))
    patience = time.monotonic() + 12
    while not starved.is_set():
        began, before = time.monotonic(), passes[0]
        with lock:
            if time.monotonic() - began > 0.22 and passes[0] - before > 22 or began > patience:
                starved.set()

threads = [start(greedy), start(victim)]
for thread in threads: thread.join()
"""
LONG_HOLD = """
lock = threading.Lock()
inside = threading.Event()

def slow():
    with lock:
        inside.set()
        work(0.5)

def quick():
    inside.wait()
    with lock: pass

threads = [start(slow), *(start(quick) for _ in range({waiters}))]
for thread in threads: thread.join()
"""

SOCKET_HOLD = """
import socket
lock = threading.Lock()
inside = threading.Event()
near, far = socket.socketpair()
reader = near.makefile("rb")

def fetch():
    with lock:
        inside.set()
        reader.readline()

def quick():
    inside.wait()
    work(0.05)
    with lock: pass

def answer():
    inside.wait()
    work(0.15)
    far.sendall(b"hello\\n")

threads = [start(fetch), start(quick), start(answer)]
for thread in threads: thread.join()
reader.close()
"""

EVENT_HOLD = """
lock = threading.Lock()
inside, done = threading.Event(), threading.Event()

def careless():
    with lock:
        inside.set()
        done.wait()

def quick():
    inside.wait()
    with lock: pass

def other():
    inside.wait()
    work(0.15)
    done.set()

threads = [start(careless), start(quick), start(other)]
for thread in threads: thread.join()
"""

THREAD_END = """
lock = threading.Lock()

def forgets():
    lock.acquire()

start(forgets).join()

def wants():
    with lock: print("never")

start(wants)
while True: work(0.01)
"""

LOST_WAKEUP = """
changed = threading.Condition()
ready = False
looked, told = threading.Event(), threading.Event()

def consumer():
    if not ready:
        looked.set()
        told.wait()
        with changed:
            changed.wait({timeout})

def producer():
    global ready
    looked.wait()
    with changed:
        ready = True
        changed.notify()
    told.set()

threads = [start(consumer), start(producer)]
for thread in threads: thread.join()
"""

FLASK = """
from flask import Flask
app = Flask("shop")

def ask(path):
    with app.test_client() as client:
        assert client.get(path).status_code == 200
"""

BLAME = """
stock, inside = threading.Lock(), threading.Event()

@app.get("/report")
def report():
    with stock:
        inside.set()
        work(0.15)
    return "report"

@app.get("/checkout")
def checkout():
    with stock: return "done"

def customer():
    inside.wait()
    ask("/checkout")

threads = [start(ask, "/report"), start(customer)]
for thread in threads: thread.join()
"""

ASYNC_VIEW = """
stock, inside = threading.Lock(), threading.Event()

@app.get("/report")
def report():
    with stock:
        inside.set()
        work(0.5)  # the first async view of a process takes a while to begin
    return "report"

@app.get("/checkout")
async def checkout():
    with stock: return "done"

def customer():
    inside.wait()
    ask("/checkout")

threads = [start(ask, "/report"), start(customer)]
for thread in threads: thread.join()
"""

ASYNC_HOLDER = """
from asgiref.sync import async_to_sync
stock, cart, inside, taken = threading.Lock(), threading.Lock(), threading.Event(), threading.Event()

@app.get("/report")
def report():
    with stock:
        inside.set()
        work(0.3)
    return "report"

async def price():
    with stock: return "9"

@app.get("/cart")
def priced():
    with cart:
        taken.set()
        return async_to_sync(price)()

@app.get("/checkout")
def checkout():
    with cart: return "done"

def customer(event, path):
    event.wait()
    ask(path)

threads = [start(ask, "/report"), start(customer, inside, "/cart"), start(customer, taken, "/checkout")]
for thread in threads: thread.join()
"""
"""/checkout waits behind /cart, which waits for what it has an event loop do, and that waits behind /report."""

ASYNC_DEADLOCK = """
from asgiref.sync import async_to_sync
cart = threading.Lock()

async def price():
    with cart: return "never"

@app.get("/cart")
def priced():
    with cart:
        return async_to_sync(price)()

start(ask, "/cart").join()
"""

REQUEST_END = """
lock = threading.Lock()

@app.get("/save")
def save():
    lock.acquire()
    return "saved"

def server():
    ask("/save")
    work(0.05)
    lock.release()

start(server).join()
"""

EXHAUSTED = """
lock, ready = threading.Lock(), threading.Barrier(4)

@app.get("/quick")
def quick():
    return "quick"

@app.get("/slow")
def slow():
    with lock: work(0.6)
    return "slow"

@app.get("/wants")
def wants():
    with lock: return "got it"

def worker(path):
    ask("/quick")
    ready.wait()
    if path == "/wants": work(0.1)
    ask(path)

threads = [start(worker, path) for path in ("/slow", "/wants", "/wants", "/wants")]
for thread in threads: thread.join()
"""

QUIET = """
lock, stock = threading.Lock(), {"loom": 3}

@app.get("/item")
def item():
    with lock: return {"stock": stock["loom"]}

@app.get("/buy")
def buy():
    with lock: stock["loom"] -= 1
    work(0.002)
    return "bought"

def customer():
    for _ in range(30):
        ask("/item")
        ask("/buy")

threads = [start(customer) for _ in range(4)]
for thread in threads: thread.join()
"""

CLEAN = {
    "a shop with few customers": FLASK + QUIET,
    "producer and consumers": """
jobs = queue.Queue(3)
def consumer():
    while (job := jobs.get()) is not None:
        work(0.002)
        jobs.task_done()
threads = [start(consumer) for _ in range(3)]
for job in range(150): jobs.put(job)
jobs.join()
for _ in threads: jobs.put(None)
for thread in threads: thread.join()
""",
    "idle workers": """
jobs = queue.Queue()
def consumer():
    while True: jobs.get()
threads = [start(consumer) for _ in range(3)]
for job in range(10): jobs.put(job)
work(1.2)
""",
    "workers that poll": """
jobs, stop = queue.Queue(), threading.Event()
def consumer():
    while not stop.is_set():
        try: jobs.get(timeout=0.1)
        except queue.Empty: pass
def stopper():
    work(1.2)
    stop.set()
start(stopper)
threads = [start(consumer) for _ in range(3)]
for thread in threads: thread.join()
""",
    "a condition that two threads play over": """
changed, turn = threading.Condition(), 0
def player(me):
    global turn
    for _ in range(100):
        with changed:
            changed.wait_for(lambda: turn == me)
            turn = 1 - me
            changed.notify_all()
threads = [start(player, 0), start(player, 1)]
for thread in threads: thread.join()
""",
    "a pool whose tasks share a lock": """
lock, pool = threading.Lock(), ThreadPoolExecutor(4)
def task(n):
    with lock: work(0.001)
    work(0.004)
    return n
assert sum(pool.map(task, range(100))) == 4950
pool.shutdown()
""",
    "try and back off": """
a, b = threading.Lock(), threading.Lock()
both = threading.Barrier(2)
def one():
    both.wait()
    for _ in range(50):
        with a:
            if b.acquire(timeout=0.01): b.release()
        work(0.001)
def other():
    both.wait()
    for _ in range(50):
        with b: work(0.001)
threads = [start(one), start(other)]
for thread in threads: thread.join()
""",
    "connections behind a semaphore": """
slots = threading.BoundedSemaphore(2)
def client():
    for _ in range(20):
        with slots: work(0.002)
threads = [start(client) for _ in range(5)]
for thread in threads: thread.join()
""",
    "phases behind a barrier": """
phase, total, lock = threading.Barrier(4), 0, threading.Lock()
def worker():
    global total
    for _ in range(20):
        work(0.002)
        with lock: total += 1
        phase.wait()
threads = [start(worker) for _ in range(4)]
for thread in threads: thread.join()
""",
    "a re-entrant lock, taken again and again": """
lock = threading.RLock()
def deeper(n):
    with lock:
        if n: deeper(n - 1)
def worker():
    for _ in range(100): deeper(5)
threads = [start(worker) for _ in range(3)]
for thread in threads: thread.join()
""",
    "a lock that another thread releases": """
done = threading.Lock()
def finish():
    work(0.1)
    done.release()
done.acquire()
start(finish)
done.acquire()
""",
    "a timer": """
rang = threading.Event()
threading.Timer(0.9, rang.set).start()
rang.wait()
""",
    "a program that waits for its signal": """
asked = threading.Event()
def worker():
    asked.wait()
start(worker)
work(1.2)
""",
    "always in one order": """
a, b, c = threading.Lock(), threading.Lock(), threading.Lock()
def worker():
    for _ in range(100):
        with a, b, c: work(0.0002)
        with b, c: pass
        with a, c: pass
threads = [start(worker) for _ in range(3)]
for thread in threads: thread.join()
""",
    "accounts locked by their number": """
class Account:
    def __init__(self): self.lock = threading.Lock()
accounts = [Account() for _ in range(4)]
def mover(seed):
    for at in range(100):
        first, second = sorted({(seed + at) % 4, (seed + 3 * at + 1) % 4} | {0, 3})[:2]
        with accounts[first].lock, accounts[second].lock: pass
threads = [start(mover, seed) for seed in range(3)]
for thread in threads: thread.join()
""",
    "one thread in both orders": inversion(
        AB, "with a, b: pass\n    with b, a: pass", "with a: pass\n    with b: pass"
    ),
    "both orders behind a gate": inversion(
        f"gate = threading.Lock()\n{AB}", "with gate, a, b: pass", "with gate, b, a: pass"
    ),
    "the gate taken in between": inversion(
        f"gate = threading.Lock()\n{AB}", "with gate:\n        with a, b: pass", "with gate:\n        with b, a: pass"
    ),
    "a ring of three in two threads": inversion(
        "a, b, c = (threading.Lock() for _ in range(3))".replace(
            "(threading.Lock() for _ in range(3))", "threading.Lock(), threading.Lock(), threading.Lock()"
        ),
        "with a, b: pass\n    with b, c: pass",
        "with c, a: pass",
    ),
    "before the threads began": SEQUENTIAL,
    "hand over hand": """
a, b, c = threading.Lock(), threading.Lock(), threading.Lock()
def walker():
    for _ in range(50):
        a.acquire(); b.acquire(); a.release(); c.acquire(); b.release(); c.release()
threads = [start(walker) for _ in range(3)]
for thread in threads: thread.join()
""",
    "a lock held long that nobody wants": """
lock = threading.Lock()
def slow():
    with lock: work(0.6)
start(slow).join()
""",
}


def corpus(seed: int = 1) -> list[Program]:
    """Return all programs; the seed chooses sizes and kinds."""
    rng = random.Random(seed)
    three = "a, b, c = threading.Lock(), threading.Lock(), threading.Lock()"
    programs = [
        Program("deadlock: twice the same lock", SELF, ("deadlock",), hangs=True),
        Program("deadlock: join of who wants the lock", JOIN, ("deadlock",), hangs=True),
        Program("deadlock: two that join each other", JOIN_RING, ("deadlock",), hangs=True),
        Program("deadlock: crossed semaphores", SEMAPHORES, ("deadlock",), hangs=True),
        Program("deadlock: a pool that waits for itself", FUTURE, ("deadlock",), hangs=True),
        Program("deadlock: a future that needs the lock", FUTURE_LOCK, ("deadlock",), hangs=True),
        Program("deadlock: join of who waits for the joiner", JOINED_WAITER, ("deadlock",), hangs=True),
    ]
    for size, partial in ((2, False), (2, True), (3, True), (rng.randint(4, 7), True)):
        kinds = [rng.choice(["Lock", "RLock"]) for _ in range(size)]
        name = f"deadlock: a ring of {size}{' while others go on' if partial else ''}"
        programs.append(
            Program(name, ring(size, kinds, 2 if partial else 0, partial=partial), ("deadlock",), hangs=True)
        )
    for name, (made, wait, wake) in SIGNALS.items():
        code = BY_SIGNAL.format(made=made, wait=wait, wake=wake)
        programs.append(Program(f"deadlock: through {name}", code, ("deadlock",), hangs=True))
    programs += [
        Program("inversion: two locks", inversion(AB, "with a, b: pass", "with b, a: pass"), ("inversion",)),
        Program(
            "inversion: through a function in between",
            inversion(f"other = threading.Lock()\n{AB}", "with a, other, b: pass", "with b:\n        with a: pass"),
            ("inversion",),
        ),
        Program(
            "inversion: different gates",
            inversion(
                f"gate, wall = threading.Lock(), threading.Lock()\n{AB}",
                "with gate, a, b: pass",
                "with wall, b, a: pass",
            ),
            ("inversion",),
        ),
        Program(
            "inversion: two accounts",
            inversion(ACCOUNTS, "with one.lock, two.lock: pass", "with two.lock, one.lock: pass"),
            ("inversion",),
        ),
        Program(
            "inversion: a ring of three",
            inversion(three, "with a, b: pass", "with b, c: pass", "with c, a: pass"),
            ("inversion",),
        ),
        *(
            Program(f"convoy: {threads} threads", CONVOY.format(threads=threads), ("convoy",),
                    allowed=frozenset({"starvation", "long-hold"}))
            for threads in (5, rng.randint(6, 9))
        ),
        Program("long hold", LONG_HOLD.format(waiters=3), ("long-hold",)),
        # On a busy machine these are long holds, too.
        Program(
            "held across a socket", SOCKET_HOLD, ("blocking-hold",) if GIL else (), allowed=frozenset({"long-hold"})
        ),
        Program("held across an event", EVENT_HOLD, ("blocking-hold",), allowed=frozenset({"long-hold"})),
        Program(
            "blame: a report before a checkout", FLASK + BLAME, ("blame",), allowed=frozenset({"long-hold"})
        ),
        Program(
            "blame: a report before an async view", FLASK + ASYNC_VIEW, ("blame",), allowed=frozenset({"long-hold"})
        ),
        Program(
            "blame: behind who awaits what waits", FLASK + ASYNC_HOLDER, ("blame", "blame"),
            allowed=frozenset({"long-hold"}),
        ),
        Program("deadlock: awaits who wants the lock", FLASK + ASYNC_DEADLOCK, ("deadlock",), hangs=True),
        Program("held past the request", FLASK + REQUEST_END, ("request-end",)),
        Program("a pool that one lock takes", FLASK + EXHAUSTED, ("exhausted", "blame", "long-hold")),
        Program("starvation", STARVATION, ("starvation",), allowed=frozenset({"long-hold", "convoy"})),
        Program("starvation (written down)", "", ("starvation",), script=greedy(40, 800)),
        Program("ended with the lock", THREAD_END, ("thread-end",), hangs=True),
        Program("lost wake-up: for ever", LOST_WAKEUP.format(timeout=""), ("lost-wakeup", "deadlock"), hangs=True),
        Program("lost wake-up: until a timeout", LOST_WAKEUP.format(timeout="1.2"), ("lost-wakeup",)),
    ]  # fmt: skip
    programs += [
        Program("lost records (written down)", "", ("lost",), script="a 0 enter\n * 10 lost 12\n a 20 section lock 30"),
        Program("convoy: everybody in turn (written down)", "", ("convoy", "long-hold"), script=queue()),
    ]
    programs += [Program(f"clean: {name}", code) for name, code in CLEAN.items()]
    return programs
