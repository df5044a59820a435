"""Text from an app that cannot command a terminal. Standard library only."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return text in which no control character is left to act on a terminal."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
