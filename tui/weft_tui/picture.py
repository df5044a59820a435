"""Save what the screen shows, as an SVG picture or as text: private to the user, never over another file."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from weft.errors import WeftError

_REMOTE_FONT = re.compile(r',\s*url\("https?://[^"]*"\) format\("[^"]*"\)')


def offline(svg: str) -> str:
    """Return a picture that asks no other host for fonts: it is drawn with those that are there."""
    return _REMOTE_FONT.sub("", svg)


def save(svg: str, folder: Path, stem: str) -> Path:
    """Write a picture as ``stem-1.svg``, ``stem-2.svg`` … into a folder and return its path; raises as `save_text`."""
    return save_text(offline(svg), folder, stem, ".svg")


def save_text(text: str, folder: Path, stem: str, suffix: str) -> Path:
    """Write a text as ``stem-1.txt``, ``stem-2.txt`` … into a folder and return its path.

    Raises:
        WeftError: the folder cannot be written.
    """
    for number in count(1):
        path = folder / f"{stem}-{number}{suffix}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise WeftError(f"{path} cannot be written: {error.strerror}; start weft in another folder") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise AssertionError("counting never ends")
