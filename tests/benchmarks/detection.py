"""How good and how fast the findings are: programs with known truth, and all checks over ten million events.

``detection.py --quality`` prints the table of programs only, ``--seed N`` chooses other sizes of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from findings.judging import judge_all, table
from findings.programs import corpus
from support.busy import BusyServer
from weft.findings import KINDS, Options, find
from weft.findings.case import Case
from weft.timeline import load

EVENTS = 10_000_000


def quality(folder: Path, seed: int) -> bool:
    """Print what is found in the programs; return whether it is what was planted."""
    verdicts = judge_all(corpus(seed), folder)
    print(table(verdicts))
    return not any(each.missed or each.false for each in verdicts)


def speed(folder: Path) -> None:
    """Print how long all checks take on a busy server's trace."""
    path = folder / "busy.weft"
    BusyServer(threads=64).write(path, EVENTS)
    snapshot = load(path)
    began = time.process_time()
    found = find(snapshot)
    print(f"all findings over {snapshot.events:,} events: {time.process_time() - began:.1f} s CPU, {len(found)} found")
    case = Case(snapshot, Options())
    for kind in KINDS.values():
        began = time.process_time()
        list(kind.check(case))
        print(f"  {kind.name:14} {time.process_time() - began:5.2f} s")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quality", action="store_true", help="only the programs")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = quality(Path(folder), arguments.seed)
        if not arguments.quality:
            speed(Path(folder))
    sys.exit(not good)


if __name__ == "__main__":
    main()
