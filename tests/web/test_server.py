"""Who is served, and what is said to everybody else."""

from __future__ import annotations

import asyncio
import http.client
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.busy import BusyServer
from support.weft_server import serving
from weft.errors import WeftError
from weft_tui.web import server

NEEDED = pytest.mark.skipif(
    not all(map(find_spec, ("textual_serve", "aiohttp"))),
    reason="the extra `serve` is not installed",
)


def ask(address: str, path: str | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Return status, text and headers of an answer."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request("GET", parts.path if path is None else path, headers=headers)
    answer = connection.getresponse()
    told = answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return told


@NEEDED
async def test_only_those_who_know_the_address_are_served(tmp_path: Path) -> None:
    trace = tmp_path / "shop.weft"
    BusyServer(threads=2).write(trace, 1_000)
    async with serving(str(trace)) as address:

        async def asked(path: str | None = None, **headers: str) -> tuple[int, str, dict[str, str]]:
            return await asyncio.to_thread(ask, address, path, **headers)

        status, page, headers = await asked()
        assert status == 200
        assert "<title>weft: shop.weft</title>" in page
        assert "http" not in page.replace("text/html", "")
        assert "default-src 'none'" in headers["content-security-policy"]
        port = urlsplit(address).port
        assert (await asked(Host=f"localhost:{port}"))[0] == 200
        assert (await asked(Host=f"evil.example:{port}"))[0] == 403
        assert (await asked(Host="127.0.0.1"))[0] == 403
        token = urlsplit(address).path.strip("/")
        other = token[:-1] + ("y" if token[-1] == "x" else "x")
        for path in ("/", "/static/js/textual.js", "/socket", f"/{token[:-1]}/", f"/{other}/socket", "/%ff/"):
            assert (await asked(path))[0] == 404, path
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
        assert (await asked(f"/{token}/socket", Origin="http://evil.example", **upgrade))[0] == 403


@NEEDED
def test_each_server_has_a_token_of_its_own() -> None:
    assert len({server.Site((), "", 1).token for _ in range(50)}) == 50


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    with pytest.raises(WeftError, match=r"pip install '\.\[serve\]'"):
        server.Site((), "", 1)


def test_a_port_that_is_taken_is_refused_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WeftError, match=f"port {port} cannot be had: .*leave --port out"):
            server.bound(port)


def test_nobody_else_reaches_the_port() -> None:
    with server.bound(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "number"), [(None, 16), ("20", 20), ("1", 6), ("999", 64), ("-5", 16), ("x", 16), (20, 20)]
)
def test_sizes_stay_sane(given: object, number: int) -> None:
    assert server._within(given, server.FONT_SIZES) == number
