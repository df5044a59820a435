"""`weft replay`: look at a recorded trace."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from weft import WeftError
from weft_tui import summary
from weft_tui.commands import need_terminal, run_app, show


@click.command(short_help="Look at a recorded trace, or at several.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--against", type=click.Path(path_type=Path), metavar="FILE", help="Compare with another run.")
@click.option("--at", metavar="REQUEST", help="With --against: let this request begin at one moment in both.")
@click.option("--sample", metavar="NAME", help="Instead of a FILE: what a lesson of `weft lab` has recorded.")
def replay(files: tuple[Path, ...], against: Path | None, at: str | None, sample: str | None) -> None:
    """Look at a recorded FILE, with the same screen and keys as live; without FILE choose one of the recent traces.

    Several are shown on one clock, with --against two runs lane by lane. REQUEST is a part of method and path; for
    the third such one add #3.
    """
    if sample is not None:
        _show_sample(files, sample)
        return
    opened = (*files, against) if against else files
    if against and len(files) != 1:
        raise click.UsageError("--against compares two runs: name one FILE before it")
    if at is not None and not against:
        raise click.UsageError("--at needs --against: it says where two runs are laid on each other")
    for file in opened:
        summary.need_events(file)
    if len(opened) > 1:
        _together(opened, at if against else None, against=against is not None)
    elif opened:
        need_terminal("`weft report FILE`")
        show(opened[0], live=False, title=opened[0].name)
    else:
        _choose()


def _together(files: tuple[Path, ...], at: str | None, *, against: bool) -> None:
    """Show several traces as one."""
    from weft.log import clocks

    origins = clocks.by_start(files, at or "") if against else clocks.by_wall_clock(files)
    need_terminal("`weft diff BEFORE AFTER`" if against else "`weft report FILE` for each")
    names = [each.path.name if each.label == each.path.stem else f"{each.label} {each.path.name}" for each in origins]
    show(files[0], live=False, title=(" ↔ " if against else ", ").join(names), origins=origins, against=against)


def _show_sample(files: tuple[Path, ...], name: str) -> None:
    from weft_demos.lab import samples

    if files:
        raise WeftError("name a file or a sample, not both")
    samples.trace(name)
    need_terminal("`weft lab NAME --headless`")
    from weft_tui.lab.showing import show_sample

    with tempfile.TemporaryDirectory(prefix="weft-sample-") as folder:
        show_sample(name, samples.at_home(name, Path(folder)))


def _choose() -> None:
    """Show the trace that somebody chooses."""
    from weft_tui.recents import listed

    traces = listed()
    need_terminal("`weft report FILE`")

    from weft_tui.recent_app import RecentApp

    run_app(RecentApp(traces))
