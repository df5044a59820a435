"""Rules that a trace is held against, for CI: kinds of findings that must not occur, and bounds on figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from weft.timeline.columns import I64, Rows
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration

from ..errors import WeftError
from . import deadlock, inversion
from .checks import KINDS
from .options import duration_ns
from .values import Finding

_BOUND: Final = re.compile(r"(p\d{1,2}|max|total|count)(<=|<)(.+)", re.ASCII | re.DOTALL)
_SUBJECTS: Final = ("wait", "hold", "requests")

HELP: Final = "deadlock, wait:LOCK:p99<5ms, hold:LOCK:max<1s, requests:/PATH:p95<200ms; see docs/report.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        text: as it was written.
        at: where it began, characters from 1.
        subject: a kind of finding, or ``wait``, ``hold`` or ``requests``.
        name: the lock, path or endpoint; nothing for a kind of finding.
        figure: ``p99``, ``max``, ``total``, ``count``.
        bound: ns, or a number.
        equal: the bound itself is allowed.
    """

    text: str
    at: int
    subject: str
    name: str = ""
    figure: str = ""
    bound: int = 0
    equal: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a trace keeps a rule, and a sentence that says so."""

    rule: Rule
    kept: bool
    sentence: str


def parse(text: str) -> list[Rule]:
    """Return the rules of a comma-separated text.

    Raises:
        WeftError: one is wrong; the message says at which character.
    """
    rules, at = [], 1
    for part in text.split(","):
        if part.strip():
            rules.append(_rule(part.strip(), at + len(part) - len(part.lstrip())))
        at += len(part) + 1
    if not rules:
        raise WeftError(f"there is no rule in {text!r}; write {HELP}")
    return rules


def _rule(text: str, at: int) -> Rule:
    subject, _, rest = text.partition(":")
    if not rest and text in KINDS:
        return Rule(text, at, text)
    if subject not in _SUBJECTS:
        raise WeftError(f"rule at character {at}: {text!r} is neither a kind of finding nor a bound; write {HELP}")
    name, _, bound = rest.rpartition(":")
    if not name:
        raise WeftError(f"rule at character {at}: {text!r} names nothing; write {HELP}")
    there = at + len(subject) + 1 + len(name) + 1
    found = _BOUND.fullmatch(bound)
    if found is None:
        raise WeftError(f"rule at character {there}: {bound!r} is no bound such as p99<5ms, max<=1s or count<100")
    figure, sign, value = found.groups()
    number = int(value) if figure == "count" and value.isdecimal() and value.isascii() else None
    number = duration_ns(value) if figure != "count" else number
    if number is None:
        what = "whole number" if figure == "count" else "duration such as 5ms"
        raise WeftError(f"rule at character {there + found.start(3)}: {value!r} is no {what}")
    return Rule(text, at, subject, name, figure, number, sign == "<=")


def judge(snapshot: Snapshot, found: Iterable[Finding], rules: Iterable[Rule]) -> list[Judgement]:
    """Hold a trace against rules.

    Raises:
        WeftError: a rule speaks of something that the trace does not have.
    """
    found = list(found)
    return [_by_kind(found, rule) if rule.subject in KINDS else _by_figure(snapshot, rule) for rule in rules]


def _by_kind(found: list[Finding], rule: Rule) -> Judgement:
    there = [finding for finding in found if finding.kind == rule.subject or _struck(finding, rule)]
    kind = KINDS[rule.subject]
    if not there:
        return Judgement(rule, True, f"no {kind.one}")
    more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
    return Judgement(rule, False, f"{there[0].sentence}{more}")


def _struck(finding: Finding, rule: Rule) -> bool:
    """Return whether an inversion has become a deadlock, which is all that is told then."""
    return rule.subject == inversion.KIND and finding.kind == deadlock.KIND and len(finding.locks) > 1


def _by_figure(snapshot: Snapshot, rule: Rule) -> Judgement:
    lasted = _requests(snapshot, rule) if rule.subject == "requests" else _of_lock(snapshot, rule)
    value = _figure(rule.figure, lasted)
    kept = value < rule.bound or (rule.equal and value == rule.bound)
    told, bound = (f"{each:,}" if rule.figure == "count" else duration(each) for each in (value, rule.bound))
    word = {"wait": "waits for", "hold": "holds of", "requests": "requests of"}[rule.subject]
    sentence = f"{rule.figure} of the {word} {rule.name} is {told}, {'within' if kept else 'not within'} {bound}"
    return Judgement(rule, kept, sentence)


def _of_lock(snapshot: Snapshot, rule: Rule) -> I64:
    """Return how long the waits for a lock, or its holds, lasted; all locks of that name, ``*`` for every lock."""
    locks = [lock.id for lock in snapshot.locks if rule.name in ("*", lock.name)]
    if not locks:
        raise WeftError(f"rule at character {rule.at}: no lock is called {rule.name!r} in this trace{_known(snapshot)}")
    tables = snapshot.tables
    if rule.subject == "wait":
        rows = tables.waits.all()
        rows = rows[np.isin(rows["lock"], locks)]
        return _lasted(tables.ends(rows), rows)
    rows = tables.holds.all()
    rows = rows[np.isin(rows["lock"], locks)]
    return _lasted(tables.held_until(rows), rows)


def _lasted(end: I64, rows: Rows) -> I64:
    lasted: I64 = end - rows["start"]
    return lasted


def _known(snapshot: Snapshot) -> str:
    names = sorted({lock.name for lock in snapshot.locks})
    return f"; there is {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else ""


def _requests(snapshot: Snapshot, rule: Rule) -> I64:
    """Return how long the requests of a path or an endpoint lasted, ``*`` for all."""
    tables = snapshot.tables
    rows = tables.requests.all()
    targets = [at for at, (_, path) in enumerate(tables.targets) if rule.name in ("*", path)]
    endpoints = [at for at, name in enumerate(tables.endpoints) if rule.name == name]
    rows = rows[np.isin(rows["target"], targets) | np.isin(rows["endpoint"], endpoints)]
    if not len(rows):
        raise WeftError(f"rule at character {rule.at}: no request of {rule.name!r} is in this trace")
    return _lasted(tables.ends(rows), rows)


def _figure(figure: str, lasted: I64) -> int:
    """Return a figure; percentiles are by nearest rank."""
    if figure == "count":
        return len(lasted)
    if figure == "total":
        return int(lasted.sum())
    if not len(lasted):
        return 0
    share = 100 if figure == "max" else int(figure[1:])
    ordered = np.sort(lasted)
    return int(ordered[max((len(ordered) * share + 99) // 100 - 1, 0)])
