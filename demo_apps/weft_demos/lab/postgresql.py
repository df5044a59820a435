"""A PostgreSQL for a lesson: a new cluster with a password, on loopback only, whose files need not survive anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from weft.errors import WeftError
from weft_demos.child import printable

USER = "postgres"
"""User and group that Debian makes for it. PostgreSQL refuses to be run by root."""

SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB")


def prepare(program: str, folder: Path, secret: str) -> list[str]:
    """Make a cluster in a folder, and return the command that serves it.

    Args:
        program: path of ``postgres``.
        folder: an empty one; where we are root, PostgreSQL's user gets it.
        secret: password of the user ``lab``.

    Raises:
        WeftError: it could not be made.
    """
    password, data = folder / "password", folder / "data"
    password.write_text(secret, encoding="ascii")
    postgres = Path(program).resolve()  # a link may be where nothing else of it is
    wanted = [f"--pgdata={data}", "--username=lab", "--auth=scram-sha-256", f"--pwfile={password}"]
    try:
        become = _become(folder, password)
        subprocess.run(
            [*become, str(postgres.with_name("initdb")), *wanted, "--encoding=UTF8", "--no-locale", "--no-sync"],
            cwd=folder, capture_output=True, text=True, errors="replace", check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
        raise WeftError(f"PostgreSQL could not be set up: {printable(last)}") from None
    except (LookupError, OSError) as error:
        raise WeftError(f"PostgreSQL could not be set up: {printable(str(error))}") from None
    password.unlink()
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    return [*become, str(postgres), "-D", str(data), "-p", "{port}", *settings]


def ready(folder: Path) -> bool:
    """Return whether it serves clients: it listens before. ``pg_ctl --wait`` looks into the same file."""
    try:
        return "ready" in (folder / "data" / "postmaster.pid").read_text("ascii").split()
    except FileNotFoundError:
        return False


def _become(*paths: Path) -> list[str]:
    """Return what to put before a command so that it does not run as root, and give its user what it needs."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    for path in paths:
        shutil.chown(path, USER, USER)
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
