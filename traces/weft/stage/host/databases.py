"""Stop points at SQL statements: `sqlite3`, and whatever uses it, as SQLAlchemy does.

SQLite itself does the work, with its own locks and isolation. What it would wait for (its busy timeout) is waited for
on the stage: a player that needs the write lock of a database, which another connection has, is blocked; and what
SQLite refuses as busy is tried again when a connection to that database has done something. Where SQLite does not wait,
because a transaction that has read would have to write after another one's write, neither does the stage.
"""

from __future__ import annotations

import os
import sqlite3
import sqlite3.dbapi2
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import count
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from ...record.patches import Patches
from .. import private
from ..moment import Place
from ..search.execution import READ, WRITE
from .baton import Effect, Pending, Player
from .outside import Operation, acting, effects
from .primitives import Maker
from .statements import Statement, scanned

Result = TypeVar("Result")

_COMMIT = Statement("commit", "COMMIT", first="COMMIT")
_ROLLBACK = Statement("rollback", "ROLLBACK", first="ROLLBACK")
_CLOSE = Statement("rollback", "close the connection", first="ROLLBACK")
_BEGINS_BY_ITSELF = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_TAKES_NO_LOCK = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "EXPLAIN", "ATTACH", "DETACH", "")
_SCHEMA = "SELECT max(type = 'view'), max(type = 'trigger' OR sql LIKE '%REFERENCES%') FROM sqlite_master"
_numbers = count()


class Database:
    """A database that connections are open to.

    Attributes:
        name: of its file.
        is_file: connections lock each other out; one in memory belongs to a single connection.
        version: grows with whatever is done to it.
        schema: whether there are views, and whether a write may touch other tables too; None when not known.
    """

    def __init__(self, name: str, *, is_file: bool) -> None:
        self.name, self.is_file = name, is_file
        self.number = next(_numbers)
        self.version = 0
        self.schema: tuple[bool, bool] | None = None
        self.connections: weakref.WeakSet[Connection] = weakref.WeakSet()

    def has_changed_since(self, version: int) -> bool:
        """Return whether something has been done to it."""
        return self.version != version

    def others(self, mine: Connection, *, writing: bool) -> list[Connection]:
        """Return the other connections that are in a transaction which has read, or has written."""
        return [
            one for one in self.connections if one is not mine and (one.weft_wrote if writing else one.weft_read)
        ]  # fmt: skip


class Databases:
    """Puts the stop points in place, and knows the databases."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self._by_path: dict[str, Database] = {}

    def install(self, patches: Patches) -> None:
        """Let whatever connects get connections that stop."""
        Connection.weft = self
        connect = sqlite3.connect

        def connects(*args: Any, **options: Any) -> Any:
            if len(args) > 5:
                args = (*args[:5], staged(args[5], Connection), *args[6:])
            else:
                options["factory"] = staged(options.get("factory", sqlite3.Connection), Connection)
            return connect(*args, **options)

        patches.set(sqlite3, "connect", connects)
        patches.set(sqlite3.dbapi2, "connect", connects)

    def opened(self, database: Any, uri: bool) -> Database:
        """Return the database of a new connection."""
        path, memory = os.fsdecode(database), False
        if uri and path.startswith("file:"):
            parts = urlsplit(path)
            query = parse_qs(parts.query)
            memory = query.get("mode") == ["memory"]
            path = parts.path
            if memory and query.get("cache") == ["shared"]:
                return self._by_path.setdefault(f"memory {path}", Database(path, is_file=False))
        if memory or path in (":memory:", ""):
            return Database("the database in memory", is_file=False)
        path = os.path.realpath(path)
        return self._by_path.setdefault(path, Database(os.path.basename(path), is_file=True))

    def open_files(self) -> list[str]:
        """Return the names of the files that there are connections to."""
        return sorted(one.name for one in self._by_path.values() if one.is_file and len(one.connections))

    def forget(self) -> None:
        """Forget what is known of the databases of another run."""
        self._by_path.clear()


@lru_cache(100)
def staged(factory: Any, base: type) -> Any:
    """Return a class of connections or cursors that stops; ``factory`` is what the app wanted."""
    if not isinstance(factory, type) or issubclass(factory, base):
        return factory
    plain = base.__mro__[1]
    return base if factory is plain else type(factory.__name__, (base, factory), {})


class Connection(sqlite3.Connection):
    """A connection that stops before each statement.

    Attributes:
        weft_read, weft_wrote: its transaction has done so, and so holds locks.
    """

    weft: Databases

    def __init__(self, database: Any, timeout: float = 5.0, *args: Any, **options: Any) -> None:
        uri = options.get("uri", args[5] if len(args) > 5 else False)
        self.weft_read = self.weft_wrote = False
        self._tables: dict[str, None] = {}
        self._owner: Player | None = None
        self._since: Place | None = None
        self._timeout = timeout
        self.weft_database = self.weft.opened(database, bool(uri))
        super().__init__(database, 0, *args, **options)
        if self.weft_database.is_file:
            self.weft_database.connections.add(self)
            if private.is_below(os.path.realpath(os.fsdecode(database))):
                self._raw("PRAGMA synchronous = OFF")  # it need not survive a loss of power

    # What the app calls

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a cursor that stops."""
        return super().cursor(staged(factory, Cursor))

    def execute(self, *args: Any) -> Any:
        """Execute a statement."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """Execute a statement with one set of parameters after the other."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """Execute several statements."""
        return self.cursor().executescript(*args)

    def commit(self) -> None:
        """Commit the transaction; where there is none, nothing happens."""
        self._end(_COMMIT, super().commit)

    def rollback(self) -> None:
        """Roll the transaction back; where there is none, nothing happens."""
        self._end(_ROLLBACK, super().rollback)

    def close(self) -> None:
        """Close the connection, which rolls its transaction back."""
        self._end(_CLOSE, super().close)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if kind is not None:
            self.rollback()
            return False
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False

    # What becomes of it

    def weft_do(self, statement: Statement, act: Callable[[], Result]) -> Result:
        """Stop, and execute a statement."""
        me = acting(self.weft.maker)
        if me is None or statement.kind == "local":
            return self._noted(statement, act, me)
        database = self.weft_database
        waits = self._timeout if database.is_file and self._timeout > 0 else None
        on = ", ".join(statement.writes or statement.reads) or database.name
        pending = Pending(statement.kind or "sql", statement.text, on, effects=self._effects(statement))
        operation = Operation(self.weft.maker, me, pending, waits)
        using = partial(database.others, self, writing=False)
        if waits is not None and self._needs_lock(statement):
            writing = partial(database.others, self, writing=True)
            operation.stop(lambda: not writing(), lambda: _owners(writing()), lambda: self._why(writing()))
        else:
            operation.stop()
        while True:
            try:
                with operation.inside():
                    return self._noted(statement, act, me)
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                refused = self.weft_read and statement.kind != "commit"
                if not busy or waits is None or refused or operation.over:
                    raise
            changed = partial(database.has_changed_since, database.version)
            operation.stop(changed, lambda: _owners(using()), lambda: self._why(using()))

    def _end(self, statement: Statement, act: Callable[[], None]) -> None:
        if self.weft_read or self.weft_wrote or not self.weft_database.is_file:
            self.weft_do(statement, act)
        else:
            self._noted(statement, act, acting(self.weft.maker))

    def _noted(self, statement: Statement, act: Callable[[], Result], me: Player | None) -> Result:
        """Execute a statement, and note what its transaction holds afterwards."""
        try:
            result = act()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code is not None and code & 0xFF != sqlite3.SQLITE_BUSY:
                self._note(statement, me)
            raise
        self._note(statement, me)
        return result

    def _note(self, statement: Statement, me: Player | None) -> None:
        database = self.weft_database
        if statement.first == "PRAGMA" and statement.mode == "BUSY_TIMEOUT":
            self._take_timeout()
        if statement.kind not in ("local", "begin", "read"):
            database.version += 1
            database.schema = database.schema if statement.kind else None
        if not self._in_transaction():
            if self.weft_read or self.weft_wrote:
                database.version += 1
            self.weft_read = self.weft_wrote = False
            self._tables.clear()
            self._owner = self._since = None
            return
        locks = statement.kind == "write" or statement.mode in ("IMMEDIATE", "EXCLUSIVE")
        locks = locks or (not statement.kind and statement.first not in _TAKES_NO_LOCK)
        if locks and not self.weft_wrote:
            self.weft_wrote = True
            self._owner = me
        self._tables.update(dict.fromkeys(statement.writes or ([""] if not statement.kind else [])))
        if locks or statement.reads or not statement.kind:
            self.weft_read = True
            self._owner = self._owner or me
        if self._owner is me and self._since is None and me is not None:
            self._since = self.weft.maker.place(sys._getframe())

    def _in_transaction(self) -> bool:
        try:
            return self.in_transaction
        except sqlite3.ProgrammingError:  # closed
            return False

    def _needs_lock(self, statement: Statement) -> bool:
        if self.weft_wrote or self.weft_read:
            return False  # it has it, or it is refused at once
        return statement.kind == "write" or statement.mode in ("IMMEDIATE", "EXCLUSIVE")

    def _effects(self, statement: Statement) -> Sequence[Effect]:
        """Return what a statement touches: tables, and the beginning and end of transactions that write.

        What a transaction has written is seen by others when it is committed. What one reads may be as of its first
        read, so that each read depends on each end of a transaction that writes.
        """
        database = self.weft_database
        data, lock = f"database {database.number}", f"write lock of database {database.number}"
        whole = [(data, "", WRITE), (lock, "", WRITE)]
        kind = statement.kind
        views, more = self._schema() if kind in ("read", "write") else (True, True)
        if kind == "begin":
            return whole if statement.mode != "DEFERRED" else []
        if kind in ("commit", "rollback"):
            known = database.is_file and "" not in self._tables
            if not known:
                return whole
            written = effects(data, list(self._tables), WRITE) if self._tables else []
            return [*written, (lock, "", WRITE)]
        if views or (kind == "write" and more):
            return whole if kind != "read" else [(data, "", READ), (lock, "end", READ)]
        if kind == "read":
            if not statement.reads:
                return []
            return [*effects(data, statement.reads, READ), (lock, "end", READ)]
        touched = [*effects(data, statement.reads, READ)] if statement.reads else []
        touched += effects(data, statement.writes, WRITE)
        if not self.weft_wrote:
            begins = self._in_transaction() or self._begins(statement)
            touched += [(lock, "begin" if begins else "", WRITE), (lock, "end", READ)]
        return touched

    def _begins(self, statement: Statement) -> bool:
        """Return whether the library begins a transaction before a statement."""
        legacy = getattr(self, "autocommit", -1) == -1
        return legacy and self.isolation_level is not None and statement.first in _BEGINS_BY_ITSELF

    def _schema(self) -> tuple[bool, bool]:
        database = self.weft_database
        if database.schema is None and not self._in_transaction():
            row = self._raw(_SCHEMA)
            if row is not None:
                database.schema = bool(row[0]), bool(row[1])
        return database.schema or (database.schema is None, database.schema is None)

    def _take_timeout(self) -> None:
        """Let the stage wait as long as SQLite was told to."""
        row = self._raw("PRAGMA busy_timeout")
        if row is not None:
            self._timeout = row[0] / 1000
            self._raw("PRAGMA busy_timeout = 0")

    def _raw(self, sql: str) -> Any:
        """Return the first row of a statement of ours."""
        try:
            return sqlite3.Cursor(self).execute(sql).fetchone()
        except sqlite3.Error:
            return None

    def _why(self, others: Iterable[Connection]) -> str:
        name = self.weft_database.name
        for one in others:
            if one._owner is not None:
                since = f" since {one._since.short}" if one._since is not None else ""
                return f"{name}, locked by {one._owner.name}{since}"
        return f"{name}, locked by a thread that is not on the stage"


class Cursor(sqlite3.Cursor):
    """A cursor of such a connection. Rows that are fetched in a later step than their statement are read there."""

    _left: tuple[Statement, int] | None = None
    """What may have rows left, and when it was executed last."""

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Execute a statement."""
        return self._do(
            scanned(sql) if isinstance(sql, str) else scanned(""), partial(super().execute, sql, *parameters)
        )

    def executemany(self, sql: str, parameters: Iterable[Any]) -> Any:
        """Execute a statement with one set of parameters after the other."""
        each = list(parameters)  # to be there still when it is tried again
        return self._do(scanned(sql) if isinstance(sql, str) else scanned(""), partial(super().executemany, sql, each))

    def executescript(self, script: str) -> Any:
        """Execute several statements."""
        text = scanned(script).text if isinstance(script, str) else ""
        return self._do(Statement("", text, first="SCRIPT"), partial(super().executescript, script))

    def fetchone(self) -> Any:
        """Return the next row."""
        return self._fetched(super().fetchone, lambda row: row is None)

    def fetchmany(self, *args: Any, **options: Any) -> Any:
        """Return the next rows."""
        return self._fetched(partial(super().fetchmany, *args, **options), lambda rows: not rows)

    def fetchall(self) -> Any:
        """Return the rows that are left."""
        return self._fetched(super().fetchall, lambda rows: True)

    def __next__(self) -> Any:
        return self._fetched(super().__next__, lambda row: False)

    def close(self) -> None:
        """Close the cursor."""
        super().close()
        self._ended()

    def __del__(self) -> None:
        self._ended()

    def _ended(self) -> None:
        """Note that it reads no more: then others may write."""
        if self._left is not None:
            self._left = None
            self._on.weft_database.version += 1

    @property
    def _on(self) -> Connection:
        connection: Any = self.connection
        return connection  # type: ignore[no-any-return]

    def _do(self, statement: Statement, act: Callable[[], Result]) -> Result:
        self._ended()
        connection = self._on
        result = connection.weft_do(statement, act)
        me = acting(connection.weft.maker)
        if me is not None and statement.kind in ("read", ""):
            self._left = statement, me.parks
        return result

    def _fetched(self, fetch: Callable[[], Result], ends: Callable[[Result], bool]) -> Result:
        left = self._left
        me = acting(self._on.weft.maker) if left is not None else None
        if left is None or me is None:
            return fetch()
        statement, parks = left
        if parks != me.parks:
            again = statement._replace(text=f"go on with {statement.text}")
            result = self._on.weft_do(again, fetch)
            self._left = statement, me.parks
        else:
            result = fetch()
        if ends(result):
            self._ended()
        return result


def _owners(connections: Iterable[Connection]) -> Sequence[Player]:
    return list(dict.fromkeys(one._owner for one in connections if one._owner is not None))
