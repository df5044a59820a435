"""weft shows how the threads of a Flask app interleave.

Importing this loads nothing but the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .annotations import holding, mark, name, section, waiting
from .errors import WeftError
from .instrumenting import init_app, instrument, uninstrument

if TYPE_CHECKING:
    from .testing.asserting import assert_holds, assert_schedule

__all__ = [
    "WeftError",
    "__version__",
    "assert_holds",
    "assert_schedule",
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


def __getattr__(attribute: str) -> Any:
    if attribute in ("assert_holds", "assert_schedule"):
        from .testing import asserting

        return getattr(asserting, attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
