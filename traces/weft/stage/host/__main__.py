"""The app's process: loads a scenario once, then makes a copy of itself for each run of it.

It is started with the number of a socket, on which lines of JSON come in. The loaded process never runs an actor: it
forks, and sends the client a socket to the copy. So every run begins with the very same state, whatever the last one
did, and ends by being killed: nothing needs to be cleaned up. The client asks for the next copy ahead of time, so that
it is warm when somebody goes back.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from types import FunctionType, ModuleType
from typing import Any

from ...errors import WeftError
from ...record.patches import Patches
from .. import private
from ..channel import Channel, Ended
from ..moment import As, Stops
from ..scenario import Scenario, find
from ..search.execution import plan_from_json
from ..search.searching import Budget
from ..session import Choice
from . import clock as clocks
from . import target as targets
from . import web
from .baton import Stage
from .blocking import Blocking
from .databases import Databases
from .event_loops import EventLoops
from .executors import Executors
from .eyes import Eyes
from .keeping import Kept
from .local import Local, made, search
from .pools import Pools
from .primitives import Lock, Maker
from .run import GIL, TRIAL_SECONDS, Production, Run, SetupFailed, does
from .sharing import Learned, Sharing
from .stores import Stores
from .thread_locals import forgetting
from .trail import Trail
from .watchers import Learner, Stopper

COLLECT = 100
"""Executions in one process between two collections of garbage."""
SETTLE = 0.03
"""A copy that is not needed yet is made when the client has been quiet for so long (seconds): it takes a core for
some ms."""


UNSTEADY = "two runs in the same order were not the same: the app is not deterministic, going back may lead elsewhere"
LEFT_BEHIND = (
    "threads that were started when the app was loaded are not on the stage: {}; those that are daemons would be"
)
LEFT_OPEN = (
    "connections were opened when the app was loaded, which SQLite forbids to use in a copy of the process: {}; open "
    "the database in the scenario's setup"
)


ASYNC = "which task of an event loop comes first is not searched for, nor seen what async views do at sockets: {}"


def main() -> None:
    """Serve one client until it goes."""
    control = Channel(socket.socket(fileno=int(sys.argv[1])))
    _redirect()
    # An app that runs itself when it is imported would serve for ever.
    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    with contextlib.suppress(Ended):
        _answer(control, control.take())


def _answer(control: Channel, wanted: Mapping[str, Any]) -> None:
    """Do what the client has asked for first, and then whatever it asks for."""
    if "list" in wanted:
        control.say(_listed(wanted["list"]))
        return
    try:
        production = _produce(wanted)
        production.learned, same = _learn(production)
    except WeftError as error:
        control.say({"error": str(error)})
        return
    except Exception as error:
        control.say({"error": f"weft itself failed to load {wanted['target']}: {error!r}; please report this"})
        return
    notes = [] if same else [UNSTEADY]
    left = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    if left:
        notes.append(LEFT_BEHIND.format(", ".join(left)))
    files = production.databases.open_files()
    waiting = _async_views(production)
    if waiting:
        notes.append(ASYNC.format(", ".join(waiting)))
    if files:
        notes.append(LEFT_OPEN.format(", ".join(files)))
    control.say({"ready": _about(production, wanted), "note": "; ".join(notes)})
    _serve(control, production)


def _async_views(production: Production) -> list[str]:
    """Return the names of the async views that the actors ask for."""
    scenario, found = production.scenario, []
    for act in (act for name in scenario.actors for act in scenario.acts(name)):
        view: Any = web.entry(production.app, act)
        if callable(view) and inspect.iscoroutinefunction(inspect.unwrap(view)):
            found.append(getattr(view, "__name__", "a view"))
    return list(dict.fromkeys(found))


def _learn(production: Production) -> tuple[list[Learned], bool]:
    """Let the actors run one after another, in both orders; return what was seen, and whether it was twice the same."""
    trials = []
    for backwards in (False, False, True):
        begin = monotonic()
        trials.append(_in_copy(partial(_trial, production, backwards)))
        if monotonic() - begin >= TRIAL_SECONDS:
            break
    for trial in trials:
        if trial is not None and "failed" in trial:
            raise WeftError(f"the setup cannot be made ready: {trial['failed']}")
    known = [Learned(**trial) for trial in trials if trial is not None]
    return known, len({one.digest for one in known[:2]}) < 2


def _listed(words: str) -> dict[str, Any]:
    """Return the scenarios of a module."""
    try:
        found = find(vars(targets.Target(words).load()))
    except WeftError as error:
        return {"error": str(error)}
    return {"scenarios": [(label, one.name, one.goal) for label, one in found.items()]}


def _redirect() -> None:
    """Let the app read nothing, and print into a file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    fd, path = tempfile.mkstemp(prefix="weft-stage-")
    os.unlink(path)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.set_inheritable(1, True)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]


def _produce(wanted: Mapping[str, Any]) -> Production:
    """Load what was asked for, with everything in place."""
    stage, clock, patches = Stage(), clocks.Clock(), Patches()
    if wanted["check"]:
        targets.read_check(wanted["check"])  # before any of the app's code runs
    private.begin(wanted.get("folder") or "")
    target = targets.Target(wanted["target"], wanted.get("root", ""))
    maker = Maker(stage, clock, target.ours)
    blocking = Blocking(maker)
    blocking.install(patches)
    Executors(blocking).install(patches)
    databases = Databases(maker)
    databases.install(patches)
    EventLoops(maker).install(patches)
    clocks.install(patches, stage, clock, wanted.get("seed") or 0)
    eyes = Eyes(None)
    eyes.watch_imports(target.ours)
    module = target.load()
    scenario = targets.scenario(target, module, wanted["requests"], wanted["check"], wanted["seed"])
    app = _app(target, scenario, wanted["fixed"])
    stores = Stores(maker, patches, Pools(maker, patches))
    production = Production(target, scenario, app, vars(module), clock, maker, blocking, databases, stores, eyes)
    production.files.install(patches)
    production.named = wanted.get("learned") or []
    names = eyes.sites.names
    names.scan(_modules(target), app)
    for thing in maker.named():
        # By its way from the app's variables, as values are: ``accounts[1].lock`` rather than ``Account.lock #2``.
        named = thing if isinstance(thing, Lock) else thing._weft
        named.name = maker.rename(named.name, names.path(thing))
        inner = getattr(thing, "_lock", None)
        if isinstance(inner, Lock) and inner.name and not names.path(inner):
            inner.name = named.name  # a Condition's own
    _watch_exceptions(production)
    blocking.loading = False
    production.rehearse = _rehearsal(app)
    production.rehearse()
    eyes.prepare()
    return production


def _modules(target: targets.Target) -> list[ModuleType]:
    """Return the app's modules, in the order of their imports."""
    return [one for one in list(sys.modules.values()) if target.ours(str(getattr(one, "__file__", None) or ""))]


def _app(target: targets.Target, scenario: Scenario, fixed: bool) -> Any:
    made = scenario.fixed if fixed else scenario.app
    if fixed and made is None:
        raise WeftError(f"{scenario.name} has no fixed app")
    if made is None or hasattr(made, "wsgi_app"):
        return made
    if not callable(made):
        raise WeftError(f"{target.words} is no Flask app and nothing that makes one")
    app = _guarded(target, "the app", made)
    if not hasattr(app, "wsgi_app"):
        raise WeftError(f"{target.words} made a {type(app).__name__}, no Flask app")
    return app


def _guarded(target: targets.Target, what: str, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except BaseException as error:
        raise WeftError(f"{what} cannot be made ready: {target.sentence(error)}") from error


def _watch_exceptions(production: Production) -> None:
    """Keep the exception behind a 500."""
    flask = sys.modules.get("flask")
    if flask is None:
        return

    def keep(sender: Any, exception: BaseException, **_: Any) -> None:
        me = production.stage.me()
        if me is not None:
            production.failures[me.index] = exception

    flask.got_request_exception.connect(keep, weak=False)


def _rehearsal(app: Any) -> Callable[[], object]:
    """Return what runs Flask's own code on an app of ours: a first request imports, compiles and touches a lot."""
    if app is None or "flask" not in sys.modules:
        return lambda: None
    import flask

    app.url_map.update()
    dummy = flask.Flask("weft_rehearsal")
    dummy.add_url_rule("/", "index", lambda: flask.jsonify(flask.request.get_json()), methods=["POST"])
    return lambda: dummy.test_client().post("/", json={"a": 1})


def _stay() -> None:
    """Keep the threads of this copy on one processor: only one runs at a time, and waking it elsewhere takes long.

    Whoever is woken there does not interrupt who woke it (that is what a batch is, to Linux): it would have to wait
    for the interpreter's lock at once.
    """
    if hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[os.getpid() % len(processors)]})
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _touch(hurry: Callable[[], bool]) -> None:
    """Make this copy's own whatever memory functions are in: to write to a page that is still shared takes long.

    Args:
        hurry: whether to leave the rest, which takes some ten milliseconds.
    """
    for module in list(sys.modules.values()):
        if hurry():
            return
        for value in list(vars(module).values()):
            for inner in list(vars(value).values()) if isinstance(value, type) else (value,):
                _ = getattr(inner, "__code__", None) if isinstance(inner, FunctionType) else None


def _about(production: Production, wanted: Mapping[str, Any]) -> dict[str, Any]:
    scenario = production.scenario
    return {
        "name": scenario.name,
        "target": production.target.words,
        "file": str(production.namespace.get("__file__") or production.target.file),
        "actors": list(scenario.actors),
        "does": [does(scenario.acts(name)) for name in scenario.actors],
        "goal": scenario.goal,
        "hints": list(scenario.hints),
        "lesson": scenario.lesson,
        "fixed": scenario.fixed is not None,
        "running_fixed": bool(wanted["fixed"]),
        "python": ".".join(map(str, sys.version_info[:3])),
        "gil": GIL,
        "seed": scenario.seed,
    }


def _trial(production: Production, backwards: bool) -> dict[str, Any]:
    learner = Learner(production.stage)
    try:
        run = Run(production, learner, Stops.ACCESS)
    except SetupFailed as error:
        return {"failed": production.target.sentence(error.__cause__ or error)}
    run.all_in_turn(learner.log, backwards)
    private.anew()
    return learner.log.learned()._asdict()


def _in_copy(act: Callable[[], Any]) -> Any:
    """Run something in a copy of this process and return what it returned; None when it did not come back."""
    mine, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        mine.close()
        _leave_with(lambda: Channel(theirs).say(act()))
    theirs.close()
    with mine:
        try:
            return Channel(mine).take()
        except Ended:
            return None
        finally:
            os.waitpid(pid, 0)


def _leave_with(act: Callable[[], object]) -> None:
    """Do something and end this process, whatever happens."""
    try:
        act()
    except Ended:
        pass
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)


def _serve(control: Channel, production: Production) -> None:
    """Make copies, until the client goes."""
    production.put_back = _way_back(production)
    gc.collect()
    gc.freeze()
    ended: dict[int, int] = {}
    while True:
        wanted = control.take()
        _reap(ended)
        if wanted["do"] == "copy":
            _copy(control, production, Stops(wanted["stops"]))
        elif wanted["do"] == "copy later":
            control.has_more(SETTLE)  # another message means that the client is in a hurry
            _copy(control, production, Stops(wanted["stops"]))
        elif wanted["do"] == "learn":
            production.learned.append(Learned((), wanted["sites"], (), ""))
        elif wanted["do"] == "status":
            pid = wanted["pid"]
            if pid not in ended:
                ended[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            control.say({"status": ended[pid]})


def _way_back(production: Production) -> Callable[[], None] | None:
    """Return what makes everything as it is now; None when that cannot be done."""
    kept = Kept(_modules(production.target), production.app)
    if kept.unable or production.blocking.waits_to_start or threading.active_count() > 1:
        return None
    forgetting()  # tried here, where nobody is on the stage
    forget, forget_blocking = production.maker.mark(), production.blocking.mark()
    count = 0

    def put_back() -> None:
        nonlocal count
        count += 1
        kept.put_back()
        forget()
        forget_blocking()
        production.databases.forget()
        production.stores.pools.forget()
        production.maker.beneath.forget()
        production.files.forget()
        production.failures.clear()
        production.stage.clear()
        production.clock.now_ns = 0
        if count % COLLECT == 0:
            gc.collect()

    return put_back


def _reap(ended: dict[int, int]) -> None:
    """Collect the copies that have ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        ended[pid] = os.waitstatus_to_exitcode(status)


def _copy(control: Channel, production: Production, stops: Stops) -> None:
    mine, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        mine.close()
        control.close()
        _leave_with(lambda: _perform(Channel(theirs), production, stops))
    theirs.close()
    control.say({"pid": pid}, mine.fileno())
    mine.close()


def _perform(client: Channel, production: Production, stops: Stops) -> None:
    """Be a copy: get everything ready, then do what the client says until it goes."""
    _stay()
    _touch(client.has_more)
    sharing = Sharing(production.learned, production.named)
    names = production.eyes.sites.names
    stopper = Stopper(production.stage, sharing, stops, production.target.ours, names.stays)
    run = Run(production, stopper, stops)
    run.look()
    trail = Trail(sharing)
    while True:
        command = client.take()
        if command["do"] == "follow":
            moment = run.follow([Choice(*choice) for choice in command["path"]])
            client.say({"moment": moment, "diverged": run.diverged})
        elif command["do"] == "step":
            operation, moment = run.step(command["actor"])
            client.say({"operation": operation, "moment": moment})
        elif command["do"] == "explore":
            _look_less(production, stopper, stops, As(command["as"]))
            run.keep_threads(command["stay"])
            plan = plan_from_json(command["plan"])
            execution, again = made(run, sharing, As(command["as"]), plan, trail, production.put_back)
            client.say({"execution": execution, "again": again})
        elif command["do"] == "search":
            _look_less(production, stopper, stops, As(command["as"]))
            run.keep_threads(command["stay"])
            local = Local(run, sharing, As(command["as"]), production.put_back, command["prefix"])
            search(client, local, Budget(*command["budget"]), alike=command["alike"])
        elif command["do"] != "stop":  # of a search that has ended meanwhile
            client.say({"moment": run.look()})


def _look_less(production: Production, stopper: Stopper, stops: Stops, interpreter: As) -> None:
    """Where threads may be switched anywhere, nobody need be told where this interpreter can do so."""
    switches = interpreter is As.THIS
    if production.eyes.switches is not switches:
        production.eyes.start(stopper, stops, switches=switches)


if __name__ == "__main__":
    main()
