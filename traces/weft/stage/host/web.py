"""Requests through the app's whole WSGI stack, and the contexts that Flask keeps for a thread."""

from __future__ import annotations

import contextvars
import io
import json
import sys
from collections.abc import Sequence
from typing import Any

from ..moment import Context, Shown
from ..scenario import Request, Response
from .texts import safe_text

LONGEST_BODY = 100_000


class Customer:
    """Sends requests one after another and keeps the cookies."""

    def __init__(self, app: Any) -> None:
        from werkzeug.test import Client

        self._client = Client(app)

    def send(self, request: Request) -> Response:
        """Send a request and read the whole answer."""
        answer = self._client.open(request.path, method=request.method, **request.options)
        body = answer.get_data(as_text=True)[:LONGEST_BODY]
        response = Response(answer.status_code, body, answer.get_json(silent=True))
        answer.close()  # as servers do
        return response


class Single:
    """Sends one request, without cookies, and the same again: what can be made ready for it is."""

    def __init__(self, app: Any, request: Request) -> None:
        from werkzeug.test import EnvironBuilder

        self._app = app
        builder = EnvironBuilder(request.path, method=request.method, **request.options)
        self._environ = builder.get_environ()
        self._body = self._environ["wsgi.input"].read()
        builder.close()

    @staticmethod
    def can(acts: Sequence[Any]) -> bool:
        """Return whether this is all that an actor does."""
        (act,) = acts if len(acts) == 1 else (None,)
        return isinstance(act, Request) and not {"follow_redirects", "buffered"} & act.options.keys()

    def send(self, request: Request) -> Response:
        """Send it and read the whole answer."""
        from werkzeug.test import run_wsgi_app

        environ = {**self._environ, "wsgi.input": io.BytesIO(self._body)}
        parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        data = b"".join(parts)
        return Response(int(status[:3]), data.decode(errors="replace")[:LONGEST_BODY], _parsed(data, headers))


def _parsed(data: bytes, headers: Any) -> Any:
    kind = str(headers.get("content-type", "")).partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return None
    try:
        return json.loads(data)
    except ValueError:
        return None


def send(app: Any, request: Request) -> Response:
    """Send one request without cookies."""
    return Customer(app).send(request)


def endpoint(app: Any, request: Request) -> str:
    """Return the endpoint that a request goes to, empty when no route matches or the app is no Flask app."""
    try:
        path = request.path.partition("?")[0]
        name, _ = app.url_map.bind("localhost").match(path, method=request.method)
    except Exception:
        return ""  # the app's own answer will tell
    return str(name)


def astray(app: Any, acts: Sequence[Any]) -> str:
    """Return the first request of an actor that no route of a Flask app matches: ``GET /stokc``; empty for none."""
    known = hasattr(app, "url_map")
    return next((str(act) for act in acts if known and isinstance(act, Request) and not endpoint(app, act)), "")


def entry(app: Any, act: Any) -> Any:
    """Return the function that an actor is going to call first: itself, or a request's view; None when unknown."""
    if not isinstance(act, Request):
        return act
    return getattr(app, "view_functions", {}).get(endpoint(app, act))


def context(seen: contextvars.Context | None) -> Context | None:
    """Return the Flask contexts of a thread, given a copy of its context variables."""
    flask = sys.modules.get("flask.globals")
    if flask is None or seen is None:
        return None
    app = seen.get(flask._cv_app)
    if app is None:
        return None
    variable = getattr(flask, "_cv_request", None)
    # Flask 3.2 keeps the request in the app context.
    request: Any = seen.get(variable) if variable is not None else app
    name = app.app.import_name
    if getattr(request, "request", None) is None:
        return Context(name, g=_shown(vars(app.g)))
    asked = request.request
    rule = asked.url_rule
    # Not by Flask's property: it marks the session as accessed, and refuses while it is being opened.
    session = vars(request).get("_session", vars(request).get("session"))
    return Context(
        name,
        f"{asked.method} {asked.path}",
        rule.endpoint if rule is not None else "",
        _shown(vars(app.g)),
        _shown(dict(dict.items(session)) if isinstance(session, dict) else {}),
    )


def _shown(values: dict[Any, Any]) -> tuple[Shown, ...]:
    return tuple(Shown(str(name), safe_text(value)) for name, value in list(values.items()) if str(name)[:1] != "_")
