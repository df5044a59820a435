"""How many of something, in words. Standard library only."""

from __future__ import annotations


def many(count: int, one: str, several: str | None = None) -> str:
    """Return ``1 thread``, ``1,200 threads``; ``several`` is the plural where that is not made with an s."""
    plural = several or (f"{one}es" if one.endswith("s") else f"{one}s")
    return f"{count:,} {one if count == 1 else plural}"
