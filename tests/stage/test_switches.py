"""Where threads may be switched: by expectation, and by really racing for it."""

from __future__ import annotations

import sys
import sysconfig
import threading

import pytest

from stage.programs_watch import watched

NEVER = [
    "len(L)",
    "isinstance(t, int)",
    "type(t)",
    "L2.append(1)",
    "D['a']",
    "D['a'] = 1",
    "y = 1 if t else 2",
    "y = t * 2 + 3",
    "t == 5",
    "L[0:1]",
    "f'{t}'",
    "'%s' % t",
    "import sys as q",
    "c.value",
    "c.value += 1",
    "'a' in D",
    "try: y = 1\n    except Exception: y = 2",
]
SOMETIMES = [
    "abs(t)",
    "str(t)",
    "'a'.upper()",
    "[z for z in (1, 2)]",
    "P.p",
    "P.m()",
    "S.add(1)",
    "D.setdefault('a', 1)",
    "D.get('a')",
    "(lambda: 1)()",
    "next(G)",
    "ident(t)",
    "for z in (1,): pass",
    "with lock: pass",
    "len(X)",
    "P.append(1)",
    "while t < 2: t += 1",
]
PROGRAM = """
import itertools, sys, threading
L, L2, D, S, X = [1], [], {{'a': 1}}, set(), 'shadowed'
G, lock = itertools.count(), threading.Lock()
class Plain: value = 0
class Py:
    @property
    def p(self): return 1
    def m(self): return 1
    def append(self, x): pass
c, P, t = Plain(), Py(), 0
def ident(x): return x
def run():
    t = 0
    {statement}
"""


@pytest.mark.parametrize("statement", NEVER)
def test_never(tmp_path, statement):
    told = [one[0] for one in watched(tmp_path, PROGRAM.format(statement=statement)).told]

    assert told.count("switch") == 1  # the function's entry


@pytest.mark.parametrize("statement", [one for one in SOMETIMES if one != "len(X)"])
def test_sometimes(tmp_path, statement):
    told = [one[0] for one in watched(tmp_path, PROGRAM.format(statement=statement)).told]

    assert told.count("switch") > 1


def test_what_looks_like_a_builtin_need_not_be_one(tmp_path):
    text = PROGRAM.format(statement="len(X)") + "\ndef len(x): return 1\n"

    assert [one[0] for one in watched(tmp_path, text).told].count("switch") > 1


def test_the_end_of_a_loop_is_no_switch(tmp_path):
    text = """
    D = {"n": 0}
    def run():
        while D["n"] < 2:
            D["n"] += 1
        D["n"]
    """
    told = [one[0] for one in watched(tmp_path, text).told]

    assert told == ["switch", "read", "read", "write", "read", "switch", "read", "write", "read", "read"]


def test_an_access_in_a_call_comes_before_its_switch(tmp_path):
    told = [one[0] for one in watched(tmp_path, PROGRAM.format(statement="D.get('a')")).told]

    assert told == ["switch", "read", "switch"]


RACE = """
def race(c, n, t, L, L2, D):
    for _ in range(n):
        t = c.value
        {statement}
        c.value = t + 1
"""


def _lost(statement: str, times: int) -> int:
    namespace: dict = {}
    exec(compile(RACE.format(statement=statement), "race", "exec"), namespace)

    class Cell:
        value = 0

    before, lost = sys.getswitchinterval(), 0
    sys.setswitchinterval(1e-6)
    try:
        cell = Cell()
        arguments = (cell, times, 0, [1], [], {"a": 1})
        threads = [threading.Thread(target=namespace["race"], args=arguments) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = 2 * times - cell.value
    finally:
        sys.setswitchinterval(before)
    return lost


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="nothing is safe without the GIL")
def test_the_interpreter_agrees():
    assert [_lost(one, 200_000) for one in ("pass", "len(L)", "isinstance(t, int)", "D['a'] = 1", "t == 5")] == [0] * 5
    assert all(any(_lost(one, 200_000) for _ in range(5)) for one in ("abs(t)", "D.get('a')", "[z for z in (1, 2)]"))
