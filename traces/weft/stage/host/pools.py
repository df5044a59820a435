"""Stop points at pools of connections that are small: those of SQLAlchemy, redis-py and urllib3.

To take a connection from a pool and to give it back are operations on the pool where it has so few that those on the
stage could be in want of one. As long as all of them together never had more at a time than there are, what one does
to the pool is nothing to the others; from then on every such operation depends on every other.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ...record.patches import Patches
from ..search.execution import READ, WRITE
from .baton import Effect, Pending, Player
from .outside import Operation, acting
from .primitives import Maker

EACH = 3
"""Connections that one is thought to have at most at a time: a pool with as many for everybody is not looked at."""
UNSEEN = "who gets the connections of {}, which has fewer than were wanted at a time, is not searched for"


class _Kind(NamedTuple):
    """How pools of a class are used.

    Attributes:
        take, give: the methods.
        size: returns how many connections there are at most; None without a bound.
    """

    take: str
    give: str
    size: Callable[[Any], int | None]


class Pool:
    """What is known of a pool in this run. Keeps it, so that its id cannot come to mean another one."""

    def __init__(self, pool: Any, kind: _Kind, name: str) -> None:
        self.pool, self.kind, self.name = pool, kind, name
        self.taken: dict[int, tuple[Any, Player, int]] = {}
        """By id of a connection: the connection, who has it, and how often that one had stopped before it took it."""
        self.most: Counter[int] = Counter()
        """By player, how many it had at most at a time."""
        self.kept = False
        """One was taken in one step and given back in another."""

    @property
    def few(self) -> int:
        """Return how many connections there are at most, or more than anybody wants."""
        size = self.kind.size(self.pool)
        return sys.maxsize if size is None else size

    def holders(self) -> Sequence[Player]:
        """Return who has connections."""
        return list(dict.fromkeys(player for _, player, _ in self.taken.values()))

    def why(self) -> str:
        """Return what somebody waits for."""
        names = ", ".join(player.name for player in self.holders())
        return f"a connection of {self.name}{f', held by {names}' if names else ''}"

    def wanted(self, me: Player | None) -> int:
        """Return how many were wanted at a time at most, by all together, once somebody has one more."""
        most = self.most
        if me is None:
            return most.total()
        return most.total() - most[me.index] + max(most[me.index], self._of(me) + 1)

    def take(self, connection: Any, me: Player) -> None:
        """Note that somebody has got a connection."""
        self.taken[id(connection)] = connection, me, me.parks
        self.most[me.index] = max(self.most[me.index], self._of(me))

    def give(self, connection: Any) -> None:
        """Note that a connection is back."""
        _, player, parks = self.taken.pop(id(connection), (None, None, 0))
        self.kept = self.kept or (player is not None and player.parks != parks)

    def _of(self, me: Player) -> int:
        return sum(player is me for _, player, _ in self.taken.values())


class Pools:
    """Puts the stop points in place, and knows the pools."""

    def __init__(self, maker: Maker, patches: Patches) -> None:
        self._maker, self._patches = maker, patches
        self._wrapped: set[str] = set()
        self._known: dict[int, Pool] = {}

    def wrap(self) -> None:
        """Wrap what has been imported by now."""
        for module, classes in _KINDS.items():
            found = sys.modules.get(module)
            if found is not None and module not in self._wrapped:
                self._wrapped.add(module)
                for name, kind in classes.items():
                    if hasattr(found, name):
                        self._class(getattr(found, name), kind)

    def forget(self) -> None:
        """Forget what is known of another run."""
        self._known.clear()

    def unseen(self) -> list[str]:
        """Return sentences about what was in want without being looked at."""
        pools = self._known.values()
        return [UNSEEN.format(one.name) for one in pools if one.wanted(None) > one.few and not self._is_short(one)]

    def command(self, pool: Any, *, keeps: bool) -> list[Effect]:
        """Return what a command touches that takes a connection and, unless it ``keeps`` it, gives it back."""
        known, me = self._of(pool), self._maker.stage.me()
        if known is None or me is None or not self._is_short(known):
            return []
        known.kept = known.kept or keeps or bool(known.taken)
        return [(known.name, "", WRITE if known.kept and known.wanted(me) > known.few else READ)]

    def _class(self, kind: Any, how: _Kind) -> None:
        take, give = vars(kind)[how.take], vars(kind)[how.give]

        def takes(it: Any, *args: Any, **options: Any) -> Any:
            return self._take(it, partial(take, it, *args, **options))

        def gives(it: Any, connection: Any, *args: Any, **options: Any) -> Any:
            return self._give(it, connection, partial(give, it, connection, *args, **options))

        self._patches.set(kind, how.take, takes)
        self._patches.set(kind, how.give, gives)

    def _take(self, it: Any, act: Callable[[], Any]) -> Any:
        me, known = self._maker.stage.me(), self._of(it)
        if me is None or known is None:
            return act()
        if acting(self._maker) is None or not self._is_short(known):
            with self._maker.beneath.apart(me):
                connection = act()
        else:
            connection = self._do(known, me, f"take a connection of {known.name}", known.wanted(me), act)
        known.take(connection, me)
        return connection

    def _give(self, it: Any, connection: Any, act: Callable[[], Any]) -> Any:
        me, known = acting(self._maker), self._of(it)
        if known is None:
            return act()
        if me is None or id(connection) not in known.taken or not self._is_short(known):
            known.give(connection)
            with self._maker.beneath.apart(self._maker.stage.me()):
                return act()

        def gives() -> Any:
            known.give(connection)
            return act()

        return self._do(known, me, f"give a connection back to {known.name}", known.wanted(None), gives)

    def _do(self, pool: Pool, me: Player, text: str, wanted: int, act: Callable[[], Any]) -> Any:
        """Stop, and do something to a pool; where it lets its users wait, it does so then."""
        effects = [(pool.name, "", WRITE if wanted > pool.few else READ)]
        pending = Pending("pool", text, pool.name, holders=pool.holders, why=pool.why, effects=effects)
        operation = Operation(self._maker, me, pending)
        operation.stop(None, pool.holders, pool.why)
        with operation.inside():
            return act()

    def _is_short(self, pool: Pool) -> bool:
        return pool.few < EACH * len(self._maker.stage.players)

    def _of(self, pool: Any) -> Pool | None:
        known = self._known.get(id(pool))
        if known is None:
            kind = next((_ALL[one.__qualname__] for one in type(pool).__mro__ if one.__qualname__ in _ALL), None)
            if kind is None or kind.size(pool) is None:
                return None
            same = sum(type(one.pool) is type(pool) for one in self._known.values())
            name = type(pool).__name__ + (f" #{same + 1}" if same else "")
            known = self._known[id(pool)] = Pool(pool, kind, name)
        return known


def _overflow(pool: Any) -> int | None:
    size, more = pool._pool.maxsize, pool._max_overflow
    return None if size <= 0 or more < 0 else size + more


_KINDS = {
    "sqlalchemy.pool.impl": {"QueuePool": _Kind("_do_get", "_do_return_conn", _overflow)},
    "redis.connection": {
        "ConnectionPool": _Kind("get_connection", "release", lambda pool: pool.max_connections),
        "BlockingConnectionPool": _Kind("get_connection", "release", lambda pool: pool.max_connections),
    },
    "urllib3.connectionpool": {
        "HTTPConnectionPool": _Kind("_get_conn", "_put_conn", lambda pool: pool.pool.maxsize if pool.block else None)
    },
}
_ALL = {name: kind for classes in _KINDS.values() for name, kind in classes.items()}
