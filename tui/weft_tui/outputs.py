"""Files that a command writes: readable by their owner alone, and in place of no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from weft import WeftError


def new_file(path: Path) -> BinaryIO:
    """Make a file and open it for writing.

    Raises:
        WeftError: it is there already, or cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(path, flags, 0o600), "wb")
    except FileExistsError:
        raise WeftError(f"{path} exists; name another file with -o") from None
    except OSError as error:
        raise WeftError(f"{path} cannot be made: {error.strerror}") from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Make a file that is there as a whole or not at all.

    Raises:
        WeftError: as `new_file`, or it could not be written.
    """
    file = new_file(path)
    try:
        with file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WeftError(f"{path} could not be written: {error.strerror}") from None
        raise
