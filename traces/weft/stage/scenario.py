"""A scenario: a small real app, who does what to it, and what must hold afterwards. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple


class Request(NamedTuple):
    """An HTTP request that an actor sends through the app's whole WSGI stack.

    Attributes:
        method, path: as in ``POST /buy?item=1``.
        options: what `werkzeug.test.EnvironBuilder` takes further: ``json``, ``data``, ``headers`` ...
    """

    method: str
    path: str
    options: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def request(method: str, path: str, **options: Any) -> Request:
    """Return a request; ``options`` are ``json``, ``data``, ``headers`` ... as in Flask's test client."""
    return Request(method.upper(), path, MappingProxyType(options))


def get(path: str, **options: Any) -> Request:
    """Return a GET request."""
    return request("GET", path, **options)


def post(path: str, **options: Any) -> Request:
    """Return a POST request."""
    return request("POST", path, **options)


def put(path: str, **options: Any) -> Request:
    """Return a PUT request."""
    return request("PUT", path, **options)


def patch(path: str, **options: Any) -> Request:
    """Return a PATCH request."""
    return request("PATCH", path, **options)


def delete(path: str, **options: Any) -> Request:
    """Return a DELETE request."""
    return request("DELETE", path, **options)


Act = Request | Callable[..., object]
"""What an actor does: a request, or a callable that takes the app, or nothing."""


class Response(NamedTuple):
    """What an actor got.

    Attributes:
        status: 200 ...
        body: the text of the answer.
        json: the parsed body, None when it is no JSON.
    """

    status: int
    body: str
    json: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check looks at when every actor has finished.

    Attributes:
        app: the app that ran, None for a scenario without one.
        responses: the last response of each actor, by its name; actors that call a function have none.
    """

    app: Any
    responses: Mapping[str, Response]

    def request(self, method: str, path: str, **options: Any) -> Response:
        """Send one more request, now that nobody else runs."""
        from .host.web import send

        return send(self.app, request(method, path, **options))

    def get(self, path: str, **options: Any) -> Response:
        """Send one more GET request, now that nobody else runs."""
        return self.request("GET", path, **options)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the stage runs: forwards, backwards, in any order that its threads allow.

    Every run starts from the same state: the app is made once, and each run is a fresh copy of the process.

    Args:
        name: what lists and screens call it.
        app: a Flask app or what returns one; None when the actors are callables that need none.
        actors: who does what: by name a request, a callable, or several of these in a row. At most nine.
        check: is called with an `Outcome` after all actors have finished; the invariant is broken when it returns False
            or raises AssertionError.
        setup: is called with the app (or with nothing, when it takes nothing) at the beginning of each run, in that
            run's own copy of the process: it recreates what lies outside the process, in `weft.stage.folder`.
        watch: expressions to show besides what the actors share, as they stand in the file of the scenario.
        goal: what a person should try to make happen, for a scenario that teaches.
        hints: one after another when asked for.
        lesson: what happened and what real code should do instead, shown at the end.
        fixed: the app without the bug (or what returns it), to be run along the same choices.
        seed: of the virtual clock and of every random number.
    """

    name: str
    app: Any = None
    actors: Mapping[str, Act | Sequence[Act]] = field(default_factory=dict)
    _: KW_ONLY
    check: Callable[[Outcome], object] | None = None
    setup: Callable[..., object] | None = None
    watch: Sequence[str] = ()
    goal: str = ""
    hints: Sequence[str] = ()
    lesson: str = ""
    fixed: Any = None
    seed: int = 0

    def acts(self, actor: str) -> tuple[Act, ...]:
        """Return what an actor does, in order."""
        acts = self.actors[actor]
        return (acts,) if isinstance(acts, Request) or callable(acts) else tuple(acts)


def find(namespace: Mapping[str, Any]) -> dict[str, Scenario]:
    """Return the scenarios of a module by the names they can be asked for: the variable's, else their own."""
    found: dict[str, Scenario] = {}
    for variable, value in namespace.items():
        for label, scenario in _scenarios(variable, value):
            found.setdefault(label, scenario)
    return found


def _scenarios(variable: str, value: Any) -> Iterable[tuple[str, Scenario]]:
    if isinstance(value, Scenario):
        yield variable, value
    elif isinstance(value, list | tuple):
        yield from ((one.name, one) for one in value if isinstance(one, Scenario))
