"""Rules for CI: what they mean, and where they are wrong."""

from __future__ import annotations

import pytest

from timeline.script import play
from weft import WeftError
from weft.findings import find
from weft.findings.rules import judge, parse

from .scripts import BLAMED, script

SNAPSHOT = play(script(BLAMED))
FOUND = find(SNAPSHOT)


def kept(rules: str) -> list[bool]:
    return [each.kept for each in judge(SNAPSHOT, FOUND, parse(rules))]


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("deadlock", True),
        ("blame", False),
        ("wait:stock:max<412ms", False),
        ("wait:stock:max<=412ms", True),
        ("wait:stock:p50<380ms", True),
        ("wait:stock:count<2", False),
        ("wait:stock:count<=2", True),
        ("wait:stock:total<1s", True),
        ("wait:*:max<413ms", True),
        ("hold:db:p99<400ms", True),
        ("hold:db:p99<380ms", False),
        ("requests:/checkout:p95<438ms", False),
        ("requests:checkout:p95<=438ms", True),
        ("requests:*:count<4", True),
    ],
)
def test_rules(rule: str, holds: bool) -> None:
    assert kept(rule) == [holds]


def test_rules_are_separated_by_commas() -> None:
    assert kept(" deadlock , inversion,blame,") == [True, True, False]
    (judged,) = judge(SNAPSHOT, FOUND, parse("wait:stock:max<5ms"))
    assert judged.sentence == "max of the waits for stock is 412 ms, not within 5 ms"


def test_an_inversion_that_struck_breaks_the_rule_too() -> None:
    snapshot = play(
        script(
            """
        a 0 enter
        b 0 enter
        a 1 hold left 200
        b 2 hold right 200
        a 10 wait right b
        b 20 wait left a
        * 900 pulse
        """
        )
    )
    (judged,) = judge(snapshot, find(snapshot), parse("inversion"))
    assert not judged.kept
    assert judged.sentence.startswith("Deadlock: ")


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("", "there is no rule"),
        ("dedlock", "at character 1: 'dedlock' is neither"),
        ("lost, dedlock", "at character 7: 'dedlock' is neither"),
        ("wait:stock", "at character 1: 'wait:stock' names nothing"),
        ("lost,wait:stock:fast", "at character 17: 'fast' is no bound"),
        ("wait:stock:p99>5ms", "at character 12: 'p99>5ms' is no bound"),
        ("wait:stock:p100<5ms", "is no bound"),
        ("wait:stock:p99<5", "at character 16: '5' is no duration"),
        ("wait:stock:p99<=-5ms", "at character 17: '-5ms' is no duration"),
        ("wait:stock:count<5ms", "at character 18: '5ms' is no whole number"),
        ("deadlock:3", "is neither"),
    ],
)
def test_wrong_rules_say_where(rules: str, why: str) -> None:
    with pytest.raises(WeftError, match=why):
        parse(rules)


def test_rules_about_what_is_not_there() -> None:
    with pytest.raises(WeftError, match="no lock is called 'stok' in this trace; there is db, stock"):
        kept("wait:stok:max<1s")
    with pytest.raises(WeftError, match="no request of '/cert'"):
        kept("lost,requests:/cert:max<1s")
