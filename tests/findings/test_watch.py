"""Findings of a trace that grows."""

from __future__ import annotations

from timeline.script import Scribe, items
from weft.findings import Options, Watch, find
from weft.timeline import Builder

from .scripts import BLAMED, greedy, script

MS = 1_000_000


class Live:
    """A trace that is written block by block, and a watch that looks after each."""

    def __init__(self, options: Options | None = None) -> None:
        self.builder, self.scribe = Builder(), Scribe()
        self.cpu = self.wall = 0.0
        self.watch = Watch(options, lambda: self.cpu, lambda: self.wall)

    def write(self, text: str, now: float | None = None, *, thorough: bool = True) -> list[str]:
        """Write a block (times in ms) and return the kinds that are new."""
        self.builder.fold(items(script(text), self.scribe))
        return self.look(now, thorough=thorough)

    def look(self, now: float | None = None, *, thorough: bool = True) -> list[str]:
        snapshot = self.builder.snapshot()
        self.news = self.watch.look(snapshot, None if now is None else round((now + 1) * MS), thorough=thorough)
        return [finding.kind for finding in self.news.fresh]


RING = """
    a 0 enter
    b 0 enter
    a 1 hold left 120
    b 2 hold right 120
    a 10 wait right b
    b 20 wait left a
    * 121 pulse
"""


def test_a_deadlock_is_told_once_and_without_waiting_for_the_next_record() -> None:
    live = Live()
    assert live.write(RING, now=150) == []
    assert live.look(now=400) == []
    assert live.look(now=525) == ["deadlock"]
    assert live.look(now=900) == []
    assert [each.kind for each in live.news.findings] == ["deadlock"]


def test_a_recorder_that_has_been_silent_for_long_is_not_asked_for_the_time() -> None:
    live = Live()
    live.write(RING)
    assert live.look(now=100_000) == []


def test_a_deadlock_that_a_timeout_ends_stays_in_the_list_as_over() -> None:
    live = Live()
    live.write(RING)
    assert live.look(now=600) == ["deadlock"]
    news = live.write("a 700 giveup right 10\n a 1 section left 701\n b 701 acquire left 20\n * 702 pulse")
    assert "deadlock" not in news
    (finding,) = (each for each in live.news.findings if each.kind == "deadlock")
    assert finding.ended_ns == 701 * MS


def test_a_deadlock_is_not_over_when_somebody_behind_it_gives_up() -> None:
    live = Live()
    live.write(RING + "c 0 enter\n c 30 wait left a")
    assert live.look(now=600) == ["deadlock"]
    live.write("c 700 giveup left 30\n * 702 pulse")
    assert [each.ended_ns for each in live.news.findings if each.kind == "deadlock"] == [None]


def test_what_goes_on_is_told_when_it_is_old_enough() -> None:
    live = Live()
    live.write("a 0 enter\n b 0 enter\n a 1 hold lock 300\n b 5 wait lock a\n * 600 pulse")
    assert not live.news.findings
    assert live.write("* 1200 pulse") == ["long-hold"]
    assert live.write("* 2200 pulse") == []


def test_everything_is_looked_for_seldom_and_deadlocks_always() -> None:
    live = Live()
    live.write("a 0 enter\n * 1 pulse", thorough=False)
    live.watch._rested = 10.0
    assert live.write(greedy(40, 800), thorough=False) == []
    live.wall = 11.0
    assert "starvation" in live.look(thorough=False)


def test_what_has_been_looked_at_is_not_looked_at_again_until_more_is_known_of_it() -> None:
    live, looked = Live(), []
    live.write(RING)
    live.watch._clock = lambda: float(len(looked.append(None) or looked))
    snapshot = live.builder.snapshot()
    first = live.watch.look(snapshot, thorough=True)
    before = len(looked)
    again = live.watch.look(snapshot)
    assert (again.findings, again.fresh, len(looked)) == (first.findings, (), before)
    live.watch.look(snapshot, snapshot.end_ns + 500 * MS)
    assert len(looked) > before


def test_a_watch_ends_with_what_is_found_after_the_fact() -> None:
    live = Live()
    live.write(BLAMED + "\n* 500 end")
    assert live.news.findings == find(live.builder.snapshot())


def test_orders_of_locks_are_remembered() -> None:
    live = Live()
    live.write("a 0 enter\n b 0 enter\n a 10 section outer 40\n a 20 section inner 30\n * 2000 pulse")
    assert live.write("b 2010 section inner 2040\n b 2020 section outer 2030\n * 2100 pulse") == []
    assert live.write("* 4000 pulse") == ["inversion"]
    assert live.news.fresh[0].sentence.count("(once)") == 2
