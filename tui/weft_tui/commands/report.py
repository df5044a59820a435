"""`weft report`: what is wrong in a trace, and its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weft import WeftError
from weft_tui import summary
from weft_tui.outputs import whole_file
from weft_tui.wrapping import say, terminal_width

if TYPE_CHECKING:
    from weft.findings import Finding, Options
    from weft.findings.rules import Judgement
    from weft.timeline.snapshot import Snapshot

VIOLATED = 1

FORMS = ("text", "json", "markdown", "html")

set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a threshold (see docs/findings.md)."
)
off_option = click.option("--off", multiple=True, metavar="KIND", help="Leave out findings of this kind.")


@click.command(short_help="Print what is wrong in a trace, and its figures.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option("--check", "rules", multiple=True, metavar="RULES", help="Exit with 1 when FILE breaks a rule, for CI.")
@set_option
@off_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a new file.")
def report(
    file: Path, form: str, rules: tuple[str, ...], settings: tuple[str, ...], off: tuple[str, ...], output: Path | None
) -> int:
    """Print what is wrong in FILE, a text timeline, locks by contention and endpoints by waiting.

    RULES are separated by commas: kinds of findings that must not occur, and bounds such as
    wait:shop.stock_lock:p99<5ms, hold:shop.stock_lock:max<1s or requests:/cart:p95<200ms.
    """
    from weft.findings import find
    from weft.findings.rules import judge, parse
    from weft.timeline import load

    options = options_of(settings, off)
    parsed = [rule for text in rules for rule in parse(text)]
    for rule in parsed:
        if rule.subject in options.off:
            raise WeftError(f"the rule {rule.text} is never broken with --off {rule.subject}; leave one of them out")
    summary.need_events(file)
    if output is not None and output.exists():
        raise WeftError(f"{output} exists; name another file with -o")
    snapshot = load(file)
    found = find(snapshot, options)
    judged = judge(snapshot, found, parsed)
    width = terminal_width() if output is None else 0
    drawn = _drawn(snapshot, found, judged, form, file.name, width)
    if output is None:
        click.echo(drawn)
    else:
        with whole_file(output) as out:
            out.write(f"{drawn}\n".encode("utf-8", "backslashreplace"))
        say(f"weft: the report is in {output}", err=True)
    for each in judged:
        if form != "json":
            say(f"weft: {'kept' if each.kept else 'broken'}: {_told(each)}", err=True)
    return VIOLATED if any(not each.kept for each in judged) else 0


def options_of(settings: Sequence[str], off: Sequence[str]) -> Options:
    """Return the thresholds that options of a command ask for.

    Raises:
        WeftError: one makes no sense.
    """
    from dataclasses import replace

    from weft.findings import KINDS, Options
    from weft.findings.options import with_settings

    for kind in off:
        if kind not in KINDS:
            raise WeftError(f"--off {kind}: no finding is of that kind; there is: {', '.join(KINDS)}")
    pairs = [setting.partition("=") for setting in settings]
    for name, sign, _ in pairs:
        if not sign:
            raise WeftError(f"--set {name}: write NAME=VALUE, as in --set convoy=200ms")
    changed = with_settings(Options(), {name: value for name, _, value in pairs})
    return replace(changed, off=frozenset(off))


def _drawn(
    snapshot: Snapshot, found: Sequence[Finding], judged: Sequence[Judgement], form: str, title: str, width: int
) -> str:
    from weft.findings.report import report as figures
    from weft_tui.reports import markdown, page, text

    if form == "json":
        checks = [{"rule": each.rule.text, "kept": each.kept, "sentence": each.sentence} for each in judged]
        return json.dumps({**figures(snapshot, found), **({"checks": checks} if judged else {})}, indent=2)
    if form == "html":
        return page.report(snapshot, found, title)
    return markdown.report(snapshot, found) if form == "markdown" else text.report(snapshot, found, width)


def _told(judgement: Judgement) -> str:
    from weft.timeline.units import plain

    return plain(f"{judgement.rule.text}: {judgement.sentence}")
