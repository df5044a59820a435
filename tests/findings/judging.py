"""Run programs with known truth under the recorder, watch their traces live, and compare."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from timeline.script import play
from weft.findings import Finding, Watch, find
from weft.log import writer
from weft.log.blocks import Block
from weft.log.reader import Tail, decode
from weft.record.launch import environment
from weft.timeline import Builder, load

from .programs import Program
from .scripts import script

PATIENCE_SECONDS = 20.0
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Verdict:
    """What came of one program.

    Attributes:
        found: findings after the fact.
        missed, false: kinds.
        unannounced: kinds that were planted and not announced while the program ran.
        delay_ns: how long after the beginning of a deadlock it was announced.
    """

    program: Program
    found: tuple[Finding, ...]
    missed: tuple[str, ...]
    false: tuple[str, ...]
    delay_ns: int | None
    unannounced: tuple[str, ...]
    said: str
    in_time: bool = True
    """What the trace had told a second after a deadlock began was enough to announce it."""


def judge(program: Program, folder: Path) -> Verdict:
    """Run one program in a folder of its own."""
    if program.script:
        found = find(play(script(program.script)))
        return Verdict(program, found, *compare(program, found), None, (), "")
    folder.mkdir()
    source, trace = folder / "app.py", folder / "trace.weft"
    source.write_text(program.text)
    writer.create(str(trace))
    with subprocess.Popen(
        [sys.executable, str(source)],
        env=environment(os.environ, str(trace)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        try:
            delay, unannounced = _watch(program, trace, child)
            if not program.hangs:
                child.wait(timeout=PATIENCE_SECONDS)
        finally:
            child.kill()
        said, _ = child.communicate()
    found = find(load(trace))
    missed, false = compare(program, found)
    in_time = all(announced(trace, each.began_ns) for each in found if each.kind == "deadlock")
    return Verdict(program, found, missed, false, delay, unannounced, said, in_time)


def announced(trace: Path, began_ns: int) -> bool:
    """Return whether a deadlock is announced a second after it began, from what the recorder had taken by then.

    By the recorder's own clock; a machine on which its threads got no turn in that second is let off.
    """
    builder, tail, told_ns = Builder(), Tail(trace), 0
    names: dict[tuple[int, int], tuple[str, ...]] = {}
    for part in tail.parts():
        if isinstance(part, Block) and part.until_ns <= began_ns + SECOND_NS:
            builder.fold(decode(part, names))
            told_ns = part.until_ns
    tail.close()
    news = Watch().look(builder.snapshot(), began_ns + SECOND_NS)
    return told_ns < began_ns or any(each.kind == "deadlock" for each in news.fresh)


def _watch(program: Program, trace: Path, child: subprocess.Popen[str]) -> tuple[int | None, tuple[str, ...]]:
    """Follow the trace until all that hangs is found; return how late a deadlock was, and what was not."""
    if not program.hangs:
        return None, ()
    builder, watch, tail = Builder(), Watch(), Tail(trace)
    until = time.monotonic() + PATIENCE_SECONDS
    missing, delay, seen = Counter(program.planted), None, 0
    snapshot = builder.snapshot()
    # The recorder of a program in which nothing happens says so once a second: only then the file tells as much.
    while time.monotonic() < until and (missing or snapshot.end_ns < seen) and child.poll() is None:
        builder.fold(tail.read())
        snapshot = builder.snapshot()
        if not missing:
            time.sleep(0.05)
            continue
        for finding in watch.look(snapshot, time.perf_counter_ns(), thorough=True).fresh:
            missing -= Counter([finding.kind])
            if finding.kind == "deadlock":
                delay = time.perf_counter_ns() - finding.began_ns
            seen = time.perf_counter_ns()
        time.sleep(0.02)
    tail.close()
    return delay, tuple(missing.elements())


def compare(program: Program, found: Iterable[Finding]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds that were planted and not found, and those that were found and not planted."""
    there = Counter(finding.kind for finding in found)
    planted = Counter(program.planted)
    false = there - planted
    for kind in program.allowed:
        false.pop(kind, None)
    return tuple((planted - there).elements()), tuple(false.elements())


def judge_all(programs: Iterable[Program], folder: Path, at_once: int = 4) -> list[Verdict]:
    """Run programs, a few at a time: most of them sleep most of the time."""
    numbered = [(program, folder / str(number)) for number, program in enumerate(programs)]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda each: judge(*each), numbered))


def table(verdicts: Iterable[Verdict]) -> str:
    """Return one line per program, and the sums."""
    verdicts = list(verdicts)
    lines = [f"{'PROGRAM':52} {'PLANTED':24} {'FOUND':32} {'AFTER':>7}"]
    for each in verdicts:
        found = ", ".join(sorted(finding.kind for finding in each.found)) or "-"
        bad = f"  MISSED {', '.join(each.missed)}" * bool(each.missed) + f"  FALSE {', '.join(each.false)}" * bool(
            each.false
        )
        after = f"{each.delay_ns / 1e9:.2f} s" if each.delay_ns is not None else ""
        lines.append(f"{each.program.name:52} {', '.join(each.program.planted) or '-':24} {found:32} {after:>7}{bad}")
    missed, false = (sum(len(getattr(each, name)) for each in verdicts) for name in ("missed", "false"))
    planted = sum(len(each.program.planted) for each in verdicts)
    lines.append(f"{len(verdicts)} programs, {planted} planted, {missed} missed, {false} false alarms")
    return "\n".join(lines)
