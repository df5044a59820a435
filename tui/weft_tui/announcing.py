"""What to say of findings that are new: each once, a few words where they are many. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from weft.findings import Finding, Severity, fragments

NEXT: Final = "4 lists"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What pops up.

    Attributes:
        loud: somebody can never go on.
    """

    text: str
    loud: bool


def announced(fresh: Sequence[Finding]) -> list[Announcement]:
    """Return what to say of some findings: what is stuck in its sentence, the others as counts."""
    stuck = [each for each in fresh if each.severity is Severity.STUCK]
    others = [each for each in fresh if each.severity is not Severity.STUCK]
    said = []
    if stuck:
        more = f" And {len(stuck) - 1:,} more." if len(stuck) > 1 else ""
        said.append(Announcement(stuck[0].sentence + more, True))
    if others:
        them = "it" if len(others) == 1 else "them"
        said.append(Announcement(f"Found {', '.join(fragments(others))}: {NEXT} {them}.", False))
    return said
