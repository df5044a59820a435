"""The shop of `support.scripted` as a trace that was folded: for what only tables can answer. Times are ms."""

from __future__ import annotations

import re

from timeline.script import items
from weft.log.reader import Item
from weft.timeline import Builder
from weft.timeline.snapshot import Snapshot

MS = 1_000_000

SHOP = """
main @0 enter
w1 @0 enter
w2 @0 enter
w3 @0 enter
w1 @100 request 1 /report
w2 @250 request 2 /checkout
w2 @300 wait shop.stock w1
w2 @800 acquire shop.stock @300
w1 @200 section shop.stock @800
w1 @850 log 30 slow_report
w1 @900 done 200
w2 @820 section shop.stock @900
w2 @920 done 500
w3 @350 request 3 /cart
w3 @380 hold shop.audit @990
w3 @500 wait shop.stock w1
main @700 mark cache_miss
main @940 section Cache.lock @950
* @1000 pulse
"""

NESTED = """
a @0 enter
b @0 enter
c @0 enter
d @0 enter
a @100 request 1 /report
b @150 request 2 /checkout
c @200 request 3 /cart
a @110 section inner @800
b @160 section outer @890
b @300 wait inner a
b @810 acquire inner @300
b @810 handoff inner @800
b @810 section inner @850
c @400 wait outer b
c @900 acquire outer @400
c @900 handoff outer @890
c @900 section outer @950
d @500 wait event_done *
d @960 resume event_done @500
d @500 wake event_done a
* @1000 pulse
"""
"""c waits for b's lock while b waits for a's; d waits for an event that a sets."""


def played(text: str = SHOP) -> Snapshot:
    """Return the snapshot of a script whose moments are ``@`` and milliseconds."""
    builder = Builder()
    builder.fold(told(text))
    return builder.snapshot()


def told(text: str) -> list[Item]:
    """Return the blocks of such a script."""
    return items(re.sub(r"@(\d+)", lambda found: str(int(found[1]) * MS), text))
