"""``weft serve`` under way."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def serving(*arguments: str, told: str = "") -> AsyncIterator[str]:
    """Run ``weft serve`` and yield the address that it prints; Ctrl-C has to end it well.

    Args:
        told: what it says besides, in part.
    """
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "weft_tui", "serve", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stdout
    try:
        async with asyncio.timeout(60):
            address = (await server.stdout.readline()).decode().strip()
        assert address.startswith("http://127.0.0.1:"), (await server.communicate())[1].decode()
        yield address
        server.send_signal(signal.SIGINT)
        said, complained = await asyncio.wait_for(server.communicate(), 60)
        assert server.returncode == 0
        assert told in said.decode()
        assert bool(said) == bool(told)
        assert told or complained.decode().count("\n") == 1, complained.decode()
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
