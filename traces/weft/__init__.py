"""weft shows how the threads of a Flask app interleave."""

from __future__ import annotations

__version__ = "0.1.0"
