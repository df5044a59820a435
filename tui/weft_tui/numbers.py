"""NumPy without the threads of its linear algebra: nothing here uses that, and they take longer to start than NumPy."""

from __future__ import annotations

import os
import sys
from typing import Final

THREADS: Final = "OPENBLAS_NUM_THREADS"


def load() -> None:
    """Import NumPy; what the environment says to us and to the commands that we start stays as it is."""
    if "numpy" in sys.modules or THREADS in os.environ:
        return
    os.environ[THREADS] = "1"
    try:
        import numpy as numpy
    finally:
        del os.environ[THREADS]
