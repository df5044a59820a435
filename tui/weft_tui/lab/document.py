"""docs/lab.md, made of what the lessons say and of what was measured for their samples."""

from __future__ import annotations

from typing import Final

from weft_demos.lab import catalog, samples, wording
from weft_demos.lab.catalog import Told
from weft_demos.lab.measuring import Measured

HEAD: Final = """\
# The lab

What people are told about Flask and threads, put to the test. Each lesson starts real servers, sends them real HTTP
requests, records all of it, and computes its verdict from what was recorded: *confirmed*, *refuted* or *depends*.

    weft lab                      the lessons, each with its claim and the last verdict of this machine
    weft lab dev-server           run one, and look at what was recorded with the lesson beside it (`d`: large, hidden)
    weft lab dev-server --last    look again at what was measured last
    weft lab dev-server --headless --format json
    weft replay --sample dev-server               what the lesson has recorded for this page

Some lessons need Python packages besides (gunicorn, waitress, redis, SQLAlchemy and so on): `pip install '.[lab]'` in a
clone of weft brings them all (after `make demo`: `.venv/bin/pip install '.[lab]'`), and without them such a lesson says
so and does not run. The servers of Redis and PostgreSQL are programs of their own (`apt-get install redis-server`,
`apt-get install postgresql`): a lesson that needs one starts it for itself, empty and with a password, and where that
program is not installed the lesson does without it and says so. Lessons run on loopback, and all that they start
ends with them. A lesson is one file in `demo_apps/weft_demos/lessons/`, to be read as a tutorial.

This page is made by `python -m weft_tui.lab.publish`, as are its figures: they are what one run on one machine gave,
and yours will differ where they are times.

The keys of the JSON: `lesson`, `claim`, `verdict`, `because`, `facts[]{key,value,text,unit}`, `notes[]` (what was left
out), `servers` and `traces` (by the label of the run), `shows` (the label of the run that is looked at), `schedule`
(the order that the search has found, as a schedule file, or empty), `steps[]` (that order in sentences), `python`,
`cores`, `seconds`, `measured_at`.
The exit status is 0 whatever the verdict, and 2 when it could not be measured.
"""


def document() -> str:
    """Return the document: a pure function of the lessons and of the samples' measurements."""
    lessons = [(told, samples.measured(told.name)) for told in catalog.told().values()]
    known = [(told, measured) for told, measured in lessons if measured is not None]
    rows = [
        f"| [{told.name}](#{told.name}) | {told.claim} | {measured.judgement.verdict} |" for told, measured in known
    ]
    table = "\n".join(["| lesson | claim | verdict |", "|---|---|---|", *rows])
    return "\n".join([HEAD, table, "", *(_section(told, measured) for told, measured in known)])


def _section(told: Told, measured: Measured) -> str:
    lesson = catalog.load(told.name)
    facts = [f"| {wording.value(fact)} | {fact.text} |" for fact in measured.facts]
    order = [f"{number}. {step}" for number, step in enumerate(measured.steps, 1)]
    picture = [f"![what was recorded: {told.name}](lab/{told.name}.svg)", ""] if measured.shows else []
    lines = [
        *(f"## {told.name}", "", f"> {told.claim}", ""),
        *(f"**{measured.judgement.verdict.capitalize()}**: {measured.judgement.because}", ""),
        *picture,
        *(line for paragraph in told.explanation for line in (paragraph, "")),
        *("| measured | |", "|---|---|", *facts, ""),
        *(line for note in measured.notes for line in (f"Note: {note}", "")),
        *(["The order of two requests that breaks it:", "", *order, ""] if order else []),
        *(f"**What to do.** {lesson.fix}", "", f"Measured on {wording.ran_on(measured)}.", ""),
    ]
    return "\n".join(lines)
