"""The fixture `weft`: the same assertions, with the options of the test's mark."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .asserting import assert_holds, assert_schedule


class Weft:
    """What a test gets that takes `weft`.

    Args:
        options: defaults for `holds`, see `weft.assert_holds`.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def holds(self, scenario: object, *, requests: Sequence[str] = (), check: str = "", **options: Any) -> None:
        """Fail unless a scenario holds in every order of its threads' steps, see `weft.assert_holds`."""
        __tracebackhide__ = True
        assert_holds(scenario, **{"requests": requests, "check": check, **self._options, **options})

    def schedule(self, path: str | os.PathLike[str], *, expect: str = "holds", strict: bool = False) -> None:
        """Fail unless a saved schedule leads where it is expected to, see `weft.assert_schedule`."""
        __tracebackhide__ = True
        assert_schedule(path, expect=expect, strict=strict)
