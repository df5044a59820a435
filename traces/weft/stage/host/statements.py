"""What an SQL statement touches, as far as its text tells: a scanner for names, no parser. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

LENGTH = 72
"""Characters that are shown of a statement."""

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<string>[xX]?'(?:[^']|'')*')"""
    r"""|"(?P<double>(?:[^"]|"")*)"|`(?P<back>[^`]*)`|\[(?P<bracket>[^\]]*)\]"""
    r"""|(?P<word>[^\W\d][\w$]*)|(?P<other>[?:@$]?\w+|.)""",
    re.S,
)
_QUOTED = ("double", "back", "bracket")
_VERBS = {"SELECT": "read", "VALUES": "read", "INSERT": "write", "REPLACE": "write", "UPDATE": "write"}
_VERBS |= {"DELETE": "write", "BEGIN": "begin", "COMMIT": "commit", "END": "commit", "ROLLBACK": "rollback"}
_NO_ALIAS = re.compile(
    r"WHERE|SET|ON|USING|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|OUTER|GROUP|ORDER|HAVING|LIMIT|OFFSET|"
    r"UNION|EXCEPT|INTERSECT|RETURNING|VALUES|SELECT|DEFAULT|INDEXED|NOT|WINDOW|FOR|DO|FROM|WITH"
)
_OF_A_CONNECTION = re.compile(
    r"BUSY_TIMEOUT|CACHE_SIZE|CASE_SENSITIVE_LIKE|FOREIGN_KEYS|RECURSIVE_TRIGGERS|SYNCHRONOUS|"
    r"TEMP_STORE|MMAP_SIZE|READ_UNCOMMITTED|QUERY_ONLY|DEFER_FOREIGN_KEYS"
)
"""Settings that nobody else can see."""


class Statement(NamedTuple):
    """A statement.

    Attributes:
        kind: read, write, begin, commit, rollback; ``local`` for a setting of the connection that nobody else sees;
            empty for what is not understood, which may touch everything.
        text: of it on one line, with ``'…'`` for each string in it.
        reads, writes: tables, in lower case.
        first: its first word, in upper case.
        mode: of a BEGIN: DEFERRED, IMMEDIATE, EXCLUSIVE ...; of a setting its name.
    """

    kind: str
    text: str
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    first: str = ""
    mode: str = ""


@lru_cache(1_000)
def scanned(sql: str) -> Statement:
    """Return what a statement touches."""
    tokens = _tokens(sql)
    text = _text(sql)
    words = [word for word, _, _ in tokens]
    first = words[0] if words else ""
    verb = first
    if first == "WITH":
        verb = next((word for word, _, depth in tokens if depth == 0 and _VERBS.get(word) in ("read", "write")), "")
    kind = _VERBS.get(verb, "")
    if first == "PRAGMA" and len(words) > 1:
        return Statement("local" if _OF_A_CONNECTION.fullmatch(words[1]) else "", text, first=first, mode=words[1])
    if kind in ("begin", "commit", "rollback"):
        if kind == "rollback" and "TO" in words:
            kind = ""
        mode = words[1] if len(words) > 1 and words[1] in ("IMMEDIATE", "EXCLUSIVE", "CONCURRENT") else "DEFERRED"
        return Statement(kind, text, first=first, mode=mode if kind == "begin" else "")
    if not kind or ";" in words[:-1]:
        return Statement("", text, first=first)
    reads, writes = _tables(tokens)
    if kind == "write" and not writes:
        return Statement("", text, first=first)
    return Statement(kind, text, reads, writes, first)


def _tokens(sql: str) -> list[tuple[str, str, int]]:
    """Return each token in upper case and as a name (empty when it is none), and how many parentheses it is in."""
    found = []
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind == "skip":
            continue
        text = match[kind]
        if kind == "string":
            found.append(("''", "", depth))
        elif kind in _QUOTED:
            found.append(("", text.lower(), depth))
        else:
            depth -= text == ")"
            found.append((text.upper(), text.lower() if kind == "word" else "", depth))
            depth += text == "("
    return found


def _text(sql: str) -> str:
    parts = []
    for match in _TOKEN.finditer(sql):
        if match.lastgroup == "skip":
            parts.append(" ")
        else:
            parts.append("'…'" if match.lastgroup == "string" else match[0])
    text = " ".join("".join(parts).split()).rstrip("; ")
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"


def _tables(tokens: Sequence[tuple[str, str, int]]) -> tuple[list[str], list[str]]:
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    named = {
        tokens[index][1]
        for index in range(len(tokens))
        if tokens[index][1] and _is_common(tokens, index) and tokens[0][0] == "WITH"
    }
    index = 0
    while index < len(tokens):
        word, previous = tokens[index][0], tokens[index - 1][0] if index else ""
        index += 1
        if word == "UPDATE" and previous not in ("DO", "FOR", "ON"):
            if index < len(tokens) and tokens[index][0] == "OR":
                index += 2
            index = _name(tokens, index, writes)
        elif word == "INTO" or (word == "FROM" and previous == "DELETE"):
            index = _name(tokens, index, writes)
        elif word in ("FROM", "JOIN") and previous != "DISTINCT":
            index = _name(tokens, index, reads)
            while (after := _after_alias(tokens, index)) is not None:
                index = _name(tokens, after, reads)
    for name in named:
        reads.pop(name, None)
    return list(reads), list(writes)


def _is_common(tokens: Sequence[tuple[str, str, int]], index: int) -> bool:
    """Return whether a table expression of a WITH begins: ``name AS (`` or ``name (column) AS (``."""
    rest = [word for word, _, _ in tokens[index + 1 : index + 40]]
    if rest[:1] == ["("] and ")" in rest:
        rest = rest[rest.index(")") + 1 :]
    return rest[:2] == ["AS", "("] or (rest[:1] == ["AS"] and "MATERIALIZED" in rest[1:3])


def _name(tokens: Sequence[tuple[str, str, int]], index: int, names: dict[str, None]) -> int:
    """Note the table at an index, without its schema; return the index behind it."""
    if index >= len(tokens) or not tokens[index][1]:
        return index
    if index + 2 < len(tokens) and tokens[index + 1][0] == "." and tokens[index + 2][1]:
        index += 2
    names[tokens[index][1]] = None
    return index + 1


def _after_alias(tokens: Sequence[tuple[str, str, int]], index: int) -> int | None:
    """Return where the next table of a list begins, behind an alias and a comma; None when there is none."""
    if index < len(tokens) and tokens[index][0] == "AS":
        index += 1
    if index < len(tokens) and tokens[index][1] and not _NO_ALIAS.fullmatch(tokens[index][0]):
        index += 1
    return index + 1 if index < len(tokens) and tokens[index][0] == "," else None
