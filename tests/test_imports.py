"""What an import loads: `import weft` nothing but the standard library, and the timeline nothing of the screen."""

from __future__ import annotations

import subprocess
import sys

import pytest

OTHERS = ("textual", "rich", "numpy", "flask", "werkzeug", "click", "platformdirs", "blinker")


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "module",
    ["weft", "weft.record.recorder", "weft.record.launch", "weft.log.writer", "weft.stage", "weft.stage.host.__main__"],
)
def test_what_runs_in_the_app_is_the_standard_library_only(module: str) -> None:
    ours = {"weft"}
    assert _loaded_by(f"import {module}") - ours <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "module",
    ["weft.timeline", "weft.timeline.report", "weft.timeline.text", "weft.log.reader", "weft.findings.compare"],
)
def test_the_timeline_does_not_know_the_screen(module: str) -> None:
    assert _loaded_by(f"import {module}").isdisjoint({*OTHERS, "weft_tui", "weft_demos"} - {"numpy"})


def test_the_command_starts_without_the_screen() -> None:
    assert _loaded_by("import weft_tui.cli").isdisjoint({"textual", "numpy", "flask"})


def test_the_first_picture_needs_no_arrays() -> None:
    assert _loaded_by("import weft_tui.app").isdisjoint({"numpy"})


def test_a_command_needs_nothing_of_the_others() -> None:
    wanted = "import click, weft_tui.cli as it; it.cli.get_command(click.Context(it.cli), 'replay')"
    assert "weft_tui" in _loaded_by(f"{wanted}; assert 'weft.stage' not in sys.modules")
