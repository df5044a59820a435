"""What a lesson works with: servers that it starts, recorded, and that end with it; and the search on the stage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from weft import places
from weft.errors import WeftError
from weft.record.launch import environment as environment_for

from .clients import PATIENCE_SECONDS, Answer, Cookies, Plan, drive
from .guarded import START_SECONDS, guarded
from .searching import Found, searched
from .servers import Server
from .services import Service, started

if TYPE_CHECKING:
    from flask import Flask

    from weft.findings import Finding
    from weft.timeline.snapshot import Snapshot

LESSONS = str(Path(__file__).parent.with_name("lessons"))
"""The folder whose files are the app's, wherever somebody stands."""

Part = TypeVar("Part")


class Run:
    """A server that runs, and afterwards what was recorded of it.

    Attributes:
        label: what tells it from the other runs of its lesson.
        server: its name.
        url: where it listens.
        trace: where it is recorded.
    """

    def __init__(self, label: str, server: str, url: str, trace: Path) -> None:
        self.label, self.server, self.url, self.trace = label, server, url, trace

    def load(
        self,
        *plan: str,
        clients: int = 1,
        seconds: float = 0.0,
        each: Callable[[int], list[str]] | None = None,
        patience: float = PATIENCE_SECONDS,
        keep: bool = False,
        apart: float = 0.0,
        cookies: Cookies | None = None,
    ) -> list[Answer]:
        """Let clients begin at the same moment and return what they got, see `weft_demos.lab.clients.drive`.

        Args:
            plan: what each of them asks for, one after another: ``"POST /like"``.
            clients: how many.
            seconds: how long they begin anew when they are done; 0: they go through it once.
            each: the plan of a client by its number, instead of one for all.
            patience: seconds that they wait for an answer.
            keep: they keep their connections.
            apart: seconds from the beginning of one client to that of the next.
            cookies: of all of them, as of a browser's tabs; by default each has its own.
        """
        wanted: Plan = each if each is not None else plan
        parts = urlsplit(self.url)
        address = parts.hostname or "", parts.port or 80
        how: dict[str, Any] = {"patience": patience, "keep": keep, "apart": apart, "cookies": cookies}
        return drive(address, wanted, clients=clients, seconds=seconds, **how)

    def ask(self, words: str, cookies: Cookies | None = None) -> Answer:
        """Send one request."""
        return self.load(words, cookies=cookies)[0]

    def so_far(self) -> Snapshot:
        """Return what has been recorded up to now; of the last tenth of a second that is not all."""
        from weft.timeline import load

        return load(self.trace)

    @cached_property
    def snapshot(self) -> Snapshot:
        """What was recorded, for when the server has ended.

        Raises:
            WeftError: no request was, so that nothing follows from it.
        """
        snapshot = self.so_far()
        if not len(snapshot.tables.requests.all()):
            raise WeftError(f"{self.server} has recorded no request, nothing can be measured; see {self.trace}")
        return snapshot

    def findings(self, kind: str, **options: Any) -> list[Finding]:
        """Return what weft finds wrong of one kind, with thresholds of its own: see docs/findings.md."""
        from weft.findings import Options, find

        return [finding for finding in find(self.snapshot, Options(**options)) if finding.kind == kind]


class Lab:
    """Starts what a lesson needs, and ends all of it when the ``with`` block is left, however that happens.

    Args:
        lesson: its name, which traces are named after.
        tell: is told what is being done, one line each.
    """

    def __init__(self, lesson: str, tell: Callable[[str], object] = lambda line: None) -> None:
        self.lesson = lesson
        self.runs: dict[str, Run] = {}
        self.found: dict[str, Found] = {}
        self.notes: list[str] = []
        self._tell = tell
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="weft-lab-"))
        self._open.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def note(self, line: str) -> None:
        """Say something with the evidence: what was left out, and what would let it be measured."""
        self.notes.append(line)
        self._tell(line)

    def enter(self, part: AbstractContextManager[Part]) -> Part:
        """Start another part that ends with the lesson."""
        return self._open.enter_context(part)

    def service(self, service: Service) -> str | None:
        """Start a store that ends with the lesson, and return the URL for its clients.

        Returns None where it is not installed, and notes the command that installs it.

        Raises:
            WeftError: it does not come up.
        """
        program = service.found()
        if program is None:
            self.note(f"{service.name} is not installed, so this was measured without it; to add it: {service.install}")
            return None
        self._tell(f"starting {service.name}")
        return self.enter(started(service, program))

    @contextmanager
    def serve(
        self,
        server: Server,
        app: Callable[..., Flask],
        label: str = "run",
        *,
        environment: Mapping[str, str] | None = None,
        contended: bool = False,
        all_locks: bool = False,
    ) -> Iterator[Run]:
        """Serve an app, recorded, until the ``with`` block is left.

        Args:
            server: which one, see `weft_demos.lab.servers`.
            app: makes it: a function of the lesson's module.
            label: of the run, unique in the lesson.
            environment: variables that the server gets besides ours.
            contended: record of locks only what is waited for.
            all_locks: record the locks of the standard library and of frameworks too.

        Raises:
            WeftError: the server is not installed, or does not come up.
        """
        server.need()
        self._tell(f"{label}: {server.name}")
        trace = places.new_trace(f"lab-{self.lesson}-{label}")
        folder = Path(tempfile.mkdtemp(prefix=f"{label}-", dir=self.folder))
        module, factory = app.__module__, app.__name__
        words = [part.replace("{module}", module).replace("{factory}", factory) for part in server.arguments]
        flags = [*["--contended"] * contended, *["--all-locks"] * all_locks, f"--trace={trace}", f"--folder={folder}"]
        flags.append(f"--workers={server.workers}")
        with guarded(server.name, [*flags, server.module, *words], {**os.environ, **(environment or {})}) as address:
            run = Run(label, server.name, f"http://{address}", trace)
            yield run
        self.runs[label] = run

    def program(self, function: Callable[[], object], label: str = "run") -> str:
        """Run a function of the lesson's module as a program of its own, recorded, and return what it printed.

        Raises:
            WeftError: it did not end well, or not within `START_SECONDS`.
        """
        self._tell(f"{label}: {function.__name__}")
        trace = places.new_trace(f"lab-{self.lesson}-{label}")
        code = f"from {function.__module__} import {function.__name__} as main; main()"
        surroundings = environment_for(os.environ, str(trace))
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", code],
                cwd=self.folder, env=surroundings, capture_output=True, text=True, timeout=START_SECONDS, check=True,
            )  # fmt: skip
        except subprocess.SubprocessError as error:
            raise WeftError(f"{function.__name__} did not end well: {error}") from None
        self.runs[label] = Run(label, f"python {function.__name__}", "", trace)
        return done.stdout

    def search(self, scenario: str, *, fixed: bool = False, seconds: float = 20.0, **wanted: Any) -> Found:
        """Try the orders in which the threads of a scenario can run, and return what came of it.

        Args:
            scenario: ``MODULE:VARIABLE``, or a variable of the lesson.
            fixed: of its app without the bug.
            seconds: budget.
            wanted: further arguments of `weft.stage.process.AppProcess`.
        """
        target = scenario if ":" in scenario else f"weft_demos.lessons.{self.lesson.replace('-', '_')}:{scenario}"
        self._tell(f"searching the orders of its requests{', with the bug mended' if fixed else ''}")
        found = searched(target, fixed=fixed, seconds=seconds, **{"root": LESSONS, **wanted})
        self.found[f"{scenario}{'-fixed' if fixed else ''}"] = found
        return found


def python() -> str:
    """Return which Python runs, and whether it has a GIL."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return f"{sys.version.split()[0]}{'' if gil else ' without the GIL'}"
