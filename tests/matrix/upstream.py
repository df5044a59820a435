"""Run the test suites of Flask, Werkzeug and waitress bare and under ``weft record``, and compare test by test.

Not part of ``make test``: it takes some minutes. From the root of a clone, for the Python that shall run the suites::

    .venv/bin/python tests/matrix/upstream.py ~/.pyenv/versions/3.12.*/bin/python

The suites come with the source distributions of the newest releases; they and a venv are kept in ``.venvs``. Exit
status 1 when a test ends differently. ``--all-locks`` records the frameworks' own locks as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

SUITES = ("flask", "werkzeug", "waitress")
NEEDED = (
    *("asgiref", "cffi", "cryptography", "ephemeral-port-reserve", "greenlet", "python-dotenv", "watchdog"),
    *("pytest<9", "pytest-cov", "pytest-timeout"),
)
TIMEOUT = 900
"""Seconds for one run of a suite."""

Outcomes = dict[str, str]


def main() -> int:
    """Compare the suites that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path)
    parser.add_argument("suites", nargs="*", default=SUITES, metavar="SUITE")
    parser.add_argument("--all-locks", action="store_true")
    chosen = parser.parse_args()
    version = _output(chosen.python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    home = Path(".venvs") / f"upstream-{version}"
    python = _venv(chosen.python, home)
    different = 0
    for suite in chosen.suites:
        source = _source(python, home, suite)
        bare = _run(source, [python], "bare")
        options = ["--all-locks"] * chosen.all_locks
        trace = str(source.resolve() / "suite.weft")
        weft = [sys.executable, "-m", "weft_tui", "record", *options, "--force", "-o", trace, "--", python]
        recorded = _run(source, weft, "recorded")
        different += _compare(f"{source.name} on Python {version}", bare, recorded)
    return 1 if different else 0


def _venv(python: Path, home: Path) -> str:
    own = home / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", home], check=True)
    _pip(str(own), "install", "--upgrade", *SUITES, *NEEDED)
    return str(own.absolute())


def _source(python: str, home: Path, suite: str) -> Path:
    """Return the folder of the sources of the release that is installed."""
    version = _output(python, "-c", f"import importlib.metadata as all; print(all.version({suite!r}))")
    place = home / f"{suite}-{version}"
    if not place.exists():
        _pip(python, "download", "--no-deps", "--no-binary", ":all:", "-d", str(home), f"{suite}=={version}")
        with tarfile.open(home / f"{place.name}.tar.gz") as archive:
            archive.extractall(home, filter="data")
    return place


def _run(source: Path, command: Sequence[str], name: str) -> Outcomes:
    """Run a suite and return how each of its tests ended."""
    results = source.resolve() / f"{name}.xml"
    results.unlink(missing_ok=True)
    log = source.resolve() / f"{name}.log"
    # The suite of an installed release, not of the sources beside it.
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=60", f"--junit-xml={results}", "tests"]
    paths = [str(Path(part).resolve()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    with log.open("w") as out:
        subprocess.run(
            [*command, *tests],
            cwd=source,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths) if name == "recorded" else ""},
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=False,
        )
    if not results.exists():
        sys.exit(f"{source.name} did not run: see {log}")
    return {
        f"{case.get('classname')}::{case.get('name')}": _outcome(case)
        for case in ElementTree.parse(results).iter("testcase")
    }


def _outcome(case: ElementTree.Element) -> str:
    ends = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
    return ends[0] if ends else "passed"


def _compare(title: str, bare: Outcomes, recorded: Outcomes) -> int:
    """Print what differs and return how many tests do."""
    different = {name for name in {*bare, *recorded} if bare.get(name) != recorded.get(name)}
    counts = ", ".join(f"{count} {end}" for end in sorted({*bare.values()}) if (count := [*bare.values()].count(end)))
    print(f"{title}: {counts}; {len(different)} end differently when recorded", flush=True)
    for name in sorted(different):
        print(f"  {name}: {bare.get(name, 'not run')} bare, {recorded.get(name, 'not run')} recorded")
    return len(different)


def _pip(python: str, *arguments: str) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)


def _output(python: str | Path, *arguments: str) -> str:
    return subprocess.run([python, *arguments], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
