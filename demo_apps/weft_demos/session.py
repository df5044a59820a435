"""A demo under way: its server and its customers, two child processes that start and end together."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from weft.errors import WeftError
from weft_demos import names
from weft_demos.child import Child
from weft_demos.lifeline import LISTENING
from weft_demos.load import MAX_SECONDS, check_size

START_SECONDS = 20.0
"""How long a server may take until it listens."""
LAST_ANSWERS_SECONDS = 15.0
"""How long after its time the load may take: the answers that it still waits for are bounded by less."""


class DemoSession:
    """Serve a demo and send it customers, for as long as the ``with`` block lasts.

    Args:
        name: one of `weft_demos.names`.
        environment: all of the server's environment, the place to switch a recorder on; ours by default.
            The customers always get ours.
        clients: customers at a time.
        seconds: how long they come; None for as long as is allowed.

    Attributes:
        url: where the server listens, once entered.
    """

    def __init__(
        self,
        name: str,
        *,
        environment: Mapping[str, str] | None = None,
        clients: int = 6,
        seconds: float | None = None,
    ) -> None:
        self.name = name
        self.url = ""
        self._environment = os.environ if environment is None else environment
        self._clients = clients
        self._seconds = MAX_SECONDS if seconds is None else seconds
        self._children = ExitStack()
        self._server: Child | None = None
        self._load: Child | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        """Start the server, wait until it listens, then let the customers in.

        Raises:
            WeftError: there is no such demo, the load is not bounded, or the server does not come up.
        """
        self._check()
        try:
            self._server = self._start("weft_demos.serve", self.name, environment=self._environment, prefix=LISTENING)
            self.url = self._address(self._server)
            wishes = f"--clients={self._clients}", f"--seconds={self._seconds}"
            self._load = self._start("weft_demos.load", self.url, *wishes, environment=os.environ, prefix="")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pids(self) -> tuple[int, ...]:
        """Ids of the processes that were started, the server's first."""
        return tuple(child.pid for child in (self._server, self._load) if child is not None)

    def poll(self) -> str | None:
        """Return a sentence when a process has ended that should not have, else None."""
        if self._stopped:
            return None
        if self._server is not None and self._server.exit_code is not None:
            return f"The server of the demo {self.name!r} {self._server.fate()}"
        if self._load is not None and self._load.exit_code:
            return f"The load on the demo {self.name!r} {self._load.fate()}"
        return None

    def wait_load(self) -> dict[str, Any]:
        """Wait until the customers are done, and return what they did: a `weft_demos.customer.Tally`.

        Also after `stop`, which makes them finish early.

        Raises:
            WeftError: they did not end in good order.
        """
        if self._load is None:
            raise WeftError(f"The demo {self.name!r} has no customers yet: enter the session first.")
        try:
            line = self._load.said(self._seconds + LAST_ANSWERS_SECONDS)
        except TimeoutError:
            line = None
        if not line:
            raise WeftError(f"The load on the demo {self.name!r} told nothing, it {self._load.fate()}")
        done: dict[str, Any] = json.loads(line)
        return done

    def stop(self) -> None:
        """End the customers, then the server, and wait for both; a second call does nothing."""
        self._stopped = True
        self._children.close()

    def _check(self) -> None:
        if self.name not in names():
            raise WeftError(f"No demo is called {self.name!r}. There is: {', '.join(names())}.")
        try:
            check_size(self._clients, self._seconds)
        except ValueError as error:
            raise WeftError(f"A load on a demo is bounded: {error}.") from error

    def _start(self, module: str, *arguments: str, environment: Mapping[str, str], prefix: str) -> Child:
        return self._children.enter_context(Child([module, *arguments, "--until-eof"], environment, prefix))

    def _address(self, server: Child) -> str:
        try:
            address = server.said(START_SECONDS)
        except TimeoutError:
            raise WeftError(
                f"The demo {self.name!r} does not listen after {START_SECONDS:g} s, it {server.fate()}"
            ) from None
        if address is None:
            self._children.close()  # so that its exit code is known
            raise WeftError(f"The demo {self.name!r} did not come up, it {server.fate()}")
        return address
