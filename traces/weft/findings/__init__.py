"""What is wrong in a trace, each in one sentence with the evidence for it."""

from __future__ import annotations

from .checks import KINDS, find, fragment, fragments
from .options import Options
from .values import Evidence, Finding, Severity
from .watch import News, Watch

__all__ = ["KINDS", "Evidence", "Finding", "News", "Options", "Severity", "Watch", "find", "fragment", "fragments"]
