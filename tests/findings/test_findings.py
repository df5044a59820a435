"""What each check says of small traces whose every record is written down."""

from __future__ import annotations

import pytest

from timeline.script import Scribe, folded, items, play
from weft.findings import KINDS, Finding, Options, Severity, find, fragments
from weft.log.reader import Gap

from .scripts import BLAMED, greedy, pool, queue, script

MS = 1_000_000


def found(text: str, kind: str = "", **options: object) -> list[Finding]:
    findings = find(play(script(text)), Options(**options))  # type: ignore[arg-type]
    return [finding for finding in findings if kind in ("", finding.kind)]


def only(text: str, kind: str, **options: object) -> Finding:
    (finding,) = found(text, kind, **options)
    return finding


def test_a_slow_request_says_behind_whom_it_waited_and_what_that_one_waited_for() -> None:
    finding = next(each for each in found(BLAMED, "blame") if "/checkout" in each.sentence)
    assert finding.sentence == (
        "GET /checkout waited 412 ms for stock: 380 ms behind GET /report "
        "(held at shop.py:12, itself waiting for db behind main), 32 ms behind GET /cart."
    )
    assert finding.cost_ns == 412 * MS
    assert finding.severity is Severity.SLOW
    assert {line.text for line in finding.evidence} == {
        "GET /checkout waits for stock", "GET /report holds stock", "GET /cart holds stock",
    }  # fmt: skip


ASYNC = """
    report 0 enter
    server 0 enter
    buyer 0 enter
    loop 0 enter
    report 1 request 1 /report
    server 2 request 2 /cart
    server 3 submit async_price
    loop 4 task 3 server
    loop 10 wait stock report
    loop 10 waiter_at stock in_checkout
    loop 10 holder_at stock in_report
    buyer 11 request 3 /checkout
    buyer 12 wait cart server
    report 5 section stock 310
    report 320 done 200
    loop 310 acquire stock 10
    loop 310 section stock 312
    loop 313 task_done 4
    server 3 section cart 315
    server 316 done 200
    buyer 315 acquire cart 12
    buyer 315 section cart 317
    buyer 318 done 200
    * 900 pulse
"""


def test_what_a_request_awaits_is_followed_as_if_it_waited_itself() -> None:
    told = {finding.locks[0]: finding for finding in found(ASYNC, "blame")}
    assert {finding.sentence for finding in told.values()} == {
        "GET /cart waited 300 ms for stock: 300 ms behind GET /report (held at shop.py:12).",
        "GET /checkout waited 303 ms for cart: 303 ms behind GET /cart (itself waiting for stock behind GET /report).",
    }
    (awaits,) = (finding for finding in told.values() if "GET /cart waited" in finding.sentence)
    snapshot = play(script(ASYNC))
    names = [snapshot.lanes[lane].name for lane in awaits.lanes]
    assert names == ["loop", "server", "report"]
    assert (snapshot.lanes[awaits.evidence[0].lane].name, awaits.evidence[0].start_ns) == ("loop", 11 * MS)


HELD_AND_AWAITED = """
    server 0 enter
    loop 0 enter
    server 1 request 1 /cart
    server 2 hold cart 10
    server 3 submit async_price
    loop 4 task 3 server
    loop 10 wait cart server
    loop 10 waiter_at cart in_checkout
    * 2900 pulse
"""


def test_who_awaits_a_view_that_wants_his_own_lock_can_never_go_on() -> None:
    finding = only(HELD_AND_AWAITED, "deadlock")
    assert finding.sentence == (
        "Deadlock: GET /cart waits at shop.py:12 for cart, held by itself; it can never go on, since 2.9 s."
    )
    snapshot = play(script(HELD_AND_AWAITED))
    told = [(snapshot.lanes[line.lane].name, line.text) for line in finding.evidence]
    assert told == [("loop", "GET /cart waits for cart at shop.py:12"), ("server", "GET /cart holds cart")]
    assert not found(HELD_AND_AWAITED.replace("async_price", "price"), "deadlock")


def test_what_others_do_for_a_request_that_does_not_wait_for_it_is_not_its_wait() -> None:
    handed = ASYNC.replace("submit async_price", "submit price")
    assert [each.sentence for each in found(handed, "blame") if "GET /cart waited" in each.sentence] == []


def test_what_a_holder_cost_counts_every_waiter() -> None:
    finding = next(each for each in found(BLAMED, "long-hold") if "stock" in each.sentence)
    assert finding.cost_ns == (380 + 379) * MS
    assert finding.sentence.startswith("GET /report held stock for 395 ms at shop.py:12 while 2 threads waited for it")


def test_a_deadlock_names_every_line() -> None:
    finding = only(
        """
        a 0 enter
        b 0 enter
        c 0 enter
        a 1 hold left 200
        b 2 hold right 200
        a 10 wait right b
        a 10 waiter_at right in_a
        b 20 wait left a
        b 20 waiter_at left in_b
        b 20 holder_at left in_a
        c 30 wait left a
        * 900 pulse
        """,
        "deadlock",
    )
    assert finding.sentence == (
        "Deadlock: a waits at shop.py:12 for right, held by b, and b waits at shop.py:12 for left, held by a; "
        "none of them can go on, and 1 more thread waits behind them, since 880 ms."
    )
    assert finding.severity is Severity.STUCK
    assert [line.text for line in finding.evidence] == [
        "a waits for right at shop.py:12",
        "a holds left, and was at shop.py:12 when b came",
        "b waits for left at shop.py:12",
        "b holds right",
        "c waits for left",
    ]


@pytest.mark.parametrize("broken", ["the lock changed hands", "a wait is over", "records were lost", "it is young"])
def test_no_deadlock_where_something_may_go_on(broken: str) -> None:
    assert not found(
        f"""
        a 0 enter
        b 0 enter
        {"" if broken == "the lock changed hands" else "a 1 hold left 200"}
        b 2 hold right 200
        a 10 wait right b
        b {790 if broken == "it is young" else 20} wait left a
        {"a 1 section left 30" if broken == "the lock changed hands" else ""}
        {"b 40 acquire left 20" if broken == "a wait is over" else ""}
        {"---" if broken == "records were lost" else ""}
        {"* 300 lost 5" if broken == "records were lost" else ""}
        * 900 pulse
        """,
        "deadlock",
    )


IN_A_SERVER = """
    * 0 begin 1
    w1 0 enter
    w2 0 enter
    main 0 enter
    w1 1 request 1 /a
    w2 1 request 2 /b
    {before}
    w1 30 hold lock 200
    w1 40 wait event -
    w2 50 wait lock w1
    * 900 pulse
"""


def test_in_a_server_only_who_has_set_an_event_before_counts_as_who_could() -> None:
    assert not found(IN_A_SERVER.format(before=""), "deadlock")
    by_main = "w1 2 wait event -\n w1 3 resume event 2\n w1 2 wake event main"
    assert not found(IN_A_SERVER.format(before=by_main), "deadlock")
    finding = only(IN_A_SERVER.format(before=by_main.replace("main", "w2")), "deadlock")
    assert "GET /a waits for event, which GET /b can no longer bring about" in finding.sentence


def test_a_signal_may_come_from_anybody_who_is_not_known_to_be_stuck() -> None:
    trace = """
        MainThread 0 enter
        a 0 enter
        b 0 enter
        a 1 hold lock 200
        a 10 wait event -
        MainThread 11 wait lock a
        b 12 wait {what}
        * 900 pulse
    """
    assert not found(trace.format(what="other -"), "deadlock")
    assert found(trace.format(what="lock a"), "deadlock")


def test_a_wait_that_has_had_a_timeout_may_end() -> None:
    before = "w1 2 wait event -\n w1 3 resume event 2\n w1 2 wake event w2\n w1 4 wait event -\n w1 5 giveup event 4"
    assert not found(IN_A_SERVER.format(before=before), "deadlock")


def test_a_request_that_keeps_its_lock() -> None:
    finding = only(
        """
        w1 0 enter
        w2 0 enter
        w1 1 request 1 /save
        w1 10 done 200
        w2 12 wait lock w1
        w1 5 section lock 40
        w2 40 acquire lock 12
        w2 40 section lock 41
        w2 60 exit
        """,
        "request-end",
    )
    assert finding.sentence == "GET /save ended while its thread still held lock, which was held for 30 ms more."
    assert finding.cost_ns == 28 * MS


def test_a_thread_that_ends_with_a_lock_that_another_releases() -> None:
    finding = only(
        """
        w1 0 enter
        w2 0 enter
        w1 30 exit
        w1 5 section lock 70
        w2 80 exit
        """,
        "thread-end",
    )
    assert finding.sentence == "w1 ended without releasing lock, which another thread did 40 ms later."
    assert finding.severity is Severity.RISK


def test_a_thread_that_others_overtake() -> None:
    finding = only(greedy(40, 800), "starvation")
    assert finding.sentence == (
        "w2 starved for 790 ms before lock at shop.py:12: threads that came later took it 39 times, w1 alone 39 times."
    )


def test_who_waits_his_turn_does_not_starve() -> None:
    assert not found(queue(), "starvation")
    assert found(queue(), "convoy")


def test_a_pool_that_one_lock_takes() -> None:
    finding = only(pool(True), "exhausted")
    assert finding.sentence == (
        "All 4 threads that serve requests were taken by lock for 892 ms, held by GET /slow; "
        "requests that came then could only queue."
    )
    assert not found(pool(True, threads=2), "exhausted")
    assert not found(pool(True) + "\nw9 0 enter\nw9 1 request 90 /a\nw9 2 done 200\nw9 3 request 91 /a", "exhausted")


def test_what_several_held_at_once_is_shared_out_among_them() -> None:
    finding = only(
        """
        w1 0 enter
        w2 0 enter
        w3 0 enter
        w1 1 request 1 /one
        w2 1 request 2 /two
        w3 1 request 3 /three
        w1 100 wait pool -
        w2 10 section pool 220
        w3 40 section pool 290
        w1 300 acquire pool 100
        w1 310 exit
        """,
        "blame",
    )
    assert finding.sentence == (
        "GET /one waited 200 ms for pool: 130 ms behind GET /three, 60 ms behind GET /two, "
        "10 ms while nobody is known to have held it."
    )


def test_lost_records_are_said_once() -> None:
    finding = only("a 0 enter\n * 10 lost 12\n a 20 section lock 30", "lost")
    assert finding.sentence == (
        "The trace is not complete: 12 records were dropped; counts and times are at least what they say."
    )


def test_a_kind_can_be_switched_off_and_its_threshold_set() -> None:
    assert not found(BLAMED, "long-hold", off=frozenset({"long-hold"}))
    assert not found(BLAMED, "blame", blame_ns=500 * MS)
    assert [each.kind for each in found(BLAMED, most=1)].count("blame") == 1


def test_counts_in_words() -> None:
    assert fragments(found(BLAMED)) == ["3 slow endpoints", "2 long holds"]
    assert next(iter(KINDS)) == "deadlock"


def test_names_are_data() -> None:
    text = "\x1b[31m{evil}%s"
    finding = next(
        each for each in find(play(script(BLAMED).replace("stock", text))) if text in each.sentence and each.locks
    )
    assert text in finding.evidence[0].text


@pytest.mark.parametrize("lost", ["* 1000 lost 9", "damaged"])
def test_what_may_be_lost_makes_no_finding(lost: str) -> None:
    """Whoever held a lock when records went missing may have let it go at once, and ended without it."""
    scribe = Scribe()
    before = script("w1 0 enter\n w2 0 enter\n w3 0 enter\n w1 10 hold stock 110\n w2 20 wait stock w1\n w3 112 enter")
    after = script("w1 1010 exit\n w3 1020 section other 1030\n w2 2500 exit\n * 3000 pulse")
    gap = [Gap(99, 7, "damaged")] if lost == "damaged" else []
    first = "" if gap else script(lost)
    snapshot = folded([*items(before, scribe), *gap, *items(f"{first}\n{after}", scribe)])
    (finding,) = find(snapshot)
    assert finding.kind == "lost"
    scribe = Scribe()
    assert find(folded([*items(before, scribe), *items(after, scribe)]))[0].kind == "thread-end"


def test_a_request_that_a_loss_cuts_off_has_not_ended_with_a_lock_in_hand() -> None:
    text = "w1 0 enter\nw1 1 request 1 /save\n{end}\n---\n{loss}w1 10 section file 500\nw1 501 mark later"
    kinds = [each.kind for each in found(text.format(end="w1 20 done 200", loss=""))]
    assert kinds == ["request-end"]
    assert [each.kind for each in found(text.format(end="", loss="* 400 lost 3\n"))] == ["lost"]


def test_a_wait_with_a_timeout_makes_no_deadlock() -> None:
    ring = """
        w1 0 enter
        w2 0 enter
        w1 10 hold a 110
        w2 10 hold b 110
        w1 20 wait b w2
        {timed}
        w2 21 wait a w1
        * 2000 pulse
        """
    assert [each.kind for each in found(ring.format(timed=""))] == ["deadlock"]
    assert not found(ring.format(timed="w1 20 timed b 5000000000"), "deadlock")


def test_damage_at_the_end_of_a_file_leaves_only_deadlocks_of_which_all_is_known() -> None:
    signal = script("MainThread 0 enter\nw1 0 enter\nMainThread 10 wait event -\nw1 12 wait event2 -\n* 3000 pulse")
    locks = script(
        "w1 0 enter\nw2 0 enter\nw1 5 hold a 110\nw2 5 hold b 110\nw1 20 wait b w2\nw2 21 wait a w1\n* 3000 pulse"
    )
    for text, kinds in ((signal, {"lost"}), (locks, {"deadlock", "lost"})):
        assert {each.kind for each in find(play(text))} == {"deadlock"}
        assert {each.kind for each in find(folded([*items(text), Gap(99, 7, "damaged")]))} == kinds
