"""Stop points at key-value stores: the commands of redis-py, and the file-system caches of cachelib, on their keys.

These libraries are wrapped when the app has imported them. What they do inside an operation (files, sockets, a pruned
cache) belongs to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from ...record.patches import Patches
from ..search.execution import READ, WRITE
from .baton import Effect, Pending
from .outside import Operation, acting, effects
from .pools import Pools
from .primitives import Maker
from .texts import safe_text

MOST = 40
"""Characters that are shown of a key."""

_READS = (
    "EXISTS GET GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HVALS LINDEX LLEN LRANGE PTTL SCARD SISMEMBER "
    "SMEMBERS STRLEN TTL TYPE ZCARD ZCOUNT ZRANGE ZRANK ZSCORE WATCH"
)
"""Commands that read the key that is their first argument."""
_WRITES = (
    "APPEND DECR DECRBY EXPIRE GETDEL GETEX GETSET HDEL HINCRBY HINCRBYFLOAT HMSET HSET HSETNX INCR INCRBY "
    "INCRBYFLOAT LPOP LPUSH LREM LSET LTRIM PERSIST PEXPIRE PSETEX RPOP RPUSH SADD SET SETEX SETNX SETRANGE "
    "SPOP SREM ZADD ZINCRBY ZPOPMAX ZPOPMIN ZREM"
)
"""Commands that write the key that is their first argument, and may read it."""
_HOW = dict.fromkeys(_READS.split(), READ) | dict.fromkeys(_WRITES.split(), WRITE)
_MANY = {"DEL": WRITE, "UNLINK": WRITE, "MGET": READ, "EXISTS": READ, "WATCH": READ, "TOUCH": READ}
"""Commands whose arguments are all keys."""
_NOTHING = ("PING", "ECHO", "UNWATCH", "MULTI", "SELECT", "HELLO", "CLIENT")
_SCRIPTS = ("EVAL", "EVALSHA", "FCALL")


class Stores:
    """Puts the stop points in place."""

    def __init__(self, maker: Maker, patches: Patches, pools: Pools) -> None:
        self._maker, self._patches, self.pools = maker, patches, pools
        self._wrapped: set[str] = set()
        self._modules = 0

    def wrap(self) -> None:
        """Wrap what has been imported by now."""
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        self.pools.wrap()
        for name, wrap in (("redis.client", self._redis), ("cachelib.file", self._cachelib)):
            module = sys.modules.get(name)
            if module is not None and name not in self._wrapped:
                self._wrapped.add(name)
                wrap(module)

    def _redis(self, module: Any) -> None:
        execute = module.Redis.execute_command
        pipe, immediately = module.Pipeline.execute, module.Pipeline.immediate_execute_command

        def taken(it: Any, *, keeps: bool = False) -> Sequence[Effect]:
            return self.pools.command(it.connection_pool, keeps=keeps)

        def executes(it: Any, *args: Any, **options: Any) -> Any:
            return self._do(args[:1], [args], partial(execute, it, *args, **options), taken(it))

        def executes_immediately(it: Any, *args: Any, **options: Any) -> Any:
            return self._do(args[:1], [args], partial(immediately, it, *args, **options), taken(it, keeps=True))

        def executes_all(it: Any, *args: Any, **options: Any) -> Any:
            commands = [command[0] for command in it.command_stack]
            if not commands and not it.watching:
                return pipe(it, *args, **options)
            watched = [("WATCH", "")] if it.watching else []  # it depends on what they are, which the server knows
            name = ["MULTI"] if it.transaction or it.explicit_transaction else ["PIPELINE"]
            using = taken(it, keeps=it.connection is not None)
            return self._do(name, [*commands, *watched], partial(pipe, it, *args, **options), using)

        self._patches.set(module.Redis, "execute_command", executes)
        self._patches.set(module.Pipeline, "immediate_execute_command", executes_immediately)
        self._patches.set(module.Pipeline, "execute", executes_all)

    def _do(
        self, name: Iterable[Any], commands: Sequence[Sequence[Any]], act: Callable[[], Any], using: Sequence[Effect]
    ) -> Any:
        touched = [one for command in commands for one in touches(command)]
        kinds = {how for _, _, how in touched}
        keys = list(dict.fromkeys(_shown(part) for _, part, _ in touched if part))
        verbs = [str(command[0]) for command in commands] if len(commands) == 1 else [*map(str, name)]
        inner = f": {', '.join(str(command[0]) for command in commands)}" if len(commands) > 1 else ""
        text = " ".join([*verbs, *keys]) + inner
        kind = "read" if kinds == {READ} else "write" if kinds else "redis"
        return self._operation(kind, text, ", ".join(keys) or "redis", [*touched, *using], act)

    def _cachelib(self, module: Any) -> None:
        kind = module.FileSystemCache
        for name, how in (("get", READ), ("has", READ), ("set", WRITE), ("add", WRITE), ("delete", WRITE)):
            self._patches.set(kind, name, self._of_key(name, how, getattr(kind, name)))
        clear = kind.clear

        def clears(it: Any) -> Any:
            return self._operation("write", "clear the cache", "the cache", _cached(it, ""), partial(clear, it))

        self._patches.set(kind, "clear", clears)

    def _of_key(self, name: str, how: int, original: Callable[..., Any]) -> Callable[..., Any]:
        kind = "read" if how == READ else "write"

        def operates(it: Any, key: Any, *args: Any, **options: Any) -> Any:
            touched = [(thing, part, how) for thing, part, _ in _cached(it, str(key))]
            shown = _shown(str(key))
            return self._operation(
                kind, f"{name} {shown}", shown, touched, partial(original, it, key, *args, **options)
            )

        return operates

    def _operation(self, kind: str, text: str, on: str, touched: Sequence[Effect], act: Callable[[], Any]) -> Any:
        me = acting(self._maker)
        if me is None:
            return act()
        operation = Operation(self._maker, me, Pending(kind, text, on, effects=touched))
        operation.stop()
        with operation.inside():
            return act()


def touches(command: Sequence[Any]) -> list[Effect]:
    """Return what a command touches; every key, when it is not known."""
    words = [_text(one) for one in command]
    verb = words[0].upper().partition(" ")[0] if words else ""
    keys = words[1:]
    if verb in _NOTHING:
        return []
    if verb in _SCRIPTS and len(keys) > 1 and keys[1].isdigit() and int(keys[1]):
        return effects("redis", keys[2 : 2 + int(keys[1])], WRITE)
    if verb in _MANY and keys:
        return effects("redis", [key for key in keys if key], _MANY[verb])
    if keys and keys[0] and verb in _HOW:
        return effects("redis", keys[:1], _HOW[verb])
    return [("redis", "", WRITE)]


def _cached(cache: Any, key: str) -> list[Effect]:
    return [(f"cache {cache._path}", key, WRITE)]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _shown(key: str) -> str:
    return safe_text(key, MOST).strip("'\"")
