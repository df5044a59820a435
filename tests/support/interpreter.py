"""What the Python that runs the tests is like."""

from __future__ import annotations

import sys

GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Without it nobody can look at another thread's stack while that thread runs."""
