"""What is chosen on the screen is there the next time, and a broken file does no harm."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest

from support.busy import BusyServer
from weft_tui.app import Mode, WeftApp
from weft_tui.lineup import By, Order
from weft_tui.looks import Looks
from weft_tui.settings import Kept, Settings, load, place, save
from weft_tui.widgets.panels import PanelName

LIKED = Settings(theme="textual-light", lanes="lock", sort="waiting", panel="findings", ascii=True)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4).write(path, 2_000)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "weft" / "settings.toml"


def dressed(trace: Path, kept: Kept) -> WeftApp:
    app = WeftApp(trace, mode=Mode.REPLAY, title="x")
    app.dress(Looks(), kept)
    return app


def test_they_come_back_as_they_were_and_nobody_else_can_read_them(file: Path) -> None:
    save(file, LIKED)
    assert load(file) == Kept(file, LIKED)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir(parents=True)
    file.symlink_to(tmp_path / "dotfiles.toml")
    save(file, LIKED)
    assert file.is_symlink()
    assert load(tmp_path / "dotfiles.toml").settings == LIKED


def test_without_a_file_all_is_as_usual(file: Path) -> None:
    assert load(file) == Kept(file)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("theme = \nx", "line 1"),
        ("ascii = 1", "ascii is 1"),
        ('lanes = "elephants"', "lanes is 'elephants', not one of thread, lock, request"),
        ("theme = [" * 10_000, "is ignored"),
        ("\udcff", "is ignored"),
    ],
)
def test_a_broken_file_is_ignored_and_told(file: Path, text: str, why: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text, errors="surrogateescape")
    kept = load(file)
    assert kept.settings == Settings()
    assert why in kept.trouble
    assert kept.trouble.endswith("mend or remove it")
    assert "\n" not in kept.trouble


def test_what_a_later_version_says_does_not_disturb(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text('sound = "loud"\nsort = "name"\n')
    assert load(file) == Kept(file, Settings(sort="name"))


def test_they_live_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WEFT_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert place().name == "settings.toml"
    assert "weft" in place().parts


async def test_what_was_chosen_is_there_the_next_time(trace: Path, file: Path) -> None:
    app = dressed(trace, load(file))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        app.theme = "textual-light"
        await pilot.press("v", "o", "4")
        app.action_ascii()
        await pilot.press("q")
    assert load(file) == Kept(file, LIKED)
    app = dressed(trace, load(file))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.theme == "textual-light"
        assert (app.dashboard.wish.by, app.dashboard.wish.order) == (By.LOCK, Order.WAITING)
        assert app.dashboard.panels.showing(PanelName.FINDINGS)
        assert all(strip.text.isascii() for strip in app.dashboard.lanes.render_lines(app.dashboard.lanes.size.region))


async def test_who_chooses_nothing_gets_no_file(trace: Path, file: Path) -> None:
    app = dressed(trace, load(file))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("w", "b", "q")
    assert not file.exists()


async def test_a_broken_file_is_told_once_and_never_written(trace: Path, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("theme = [b]")
    app = dressed(trace, load(file))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        assert [str(note.message) for note in app._notifications if "ignored" in str(note.message)] == [
            load(file).trouble
        ]
        await pilot.press("v", "q")
    assert file.read_text() == "theme = [b]"


async def test_a_theme_that_is_not_there_any_more_changes_nothing(trace: Path, file: Path) -> None:
    kept = Kept(file, Settings(theme="gone"))
    app = dressed(trace, kept)
    async with app.run_test(size=(80, 24)):
        assert app.theme == "textual-dark"


async def test_everything_with_a_key_is_a_command_of_the_palette(trace: Path) -> None:
    app = WeftApp(trace, mode=Mode.REPLAY, title="x")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        for key in ("n", "w", "v", "s", "g", "0", "q"):
            assert any(title.endswith(f"({key})") for title in commands), key
        assert "Theme" in commands
        does: dict[str, set[str]] = {}
        for title, command in commands.items():
            if isinstance(command.callback, partial):
                does.setdefault(title.rpartition(" (")[0], set()).add(command.callback.args[0])
        assert [words for words, actions in does.items() if len(actions) > 1] == []
        worst = next(command for title, command in commands.items() if title.endswith("(w)"))
        await pilot.press("home")
        await worst.callback()
        await pilot.pause()
        assert app.dashboard.view.cursor_ns != app.dashboard.extent.start_ns
        assert "Draw with ASCII only" in commands
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert type(app.screen).__name__ == "CommandPalette"
