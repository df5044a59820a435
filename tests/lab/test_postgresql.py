"""A real PostgreSQL for lessons: alone on loopback, with a password, and gone with whoever started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, exc, make_url, text

from support.ending import until
from weft import WeftError
from weft_demos.lab import Lab, postgresql, services

pytestmark = pytest.mark.skipif(
    services.postgresql().found() is None, reason=f"needs PostgreSQL: {services.postgresql().install}"
)
START = """
from weft_demos.lab import Lab, services
with Lab("row-locks") as lab:
    print(lab.service(services.postgresql()), flush=True)
    input()
"""


def asked(url: str, question: str) -> str:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as database:
        return str(database.execute(text(question)).scalar_one())


def gone(url: str) -> bool:
    try:
        asked(url, "SELECT 1")
    except exc.OperationalError:
        return True
    return False


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_it_serves_as_soon_as_it_is_there_and_ends_with_its_lesson(error: type[BaseException]) -> None:
    said: list[str] = []

    def lesson() -> None:
        with Lab("row-locks") as lab:
            url = lab.service(services.postgresql())
            said.extend((url, asked(url, "SHOW data_directory")))
            raise error

    with pytest.raises(error):
        lesson()
    url, data = said
    assert gone(url)
    assert not Path(data).parent.exists()


def test_it_listens_on_loopback_for_those_who_know_its_password() -> None:
    with Lab("row-locks") as lab:
        url = lab.service(services.postgresql())
        assert asked(url, "SHOW listen_addresses") == "127.0.0.1"
        assert asked(url, "SHOW unix_socket_directories") == ""
        folder = Path(asked(url, "SHOW data_directory")).parent
        assert folder.stat().st_mode & 0o077 == 0
        assert not (folder / "password").exists()
        stranger = make_url(url).set(password="guessed").render_as_string(hide_password=False)
        with pytest.raises(exc.OperationalError, match="password authentication failed"):
            asked(stranger, "SELECT 1")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_when_whoever_started_it_is_ended(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", START], stdin=-1, stdout=-1, stderr=-1, text=True) as started:
        assert started.stdout is not None
        url = started.stdout.readline().strip()
        folder = Path(asked(url, "SHOW data_directory")).parent
        started.send_signal(number)
        started.communicate(timeout=60)
    until(lambda: gone(url) and not folder.exists())


def test_a_link_to_it_will_do(tmp_path: Path) -> None:
    link = tmp_path / "postgres"
    link.symlink_to(Path(str(services.postgresql().found())).resolve())
    with services.started(services.postgresql(), str(link)) as url:
        assert asked(url, "SELECT 1") == "1"


def test_what_keeps_it_from_being_set_up_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="PostgreSQL could not be set up: ") as raised:
        postgresql.prepare(str(tmp_path / "nowhere" / "postgres"), tmp_path, "secret")
    assert "\n" not in str(raised.value)
