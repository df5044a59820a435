"""`weft report` and `weft diff` on a trace with names that mean harm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from findings.scripts import BLAMED, script
from support.busy import BusyServer
from timeline.script import folded, items, play
from weft import WeftError
from weft.findings import find
from weft.log.reader import Gap
from weft.timeline import load
from weft_demos.lab import samples
from weft_tui.cli import cli
from weft_tui.reports import markdown, page, text
from weft_tui.wrapping import wrapped

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


def test_markdown_reads_well_where_nothing_acts() -> None:
    sentence = "GET /report held Shop.stock_lock for 2.3 s at shop.py:138 (held by Thread-12 (go)), 3 threads waited!"
    assert markdown.said(sentence) == sentence
    assert "\\" not in markdown.report(*(lambda snapshot: (snapshot, find(snapshot)))(play(script(BLAMED))))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.text("ab1 _*`~[]()<>&#+-=.:/\\|!@$\"'wh", max_size=14))
def test_a_renderer_of_markdown_gives_back_what_was_said(words: str) -> None:
    words = re.sub(r"\s+", " ", words).strip()
    render = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render
    for form in ("- {}", "- \N{TURTLE} {}", "- x\n    - 2 ms {}"):
        item = re.sub(r"<li>\s*(?=[^<])", "<li>", render(form.format(markdown.said(words)))).replace("\n", "")
        before = form.format("").rpartition("- ")[2].strip()
        assert f"<li>{escape(f'{before} {words}'.strip(), quote=True)}</li>".replace("&#x27;", "'") in item, item
    table = render(f"| a | b |\n| --- | --- |\n| {markdown.said(words)} | c |")
    assert f"<td>{escape(words, quote=True)}</td>".replace("&#x27;", "'") in table, table


def test_a_report_goes_to_a_new_private_file(weft: Callable[..., Result], trace: Path, tmp_path: Path) -> None:
    there = tmp_path / "report.md"
    done = weft("report", trace, "--format", "markdown", "-o", there)
    assert done.exception is None
    assert there.read_text() == weft("report", trace, "--format", "markdown").stdout
    assert there.stat().st_mode & 0o777 == 0o600
    again = weft("report", trace, "-o", there)
    assert isinstance(again.exception, WeftError)
    assert "exists" in str(again.exception)
    assert there.read_text().startswith("## Findings")


def test_what_a_trace_holds_and_lacks_is_told_once() -> None:
    snapshot = folded(
        [*items("main 0 enter\nmain 10 section a 20"), Gap(99, 7, "damaged"), *items("main 900 section a 950")]
    )
    found = find(snapshot)
    for shown in (text.report(snapshot, found), markdown.report(snapshot, found), page.report(snapshot, found, "t")):
        assert shown.count("7 bytes at offset 99") == 1
        assert len(re.findall(r"events\b", shown)) == (1 if "<html" not in shown else 2)


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


def test_a_report_is_as_narrow_as_the_terminal_and_as_wide_as_it_needs_elsewhere() -> None:
    snapshot = load(samples.trace("shared-memory"))
    wide, narrow = text.report(snapshot, find(snapshot)), text.report(snapshot, find(snapshot), 80)
    assert max(map(len, wide.splitlines())) > 120
    assert max(map(len, narrow.splitlines())) <= 80
    words = [{word for word in shown.split() if word.isalpha()} for shown in (wide, narrow)]
    assert words[0] <= words[1]


def test_lines_are_broken_between_words_and_stand_further_in() -> None:
    assert wrapped("  own threads used 0.6% of a core", 24) == "  own threads used 0.6%\n    of a core"
    assert wrapped("x" * 50, 24) == "x" * 50
    assert wrapped("a word and another, one more", 0) == "a word and another, one more"
