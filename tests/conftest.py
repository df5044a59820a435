"""Keep the outside out of every test: its settings for colours, and its folder of traces."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from weft.record.options import Options, variable

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As a job in the background of a shell: servers under test would ignore it too, and never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", *map(variable, Options.__slots__)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "weft-home"))
