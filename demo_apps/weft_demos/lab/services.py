"""Real stores, as Debian packages them: child processes on loopback, each in a private folder, that end with us."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import NamedTuple

from weft.errors import WeftError

from . import postgresql as _postgresql
from .guarded import START_SECONDS, guarded

LOOK_SECONDS = 0.01

Prepare = Callable[[str, Path, str], list[str]]
"""Makes in a folder what a store needs there, and returns its command with ``{port}`` in it.

It is given the program's path, the folder, which is empty and only we may enter, and a password.
"""


class Service(NamedTuple):
    """A store that lessons need.

    Attributes:
        name: as it is told.
        program: what is run, and has to be installed. It ends on SIGINT, and need not be asked twice.
        install: the command that installs it.
        url: where clients find it: ``{secret}`` is its password, ``{address}`` host and port.
        prepare: makes what it needs.
        folders: where the program may be besides the PATH, as a pattern.
        ready: tells by what is in the folder whether it serves clients, as it may listen before.
    """

    name: str
    program: str
    install: str
    url: str
    prepare: Prepare
    folders: str = ""
    ready: Callable[[Path], bool] = lambda folder: True

    def found(self) -> str | None:
        """Return the program's path, None where it is not installed."""
        newest_first = sorted(glob(self.folders), reverse=True)  # noqa: PTH207 (an absolute pattern)
        return shutil.which(self.program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *newest_first]))


@contextmanager
def started(service: Service, program: str) -> Iterator[str]:
    """Run a store, whose program is at a path, until the ``with`` block is left, and return the URL for its clients.

    Raises:
        WeftError: it does not come up.
    """
    secret = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory(prefix=f"weft-lab-{service.name.lower()}-", ignore_cleanup_errors=True) as folder:
        command = service.prepare(program, Path(folder), secret)
        with guarded(service.name, ["--program", f"--folder={folder}", *command], os.environ) as address:
            _wait_until_ready(service, Path(folder))
            yield service.url.format(secret=secret, address=address)


def _wait_until_ready(service: Service, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not service.ready(folder):
        if time.monotonic() > until:
            raise WeftError(f"{service.name} listens, but is not ready after {START_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


def postgresql() -> Service:
    """Return PostgreSQL, for SQLAlchemy with psycopg."""
    return Service(
        name="PostgreSQL",
        program="postgres",
        install="apt-get install postgresql",
        url="postgresql+psycopg://lab:{secret}@{address}/postgres",
        prepare=_postgresql.prepare,
        folders="/usr/lib/postgresql/*/bin",
        ready=_postgresql.ready,
    )


def redis() -> Service:
    """Return Redis, in memory only."""
    return Service(
        name="Redis",
        program="redis-server",
        install="apt-get install redis-server",
        url="redis://:{secret}@{address}/0",
        prepare=_prepare_redis,
    )


def _prepare_redis(program: str, folder: Path, secret: str) -> list[str]:
    """Keep the password in a file: what is said in a command everybody on the machine may read."""
    settings = folder / "redis.conf"
    settings.write_text(
        f'bind 127.0.0.1\nrequirepass {secret}\nsave ""\nappendonly no\ndaemonize no\nloglevel warning\n',
        encoding="ascii",
    )
    return [program, str(settings), "--port", "{port}"]
