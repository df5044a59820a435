"""What the methods of builtin containers, and functions that are given one, do to it."""

from __future__ import annotations

import builtins
from typing import NamedTuple


class Effect(NamedTuple):
    """What a call does.

    Attributes:
        kind: read or write.
        keyed: on dicts (also on sets for ``member``), only to the item that its first argument names.
        member: the first argument is an element of a set.
    """

    kind: str
    keyed: bool = False
    member: bool = False


READ, WRITE = Effect("read"), Effect("write")

_READS = """items keys values copy count index most_common elements total isdisjoint issubset issuperset union
    intersection difference symmetric_difference __len__ __iter__ __reversed__ decode hex find rfind startswith endswith
    split join"""
_WRITES = """append appendleft pop popleft popitem update clear extend extendleft insert reverse rotate sort move_to_end
    intersection_update difference_update symmetric_difference_update subtract __iadd__ __ior__"""

METHODS: dict[str, Effect] = {
    **dict.fromkeys(_READS.split(), READ),
    **dict.fromkeys(_WRITES.split(), WRITE),
    "get": Effect("read", keyed=True),
    "__getitem__": Effect("read", keyed=True),
    "__contains__": Effect("read", keyed=True, member=True),
    "setdefault": Effect("write", keyed=True),
    "pop": Effect("write", keyed=True),
    "__setitem__": Effect("write", keyed=True),
    "__delitem__": Effect("write", keyed=True),
    "add": Effect("write", keyed=True, member=True),
    "discard": Effect("write", keyed=True, member=True),
    "remove": Effect("write", keyed=True, member=True),
}
"""By name: no two containers have methods of the same name that differ in kind."""

_BUILTINS = """len sum min max sorted list tuple set frozenset dict any all iter enumerate zip reversed str repr print
    bool map filter bytes bytearray format"""

BUILTINS: dict[str, object] = {name: getattr(builtins, name) for name in _BUILTINS.split()}
"""Builtins that look through an argument."""

FUNCTIONS: dict[str, Effect] = {
    **dict.fromkeys(["jsonify", "dumps", "choice", "choices", "sample", "deepcopy", "fsum"], READ),
    **dict.fromkeys(["heappush", "heappop", "heapify", "heapreplace", "heappushpop", "shuffle"], WRITE),
    **dict.fromkeys(["insort", "insort_left", "insort_right"], WRITE),
}
"""Functions of libraries, by their last name: what they do to their first argument when it is a container."""

LAZY = frozenset({"enumerate", "zip", "reversed", "iter", "map", "filter"})
"""Builtins that look at their argument only when they are iterated over."""
VIEWS = frozenset({"items", "keys", "values"})
