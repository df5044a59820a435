"""Record calls that one thread hands to others: who handed them over, who runs them, and from when to when.

That is what the app submits to a `ThreadPoolExecutor`, what asgiref runs for an async view (which
the thread that hands it over waits for, so it says that it is awaited), and what
`flask.copy_current_request_context` has wrapped. A task belongs to one future or wrapper and is written by whoever
has that at the time: the thread that hands it over, and then the one that runs it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from time import perf_counter_ns
from types import BuiltinMethodType, CodeType, CoroutineType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from ..events import KIND_BITS, Kind, code_of
from . import locks, names, trouble
from .buffers import put_here
from .definitions import LIMIT, Table
from .patches import Patches

Task = tuple[int, int]
"""When it was handed over (ns), and the code of its `TASK_ENTER`."""

_works = Table("work", lambda key: key, lambda number: code_of(Kind.TASK_SUBMIT, number))
_functions: dict[tuple[int, str], tuple[CodeType, int]] = {}
"""Codes of records, by the id of a function's code, which is kept so that it stays its own, and the function's name."""

_BETWEEN = ("concurrent.futures.", "asyncio.")
_BRIDGE = "asgiref.sync"
_class_name: Callable[[type], str] = vars(type)["__qualname__"].__get__
_DEPTH = 8
"""Wrappers that are looked through for the name of what is run."""


def forget() -> None:
    """Define what is run anew (in a forked child)."""
    _works.forget()
    _functions.clear()


def install(patches: Patches, thread: ModuleType) -> None:
    """Wrap how work items of `concurrent.futures.thread` are made, and how they are run."""
    item: Any = thread._WorkItem
    make, run_item = item.__init__, item.run

    @functools.wraps(make)
    def __init__(self: Any, future: Any, *call: Any) -> None:
        make(self, future, *call)
        try:
            caller = _submitter(sys._getframe(1))
            if caller is not None:
                view = _awaitable(caller)
                future._weft_task = _submit(_submitted(call) if view is None else view, awaited=view is not None)
        except Exception as error:
            trouble.note(error)

    @functools.wraps(run_item)
    def run(self: Any, *context: Any) -> None:
        future = self.future
        try:
            return run_item(self, *context)  # type: ignore[no-any-return]
        finally:
            # As `_WorkItem.run` does: what was raised holds its frame, and that one this.
            self = None
            try:
                began, future = future._weft_task, None
                if type(began) is int:
                    put_here()((perf_counter_ns(), began, Kind.TASK_EXIT))
            except AttributeError:
                pass

    patches.set(item, "__init__", __init__)
    patches.set(item, "run", run)


def begin(future: Any) -> None:
    """Record that a thread begins with a future's task, if it has one; called as the future is set running."""
    try:
        task = future._weft_task
        if type(task) is tuple:
            future._weft_task = _enter(task)
    except AttributeError:
        pass
    except Exception as error:
        trouble.note(error)


def carrying(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `flask.copy_current_request_context` whose functions are tasks of the request that made them."""

    @functools.wraps(original)
    def copy_current_request_context(f: Any) -> Any:
        wrapper = original(f)
        try:
            task = _submit(f)
        except Exception as error:
            trouble.note(error)
            return wrapper

        @functools.wraps(wrapper)
        def carried(*args: Any, **kwargs: Any) -> Any:
            began = _enter(task)
            try:
                return wrapper(*args, **kwargs)
            finally:
                _exit(began)

        return carried

    return copy_current_request_context


def _submit(run: object, *, awaited: bool = False) -> Task:
    if type(run) is FunctionType:
        known = _functions.get((id(run.__code__), run.__qualname__))
        code = _function(run, awaited) if known is None else known[1]
    else:
        code = _work(run, awaited)
    put: Any = put_here()
    now = perf_counter_ns()
    put((now, 0, code))
    return now, put.__self__.thread << KIND_BITS | Kind.TASK_ENTER


def _work(run: object, awaited: bool) -> int:
    key = name_of(run), awaited
    return _works.get(key) or _works.add(key)


def _function(run: FunctionType, awaited: bool) -> int:
    """Return the code of the record for a function that is not known yet."""
    code = _work(run, awaited)
    if len(_functions) >= LIMIT:
        _functions.clear()
    if code >> KIND_BITS:  # else definitions are paused
        _functions[id(run.__code__), run.__qualname__] = run.__code__, code
    return code


def _enter(task: Task) -> int:
    now = perf_counter_ns()
    put_here()((now, *task))
    return now


def _exit(began: int) -> None:
    try:
        put_here()((perf_counter_ns(), began, Kind.TASK_EXIT))
    except Exception as error:
        trouble.note(error)


def _submitter(frame: FrameType) -> FrameType | None:
    """Return the frame that submits something, None where that is not the app's doing; asgiref's is the app's."""
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(_BETWEEN):
        frame = frame.f_back
    if locks.wanted(frame) or frame.f_globals.get("__name__") == _BRIDGE:
        return frame
    return None


def _awaitable(frame: FrameType) -> object:
    """Return the async view that asgiref runs, around which it submits a coroutine of its own; None: it is no such."""
    return (
        getattr(frame.f_locals.get("self"), "awaitable", None) if frame.f_globals.get("__name__") == _BRIDGE else None
    )


def _submitted(call: tuple[Any, ...]) -> object:
    """Return what is to be run, given what a work item was made with: a function, and its arguments or none."""
    run: Any = call[0]
    arguments: tuple[Any, ...] = call[1] if len(call) > 1 else ()
    if type(run) is tuple:  # Python 3.14
        run, arguments = run[0], run[1]
    for _ in range(_DEPTH):
        if issubclass(type(run), functools.partial):
            run, arguments = run.func, (*run.args, *arguments)
        elif type(run) is BuiltinMethodType and run.__name__ == "run" and arguments:  # of a contextvars.Context
            run, arguments = arguments[0], arguments[1:]
        else:
            break
    # ``asyncio.run`` and the like say nothing: what matters is the coroutine.
    return arguments[0] if arguments and type(arguments[0]) is CoroutineType else run


def name_of(run: Any) -> str:
    """Return what to call something that is run: ``shop.report``, ``Mailer.send``, ``view.work``; runs no code of it.

    Args:
        run: something that can be called, or a coroutine.
    """
    for _ in range(_DEPTH):
        if issubclass(type(run), functools.partial):
            run = run.func
        elif type(run) is MethodType:
            run = run.__func__
        else:
            break
    if type(run) is CoroutineType:
        return _spelled(run.__qualname__, run.cr_code.co_filename, "")
    if type(run) is FunctionType:
        return _spelled(run.__qualname__, run.__code__.co_filename, run.__globals__.get("__name__", ""))
    if type(run) is BuiltinMethodType:
        return run.__qualname__
    return _class_name(run if issubclass(type(run), type) else type(run))


def _spelled(name: str, file: str, module: object) -> str:
    name = name.replace(".<locals>", "")
    if "." in name or not isinstance(module, str) or not module:
        return name
    return f"{names.module_called(module, file)}.{name}"
