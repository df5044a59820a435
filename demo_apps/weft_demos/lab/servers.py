"""Real servers, as commands: ``{module}`` and ``{factory}`` make the app, ``{port}`` is a free one."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from weft import extras
from weft.errors import WeftError

CONFIG = "python:weft_demos.lab.gunicorn_conf"
INSTALL = extras.install("lab")


class Server(NamedTuple):
    """A server.

    Attributes:
        name: as it is told.
        module: what is run, and has to be installed.
        arguments: of the module.
        workers: how many processes serve requests, where the server listens before they are there; else 0.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    workers: int = 0

    def need(self) -> None:
        """Check that it is installed.

        Raises:
            WeftError: it is not; the sentence says what installs it.
        """
        need(self.module)


def need(module: str) -> None:
    """Check that a module is installed.

    Raises:
        WeftError: it is not; the sentence says what installs it.
    """
    if find_spec(module) is None:
        raise WeftError(f"this lesson needs {module}, which is not installed: {INSTALL}")


def flask_run(*options: str) -> Server:
    """Return Flask's development server, as ``flask run`` starts it."""
    said = " ".join(("flask run", *options))
    return Server(said, "flask", ("--app", "{module}:{factory}", "run", "--port", "{port}", *options))


def gunicorn(*, workers: int, threads: int, options: tuple[str, ...] = ()) -> Server:
    """Return gunicorn: sync workers with one thread each, gthread workers with more."""
    said = " ".join((f"gunicorn --workers {workers} --threads {threads}", *options))
    wanted = (
        "--workers",
        str(workers),
        "--threads",
        str(threads),
        "--bind",
        "127.0.0.1:{port}",
        "--config",
        CONFIG,
        *options,
    )
    return Server(said, "gunicorn", (*wanted, "{module}:{factory}()"), workers)


def waitress(*, threads: int) -> Server:
    """Return waitress."""
    listen = "--listen", "127.0.0.1:{port}"
    return Server(
        f"waitress --threads {threads}",
        "waitress",
        ("--threads", str(threads), *listen, "--call", "{module}:{factory}"),
    )
