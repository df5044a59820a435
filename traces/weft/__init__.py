"""weft shows how the threads of a Flask app interleave.

Importing this loads nothing but the standard library.
"""

from __future__ import annotations

from .annotations import holding, mark, name, section, waiting
from .errors import WeftError
from .instrumenting import init_app, instrument, uninstrument

__all__ = [
    "WeftError",
    "__version__",
    "holding",
    "init_app",
    "instrument",
    "mark",
    "name",
    "section",
    "uninstrument",
    "waiting",
]
__version__ = "0.1.0"
