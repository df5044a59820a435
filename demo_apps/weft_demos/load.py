"""Send customers to the shop, over loopback only: ``python -m weft_demos.load http://127.0.0.1:PORT``."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from urllib.parse import urlsplit

from weft_demos.customer import Customer, Tally
from weft_demos.lifeline import at_end_of_input, interrupt_on_signals

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_SECONDS = 600.0
MAX_CLIENTS = 64

Address = tuple[str, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load, print what it did as one line of JSON, and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        address = loopback_address(options.url)
        check_size(options.clients, options.seconds)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    interrupt_on_signals()
    stop = threading.Event()
    if options.until_eof:
        at_end_of_input(stop.set)
    tally = run(address, options.clients, options.seconds, options.seed, stop)
    print(json.dumps(tally.as_dict()), flush=True)
    return 0


def run(address: Address, clients: int, seconds: float, seed: int, stop: threading.Event) -> Tally:
    """Let customers shop for a time, or until the event; what they have asked for they still wait for.

    Only the first of them ever opens the report.
    """
    customers = [Customer(address, Random(f"{seed}/{n}"), reads_reports=n == 0) for n in range(clients)]  # noqa: S311
    threads = [threading.Thread(target=customer.shop, args=(stop,), daemon=True) for customer in customers]
    for thread in threads:
        thread.start()
    with suppress(KeyboardInterrupt):
        stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return Tally.total(customer.tally for customer in customers)


def loopback_address(url: str) -> Address:
    """Return host and port of a URL on this machine; raise ValueError for any other: not ours to load."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise ValueError(f"{url!r} is not an http address on this machine ({', '.join(LOOPBACK)})")
    return parts.hostname, parts.port or 80


def check_size(clients: int, seconds: float) -> None:
    """Raise ValueError for a load without bounds."""
    if not 1 <= clients <= MAX_CLIENTS:
        raise ValueError(f"clients must be 1 to {MAX_CLIENTS}, not {clients}")
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"seconds must be above 0 and at most {MAX_SECONDS:g}, not {seconds:g}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("weft_demos.load", description=__doc__)
    parser.add_argument("url", help="where the shop listens")
    parser.add_argument("--clients", type=int, default=6, help="customers at a time, each a thread")
    parser.add_argument("--seconds", type=float, default=MAX_SECONDS, help="how long; the default is the most")
    parser.add_argument("--seed", type=int, default=1, help="what the customers' wishes are drawn from")
    parser.add_argument("--until-eof", action="store_true", help="stop when stdin ends")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
