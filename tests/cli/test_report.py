"""`weft report` and `weft diff` on a trace with names that mean harm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from findings.scripts import BLAMED, script
from support.busy import BusyServer
from timeline.script import play
from weft import WeftError
from weft.findings import find
from weft_tui.cli import cli
from weft_tui.reports import markdown, page, text

EVIL = "<script>alert(1)</script>|`x`\x1b[31m[a](http://b)"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "busy.weft"
    BusyServer(threads=12).write(path, 20_000)
    return path


@pytest.fixture
def weft() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(cli, [str(each) for each in arguments], standalone_mode=False)


def evil():
    snapshot = play(script(BLAMED).replace("stock", EVIL.replace(" ", "_")).replace("checkout", "<b>check"))
    return snapshot, find(snapshot)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_every_form(weft: Callable[..., Result], trace: Path, form: str) -> None:
    done = weft("report", trace, "--format", form)
    assert done.exception is None
    assert "shop.lock" in done.output.replace("\\", "")
    if form == "json":
        parts = ["trace", "findings", "locks", "requests", "tasks", "sections", "marks", "recording"]
        assert list(json.loads(done.output)) == parts


def test_nothing_in_a_page_comes_from_elsewhere_or_runs() -> None:
    shown = page.report(*evil(), "evil <title>")

    tags = []

    class Seen(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            assert not {"src", "href", "srcset"} & {name for name, _ in attrs}
            assert not any(name.startswith("on") for name, _ in attrs)

    Seen().feed(shown)
    assert {*tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "details", "summary", "b", "ul", "li", "pre",
        "div", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert tags.count("title") == 1
    assert "&lt;script&gt;" in shown
    assert "\x1b" not in shown
    assert "url(" not in shown


def test_markdown_escapes_what_it_would_act_on() -> None:
    shown = markdown.report(*evil())
    outside = re.sub(r"(?s)(`{3,})text.*?\1", "", shown)
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)\[a", outside)
    assert "\x1b" not in shown
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {15, 12}


def test_text_cannot_command_a_terminal() -> None:
    assert "\x1b" not in text.report(*evil())


def test_findings_come_first() -> None:
    assert text.report(*evil()).startswith("!  GET /report held")


@pytest.mark.parametrize(("rules", "status"), [("deadlock,lost", 0), ("wait:*:max<1ns", 1), ("lost,wait:*:count<1", 1)])
def test_checks_decide_the_status(weft: Callable[..., Result], trace: Path, rules: str, status: int) -> None:
    done = weft("report", trace, "--check", rules)
    assert done.return_value == status
    assert done.stderr.count("broken") == status
    told = json.loads(weft("report", trace, "--check", rules, "--format", "json").stdout)
    assert all(each["kept"] for each in told["checks"]) == (status == 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--check", "dedlock"),
        ("--check", "wait:nothing:max<1s"),
        ("--check", "deadlock", "--off", "deadlock"),
        ("--off", "everything"),
        ("--set", "convoy"),
        ("--set", "convoi=1ms"),
    ],
)
def test_what_makes_no_sense_is_bad_input(weft: Callable[..., Result], trace: Path, arguments: tuple[str]) -> None:
    assert isinstance(weft("report", trace, *arguments).exception, WeftError)


def test_diff(weft: Callable[..., Result], trace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.weft"
    BusyServer(threads=24, seed=2).write(other, 20_000)
    for form in ("text", "markdown"):
        done = weft("diff", trace, other, "--format", form)
        assert done.exception is None
        assert "->" in done.output.replace("\\", "").replace("&gt;", ">")
    told = json.loads(weft("diff", trace, other, "--format", "json").output)
    assert told["before"]["events"] != 0
    assert {"new_findings", "gone_findings", "new_orders", "locks", "requests"} <= told.keys()
