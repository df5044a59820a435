"""The sentences of the stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.stage_bench import seen_after
from support.staged import faulty, hostile, last_item, two_locks
from weft.stage.moment import LockView, Shown, Verdict
from weft.stage.session import Order, Session
from weft_tui.spans import Ink, plain_text, width_of
from weft_tui.stage.compare import branches, comparison, row
from weft_tui.stage.facts import facts
from weft_tui.stage.seen import Branches
from weft_tui.stage.words import advice, notice, reveal, said, status_row


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_first_row_is_as_wide_as_the_terminal(tmp_path: Path, width: int) -> None:
    for script in (last_item(), hostile()):
        seen = seen_after(script, 0, folder=tmp_path)
        for busy in (False, True):
            assert width_of(status_row(seen, busy, width)) == width
    assert width_of(status_row(None, False, width)) == width


def test_a_narrow_one_keeps_the_step(tmp_path: Path) -> None:
    line = plain_text([status_row(seen_after(last_item(), 0, folder=tmp_path), False, 60)])
    assert "step 1" in line
    assert "Python" not in line


def test_a_long_verdict_is_cut_and_says_where_the_rest_is(tmp_path: Path) -> None:
    seen = seen_after(last_item(), folder=tmp_path)
    seen = replace(seen, moment=seen.moment._replace(verdict=Verdict("status", "word " * 100)))
    lines = notice(seen, 0, 80)
    assert len(lines) == 3
    assert max(width_of(line) for line in lines) <= 80
    assert "v tells all" in plain_text(lines)
    assert "SERVER ERROR" in plain_text(lines)


def test_what_to_know_is_told_before_the_first_step(tmp_path: Path) -> None:
    seen = replace(seen_after(last_item(), folder=tmp_path), note="it is not deterministic")
    assert plain_text(notice(seen, 0, 80)).splitlines()[0] == " it is not deterministic"
    assert "it is not deterministic" in plain_text(list(reveal(seen)))
    seen = replace(seen_after(last_item(), 0, folder=tmp_path), note="it is not deterministic")
    assert "deterministic" not in plain_text(notice(seen, 0, 80))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(
    ("note", "word"), [("the app is not deterministic, …", "not deterministic"), ("x" * 99, "careful")]
)
def test_a_note_is_never_out_of_sight(tmp_path: Path, width: int, note: str, word: str) -> None:
    for steps in ((), (0, 0, 0)):
        seen = seen_after(last_item(), *steps, folder=tmp_path)
        assert word not in plain_text([status_row(seen, False, width)])
        assert word in plain_text([status_row(replace(seen, note=note), False, width)])


def test_a_long_sentence_is_told_in_some_rows() -> None:
    rows = said(((" " + "word " * 100, Ink.WAIT),), 60)
    assert len(rows) == 3
    assert max(width_of(row) for row in rows) <= 60
    assert plain_text(rows).endswith(" …")
    assert len(said(((" a word", Ink.WAIT),), 60)) == 1


@pytest.mark.parametrize(
    ("kind", "ink"),
    [
        ("holds", Ink.BADGE_LIVE),
        ("invariant", Ink.ALARM),
        ("livelock", Ink.ALARM),
        ("limit", Ink.BADGE),
        ("inconclusive", Ink.BADGE),
        ("new", Ink.ALARM),
    ],
)
def test_verdicts_have_their_colours(tmp_path: Path, kind: str, ink: Ink) -> None:
    seen = seen_after(last_item(), folder=tmp_path)
    seen = replace(seen, moment=seen.moment._replace(verdict=Verdict(kind, "so it is")))
    assert notice(seen, 0, 80)[0][0][1] is ink
    assert "so it is" in plain_text(list(reveal(seen)))


def test_without_a_goal_nothing_is_said(tmp_path: Path) -> None:
    assert notice(seen_after(two_locks(), folder=tmp_path), 0, 80) == []


def test_what_to_press_when_nobody_can_move(tmp_path: Path) -> None:
    seen = seen_after(faulty(), 1, 1, folder=tmp_path)
    alone = replace(seen, refusals=("no", "no"))
    assert "waiting for what runs outside" in plain_text([advice(alone, 0)])
    assert "space 1 alice: start POST /buy" in plain_text([advice(seen, 0)])


@pytest.mark.parametrize("width", [20, 30, 45, 100])
def test_facts_are_aligned_and_fit(tmp_path: Path, width: int) -> None:
    seen = seen_after(two_locks(), 0, 0, 0, 1, 1, 1, folder=tmp_path)
    told = [plain_text([line]) for line in facts(seen, width)]
    assert len({line.rindex("  ") for line in told[:2]}) == 1
    assert max(len(line) for line in told[:2]) <= width
    assert any("held by mover" in line for line in told)


def test_locks_without_an_owner_tell_their_state(tmp_path: Path) -> None:
    seen = seen_after(last_item(), folder=tmp_path)
    lock = LockView("slots", "Semaphore", "0 of 3", -1, (0, 1))
    seen = replace(seen, moment=seen.moment._replace(locks=(lock,)))
    assert "slots  0 of 3  alice and bob wait" in plain_text(list(facts(seen, 60)))


def test_a_change_shows_the_old_value_even_where_it_is_long(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, folder=tmp_path)
    old = seen.moment._replace(shared=(Shown("x", "a" * 90),))
    new = seen.moment._replace(shared=(Shown("x", "b" * 90),))
    line = plain_text([next(facts(replace(seen, before=old, moment=new), 40))])
    assert "aaa… → bbb" in line
    assert len(line) <= 40


def test_a_change_at_the_end_of_a_long_value_is_seen(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, folder=tmp_path)
    old = seen.moment._replace(shared=(Shown("x", "[" + "1, " * 40 + "2]"),))
    new = seen.moment._replace(shared=(Shown("x", "[" + "1, " * 40 + "3]"),))
    line = plain_text([next(facts(replace(seen, before=old, moment=new), 40))])
    assert line.strip() == "x  … 1, 2] → … 1, 3]"


def compared(tmp_path: Path):
    from support.staged import Staged

    session = Session(Staged(last_item(), tmp_path))
    for actor in (0, 0, 0, 1, 1):
        session.step(actor)
    session.undo(3)
    session.step(1)
    session.run_all(Order.ROUND_ROBIN)
    return branches(Branches().count(session), session.here)


def test_branches_know_where_they_part(tmp_path: Path) -> None:
    first, second = compared(tmp_path)
    assert (first.number, first.fork, first.current) == (1, 2, False)
    assert (second.number, second.current) == (2, True)
    assert first.first == 'alice: write STATE["stock"] = 0'


def test_the_comparison_folds_what_is_common(tmp_path: Path) -> None:
    first, second = compared(tmp_path)
    pairs = comparison(second, first)
    text = [plain_text(row(pair, 100)) for pair in pairs]
    assert sum("≠" in line for line in text) >= 2
    assert "≠" in next(line for line in text if line.lstrip().startswith("3"))
    for width in (30, 60, 100, 200):
        assert all(width_of(line) <= width for pair in pairs for line in row(pair, width))


def test_a_long_common_way_is_folded(tmp_path: Path) -> None:
    from support.staged import Staged

    session = Session(Staged(two_locks(), tmp_path))
    for actor in (0, 0, 0, 1, 1, 1):
        session.step(actor)
    session.undo()
    session.step(2)
    first, second = branches(Branches().count(session), session.here)
    assert "… 3 steps in common" in plain_text([comparison(first, second)[0][0]])


def test_branches_keep_their_numbers(tmp_path: Path) -> None:
    from support.staged import Staged

    session, numbers = Session(Staged(last_item(), tmp_path)), Branches()
    assert list(numbers.count(session).values()) == [1]
    first = session.step(0)
    assert numbers.count(session) == {first: 1}
    session.undo()
    second = session.step(1)
    assert numbers.count(session) == {first: 1, second: 2}
    session.go(first)
    longer = session.step(0)
    assert numbers.count(session) == {longer: 1, second: 2}
    session.go(first)
    third = session.step(1)
    assert numbers.count(session) == {longer: 1, second: 2, third: 3}
