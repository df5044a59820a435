"""A saved picture is private, never replaces a file, and asks no other host for anything."""

from __future__ import annotations

from pathlib import Path

from textual.app import App

from weft_tui.picture import save


async def test_a_saved_picture_is_private_and_complete(tmp_path: Path) -> None:
    app = App[None]()
    async with app.run_test():
        svg = app.export_screenshot()
    assert "https://" in svg.replace("http://www.w3.org", "")
    first, second = save(svg, tmp_path, "weft"), save(svg, tmp_path, "weft")
    assert [first.name, second.name] == ["weft-1.svg", "weft-2.svg"]
    assert first.stat().st_mode & 0o777 == 0o600
    text = first.read_text()
    assert 'local("FiraCode-Regular")' in text
    assert "url(" not in text.replace("url(#", "")
