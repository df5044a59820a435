"""The inspector's sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.played import MS, played
from support.scripted import CHECKOUT, REPORT, SHOP, Scripted, ms, shop
from weft.timeline import load
from weft.timeline.values import Hold, Mark, Place, Section, State, Task, Wait
from weft_demos.lab import samples
from weft_tui.format import apart
from weft_tui.jumps import worst_wait
from weft_tui.lock_story import lock_story
from weft_tui.spans import plain_text
from weft_tui.stacks import short, yours
from weft_tui.story import story


def told(trace: Scripted, lane: int, at_ms: float) -> str:
    return plain_text(story(trace, trace.moment(lane, ms(at_ms))))


def test_a_wait_is_told_with_both_sides() -> None:
    assert told(shop(), 2, 700).splitlines()[:8] == [
        "● GET /checkout waits for shop.stock_lock since 400 ms",
        "victim     waits at shop.py:42 in checkout",
        "             called from app.py:7 in dispatch",
        "culprit    GET /report (Thread-1 (worker)) holds it since 500 ms",
        "           when the wait began, it was at shop.py:88 in report",
        "lock       shop.stock_lock, a Lock, made at shop.py:12",
        "stacks     victim: GET /checkout › app context › request context",
        "           culprit: GET /report › app context › request context",
    ]


def test_a_hold_is_told_with_those_who_wait_for_it() -> None:
    text = told(shop(), 1, 700)
    assert "● GET /report holds shop.stock_lock since 500 ms" in text
    assert "GET /checkout (Thread-2 (worker)) waits for shop.stock_lock since 400 ms" in text
    assert "POST /checkout (Thread-3 (worker)) waits for shop.stock_lock since 200 ms" in text
    assert "when that wait began, this thread was at shop.py:88 in report" in text


def test_waiting_while_holding_names_both_locks() -> None:
    text = told(shop(), 3, 700)
    assert "● POST /checkout waits for shop.stock_lock since 200 ms" in text
    assert "they hold  victim: shop.audit_lock since 320 ms" in text


def test_running_idle_and_handed_over() -> None:
    assert "● GET /report runs since 50 ms, no lock involved" in told(shop(), 1, 150)
    assert told(shop(), 0, 150).startswith("○ MainThread is idle: it serves no request")
    assert "is handed" in told(shop(), 2, 810)


def test_a_request_is_told_with_thread_endpoint_and_outcome() -> None:
    assert "thread Thread-2 (worker), endpoint checkout, status 500 after 670 ms" in told(shop(), 2, 700)
    assert "running for 650 ms" in told(shop(), 3, 700)
    assert "Flask contexts: app, request" in told(shop(), 1, 700)


def test_several_holders_of_one_wait_are_all_named() -> None:
    # Lane 3 takes the lock for the last part of lane 2's wait.
    first, *others = shop().holds
    trace = replace(
        shop(),
        holds=(replace(first, end_ns=ms(600)), *others, Hold(3, 3, 0, ms(600), ms(800))),
        waits=shop().waits[:1],
    )
    text = told(trace, 2, 700)
    assert "POST /checkout (Thread-3 (worker)) holds it since 100 ms" in text
    assert "when the wait began, Thread-1 (worker) held it, at shop.py:88 in report" in text
    assert "during this wait it was also held by GET /report (Thread-1 (worker)) for 300 ms" in text


def test_when_nobody_holds_the_lock_the_last_holder_is_named() -> None:
    # Stock is free between 800 and 820 ms, and lane 2 takes it then.
    assert "culprit    GET /report (Thread-1 (worker)) let it go 10 ms ago, and nobody has it yet" in told(
        shop(), 3, 810
    )


def test_the_holds_of_the_lock_around_now_are_told() -> None:
    played_on = (
        "a @0 enter\nb @0 enter\na @10 section l @15\na @20 section l @60\nb @30 wait l a\nb @61 acquire l @30\n"
    )
    trace = played(played_on + "b @61 section l @70\na @80 section l @82\n* @100 pulse")
    text = plain_text(story(trace, trace.moment(1, 40 * MS)))
    assert "before: a had it for 5 ms, 25 ms ago" in text
    assert "after:  b had it for 9 ms, 21 ms later" in text
    assert "        a had it for 2 ms, 40 ms later" in text


def test_an_unknown_holder_is_admitted() -> None:
    trace = replace(shop(), holds=(), waits=(replace(shop().waits[0], holder=None, holder_at=()),))
    assert "the recorder does not know who holds it" in told(trace, 2, 700)


def test_what_runs_for_another_thread_is_told_on_both_lanes() -> None:
    trace = shop()
    idle = replace(trace.moment(1, ms(700)), state=State.RUN, holds=(), wanted_by=(), wait=None, blames=(), contexts=())
    task = Task("shop.render", 2, ms(600), 1, ms(650), None, idle.request)
    text = plain_text(story(trace, replace(idle, task=task)))
    assert text.startswith("● GET /report runs since 50 ms")
    assert "it runs shop.render, which Thread-2 (worker) had handed over 50 ms before it began" in text
    nobodys = replace(task, work="", by=None, request=None)
    text = plain_text(story(trace, replace(idle, task=nobodys, request=None)))
    assert text.startswith("● Thread-1 (worker) runs since 50 ms")
    assert "it runs a task, which another thread had handed over 50 ms before it began" in text
    waiting = replace(task, start_ns=None, thread=None)
    later = replace(task, start_ns=ms(750))
    text = plain_text(story(trace, replace(idle, handed=(task, waiting, later, *[waiting] * 5))))
    assert text.count("it has handed over shop.render, which runs on Thread-1 (worker) since 50 ms") == 1
    assert text.count("it has handed over shop.render, which waits for its turn since 100 ms") == 5
    assert "and 2 more tasks" in text


def waiting_for(kind: str, holder: int | None, woken_by: int | None) -> str:
    """Return what is said of a wait for what is no lock."""
    first, *locks = shop().locks
    wait = replace(shop().waits[0], holder=holder, woken_by=woken_by, holder_at=())
    return told(replace(shop(), locks=(replace(first, kind=kind), *locks), holds=(), waits=(wait,)), 2, 700)


def test_nobody_holds_an_event_but_somebody_sets_it() -> None:
    text = waiting_for("Event", None, 3)
    assert "waker      POST /checkout (Thread-3 (worker)) wakes it" in text
    assert "when the wait began" not in text
    assert "victim: GET /checkout" in text
    assert "culprit" not in text.replace("b: go to the culprit", "")


def test_who_waits_for_a_thread_or_its_work_waits_for_no_holder() -> None:
    assert "GET /report (Thread-1 (worker)) is what it waits for" in waiting_for("Thread", 1, None)
    assert "GET /report (Thread-1 (worker)) works on it" in waiting_for("Future", 1, 1)
    assert "GET /report (Thread-1 (worker)) has it" in waiting_for("Semaphore", 1, 1)


def test_a_ring_is_called_a_deadlock() -> None:
    """Lane 1 holds stock and waits for audit, lane 3 holds audit and waits for stock."""
    ring = replace(
        shop(),
        acts=(*shop().acts, (1, State.WAIT_HOLD, ms(600), ms(1000))),
        holds=(Hold(1, 1, 0, ms(200), None), Hold(3, 3, 1, ms(380), None)),
        waits=(*shop().waits[1:], Wait(1, 1, 1, ms(600), None, False, 3, REPORT, ())),
    )
    for lane in (1, 3):
        assert "a deadlock: each of them waits for the next" in told(ring, lane, 900)
    assert "ring       who waits itself for shop.audit_lock: POST /checkout (Thread-3 (worker)) holds it" in told(
        ring, 3, 900
    )
    assert "deadlock" not in told(ring, 3, 550)


def test_a_chain_that_is_no_ring_is_no_deadlock() -> None:
    chain = replace(
        shop(),
        acts=(*shop().acts, (1, State.WAIT_HOLD, ms(600), ms(1000))),
        holds=(Hold(1, 1, 0, ms(200), None), Hold(0, 0, 2, ms(100), None)),
        waits=(*shop().waits[1:], Wait(1, 1, 2, ms(600), None, False, 0, CHECKOUT, REPORT)),
    )
    text = told(chain, 3, 900)
    assert "root       who waits itself for Cache._lock: MainThread holds it since 800 ms" in text
    assert "when that wait began, the root was at shop.py:88 in report" in text
    assert "root: outside of any request" in text
    assert "culprit: shop.audit_lock" not in text
    assert "B: to the root" in text
    assert "deadlock" not in text


@pytest.mark.parametrize(
    ("files", "index"),
    [
        ([SHOP], 0),
        (["/x/site-packages/flask/app.py", SHOP], 1),
        (["/usr/lib/python3.12/threading.py", "/x/site-packages/y.py"], 0),
    ],
)
def test_your_own_innermost_frame_comes_first(files: list[str], index: int) -> None:
    assert yours([Place(file, "f", 1) for file in files]) == index


def test_paths_are_short_but_not_meaningless() -> None:
    assert short("/srv/shop/shop.py") == "shop.py"
    assert short("/srv/shop/__init__.py") == "shop/__init__.py"


def test_a_wait_that_just_begins_has_no_duration_yet() -> None:
    assert told(shop(), 2, 300).startswith("● GET /checkout waits for shop.stock_lock from this moment on")


def test_a_quiet_lane_at_the_end_tells_what_the_app_waits_for() -> None:
    trace = shop()
    text = plain_text(story(trace, trace.moment(0, trace.end_ns - 1)))
    assert "1 thread waits for shop.stock_lock now" in text
    assert "now" not in told(trace, 0, 500)


def test_sections_and_marks_are_told_with_their_age() -> None:
    trace = shop()
    moment = replace(
        trace.moment(1, ms(150)),
        sections=(Section("checkout", 1, ms(110), None), Section("price the cart", 1, ms(120), None)),
        marks=(Mark("shop: low on looms", 1, 1, ms(150), 30), Mark("cache miss", 1, 1, ms(146.8), None)),
    )
    assert plain_text(story(trace, moment)).splitlines()[1:5] == [
        "  in section checkout since 40 ms",
        "    and in price the cart since 30 ms",
        "  ◆ WARNING shop: low on looms, just now",
        "  ◆ cache miss, 3.2 ms ago",
    ]


def test_processes_are_told_apart_as_in_the_lanes() -> None:
    trace = load(samples.trace("shared-memory"))
    spot = worst_wait(trace)
    assert spot is not None
    moment = trace.moment(spot.lane, spot.time_ns)
    pid = trace.processes[moment.lane.process].pid
    said = plain_text(story(trace, moment))
    assert f"POST /visit/locked ({pid}) waits for visits" in said
    assert f"thread {pid} MainThread" in said
    assert "(MainThread)" not in said
    assert moment.wait is not None
    assert "(MainThread)" not in plain_text(lock_story(trace, moment.wait.lock, spot.time_ns))


def test_moments_have_as_many_digits_as_tell_them_apart() -> None:
    assert apart([17_000_000_000, 17_001_000_000, 17_001_000_000]) == ["17.000 s", "17.001 s", "17.001 s"]
    assert apart([0, 2_100_000_000]) == ["0 ns", "2.1 s"]
    assert apart([5, 6]) == ["5 ns", "6 ns"]
    assert apart([]) == []
