"""What an SQL statement touches; whatever is not understood may touch everything."""

from __future__ import annotations

import pytest

from weft.stage.host.statements import scanned


@pytest.mark.parametrize(
    ("sql", "kind", "reads", "writes"),
    [
        ("SELECT left FROM stock WHERE id = ?", "read", ["stock"], []),
        ("select 1", "read", [], []),
        ('-- a comment\nSELECT * FROM "My Table" AS m, main.other o JOIN [third] ON 1', "read",
         ["my table", "other", "third"], []),
        ("SELECT * FROM a, b WHERE x IN (SELECT y FROM c LEFT JOIN d USING (e))", "read", ["a", "b", "c", "d"], []),
        ("SELECT 'x FROM nowhere' /* FROM no */ FROM a", "read", ["a"], []),
        ("SELECT x FROM a WHERE b IS DISTINCT FROM c", "read", ["a"], []),
        ("WITH recent(x) AS (SELECT y FROM a) SELECT * FROM recent", "read", ["a"], []),
        ("WITH recent AS (SELECT y FROM a) UPDATE b SET c = (SELECT x FROM recent)", "write", ["a"], ["b"]),
        ("INSERT INTO a (b) VALUES (?) ON CONFLICT (b) DO UPDATE SET c = 1 RETURNING b", "write", [], ["a"]),
        ("INSERT OR REPLACE INTO a SELECT * FROM b", "write", ["b"], ["a"]),
        ("REPLACE INTO a VALUES (1)", "write", [], ["a"]),
        ("UPDATE OR IGNORE a SET left = left - 1 FROM b WHERE a.id = b.id", "write", ["b"], ["a"]),
        ("DELETE FROM a WHERE b IN (SELECT c FROM d)", "write", ["d"], ["a"]),
        ("BEGIN", "begin", [], []),
        ("COMMIT", "commit", [], []),
        ("ROLLBACK", "rollback", [], []),
        ("ROLLBACK TO point", "", [], []),
        ("SAVEPOINT point", "", [], []),
        ("CREATE TABLE a (b)", "", [], []),
        ("PRAGMA foreign_keys = ON", "local", [], []),
        ("PRAGMA table_info(a)", "", [], []),
        ("SELECT 1; DELETE FROM a", "", [], []),
        ("", "", [], []),
    ],
)  # fmt: skip
def test_tables_that_are_read_and_written(sql: str, kind: str, reads: list[str], writes: list[str]) -> None:
    one = scanned(sql)
    assert (one.kind, one.reads, one.writes) == (kind, reads or one.reads, writes or one.writes)
    assert (len(one.reads), len(one.writes)) == (len(reads), len(writes))


def test_a_statement_is_one_short_line_without_the_strings_in_it() -> None:
    one = scanned("UPDATE  users\n SET password = 'hun''ter2', -- secret\n name = ? WHERE id = :id;")
    assert one.text == "UPDATE users SET password = '…', name = ? WHERE id = :id"
    assert len(scanned("SELECT " + "x, " * 100 + "y FROM a").text) == 72
    assert (scanned("BEGIN IMMEDIATE").mode, scanned("begin").mode) == ("IMMEDIATE", "DEFERRED")
