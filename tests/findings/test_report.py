"""The report and the comparison as plain data."""

from __future__ import annotations

import json

from timeline.script import play
from weft.findings import find
from weft.findings.compare import compare
from weft.findings.report import report

from .scripts import BLAMED, script

MS = 1_000_000


def test_the_report_names_who_held_a_lock_while_others_waited() -> None:
    snapshot = play(script(BLAMED))
    told = json.loads(json.dumps(report(snapshot, find(snapshot))))
    behind = {row["name"]: row["behind"] for row in told["locks"]}
    assert behind == {
        "stock": [
            {"holder": "GET report", "holds": 1, "cost_ns": (380 + 379) * MS},
            {"holder": "GET cart", "holds": 1, "cost_ns": 32 * MS},
        ],
        "db": [{"holder": "main", "holds": 1, "cost_ns": 380 * MS}],
    }
    first = told["findings"][0]
    assert (first["severity"], first["locks"], first["began_ns"]) == ("slow", ["stock"], 5 * MS)
    assert first["evidence"][0] == {
        "text": "GET /report holds stock", "lane": "w2", "place": "shop.py:12",
        "began_ns": 5 * MS, "ended_ns": 400 * MS,
    }  # fmt: skip


def test_what_changed_between_two_runs() -> None:
    before = play(script(BLAMED))
    quick = "\n".join(line for line in BLAMED.splitlines() if "db" not in line)
    after = play(script(quick + "\n w1 441 section stock 445\n w1 442 section fresh 443"))
    told = json.loads(json.dumps(compare(before, after)))
    rows = {row["name"]: row for row in told["locks"]}
    assert rows["db"]["waits"] == [1, 0]
    assert rows["db"]["wait_total_ns"] == [380 * MS, 0]
    assert rows["fresh"]["acquisitions"] == [0, 1]
    assert told["locks"][0]["name"] == "db"
    assert told["new_orders"] == [["stock", "fresh"]]
    assert [each["kind"] for each in told["gone_findings"]].count("long-hold") == 1
    assert "db" in told["gone_findings"][0]["sentence"]
    assert told["new_findings"] == []
    requests = {row["endpoint"]: row for row in told["requests"]}
    assert requests["report"]["wait_total_ns"] == [380 * MS, 0]
    assert compare(before, before)["new_findings"] == compare(before, before)["gone_findings"] == []


def orders(*, met: bool) -> str:
    """Two threads take two locks in both orders: one after the other, or so that they meet."""
    first = "w1 10 section b 20\n w1 5 section a 25" if not met else "w1 5 hold a 400\n w1 10 wait b w2"
    second = "w2 40 section a 50\n w2 35 section b 55" if not met else "w2 6 hold b 400\n w2 11 wait a w1"
    return script(f"w1 0 enter\n w2 0 enter\n {first}\n {second}\n w3 0 enter\n w3 900 section c 1000")


def test_an_inversion_that_struck_is_neither_gone_nor_new() -> None:
    risky, stuck = play(orders(met=False)), play(orders(met=True))
    assert [each.kind for each in find(risky)] == ["inversion"]
    assert [each.kind for each in find(stuck)] == ["deadlock"]
    told = compare(risky, stuck)
    assert [each["kind"] for each in told["new_findings"]] == ["deadlock"]
    assert told["gone_findings"] == []
    back = compare(stuck, risky)
    assert back["new_findings"] == []
    assert [each["kind"] for each in back["gone_findings"]] == ["deadlock"]
