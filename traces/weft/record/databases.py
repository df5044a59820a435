"""Record how long threads wait for a busy SQLite database, and who writes to it. Imported when the app imports sqlite3.

SQLite waits inside of a call, where nobody can see it. So a call that may have to wait is made without patience
first: for so long the connection's busy timeout is 0. If the database is busy, the wait is recorded, and the same
call is made again with the timeout that the app has asked for. SQLite finds a database busy before it has done
anything of a statement, so the second call does what the first would have done.

That is done where nothing of the app's can notice: with statements that write and do not hold the database yet, with
commits, and with all others while a writer is known; on connections of no class of the app's, which have no functions
or traces of the app's to run; and with parameters that need no adapters. All other calls are made as ever, and their
waits are not seen.
"""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Callable
from sqlite3 import dbapi2
from threading import RLock
from time import perf_counter_ns
from types import TracebackType
from typing import Any, TypeVar

from . import said, trouble
from .patches import Patches

KIND = "Database"

_Result = TypeVar("_Result")

_BUSY, _BUSY_SNAPSHOT = 5, 517
_FACTORY = 5
"""Which argument of ``connect`` is the class."""

_WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "BEGIN I", "BEGIN E")
_PLAIN = frozenset({int, float, str, bytes, type(None)})
_TIMEOUT = "busy_timeout"


def install(patches: Patches) -> None:
    """Let ``sqlite3.connect`` make connections that are recorded."""
    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> Any:
        database = args[0] if args else kwargs.get("database")
        if len(args) > _FACTORY or "factory" in kwargs or database in (":memory:", ""):
            return original(*args, **kwargs)
        made: Any = original(*args, **kwargs, factory=Connection)
        try:
            made._weft = _File.of(made)
        except Exception as error:
            trouble.note(error)
        return made

    connect.__doc__ = original.__doc__
    patches.set(dbapi2, "connect", connect)
    patches.set(sqlite3, "connect", connect)


class _File:
    """What is known of a connection to a database in a file.

    Attributes:
        resource: stands for the database in the trace.
        timeout: how long the app lets it wait, ms.
        own_code: a statement may run code of the app's.
        turn: held by who uses the connection; SQLite has such a lock of its own, but it must cover both calls.
    """

    def __init__(self, resource: said.Held, timeout: int) -> None:
        self.resource = resource
        self.timeout = timeout
        self.own_code = False
        self.turn: Any = RLock()
        self._end: said.End | None = None
        self._since = 0

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> _File | None:
        """Return what a new connection is to, None where that is no file."""
        files = [row[2] for row in _ask(connection, "PRAGMA database_list") if row[1] == "main"]
        if not files or not files[0]:
            return None
        file = str(files[0])
        resource = said.resource(os.path.basename(file), KIND, shared=file)
        return cls(resource, _busy_timeout(connection))

    def call(self, connection: sqlite3.Connection, sql: object, plain: bool, do: Callable[[], _Result]) -> _Result:
        """Make a call and record its wait, and since when the connection keeps others from writing.

        Args:
            sql: the statement.
            plain: it may be made twice, and its parameters run no code of the app's.
            do: makes the call.
        """
        writes = isinstance(sql, str) and sql[:200].lstrip()[:7].upper().startswith(_WRITING)
        about_timeout = isinstance(sql, str) and _TIMEOUT in sql.lower()
        with self.turn:
            self._since = perf_counter_ns()
            may_wait = self._end is None and (writes or len(self.resource.holders) > 0) and not about_timeout
            try:
                result = self._patiently(connection, do) if plain and may_wait else do()
            except sqlite3.OperationalError:
                writes = False
                raise
            finally:
                self._follow(connection, writes)
            if about_timeout:
                self.timeout = _busy_timeout(connection)
            return result

    def commit(
        self, connection: sqlite3.Connection, do: Callable[[], _Result], trial: Callable[[], _Result] | None = None
    ) -> _Result:
        """Make a call that commits, or another one as its trial."""
        with self.turn:
            result = self._patiently(connection, do, trial) if _in_transaction(connection) else do()
            self.let_go()
            return result

    def let_go(self) -> None:
        """The connection does not keep others from writing any more."""
        end, self._end = self._end, None
        if end is not None:
            end(True)

    __del__ = let_go

    def _patiently(
        self, connection: sqlite3.Connection, do: Callable[[], _Result], trial: Callable[[], _Result] | None = None
    ) -> _Result:
        """Make a call; when its trial finds the database busy, record that it waits."""
        if self.own_code or not self.timeout or not _set_timeout(connection, 0):
            return do()
        try:
            return (trial or do)()
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
        finally:
            _set_timeout(connection, self.timeout)
        end, came = _begin(functools.partial(self.resource.wait, self.timeout / 1000)), False
        try:
            result = do()
            came = True
            return result
        finally:
            end(came)
            self._since = perf_counter_ns()

    def _follow(self, connection: sqlite3.Connection, writes: bool) -> None:
        """Note whether the connection keeps others from writing after a statement."""
        try:
            if not _in_transaction(connection):
                if self._end is not None:
                    self.let_go()
                elif writes:
                    self.resource.hold(self._since)(True)
            elif writes and self._end is None:
                self._end = self.resource.hold(self._since)
        except Exception as error:
            trouble.note(error)


def _is_busy(error: sqlite3.Error) -> bool:
    """Return whether SQLite would have waited."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == _BUSY and code != _BUSY_SNAPSHOT


def _in_transaction(connection: sqlite3.Connection) -> bool:
    try:
        return connection.in_transaction
    except sqlite3.ProgrammingError:  # it is closed
        return False


def _ask(connection: sqlite3.Connection, question: str) -> list[Any]:
    """Return the rows of a pragma, without code of the app's."""
    cursor = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
    cursor.row_factory = None
    try:
        return sqlite3.Cursor.execute(cursor, question).fetchall()
    finally:
        cursor.close()


def _busy_timeout(connection: sqlite3.Connection) -> int:
    return int(_ask(connection, f"PRAGMA {_TIMEOUT}")[0][0])


def _set_timeout(connection: sqlite3.Connection, timeout: int) -> bool:
    try:
        _ask(connection, f"PRAGMA {_TIMEOUT}={timeout:d}")
        return True
    except sqlite3.Error:
        return False


def _begin(what: Callable[[], said.End]) -> said.End:
    try:
        return what()
    except Exception as error:
        trouble.note(error)
        return lambda came: None


def _is_plain(parameters: tuple[Any, ...]) -> bool:
    """Return whether parameters are only looked at when they are bound, and no code of the app's is run."""
    if not parameters:
        return True
    given = parameters[0]
    if type(given) is dict:
        given = given.values()
    elif type(given) not in (tuple, list):
        return False
    return all(type(each) in _PLAIN for each in given)


class Cursor(sqlite3.Cursor):
    """A cursor whose statements are recorded."""

    def execute(self, *args: Any) -> Any:
        """Execute a statement."""
        file = self.connection._weft  # type: ignore[attr-defined]
        execute = super().execute
        if file is None or not args:
            return execute(*args)
        return file.call(self.connection, args[0], _is_plain(args[1:]), lambda: execute(*args))

    def executemany(self, *args: Any) -> Any:
        """Execute a statement for each set of parameters; they can be gone through once only, so without a trial."""
        file = self.connection._weft  # type: ignore[attr-defined]
        many = super().executemany
        if file is None or not args:
            return many(*args)
        return file.call(self.connection, args[0], False, lambda: many(*args))

    def executescript(self, *args: Any) -> Any:
        """Execute several statements, which can be done once only."""
        file = self.connection._weft  # type: ignore[attr-defined]
        script = super().executescript
        if file is None or not args:
            return script(*args)
        return file.call(self.connection, args[0], False, lambda: script(*args))


class Connection(sqlite3.Connection):
    """A connection whose waits are recorded. What it has for that is in ``_weft``, None where nothing is recorded."""

    _weft: _File | None = None

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a new cursor, of the app's class if it names one."""
        return super().cursor(*args, **kwargs) if args or kwargs else super().cursor(Cursor)

    def execute(self, *args: Any) -> Any:
        """Execute a statement with a new cursor."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """Execute a statement for each set of parameters with a new cursor."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """Execute several statements with a new cursor."""
        return self.cursor().executescript(*args)

    def commit(self) -> None:
        """Commit."""
        commit = super().commit
        return commit() if self._weft is None else self._weft.commit(self, commit)

    def rollback(self) -> None:
        """Roll back."""
        rollback, file = super().rollback, self._weft
        if file is None:
            return rollback()
        with file.turn:
            try:
                return rollback()
            finally:
                if not _in_transaction(self) or getattr(self, "autocommit", -1) is False:
                    file.let_go()

    def close(self) -> None:
        """Close the connection, and with it its transaction."""
        file = self._weft
        if file is None:
            super().close()
            return
        with file.turn:
            super().close()
            file.let_go()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        """Commit or roll back."""
        leave, commit, file = super().__exit__, super().commit, self._weft
        if file is None:
            return leave(kind, value, traceback)

        def trial() -> Any:
            # Where a commit fails that did not wait, leaving says so, and rolls back.
            try:
                commit()
            except sqlite3.Error as error:
                if _is_busy(error):
                    raise
            return leave(kind, value, traceback)

        with file.turn:
            try:
                if kind is None:
                    return file.commit(self, lambda: leave(kind, value, traceback), trial)
                return leave(kind, value, traceback)
            finally:
                if not _in_transaction(self):
                    file.let_go()


def _changed(name: str, change: Callable[[_File], None]) -> Any:
    """Return a method that does something with what is known of its connection first, and has the connection's turn."""
    original = getattr(sqlite3.Connection, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        file = self._weft
        if file is None:
            return original(self, *args, **kwargs)
        with file.turn:
            if not kwargs.get("deterministic"):
                change(file)
            return original(self, *args, **kwargs)

    return method


def _runs_own_code(file: _File) -> None:
    file.own_code = True


_OWN_CODE = (
    *("create_aggregate", "create_collation", "create_function", "create_window_function", "enable_load_extension"),
    *("load_extension", "set_authorizer", "set_progress_handler", "set_trace_callback"),
)
for _name in _OWN_CODE:
    if hasattr(sqlite3.Connection, _name):
        setattr(Connection, _name, _changed(_name, _runs_own_code))
for _name in ("backup", "blobopen", "deserialize"):
    if hasattr(sqlite3.Connection, _name):
        setattr(Connection, _name, _changed(_name, lambda file: None))
Connection.__module__ = Cursor.__module__ = "sqlite3"
