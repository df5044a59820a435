"""Record the contexts of Flask 3.2 and newer, where one class is both: an app context that may carry a request."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from ..events import Kind, code_of
from . import trouble
from .buffers import BEGUN, put_here
from .definitions import Table
from .patches import Patches

_APP_PUSH, _APP_POP = code_of(Kind.APP_PUSH), code_of(Kind.APP_POP)
_NO_ENDPOINT = code_of(Kind.PUSH_BOTH)


def install(patches: Patches, context_class: Any, endpoints: Table) -> None:
    """Wrap the push and the pop of the context.

    Such a context counts its pushes, and only the first of them and the last pop do anything.

    Args:
        patches: remember the way back.
        context_class: Flask's ``AppContext``.
        endpoints: of endpoints, as codes of `Kind.PUSH_BOTH`.
    """
    _wrap_push(patches, context_class, endpoints)
    _wrap_pop(patches, context_class)


def _wrap_push(patches: Patches, context_class: Any, endpoints: Table) -> None:
    original, clock, endpoint = context_class.push, perf_counter_ns, endpoints.get

    def push(self: Any) -> Any:
        if self._cv_token is not None:
            return original(self)
        began = clock()
        try:
            return original(self)
        finally:
            try:
                if self._cv_token is not None:
                    put: Any = put_here()
                    now = clock()
                    if self._request is None:
                        words = (now, 0, _APP_PUSH)
                    else:
                        rule = self._request.url_rule
                        name = rule.endpoint if rule is not None else None
                        code = _NO_ENDPOINT if name is None else endpoint(name) or endpoints.add(name)
                        words = (now, now - began, code)
                        if put.__self__.outer is BEGUN:
                            put.__self__.outer = self
                    put(words)
            except Exception as error:
                trouble.note(error)

    patches.set(context_class, "push", push)


def _wrap_pop(patches: Patches, context_class: Any) -> None:
    original, clock = context_class.pop, perf_counter_ns

    def pop(self: Any, exc: Any = None) -> Any:
        pushed = self._cv_token is not None
        try:
            return original(self, exc)
        finally:
            if pushed and self._cv_token is None:
                put: Any = put_here()
                buffer = put.__self__
                if buffer.outer is self:
                    buffer.outer = None
                    buffer.popped = clock()
                else:
                    put((clock(), 0, _APP_POP))

    patches.set(context_class, "pop", pop)
