"""Whose lock is it, and what is it called: decided from the frame that creates it."""

from __future__ import annotations

import dis
import os
import threading
from types import CodeType, FrameType

from . import sources

_STDLIB = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_SITE = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_PACKAGE = __name__.rpartition(".")[0].partition(".")[0]

HIDDEN = frozenset(
    {
        *("asgiref", "blinker", "cheroot", "click", "debugpy", "eventlet", "flask", "gevent", "gunicorn"),
        *("itsdangerous", "jinja2", "markupsafe", "mod_wsgi", "opentelemetry", "pluggy", "psycopg", "pydevd"),
        *("redis", "sentry_sdk", "sqlalchemy", "waitress", "watchdog", "werkzeug"),
    }
)
"""Top-level packages whose locks are the server's, the framework's or the library's business, not the app's."""

_CONDITION = threading.Condition.__init__.__code__
_WAITED_IN = frozenset(
    {"threading", "queue", "concurrent.futures._base", "concurrent.futures.thread", "weft.annotations"}
)
_verdicts: dict[int, tuple[CodeType, bool]] = {}


def creator(frame: FrameType) -> tuple[FrameType, bool]:
    """Return the frame on whose behalf a lock is created, and whether that is a Condition's own lock."""
    if frame.f_code is not _CONDITION or frame.f_back is None:
        return frame, False
    maker = frame.f_back
    if maker.f_globals.get("__package__") == __package__ and maker.f_back is not None:
        maker = maker.f_back
    return maker, True


def constructed(frame: FrameType) -> tuple[FrameType, str, str] | None:
    """Return who makes the object that keeps what is made in a frame, its class, and the attribute it is kept in.

    None when the frame is no constructor, nor another method that keeps it in an attribute.
    """
    code = frame.f_code
    if not code.co_argcount:
        return None
    known = _kept_in.get((id(code), frame.f_lasti))
    if known is None:
        known = _kept_in[id(code), frame.f_lasti] = (code, *_target(code, frame.f_lasti))
    attribute, operation = known[1:]
    if operation != "STORE_ATTR" and code.co_name != "__init__":
        return None
    keeper = frame.f_locals.get(code.co_varnames[0])
    maker = frame
    while maker.f_back is not None and (_is_ours(maker) or _is_method(maker, keeper)):
        maker = maker.f_back
    kind = type(keeper)
    return maker, f"{kind.__module__}.{kind.__qualname__.replace('.<locals>', '')}", attribute or "lock"


_kept_in: dict[tuple[int, int], tuple[CodeType, str | None, str]] = {}


def is_generated(code: CodeType) -> bool:
    """Return whether code is a constructor that was not written in a class: that of a dataclass, or attrs'."""
    return code.co_filename.startswith("<") and code.co_qualname in _GENERATED


_GENERATED = frozenset({"__init__", "__create_fn__.<locals>.__init__", "__create_fn__.__init__"})


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__package__") == __package__


def _is_method(frame: FrameType, keeper: object) -> bool:
    code = frame.f_code
    return code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is keeper


def waiter(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is neither ours nor of the library's modules that threads wait in, if any."""
    inner = frame
    while inner is not None:
        space = inner.f_globals
        if space.get("__package__") != __package__ and space.get("__name__") not in _WAITED_IN:
            return inner
        inner = inner.f_back
    return frame


def shown(frame: FrameType) -> bool:
    """Return whether a lock made in this frame belongs to the app: decided once per code object."""
    code = frame.f_code
    known = _verdicts.get(id(code))
    if known is None:
        # The code object is kept, so that its id cannot come to mean another one.
        known = _verdicts[id(code)] = (code, _is_app(frame))
    return known[1]


def _is_app(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file.startswith("<frozen"):
        return False
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if package in HIDDEN or package == _PACKAGE:
        return False
    return any(part in file for part in _SITE) or not file.startswith(_STDLIB)


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame runs code of this package: what that makes is never recorded."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _PACKAGE


def is_own(name: str, file: str) -> bool:
    """Return whether a module is the app's own: neither of the standard library nor installed."""
    if file.startswith(("<frozen", _STDLIB)) or any(part in file for part in _SITE):
        return False
    package = name.partition(".")[0]
    return package not in HIDDEN and package != _PACKAGE


def of_lock(code: CodeType, offset: int, module: str, ordinal: int, kind: str = "lock") -> str:
    """Return a lock's name from what it is assigned to: in the source, or else in the code that was made of it.

    ``stock_lock = Lock()`` in module shop is ``shop.stock_lock``, ``self._lock = Lock()`` in class Cache is
    ``Cache._lock``, a local is ``function.name``; the second lock from the same place ends in ``#2``.

    Args:
        code, offset: the creating code object and the offset (bytes) of its call.
        module: ``__name__`` of the creating module.
        ordinal: how many locks that place has made, this one included.
        kind: what to call it when it is not assigned to anything.
    """
    module = module_called(module, code.co_filename)
    scope = sources.scope(code) or module
    name = sources.name_at(code, offset, module)
    if name is None:
        name = _in_code(code, offset, module, scope)
    return numbered(name or f"{scope} {kind}", ordinal)


def numbered(name: str, ordinal: int) -> str:
    """Return the name of the first, second … object of one place."""
    return name if ordinal == 1 else f"{name} #{ordinal}"


def _in_code(code: CodeType, offset: int, module: str, scope: str) -> str:
    """Return the name of what the code assigns to, empty when it does not assign."""
    target, operation = _target(code, offset)
    if operation == "STORE_ATTR":
        scope = scope.rpartition(".")[0] or scope
    elif operation == "STORE_GLOBAL":
        scope = module
    return f"{scope}.{target}" if target else ""


def _target(code: CodeType, offset: int) -> tuple[str | None, str]:
    """Return the name that a statement stores what was made at an offset in, and the storing operation.

    Follows the value on the stack, so that ``left, right = Lock(), Lock()`` names each lock by its own variable.
    """
    above = place = 0
    for instruction in dis.get_instructions(code):
        if instruction.offset <= offset:
            continue
        name, argument = instruction.opname, instruction.arg or 0
        if name == "JUMP_FORWARD":
            offset = instruction.argval - 1
        elif name == "SWAP":
            above = argument - 1 if above == 0 else 0 if above == argument - 1 else above
        elif name == "BUILD_TUPLE" and above < argument:
            above, place = 0, argument - 1 - above
        elif name == "UNPACK_SEQUENCE" and above == 0:
            above = place
        elif name == "COPY" and above == argument - 1:
            above = 0  # of ``x = y = Lock()`` the first
        elif name in ("STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"):
            if above < 1 + (name == "STORE_FAST_STORE_FAST"):
                return instruction.argval[above], "STORE_FAST"
            above += dis.stack_effect(instruction.opcode, instruction.arg)
        elif name.startswith("STORE_") and isinstance(instruction.argval, str):
            if above <= (name == "STORE_ATTR"):
                return instruction.argval, name
            above -= 1 + (name == "STORE_ATTR")
        elif name in _ENDS or name.startswith(("RETURN_", "POP_JUMP", "MAP_ADD", "LIST_APPEND", "SET_ADD", "STORE_")):
            break
        elif name not in _SILENT:
            above += dis.stack_effect(instruction.opcode, instruction.arg)
            if above < 0:
                break
    return None, ""


_ENDS = frozenset({"POP_TOP", "YIELD_VALUE", "RAISE_VARARGS"})
_SILENT = frozenset({"CACHE", "NOP", "EXTENDED_ARG", "PRECALL", "RESUME"})


def module_called(name: str, file: str) -> str:
    """Return what a module is called: the program's own by its file."""
    if name != "__main__" or file.startswith("<"):
        return name
    return os.path.splitext(os.path.basename(file))[0] or name
