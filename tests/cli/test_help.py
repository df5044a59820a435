"""The help of every command reads well in a terminal of 80 columns."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from weft_tui.cli import COMMANDS, cli


def helped(*arguments: str) -> list[str]:
    done = CliRunner().invoke(cli, [*arguments, "--help"], terminal_width=78)  # what click takes of 80
    assert done.exit_code == 0
    return done.output.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_and_breaks_no_quoted_text(command: str) -> None:
    lines = helped(command)
    assert max(map(len, lines)) < 80
    assert [line for line in lines if line.count('"') % 2] == []
    assert [line for line in lines if line.count("[") != line.count("]")] == []
    assert not any(line.endswith(("free-", "-o", "`weft")) for line in lines)


def test_every_command_has_a_line_of_its_own() -> None:
    lines = helped()
    listed = lines[lines.index("Commands:") + 1 :]
    assert len(listed) == len(COMMANDS)
    assert all(line.endswith(".") and "..." not in line for line in listed)
