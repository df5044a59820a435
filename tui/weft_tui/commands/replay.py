"""`weft replay`: look at a recorded trace."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from weft import WeftError
from weft_tui import summary
from weft_tui.commands import need_terminal, run_app, show


@click.command(short_help="Look at a recorded trace.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--sample", metavar="NAME", help="Instead of a FILE: what a lesson of `weft lab` has recorded.")
def replay(file: Path | None, sample: str | None) -> None:
    """Look at a recorded FILE, with the same screen and keys as live; without FILE choose one of the recent traces."""
    if sample is not None:
        _show_sample(file, sample)
        return
    if file is None:
        _choose()
        return
    summary.need_events(file)
    need_terminal("`weft report FILE`")
    show(file, live=False, title=file.name)


def _show_sample(file: Path | None, name: str) -> None:
    from weft_demos.lab import samples

    if file is not None:
        raise WeftError("name a file or a sample, not both")
    samples.trace(name)
    need_terminal("`weft lab NAME --headless`")
    with tempfile.TemporaryDirectory(prefix="weft-sample-") as folder:
        show(samples.at_home(name, Path(folder)), live=False, title=f"sample {name}")


def _choose() -> None:
    """Show the trace that somebody chooses."""
    from weft_tui.recents import listed

    traces = listed()
    need_terminal("`weft report FILE`")

    from weft_tui.recent_app import RecentApp

    run_app(RecentApp(traces))
