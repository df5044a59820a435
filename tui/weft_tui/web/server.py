"""A server for browsers of this machine: one session of `weft` per tab, behind a random token, nothing from outside.

textual-serve brings the terminal of the page and the other end of a session's pipes. Its own page asks a font server
for a font, and its own server answers everybody who can reach the port; so page and server are ours.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any, Final

from weft import WeftError, extras

HOST: Final = "127.0.0.1"
FONT_SIZES: Final = (6, 16, 64)
"""The smallest, the usual and the largest that a browser may ask for, pixels."""

CELLS: Final = (20, 100, 1000)
"""The same of the columns and rows of its window."""

END_SECONDS: Final = 3.0
"""How long a session may take to end when it is asked to."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

NO_EXTRA: Final = f"this needs textual-serve: {extras.install('serve')}, or look at the trace with `weft replay`"


def bound(port: int) -> socket.socket:
    """Return a socket of the loopback interface; port 0 is any free one.

    Raises:
        WeftError: the port cannot be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise WeftError(f"port {port} cannot be had: {error.strerror}; leave --port out for a free one") from None
    return listening


def serve(arguments: Sequence[str], listening: socket.socket, title: str, say: Callable[[str], None]) -> None:
    """Serve until a signal ends it.

    Args:
        arguments: what `weft` is called with for every tab.
        listening: where to.
        title: of the page.
        say: is told the address once it is served.

    Raises:
        WeftError: textual-serve is not installed.
    """
    site = Site(arguments, title, listening.getsockname()[1])
    asyncio.run(site.run(listening, say))


class Site:
    """The page and the sessions behind it.

    Args:
        arguments: what `weft` is called with for every tab.
        title: of the page.
        port: of the loopback interface.

    Raises:
        WeftError: textual-serve is not installed.
    """

    def __init__(self, arguments: Sequence[str], title: str, port: int) -> None:
        try:
            self._web: Any = import_module("aiohttp.web")
            self._sessions: Any = import_module("textual_serve.app_service")
            self._downloads: Any = import_module("textual_serve.download_manager")
        except ImportError:
            raise WeftError(NO_EXTRA) from None
        self.title = title
        self.token = secrets.token_urlsafe(24)
        self.hosts = (f"{HOST}:{port}", f"localhost:{port}")
        # The shell that textual-serve starts gives way to the session.
        self.command = f"exec {shlex.join([sys.executable, '-m', 'weft_tui.web.session', *arguments])}"
        self._open: set[Any] = set()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.token}/"

    async def run(self, listening: socket.socket, say: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM, then end all sessions."""
        runner = self._web.AppRunner(self.app(), access_log=None, shutdown_timeout=END_SECONDS)
        await runner.setup()
        try:
            await self._web.SockSite(runner, listening).start()
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            say(self.url)
            await stop.wait()
            for each in tuple(self._open):
                await each.close()
        finally:
            await runner.cleanup()

    def app(self) -> Any:
        """Return the application of aiohttp."""
        # It marks functions, and methods through them.
        self._web.middleware(type(self)._guard)
        app = self._web.Application(middlewares=[self._guard])
        static = Path(self._sessions.__file__).with_name("static")
        app.router.add_get(f"/{self.token}/", self._page)
        app.router.add_get(f"/{self.token}/page.js", self._script)
        app.router.add_get(f"/{self.token}/socket", self._session)
        app.router.add_static(f"/{self.token}/static", static)
        return app

    async def _guard(self, request: Any, handler: Any) -> Any:
        """Answer only those who call us by our name and know the token.

        Another site may let its name point to us (DNS rebinding), and other users of this machine reach the port.
        """
        web = self._web
        if request.host.lower() not in self.hosts:
            raise web.HTTPForbidden(text="weft serves this machine only, by the address that it has printed.\n")
        if request.headers.get("Origin", f"http://{request.host}").lower() not in [f"http://{h}" for h in self.hosts]:
            raise web.HTTPForbidden(text="weft serves its own page only.\n")
        token = request.path.lstrip("/").partition("/")[0].encode("utf-8", "replace")
        if not hmac.compare_digest(token, self.token.encode()):
            raise web.HTTPNotFound(text="Open the address that `weft serve` has printed, with all that is in it.\n")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(
                {
                    "Content-Security-Policy": POLICY.format(host=request.host),
                    "Referrer-Policy": "no-referrer",
                    "X-Content-Type-Options": "nosniff",
                    "Cache-Control": "no-store",
                }
            )
        return answer

    async def _page(self, request: Any) -> Any:
        told = {
            "title": html.escape(self.title),
            "socket": f"ws://{request.host}/{self.token}/socket",
            "size": str(_within(request.query.get("fontsize"), FONT_SIZES)),
        }
        return self._web.Response(text=Template(_ours("page.html")).substitute(told), content_type="text/html")

    async def _script(self, request: Any) -> Any:
        return self._web.Response(text=_ours("page.js"), content_type="text/javascript")

    async def _session(self, request: Any) -> Any:
        """Run a session for as long as its tab is open."""
        tab = self._web.WebSocketResponse(heartbeat=15)
        await tab.prepare(request)
        session = self._sessions.AppService(
            self.command,
            write_bytes=tab.send_bytes,
            write_str=tab.send_str,
            close=tab.close,
            download_manager=self._downloads.DownloadManager(),
        )
        self._open.add(tab)
        try:
            await session.start(*(_within(request.query.get(side), CELLS) for side in ("width", "height")))
            # A session that ends by itself, or never begins, takes its tab with it.
            session._task.add_done_callback(lambda _: asyncio.ensure_future(tab.close()))
            async for message in tab:
                await _pass_on(tab, session, message)
        finally:
            self._open.discard(tab)
            await _end(session)
        return tab


def _ours(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


async def _pass_on(tab: Any, session: Any, message: Any) -> None:
    """Hand on what a tab says: keys, mouse, the size of its window."""
    try:
        what, *rest = message.json()
        if what == "stdin":
            await session.send_bytes(str(rest[0]).encode())
        elif what == "resize":
            await session.set_terminal_size(*(_within(rest[0][side], CELLS) for side in ("width", "height")))
        elif what == "ping":
            await tab.send_json(["pong", rest[0]])
        elif what in ("focus", "blur"):
            await getattr(session, what)()
    except (ValueError, TypeError, LookupError, AttributeError):
        # Not what our page says: nobody to tell.
        return


async def _end(session: Any) -> None:
    """Ask a session to end; one that does not is killed."""
    process = session._process
    if process is None:
        return
    try:
        async with asyncio.timeout(END_SECONDS):
            await session.stop()
            process.stdin.close()
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _within(given: object, limits: tuple[int, int, int]) -> int:
    """Return a number between the smallest and the largest, or the usual one where none is given."""
    least, usual, most = limits
    number = int(given) if isinstance(given, int | str) and str(given).isdecimal() else usual
    return min(max(number, least), most)
