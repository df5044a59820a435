"""Real stores for lessons: alone on loopback, with a password, and gone with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis as client

from support.ending import alive, until
from weft import WeftError
from weft_demos.lab import Lab, services

START = """
import redis
from weft_demos.lab import Lab, services
with Lab("shared-memory") as lab:
    said = redis.Redis.from_url(lab.service(services.redis())).info()
    print(said["process_id"], said["config_file"], flush=True)
    input()
"""


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_a_store_ends_with_its_lesson_however_that_ends(error: type[BaseException] | None) -> None:
    said = {}

    def lesson() -> None:
        with Lab("shared-memory") as lab:
            url = lab.service(services.redis())
            with client.Redis.from_url(url) as redis:
                assert redis.incr("visits") == 1
                said.update(redis.info())
            assert alive(said["process_id"])
            if error is not None:
                raise error

    if error is None:
        lesson()
    else:
        with pytest.raises(error):
            lesson()
    assert not alive(said["process_id"])
    assert not Path(said["config_file"]).parent.exists()


@pytest.mark.usefixtures("redis")
def test_a_store_is_for_those_who_know_its_password_and_keeps_nothing() -> None:
    with Lab("shared-memory") as lab:
        url = lab.service(services.redis())
        with client.Redis.from_url(url) as redis:
            folder = Path(redis.info()["config_file"]).parent
            redis.set("visits", 1)
            assert (redis.config_get("save")["save"], redis.config_get("bind")["bind"]) == ("", "127.0.0.1")
        assert folder.stat().st_mode & 0o077 == 0
        assert [file.name for file in folder.iterdir()] == ["redis.conf"]
        anybody = f"redis://{url.rpartition('@')[2]}"
        with client.Redis.from_url(anybody) as redis, pytest.raises(client.AuthenticationError):
            redis.get("visits")


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_store_ends_when_whoever_started_it_is_ended(number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", START], stdin=-1, stdout=-1, stderr=-1, text=True) as started:
        assert started.stdout is not None
        words = started.stdout.readline().split()
        assert words, started.communicate()[1]
        pid, folder = int(words[0]), Path(words[1]).parent
        assert alive(pid)
        started.send_signal(number)
        started.communicate(timeout=60)
    until(lambda: not alive(pid) and not folder.exists())


def test_a_store_that_is_not_installed_is_noted_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said: list[str] = []
    with Lab("shared-memory", said.append) as lab:
        assert lab.service(services.redis()) is None
        assert lab.notes == said
    assert "apt-get install redis-server" in said[0]


def test_a_program_is_also_found_where_debian_hides_it(tmp_path: Path) -> None:
    for version in ("13", "15"):
        (tmp_path / version / "bin").mkdir(parents=True)
        program = tmp_path / version / "bin" / "storage-of-old"
        program.touch(0o700)
    store = services.Service("Storage", "storage-of-old", "", "", list, f"{tmp_path}/*/bin")
    assert store.found() == str(program)
    assert store._replace(folders="").found() is None


def test_a_store_that_does_not_come_up_is_said_with_its_last_words() -> None:
    def broken(program: str, folder: Path, secret: str) -> list[str]:
        return [program, "-c", "import sys; sys.exit('out of order')"]

    store = services.Service("Storage", sys.executable, "", "", broken)
    with Lab("shared-memory") as lab, pytest.raises(WeftError, match=r"Storage did not come up.*out of order"):
        lab.service(store)
