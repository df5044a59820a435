"""`weft scenarios`: what can be stepped through."""

from __future__ import annotations

import click

from weft import WeftError
from weft_tui.wrapping import say


@click.command(short_help="List the scenarios that can be stepped through.")
@click.argument("targets", nargs=-1)
def scenarios(targets: tuple[str, ...]) -> None:
    """List the scenarios that weft brings along, and those in TARGETS (modules or files)."""
    from weft.stage.process import list_scenarios
    from weft_demos import described

    rows = [(name, text, f"weft step {name}") for name, text in described().items()] if not targets else []
    for target in targets:
        found = list_scenarios(target)
        if not found:
            raise WeftError(f"{target} has no scenario; docs/stage.md tells how one is written")
        rows += [(name, text, f"weft step {target}:{label}") for label, name, text in found]
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, text, how in rows:
        say(f"{name.ljust(width)}  {text}".rstrip(), indent=width + 2)
        if targets:
            click.echo(f"{' ' * width}  {how}")
    if not targets:
        click.echo("\nStep through one with: weft step NAME")
