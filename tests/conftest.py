"""Keep the outside out of every test: its settings for colours, and its folder of traces."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.record.options import Options, variable


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", *map(variable, Options.__slots__)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "weft-home"))
