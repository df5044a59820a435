"""weft shows how the threads of a Flask app interleave.

Importing this loads nothing but the standard library.
"""

from __future__ import annotations

from .errors import WeftError
from .instrumenting import init_app, instrument, uninstrument

__all__ = ["WeftError", "__version__", "init_app", "instrument", "uninstrument"]
__version__ = "0.1.0"
