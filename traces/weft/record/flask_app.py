"""Record requests and contexts of Flask, by wrapping four methods of its classes.

Flask's signals would tell the same at four times the price (a signal with one receiver costs 1.1–1.75 µs).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.machinery import ModuleSpec
from time import perf_counter_ns
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..events import WITH_APP, Kind, code_of
from . import trouble
from .buffers import here, join, put_here
from .definitions import Table
from .patches import Patches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_targets = Table("target", lambda key, environ: _method_and_path(environ), partial(code_of, Kind.REQUEST_ENTER))
_endpoints = Table("endpoint", lambda name: (name,), partial(code_of, Kind.REQUEST_PUSH))
_statuses = {str(number): number for number in range(100, 600)}


def install(patches: Patches, flask: ModuleType) -> None:
    """Wrap ``Flask.wsgi_app`` and the push and pop of both contexts."""
    contexts = flask.ctx
    _wrap_call(patches, flask.Flask)
    _wrap_app_pop(patches, contexts.AppContext)
    _wrap_app_push(patches, contexts.AppContext)
    request_context = vars(contexts).get("RequestContext")
    if request_context is not None:
        _wrap_request_pop(patches, request_context)
        _wrap_request_push(patches, request_context)


def forget() -> None:
    """Define targets and endpoints anew (in a forked child)."""
    _targets.forget()
    _endpoints.forget()


def _wrap_call(patches: Patches, flask_class: Any) -> None:
    original = flask_class.wsgi_app
    next_number = itertools.count(1).__next__
    clock, target, status_of, end = perf_counter_ns, _targets.get, _statuses.get, code_of(Kind.REQUEST_EXIT)

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
                put = here.put
            except AttributeError:
                put = join()
            path = environ["PATH_INFO"]
            mount = environ.get("SCRIPT_NAME")
            key = environ["REQUEST_METHOD"] + (mount + path if mount else path)
            put((clock(), next_number(), target(key) or _targets.add(key, environ)))
        except Exception as error:
            trouble.note(error)
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        try:
            return original(self, environ, start)  # type: ignore[no-any-return]
        finally:
            put((clock(), status_of(status[:3], 0), end))

    patches.set(flask_class, "wsgi_app", wsgi_app)


def _wrap_request_push(patches: Patches, context_class: Any) -> None:
    original, clock = context_class.push, perf_counter_ns
    endpoint, no_endpoint = _endpoints.get, code_of(Kind.REQUEST_PUSH)

    def push(self: Any) -> Any:
        result = original(self)
        try:
            rule = self.request.url_rule
            name = rule.endpoint if rule is not None else None
            code = no_endpoint if name is None else endpoint(name) or _endpoints.add(name)
            # What the context's last push put on Flask's stacks: itself, and an app context or None.
            here.put((clock(), 0 if self._cv_tokens[-1][1] is None else WITH_APP, code))
        except Exception as error:
            trouble.note(error)
        return result

    patches.set(context_class, "push", push)


def _wrap_app_push(patches: Patches, context_class: Any) -> None:
    original, clock, code = context_class.push, perf_counter_ns, code_of(Kind.APP_PUSH)

    def push(self: Any) -> Any:
        result = original(self)
        try:
            here.put((clock(), 0, code))
        except AttributeError:
            join()((clock(), 0, code))
        return result

    patches.set(context_class, "push", push)


def _wrap_request_pop(patches: Patches, context_class: Any) -> None:
    """Record the pops of request contexts, but for one that pops its app context too: `APP_POP` says both."""
    original, clock, code = context_class.pop, perf_counter_ns, code_of(Kind.REQUEST_POP)
    # Its only argument has a private default; passing on *args would cost as much as recording does.
    (nothing,) = original.__defaults__

    def pop(self: Any, exc: Any = nothing) -> Any:
        try:
            alone = self._cv_tokens[-1][1] is None
        except LookupError:
            alone = False  # it was not pushed, and Flask is about to say so
        try:
            return original(self, exc)
        finally:
            if alone:
                put_here()((clock(), 0, code))

    patches.set(context_class, "pop", pop)


def _wrap_app_pop(patches: Patches, context_class: Any) -> None:
    original, clock, code = context_class.pop, perf_counter_ns, code_of(Kind.APP_POP)
    (nothing,) = original.__defaults__

    def pop(self: Any, exc: Any = nothing) -> Any:
        try:
            return original(self, exc)
        finally:
            try:
                here.put((clock(), 0, code))
            except AttributeError:
                join()((clock(), 0, code))

    patches.set(context_class, "pop", pop)


def _method_and_path(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return what is recorded of a request; WSGI hands the path's UTF-8 bytes over as Latin-1."""
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return environ["REQUEST_METHOD"], path.encode("latin-1", "replace").decode("utf-8", "replace")


class WhenImported:
    """A finder that does nothing but run a function once a module has been imported by somebody else."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Let the other finders find the module, and hook into its loader."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        try:
            if spec is not None and spec.loader is not None:
                self._hook(spec.loader)
        except Exception as error:
            trouble.note(error, f"preparing for {name}")
        return spec

    def _hook(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            try:
                self._then(module)
            except Exception as error:
                trouble.note(error, f"wrapping {self._name}")

        loader.exec_module = exec_module
