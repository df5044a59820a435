"""The commands that weft tells people to type can be typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft_tui import invoked


@pytest.mark.parametrize(
    ("found", "argument", "said"),
    [
        ("there", "weft", "weft"),
        ("", "my venv/bin/weft", "'my venv/bin/weft'"),
        ("there", "my venv/bin/weft", "weft"),
        ("", "lib/weft_tui/__main__.py", "weft"),
    ],
)
def test_weft_is_called_as_it_was(
    found: str, argument: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "there" / "weft", tmp_path / "my venv" / "bin" / "weft"):
        path.parent.mkdir(parents=True)
        path.touch(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / found) if found else str(tmp_path))
    monkeypatch.setattr("sys.argv", [argument])
    assert invoked.weft() == said
