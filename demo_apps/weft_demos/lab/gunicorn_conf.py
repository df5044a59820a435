"""What gunicorn is told besides its arguments: that a worker says when it has loaded the app."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FOLDER = "WEFT_LAB_READY"
"""The variable that names the folder."""


def post_worker_init(worker: Any) -> None:
    """Say that a worker is there; called by gunicorn."""
    Path(os.environ[FOLDER], f"worker-{worker.pid}").touch()
