"""Record requests and contexts of Flask, by wrapping four methods of its classes.

Flask's signals would tell the same at four times the price (a signal with one receiver costs 1.1–1.75 µs).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from time import perf_counter_ns
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..events import Kind, code_of
from . import trouble
from .buffers import put_here
from .definitions import Table
from .patches import Patches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_targets = Table("target", lambda key, environ: _method_and_path(environ))
_endpoints = Table("endpoint", lambda name: (name,))


def install(patches: Patches, flask: ModuleType) -> None:
    """Wrap ``Flask.wsgi_app`` and the push and pop of both contexts."""
    import flask.ctx as contexts

    _wrap_call(patches, flask.Flask)
    _wrap_pop(patches, contexts.AppContext, Kind.APP_POP)
    _wrap_push(patches, contexts.AppContext, lambda context: code_of(Kind.APP_PUSH))
    request_context = vars(contexts).get("RequestContext")
    if request_context is not None:
        _wrap_pop(patches, request_context, Kind.REQUEST_POP)
        _wrap_push(patches, request_context, _endpoint_code)


def forget() -> None:
    """Define targets and endpoints anew (in a forked child)."""
    _targets.forget()
    _endpoints.forget()


def _wrap_call(patches: Patches, flask_class: Any) -> None:
    original = flask_class.wsgi_app
    next_number = itertools.count(1).__next__

    def wsgi_app(self: Any, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status = ""

        def start(line: str, *rest: Any) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return start_response(line, *rest)

        try:
            put = put_here()
            put((perf_counter_ns(), next_number(), _target_code(environ)))
        except Exception as error:
            trouble.note(error)
            return original(self, environ, start_response)  # type: ignore[no-any-return]
        try:
            return original(self, environ, start)  # type: ignore[no-any-return]
        finally:
            put((perf_counter_ns(), _status_code(status), Kind.REQUEST_EXIT))

    patches.set(flask_class, "wsgi_app", wsgi_app)


def _wrap_push(patches: Patches, context_class: Any, code: Callable[[Any], int]) -> None:
    original = context_class.push

    def push(self: Any) -> Any:
        result = original(self)
        try:
            put_here()((perf_counter_ns(), 0, code(self)))
        except Exception as error:
            trouble.note(error)
        return result

    patches.set(context_class, "push", push)


def _wrap_pop(patches: Patches, context_class: Any, kind: Kind) -> None:
    original = context_class.pop
    code = code_of(kind)

    def pop(self: Any, *exc: Any) -> Any:
        try:
            return original(self, *exc)
        finally:
            put_here()((perf_counter_ns(), 0, code))

    patches.set(context_class, "pop", pop)


def _target_code(environ: WSGIEnvironment) -> int:
    key = environ["REQUEST_METHOD"] + environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return code_of(Kind.REQUEST_ENTER, _targets.get(key) or _targets.add(key, environ))


def _endpoint_code(context: Any) -> int:
    rule = context.request.url_rule
    if rule is None:
        return code_of(Kind.REQUEST_PUSH)
    name = rule.endpoint
    return code_of(Kind.REQUEST_PUSH, _endpoints.get(name) or _endpoints.add(name))


def _method_and_path(environ: WSGIEnvironment) -> tuple[str, str]:
    """Return what is recorded of a request; WSGI hands the path's UTF-8 bytes over as Latin-1."""
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return environ["REQUEST_METHOD"], path.encode("latin-1", "replace").decode("utf-8", "replace")


def _status_code(line: str) -> int:
    digits = line[:3]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


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
