"""Record requests and contexts of Flask, by wrapping four methods of its classes.

Flask's signals would tell the same at four times the price (a signal with one receiver costs 1.1–1.75 µs).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter_ns
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..events import Kind, code_of
from . import merged_contexts, tasks, trouble
from .buffers import Put, here, join, put_here
from .definitions import Table
from .patches import Patches
from .streams import Stream, is_read_later

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_targets = Table("target", lambda key, environ: _method_and_path(environ), partial(code_of, Kind.REQUEST_ENTER))
_endpoints = Table("endpoint", lambda name: (name,), partial(code_of, Kind.PUSH_BOTH))
_ends = {str(number): code_of(Kind.POP_AND_EXIT, number) for number in range(100, 600)}
"""Codes of a request's last record by status."""

# From the code of one event to that of the record that tells of two.
_PUSH_TO_BOTH = Kind.PUSH_BOTH - Kind.REQUEST_PUSH
_EXIT_TO_BOTH = Kind.POP_AND_EXIT - Kind.REQUEST_EXIT
_BOTH_TO_STREAM = Kind.REQUEST_STREAM - Kind.POP_AND_EXIT
_BOTH_TO_CLOSE = Kind.REQUEST_CLOSE - Kind.POP_AND_EXIT
_APP_POP = code_of(Kind.APP_POP)


def install(patches: Patches, flask: ModuleType) -> None:
    """Wrap ``Flask.wsgi_app`` and the push and pop of both contexts."""
    application, contexts = flask.Flask, flask.ctx
    request_context = vars(contexts).get("RequestContext")
    serving, pushing = _code(application, "wsgi_app"), _code(request_context, "push")
    _wrap_call(patches, application)
    _wrap_carrying(patches, flask)
    if request_context is None:
        merged_contexts.install(patches, contexts.AppContext, _endpoints, serving)
        return
    _wrap_app_pop(patches, contexts.AppContext, serving)
    _wrap_app_push(patches, contexts.AppContext, pushing)
    _wrap_request_pop(patches, request_context)
    _wrap_request_push(patches, request_context)


def _wrap_carrying(patches: Patches, flask: Any) -> None:
    carry = getattr(flask.ctx, "copy_current_request_context", None)
    if carry is not None:
        carrying = tasks.carrying(carry)
        patches.set(flask.ctx, "copy_current_request_context", carrying)
        patches.set(flask, "copy_current_request_context", carrying)


def _code(owner: Any, name: str) -> Any:
    """Return the code of a method of Flask's own, None where there is none or somebody else has wrapped it."""
    return getattr(getattr(owner, name, None), "__code__", None)


def forget() -> None:
    """Define targets and endpoints anew (in a forked child)."""
    _targets.forget()
    _endpoints.forget()


def _wrap_call(patches: Patches, flask_class: Any) -> None:
    original = flask_class.wsgi_app
    next_number = itertools.count(1).__next__
    clock, target, end_of, no_status = perf_counter_ns, _targets.get, _ends.get, code_of(Kind.POP_AND_EXIT)

    def wsgi_app(self: Any, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status = ""

        def start(line: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            if exc_info is None:
                return start_response(line, headers)
            return start_response(line, headers, exc_info)

        try:
            try:
                put: Any = here.put
            except AttributeError:
                put = join()
            try:
                key: Any = environ["PATH_INFO"]
            except KeyError:
                key = ""
            method, mount = environ["REQUEST_METHOD"], environ.get("SCRIPT_NAME")
            if mount or method != "GET":
                key = method, mount, key
            number = next_number()
            put((clock(), number, target(key) or _targets.add(key, environ)))
        except Exception as error:
            trouble.note(error)
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        stream = None
        try:
            result = original(self, environ, start)
            if is_read_later(result):
                stream = result
            return result  # type: ignore[no-any-return]
        except BaseException:
            status = ""
            raise
        finally:
            code = end_of(status[:3], no_status)
            now, buffer = clock(), put.__self__
            popped = buffer.popped
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
        try:
            return original(self)
        finally:
            try:
                rule = self.request.url_rule
                name = rule.endpoint if rule is not None else None
                code = no_endpoint if name is None else endpoint(name) or _endpoints.add(name)
                # What this push put on Flask's stacks: the context, and an app context or None.
                app_context = self._cv_tokens[-1][1]
                now = clock()
                try:
                    words = (now, now - app_context._weft_pushed, code)
                except AttributeError:
                    words = (now, 0, code - _PUSH_TO_BOTH)
                try:
                    here.put(words)
                except AttributeError:
                    join()(words)
            except LookupError:
                pass  # it did not come so far, and Flask is saying so
            except Exception as error:
                trouble.note(error)

    patches.set(context_class, "push", push)


def _wrap_app_push(patches: Patches, context_class: Any, pushing: Any) -> None:
    """Record the pushes of app contexts, but for those by a request context: `PUSH_BOTH` will tell when that was."""
    original, clock, code = context_class.push, perf_counter_ns, code_of(Kind.APP_PUSH)
    caller = sys._getframe

    def push(self: Any) -> Any:
        result = original(self)
        now = clock()
        if caller(1).f_code is pushing:
            self._weft_pushed = now
        else:
            put_here()((now, 0, code))
        return result

    patches.set(context_class, "push", push)


def _wrap_request_pop(patches: Patches, context_class: Any) -> None:
    """Record the pops of request contexts, but for one that pops its app context too: that one's pop says both."""
    original, clock, code = context_class.pop, perf_counter_ns, code_of(Kind.REQUEST_POP)
    # Its only argument has a private default; passing on *args would cost as much as recording does.
    (nothing,) = original.__defaults__

    def pop(self: Any, exc: Any = nothing) -> Any:
        alone = False
        try:
            alone = not self._cv_tokens[-1][1]._weft_pushed
        except AttributeError:
            alone = True
        except LookupError:
            pass  # it was not pushed, and Flask is about to say so
        try:
            return original(self, exc)
        finally:
            if alone:
                put_here()((clock(), 0, code))

    patches.set(context_class, "pop", pop)


def _wrap_app_pop(patches: Patches, context_class: Any, serving: Any) -> None:
    """Record the pops of app contexts, but for that by a request that is about to return: `POP_AND_EXIT` will tell."""
    original, clock, code = context_class.pop, perf_counter_ns, code_of(Kind.APP_POP)
    caller = sys._getframe
    (nothing,) = original.__defaults__

    def pop(self: Any, exc: Any = nothing) -> Any:
        try:
            return original(self, exc)
        finally:
            try:
                put: Any = here.put
            except AttributeError:
                put = join()
            now = clock()
            try:
                # Flask's WSGI call, our pop of the request context, Flask's own, this.
                returning = self._weft_pushed and caller(3).f_code is serving
            except (AttributeError, ValueError):
                returning = False
            if returning:
                put.__self__.popped = now
            else:
                put((now, 0, code))

    patches.set(context_class, "pop", pop)


def _method_and_path(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return what is recorded of a request; WSGI hands the path's UTF-8 bytes over as Latin-1."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return environ["REQUEST_METHOD"], path.encode("latin-1", "replace").decode("utf-8", "replace")
