"""Only what is new is sent to a terminal, and it shows what it would if everything was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyte
import pytest
from textual._compositor import Compositor
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.widgets import Static

from support.busy import BusyServer
from support.dashboard import Bench, bench
from support.scripted import shop
from weft.log.reader import Tail, ahead
from weft.timeline import Builder
from weft.timeline.snapshot import Snapshot
from weft_tui.looks import Looks
from weft_tui.spans import Ink
from weft_tui.view import Mode

SIZE = (100, 30)
MOVES = (
    *("left", "right", "h", "l", "H", "L", "plus", "minus", "0", "home", "end", "n", "N", "p", "e", "E"),
    *("b", "w", "j", "k", "j", "k", "pagedown", "pageup", "a", "z", "escape"),
)
CHANGES = (
    *("v", "7", "8", "9", "o", "i", "m", "M", "t", "1", "2", "3", "4", "5", "6"),
    *("tab", "shift+tab", "question_mark", "escape", "space", "left_square_bracket"),
)


class Terminal(HeadlessDriver):
    """Shows what it is sent."""

    shown: pyte.Screen
    stream: pyte.Stream
    sent: int

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.sent += len(data)
        self.stream.feed(data)


async def watched(app: App[Any], pilot: Pilot[Any]) -> Terminal:
    """Let an app that runs draw on a terminal."""
    driver = app._driver
    assert isinstance(driver, HeadlessDriver)
    driver.__class__ = Terminal
    assert isinstance(driver, Terminal)
    driver.sent = 0
    plug(driver, app.size)
    app.action_redraw()
    await pilot.pause()
    return driver


def plug(terminal: Terminal, size: tuple[int, int]) -> None:
    """Give a terminal a size, with nothing on it."""
    # One column more: what a terminal does at its last one is of no interest here.
    terminal.shown = pyte.Screen(size[0] + 1, size[1])
    terminal.stream = pyte.Stream(terminal.shown)


def cells(screen: pyte.Screen) -> list[list[tuple[str, str, str, bool, bool]]]:
    return [
        [
            (cell.data, cell.fg, cell.bg, cell.bold, cell.underscore)
            for cell in (row[x] for x in range(screen.columns - 1))
        ]
        for row in (screen.buffer[y] for y in range(screen.lines))
    ]


def anew(app: App[Any]) -> list[list[tuple[str, str, str, bool, bool]]]:
    """Return what a terminal shows that is sent the whole screen."""
    screen = pyte.Screen(app.size.width + 1, app.size.height)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    pyte.Stream(screen).feed(update.render_segments(app.console))  # type: ignore[union-attr]
    return cells(screen)


async def settled(app: Bench, pilot: Pilot[Any]) -> None:
    """Wait until everything that changed is sent."""
    await pilot.pause()
    while app.screen._dirty_widgets or app.screen._layout_required:
        await pilot.pause()


@pytest.mark.parametrize("seed", range(5))
async def test_any_keys_leave_no_stale_cell(seed: int) -> None:
    randomness = random.Random(seed)
    names = tuple(f"worker {i}" for i in range(9)) if seed % 2 else ()
    looks = Looks(ascii=seed == 3, colours=seed != 4)
    async with bench(shop(names=names, processes=1 + seed % 2), size=SIZE, looks=looks) as (app, pilot):
        terminal = await watched(app, pilot)
        for _ in range(30):
            key = randomness.choice(MOVES if randomness.random() < 0.7 else CHANGES)
            await pilot.press(key)
            await settled(app, pilot)
            assert cells(terminal.shown) == anew(app), key


def growing(trace: Path) -> Iterator[Snapshot]:
    """Yield a trace as it grows."""
    finished = trace.with_name("finished.weft")
    BusyServer(threads=9, locks=3).write(finished, 20_000)
    data = finished.read_bytes()
    builder, parts = Builder(), 12
    trace.write_bytes(data[: len(data) // parts])
    with closing(Tail(trace)) as tail:
        for part in range(2, parts + 1):
            for items in ahead(tail):
                builder.fold(items)
            yield builder.snapshot()
            with trace.open("ab") as file:
                file.write(data[len(data) * (part - 1) // parts : len(data) * part // parts])


@pytest.mark.parametrize("keys", [(), ("plus",) * 6, ("8",), ("minus", "i")])
async def test_a_trace_that_grows_leaves_no_stale_cell(keys: tuple[str, ...], tmp_path: Path) -> None:
    snapshots = growing(tmp_path / "live.weft")
    async with bench(next(snapshots), mode=Mode.LIVE, size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        await pilot.press(*keys, "f")
        for snapshot in snapshots:
            app.feed(snapshot)
            await settled(app, pilot)
            assert cells(terminal.shown) == anew(app)


async def test_a_moved_cursor_sends_a_small_part_of_the_lanes() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        everything = terminal.sent
        terminal.sent = 0
        await pilot.press("h")
        await settled(app, pilot)
        assert 0 < terminal.sent < everything / 3


async def test_the_same_picture_again_sends_nothing() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        terminal.sent = 0
        app.dashboard.lanes.refresh()
        app.dashboard.ruler.refresh()
        await settled(app, pilot)
        # Where the terminal's cursor stands is all that is said.
        assert terminal.sent < 10


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_after_another_size_everything_is_sent(size: tuple[int, int]) -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        for now in (size, SIZE, size):
            plug(terminal, now)
            await pilot.resize_terminal(*now)
            await settled(app, pilot)
            assert cells(terminal.shown) == anew(app)


async def test_ctrl_l_mends_what_others_have_drawn_over() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        terminal.stream.feed("\x1b[5;5Hsegmentation fault\r\n\x1b[2J")
        await pilot.press("ctrl+l")
        await settled(app, pilot)
        assert cells(terminal.shown) == anew(app)


async def test_wide_and_doubtful_characters_are_drawn_with_their_whole_row() -> None:
    names = ("日本語 worker", "plain", "e\u0301 ok", "fire 🔥 lane")
    async with bench(shop(names=names), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        for key in ("h", "j", "l", "plus", "j", "k", "H"):
            await pilot.press(key)
            await settled(app, pilot)
            assert cells(terminal.shown) == anew(app), key


async def test_only_what_nothing_lies_over_is_drawn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []
    put_together = Compositor._render_chops

    def count(self: Compositor, crop: Region, *rest: Any):
        together.append(crop.height)
        return put_together(self, crop, *rest)

    async with bench(shop(), size=SIZE) as (app, pilot):
        terminal = await watched(app, pilot)
        monkeypatch.setattr(Compositor, "_render_chops", count)
        await pilot.press("h")
        await settled(app, pilot)
        assert not together
        cover = Static("over the inspector")
        cover.styles.overlay = "screen"
        cover.styles.width = 20
        cover.absolute_offset = Offset(5, 15)
        await app.screen.mount(cover)
        await settled(app, pilot)
        together.clear()
        await pilot.press("h", "j")
        await settled(app, pilot)
        assert together
        assert cells(terminal.shown) == anew(app)


async def test_a_line_is_drawn_once_in_each_of_its_colours() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        ruler = app.dashboard.ruler
        line = (("words", Ink.TITLE),)
        drawn = ruler.draw(line)
        assert ruler.draw(line) is drawn
        assert ruler.draw(line, width=20) is not drawn
        assert ruler.draw((("words", Ink.DIM),)) is not drawn
        for number in range(200):
            ruler.draw(((str(number), Ink.PLAIN),))
        assert ruler._drawn is not None
        assert len(ruler._drawn) < 100
        app.theme = "textual-light"
        await settled(app, pilot)
        assert [segment.style for segment in ruler.draw(line)] != [segment.style for segment in drawn]


async def test_a_snapshot_is_told_once_and_the_last_one_reaches_the_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = [*growing(tmp_path / "live.weft")]
    async with bench(snapshots[0], mode=Mode.LIVE, size=SIZE) as (app, pilot):
        told: list[int] = []
        monkeypatch.setattr(app.dashboard, "_tell_now", lambda: told.append(app.dashboard.taken))
        for snapshot in snapshots[1:]:
            app.feed(snapshot)
            await pilot.pause()
        assert told == [*range(2, len(snapshots) + 1)]
        for _ in range(400):
            density = app.dashboard.minimap.density
            if density and density.extent.end_ns == snapshots[-1].end_ns:
                break
            await pilot.pause(0.05)
        else:
            pytest.fail("the map has stayed behind")
