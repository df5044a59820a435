"""Record requests and contexts of Flask, by wrapping four methods of its classes.

Flask's signals would tell the same at four times the price (a signal with one receiver costs 1.1–1.75 µs).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from functools import partial
from time import perf_counter_ns
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..events import Kind, code_of
from . import merged_contexts, tasks, trouble
from .buffers import BEGUN, Put, here, join, put_here
from .definitions import Table
from .patches import Patches
from .streams import Stream, is_read_later

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_targets = Table("target", lambda key, environ: _method_and_path(environ), partial(code_of, Kind.REQUEST_ENTER))
_endpoints = Table("endpoint", lambda name: (name,), partial(code_of, Kind.PUSH_BOTH))
_ends: dict[str, int] = {}
"""Codes of a request's last record by the line of its status."""
STATUSES = 1000
"""Lines of statuses that are remembered."""

# From the code of one event to that of the record that tells of two.
_PUSH_TO_BOTH = Kind.PUSH_BOTH - Kind.REQUEST_PUSH
_EXIT_TO_BOTH = Kind.POP_AND_EXIT - Kind.REQUEST_EXIT
_BOTH_TO_STREAM = Kind.REQUEST_STREAM - Kind.POP_AND_EXIT
_BOTH_TO_CLOSE = Kind.REQUEST_CLOSE - Kind.POP_AND_EXIT
_APP_POP, _REQUEST_POP = code_of(Kind.APP_POP), code_of(Kind.REQUEST_POP)


def install(patches: Patches, flask: ModuleType) -> None:
    """Wrap ``Flask.wsgi_app`` and the push and pop of both contexts."""
    application, contexts = flask.Flask, flask.ctx
    request_context = vars(contexts).get("RequestContext")
    _wrap_call(patches, application)
    _wrap_carrying(patches, flask)
    if request_context is None:
        merged_contexts.install(patches, contexts.AppContext, _endpoints)
        return
    _wrap_app_pop(patches, contexts.AppContext)
    _wrap_app_push(patches, contexts.AppContext, getattr(request_context.push, "__code__", None))
    _wrap_request_push(patches, request_context)


def _wrap_carrying(patches: Patches, flask: Any) -> None:
    carry = getattr(flask.ctx, "copy_current_request_context", None)
    if carry is not None:
        carrying = tasks.carrying(carry)
        patches.set(flask.ctx, "copy_current_request_context", carrying)
        patches.set(flask, "copy_current_request_context", carrying)


def forget() -> None:
    """Define targets and endpoints anew (in a forked child)."""
    _targets.forget()
    _endpoints.forget()


def _wrap_call(patches: Patches, flask_class: Any) -> None:
    original = flask_class.wsgi_app
    numbers = itertools.count(1)
    clock, target, start = perf_counter_ns, _targets.get, _start.__get__
    end_of, no_status = _ends.get, code_of(Kind.POP_AND_EXIT)

    def wsgi_app(self: Any, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: list[Any]
        try:
            try:
                put: Any = here.put
            except AttributeError:
                put = join()
            try:
                key: Any = environ["PATH_INFO"]
                mount = environ["SCRIPT_NAME"]
            except KeyError:
                key, mount = environ.get("PATH_INFO", ""), environ.get("SCRIPT_NAME")
            method = environ["REQUEST_METHOD"]
            if mount or method != "GET":
                key = method, mount, key
            number, buffer, answer = next(numbers), put.__self__, [start_response, ""]
            around, buffer.outer = buffer.outer, BEGUN
            put((clock(), number, target(key) or _targets.add(key, environ)))
        except Exception as error:
            trouble.note(error)
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        stream = None
        try:
            result = original(self, environ, start(answer))
            if is_read_later(result):
                stream = result
            return result  # type: ignore[no-any-return]
        except BaseException:
            answer[1] = ""
            raise
        finally:
            try:
                code = end_of(answer[1]) or _end(answer[1])
            except Exception:  # a status that is none
                code = no_status
            now, popped = clock(), buffer.popped
            buffer.outer = around
            buffer.popped = 0
            if stream is not None and _follow(stream, put, number, code):
                if popped:
                    put((popped, 0, _APP_POP))
                put((now, number, code + _BOTH_TO_STREAM))
            elif popped:
                put((now, now - popped, code))
            else:
                put((now, 0, code - _EXIT_TO_BOTH))

    patches.set(flask_class, "wsgi_app", wsgi_app)


def _start(answer: list[Any], line: str, headers: Any, exc_info: Any = None) -> Any:
    """Stand in for ``start_response``, the first of ``answer``, bound to it: that costs half of what a closure does."""
    answer[1] = line
    if exc_info is None:
        return answer[0](line, headers)
    return answer[0](line, headers, exc_info)


def _end(status: str) -> int:
    """Return the code of the last record of a request whose status has not been met."""
    number = int(status[:3] or 0)
    code = code_of(Kind.POP_AND_EXIT, number if 100 <= number < 600 else 0)
    if len(_ends) < STATUSES:
        _ends[status] = code
    return code


def _follow(result: Any, put: Put, number: int, code: int) -> bool:
    """Let the end of the response be recorded; return False when that is not possible: the request ends now."""
    try:
        return Stream(put, (number, code + _BOTH_TO_CLOSE)).follow(result)
    except Exception as error:
        trouble.note(error)
        return False


def _wrap_request_push(patches: Patches, context_class: Any) -> None:
    original, clock = context_class.push, perf_counter_ns
    endpoint, no_endpoint = _endpoints.get, code_of(Kind.PUSH_BOTH)

    def push(self: Any) -> Any:
        began = clock()
        try:
            return original(self)
        finally:
            try:
                rule = self.request.url_rule
                name = rule.endpoint if rule is not None else None
                code = no_endpoint if name is None else endpoint(name) or _endpoints.add(name)
                # What this push put on Flask's stacks: the context, and an app context or None.
                app_context = self._cv_tokens[-1][1]
                try:
                    put: Any = here.put
                except AttributeError:
                    put = join()
                now = clock()
                try:
                    told_by_request = app_context._weft_told_by_request
                except AttributeError:
                    told_by_request = False
                if told_by_request:
                    put((now, now - began, code))
                    buffer = put.__self__
                    if buffer.outer is BEGUN:
                        buffer.outer = app_context
                else:
                    put((now, 0, code - _PUSH_TO_BOTH))
                    self.pop = partial(_pop_alone, self)
            except LookupError:
                pass  # it did not come so far, and Flask is saying so
            except Exception as error:
                trouble.note(error)

    patches.set(context_class, "push", push)


def _pop_alone(context: Any, *args: Any) -> Any:
    """Stand in for the ``pop`` of a request context that was pushed without an app context whose pop would tell."""
    pushes = context._cv_tokens
    alone = bool(pushes) and not hasattr(pushes[-1][1], "_weft_told_by_request")
    try:
        return type(context).pop(context, *args)
    finally:
        if alone:
            put_here()((perf_counter_ns(), 0, _REQUEST_POP))
        if not pushes:
            vars(context).pop("pop", None)


def _wrap_app_push(patches: Patches, context_class: Any, pushing: Any) -> None:
    """Record the pushes of app contexts, but for those by a request context, whose record tells of both."""
    original, clock, code = context_class.push, perf_counter_ns, code_of(Kind.APP_PUSH)
    caller = sys._getframe

    def push(self: Any) -> Any:
        result = original(self)
        if caller(1).f_code is pushing:
            self._weft_told_by_request = True
        else:
            put_here()((clock(), 0, code))
        return result

    patches.set(context_class, "push", push)


def _wrap_app_pop(patches: Patches, context_class: Any) -> None:
    """Record the pops of app contexts, but for that by a request that is about to return: its last record tells."""
    original, clock = context_class.pop, perf_counter_ns
    # Its only argument has a private default; passing on *args would cost as much as recording does.
    (nothing,) = original.__defaults__

    def pop(self: Any, exc: Any = nothing) -> Any:
        try:
            return original(self, exc)
        finally:
            try:
                put: Any = here.put
            except AttributeError:
                put = join()
            buffer = put.__self__
            if buffer.outer is self:
                buffer.outer = None
                buffer.popped = clock()
            else:
                put((clock(), 0, _APP_POP))

    patches.set(context_class, "pop", pop)


def _method_and_path(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return what is recorded of a request; WSGI hands the path's UTF-8 bytes over as Latin-1."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return environ["REQUEST_METHOD"], path.encode("latin-1", "replace").decode("utf-8", "replace")
