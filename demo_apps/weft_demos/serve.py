"""Serve one demo: ``python -m weft_demos.serve shop``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from weft_demos import names
from weft_demos.lifeline import LISTENING, at_end_of_input, interrupt_on_signals


class QuietHandler(WSGIRequestHandler):
    """Answers without a log line."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: a line per request takes locks of `logging` per request."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal or the end of the input; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.name not in names():
        print(f"no demo is called {options.name!r}: there is {', '.join(names())}", file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):
        interrupt_on_signals()
        server = listen(load_app(options.name), options.host, options.port)
        if options.until_eof:
            at_end_of_input(server.shutdown)
        print(LISTENING + address(server), flush=True)
        server.serve_forever(poll_interval=0.05)
    return 0


def load_app(name: str) -> Flask:
    """Build the app of a demo."""
    app: Flask = importlib.import_module(f"weft_demos.{name}").create_app()
    return app


def listen(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Bind werkzeug's threaded server, one thread per request; port 0 takes a free one."""
    return make_server(host, port, app, threaded=True, request_handler=QuietHandler)


def address(server: BaseWSGIServer) -> str:
    """Return the URL that reaches a server."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("weft_demos.serve", description=__doc__)
    parser.add_argument("name", help="which demo")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin does")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
