"""`weft lab`: what people are told about Flask and threads, run on real servers, shown and measured."""

from __future__ import annotations

import json
import sys
import time

import click

from weft import WeftError
from weft_tui.commands import need_terminal
from weft_tui.wrapping import say, terminal_width, wrapped


@click.command(short_help="Put claims about Flask and threads to the test.")
@click.argument("name", required=False)
@click.option("--headless", is_flag=True, help="Without a screen: end with the evidence and the verdict.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of --headless.")
@click.option("--again/--last", default=True, help="Measure anew, or look at what was measured here last.")
def lab(name: str | None, headless: bool, form: str, again: bool) -> None:
    """List the lessons, or run the lesson NAME: start its servers, send them requests, measure, judge and show.

    A lesson puts a claim about Flask and threads to the test. Its verdict, confirmed, refuted or depends, is computed
    from what was recorded. On the screen `d` makes the lesson large and hides it, `q` leaves.
    """
    from weft_demos.lab import catalog, measuring, wording

    if name is None:
        click.echo(_listing(form))
        return
    told = catalog.named(name)
    headless = headless or form == "json" or not sys.stdout.isatty()
    if not headless:
        need_terminal("`weft lab NAME --headless`")
    known = None if again else measuring.last(name)
    if not again and known is None:
        raise WeftError(f"the lesson {name} has not been run here yet; run it with: weft lab {name}")
    measured = known or measuring.measure(name, lambda line: say(f"weft: {line}", err=True))
    if known is None:
        measuring.keep(measured)
    lesson = catalog.load(name)
    if not headless:
        from weft_tui.lab.showing import show_lesson

        show_lesson(told, lesson, measured)
    elif form == "json":
        click.echo(json.dumps({"claim": told.claim, **measuring.as_json(measured)}, indent=2))
    else:
        say(wording.as_text(told, lesson, measured))


def _listing(form: str) -> str:
    from weft_demos.lab import catalog, measuring

    rows = [(told, measuring.last(told.name)) for told in catalog.told().values()]
    if form == "json":
        return json.dumps(
            [
                {
                    "lesson": told.name,
                    "claim": told.claim,
                    "verdict": last.judgement.verdict.value if last else None,
                    "measured_at": last.measured_at if last else None,
                }
                for told, last in rows
            ],
            indent=2,
        )
    width = max((len(told.name) for told, _ in rows), default=0)
    lines = []
    for told, last in rows:
        day = time.strftime("%Y-%m-%d", time.localtime(last.measured_at)) if last else ""
        verdict = f"{last.judgement.verdict.value}, measured here on {day}" if last else "not run yet"
        pair = (f"{told.name.ljust(width)}  {told.claim}", f"{' ' * width}  {verdict}")
        lines += [wrapped(line, terminal_width(), width + 2) for line in pair]
    return "\n".join([*lines, "", "Run one with: weft lab NAME"])
