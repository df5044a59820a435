"""Run lessons for the documentation: ``python -m weft_tui.lab.publish [NAME …]``, in the project's folder.

Makes their samples, their pictures and docs/lab.md anew; without names those of all lessons. With ``--text`` nothing is
run and only the document is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from weft_demos.lab import catalog, samples
from weft_demos.lab.measuring import measure

from ..pictures import dashboard
from .document import document

SIZE: Final = (120, 30)


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish what is asked for and return the exit code."""
    options = _parser().parse_args(arguments)
    docs = Path(options.docs)
    for name in [] if options.text else options.names or catalog.told():
        print(f"== {name}", flush=True)
        measured = measure(name, print)
        print(f"{measured.judgement.verdict}: {measured.judgement.because}", flush=True)
        samples.ship(measured)
        if measured.trace is not None:
            (docs / "lab").mkdir(exist_ok=True)
            svg = dashboard(measured.trace, f"lab {name}", SIZE)
            (docs / "lab" / f"{name}.svg").write_text(svg, encoding="utf-8")
    (docs / "lab.md").write_text(document(), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("weft_tui.lab.publish", description=__doc__)
    parser.add_argument("names", nargs="*", help="which lessons; all of them by default")
    parser.add_argument("--docs", default="docs", help="the folder of the documentation")
    parser.add_argument("--text", action="store_true", help="run nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
