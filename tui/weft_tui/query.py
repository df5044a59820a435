"""One line that says what to show: ``lock:stock path:/cart wait>5ms thread:*worker*``. Words are joined by *and*."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from weft.errors import WeftError
from weft.findings.options import duration_ns

EXAMPLE: Final = "lock:stock path:/cart wait>5ms thread:*worker*"
NAMES: Final = ("lock", "thread", "path", "endpoint", "status")
TIMES: Final = ("wait", "took")

_WORD: Final = re.compile(r'((?:"[^"]*"|[^\s"])+)')
_PARTS: Final = re.compile(r"([a-z]*)(:|>=|>|<=|<)(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """What to show.

    Attributes:
        text: as it was written; nothing shows everything.
        names: pairs of one of `NAMES` and a pattern, in lower case.
        times: triples of one of `TIMES`, the least and the most, ns; None: no limit.
    """

    text: str = ""
    names: tuple[tuple[str, str], ...] = ()
    times: tuple[tuple[str, int | None, int | None], ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.names or self.times)

    def patterns(self, name: str) -> tuple[str, ...]:
        """Return the patterns for one of `NAMES`."""
        return tuple(pattern for each, pattern in self.names if each == name)

    def asks(self, *words: str) -> bool:
        """Say whether one of the words is in it."""
        return any(each in words for each, *_ in (*self.names, *self.times))

    def within(self, name: str) -> tuple[int, int]:
        """Return the least and the most that a duration may be, ns."""
        low = max((low for each, low, _ in self.times if each == name and low is not None), default=0)
        high = min((high for each, _, high in self.times if each == name and high is not None), default=(1 << 63) - 1)
        return low, high


EVERYTHING: Final = Query()


def parse(text: str) -> Query:
    """Return what a line asks for.

    Raises:
        WeftError: it cannot be understood.
    """
    names: list[tuple[str, str]] = []
    times: list[tuple[str, int | None, int | None]] = []
    if text.count('"') % 2:
        raise WeftError('a quotation mark is open: write path:"/a b" with two')
    for word in _WORD.findall(text):
        bare = word.replace('"', "")
        found = _PARTS.fullmatch(bare)
        if found is None:
            raise WeftError(
                f"{bare!r} says not what it is the name of: write lock:{bare}, thread:{bare} or path:{bare}"
            )
        name, sign, value = found[1].lower(), found[2], found[3]
        if sign == ":":
            names.append(_name(name, value, bare))
        else:
            times.append(_time(name, sign, value, bare))
    return Query(text.strip(), tuple(names), tuple(times))


def _name(name: str, value: str, word: str) -> tuple[str, str]:
    if name in TIMES:
        raise WeftError(f"{word!r}: a time is compared, as in {name}>5ms")
    if name not in NAMES:
        raise WeftError(f"{word!r}: there is no {name or 'empty name'}; there is {_listed()}")
    if not value:
        raise WeftError(f"{word!r} has nothing behind its colon: write a part of the name, as in {name}:stock")
    return name, value.lower()


def _time(name: str, sign: str, value: str, word: str) -> tuple[str, int | None, int | None]:
    if name in NAMES:
        raise WeftError(f"{word!r}: a name is no number; write {name}:{value or '…'}")
    if name not in TIMES:
        raise WeftError(f"{word!r}: there is no {name or 'empty name'}; there is {_listed()}")
    ns = duration_ns(value)
    if ns is None:
        raise WeftError(f"{word!r}: {value!r} is no duration; write {name}{sign}5ms, with ns, us, ms or s")
    if sign.startswith(">"):
        return name, ns + (sign == ">"), None
    return name, None, ns - (sign == "<")


def _listed() -> str:
    return f"{', '.join(f'{name}:' for name in NAMES)} {' and '.join(f'{name}>' for name in TIMES)}"


def fits(value: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a name fits all patterns: as a part of it or, with ``*`` or ``?``, as a whole."""
    value = value.lower()
    return all(fnmatchcase(value, each) if "*" in each or "?" in each else each in value for each in patterns)
