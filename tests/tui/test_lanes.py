"""The lanes as a widget: what is cached, and that both ways of drawing show the same."""

from __future__ import annotations

from dataclasses import replace

import pyte
import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.filter import Monochrome
from textual.geometry import Region
from textual.strip import Strip

from support.dashboard import bench
from support.scripted import shop
from weft_tui.view import Mode
from weft_tui.widgets.grid import GridStrip

SIZE = (100, 30)


def shown(strips: list[Strip], console) -> list[list[tuple[str, str, str]]]:
    terminal = pyte.Screen(SIZE[0] + 1, len(strips))
    stream = pyte.Stream(terminal)
    for row, strip in enumerate(strips):
        stream.feed(f"\x1b[{row + 1};1H{strip.render(console)}")
    buffer = terminal.buffer
    cells = [[buffer[row][column] for column in range(SIZE[0])] for row in range(len(strips))]
    return [[(cell.data, cell.fg, cell.bg) for cell in row] for row in cells]


def fresh(strip: Strip) -> Strip:
    """Return the segments with new styles: a style remembers how it was written for the first console."""
    return Strip(
        Segment(text, Style(color=style.color, bgcolor=style.bgcolor, bold=style.bold)) for text, style, _ in strip
    )


@pytest.mark.parametrize("keys", [(), ("plus", "plus", "left"), ("minus", "end"), ("w",), ("home", "down")])
async def test_the_fast_way_and_the_public_way_show_the_same_cells(keys: tuple[str, ...]) -> None:
    names = tuple(f"worker {i}" for i in range(9))
    for snapshot in (shop(), shop(names=names, processes=2)):
        async with bench(snapshot, size=SIZE) as (app, pilot):
            await pilot.press(*keys)
            lanes = app.dashboard.lanes
            fast = lanes.picture()
            assert all(isinstance(strip, GridStrip) for strip in fast)
            public = [fresh(strip) for strip in fast]
            assert shown(fast, app.console) == shown(public, app.console)


async def test_a_line_filter_gets_segments() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        before = [strip.text for strip in app.dashboard.lanes.picture()]
        app._filters.append(Monochrome())
        app.dashboard.lanes.refresh()
        await pilot.pause()
        strips = app.dashboard.lanes.picture()
        assert not any(isinstance(strip, GridStrip) for strip in strips)
        assert [strip.text for strip in strips] == before
        painted = app.dashboard.lanes.render_lines(Region(0, 0, *app.dashboard.lanes.size))
        colours = {segment.style.bgcolor.triplet for strip in painted for segment in strip if segment.style.bgcolor}
        assert all(len({*triplet}) == 1 for triplet in colours)


async def test_no_color_tells_states_apart_by_glyphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with bench(shop(), size=SIZE) as (app, _):
        text = "".join(strip.text for strip in app.dashboard.lanes.picture())
        assert all(glyph in text for glyph in "━█░▒╌")


async def test_a_picture_is_made_once_for_all_its_rows_and_kept_until_something_visible_changes() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        lanes = app.dashboard.lanes
        lanes.picture()
        made, frames = lanes.pictures.misses, lanes.backdrops.misses
        for row in range(lanes.size.height):
            lanes.render_line(row)
        lanes.refresh()
        await pilot.pause()
        assert lanes.pictures.misses == made
        assert lanes.pictures.hits > lanes.size.height
        await pilot.press("left")
        assert (lanes.pictures.misses, lanes.backdrops.misses) == (made + 1, frames)
        await pilot.press("plus")
        assert (lanes.pictures.misses, lanes.backdrops.misses) == (made + 2, frames + 1)


async def test_a_new_snapshot_and_a_new_theme_make_a_new_picture() -> None:
    async with bench(shop(), size=SIZE) as (app, pilot):
        dark = [strip.render(app.console) for strip in app.dashboard.lanes.picture()]
        app.theme = "textual-light"
        await pilot.pause()
        light = [strip.render(app.console) for strip in app.dashboard.lanes.picture()]
        assert dark != light
        app.feed(replace(shop(), acts=()))
        await pilot.pause()
        assert light != [strip.render(app.console) for strip in app.dashboard.lanes.picture()]


async def test_a_crop_is_a_part_of_the_row() -> None:
    async with bench(shop(), size=SIZE) as (app, _):
        lanes = app.dashboard.lanes
        whole = lanes.render_lines(Region(0, 0, *lanes.size))
        part = lanes.render_lines(Region(10, 2, 30, 3))
        assert [strip.text for strip in part] == [strip.text[10:40] for strip in whole[2:5]]


HOSTILE = ("\x1b[2J\x1b]0;x\x07evil", "[red]markup[/]", "日本語", "a\u202eb\n")


@pytest.mark.parametrize("size", [(100, 30), (200, 50)])
async def test_hostile_names_are_shown_everywhere_and_do_nothing(size: tuple[int, int]) -> None:
    trace = shop(names=HOSTILE)
    trace = replace(
        trace,
        locks=tuple(replace(lock, name=name) for lock, name in zip(trace.locks, HOSTILE, strict=False)),
        served=tuple(replace(request, path=f"/{name}") for request, name in zip(trace.served, HOSTILE, strict=False)),
    )
    async with bench(trace, Mode.LIVE, size=size) as (app, pilot):
        seen = ""
        for key in ("1", "2", "3", "w", "b", "0", "plus"):
            await pilot.press(key)
            rows = app.screen._compositor.render_strips()
            assert all(cell_len(row.text) == size[0] and row.text.isprintable() for row in rows)
            seen += "".join(row.text for row in rows)
        assert all(name in seen for name in ("evil", "[red]markup[/]", "日本語"))
