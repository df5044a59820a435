"""``python -m weft_tui.web.session ARGUMENTS`` is `weft` for one tab of the browser: it ends when its server does."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

LOOK_SECONDS: Final = 1.0


def main() -> None:
    """Run a command of `weft` behind a server."""
    # Ctrl-C is the server's: it asks every session to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

    from weft_tui.cli import main as run

    run()


def _end_with(parent: int) -> None:
    """End without a word once the parent has: nobody is there to draw for."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
