"""The fast way to the terminal draws what the public way draws."""

from __future__ import annotations

import numpy as np
import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from weft_tui.widgets.grid import Grid, Picture, Place, changes, code_points, encode, segments
from weft_tui.widgets.palette import Palette

COLUMNS = 60


def palette() -> Palette:
    """Some styles that share colours, so that there is something to leave out."""
    colours = ["#112233", "#ff8800", "#00aa44", "#dddddd"]
    return Palette(
        tuple(
            Style(color=fore, bgcolor=back, bold=bold) for fore in colours for back in colours for bold in (None, True)
        )
    )


def random_grid(seed: int, rows: int = 6) -> Grid:
    random = np.random.default_rng(seed)
    grid = Grid.blank(rows, COLUMNS, 0)
    # Runs of equal styles as well as changes.
    grid.styles[:] = np.repeat(random.integers(0, len(palette().styles), (rows, COLUMNS // 4)), 4, axis=1)
    grid.glyphs[:] = random.choice([ord(c) for c in " a▌▏█│─…"], (rows, COLUMNS))
    return grid


def screen(lines: list[str]) -> list[list[tuple[str, str, str, bool]]]:
    """Return what a terminal shows: character, colours and weight of every cell."""
    terminal = pyte.Screen(COLUMNS + 1, len(lines))
    stream = pyte.Stream(terminal)
    for row, line in enumerate(lines):
        stream.feed(f"\x1b[{row + 1};1H{line}")
    cells = [[terminal.buffer[row][column] for column in range(COLUMNS)] for row in range(len(lines))]
    return [[(cell.data, cell.fg, cell.bg, cell.bold) for cell in row] for row in cells]


@pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
@pytest.mark.parametrize("seed", range(6))
def test_encoded_rows_look_like_the_segments(seed: int, system: ColorSystem) -> None:
    grid, styles = random_grid(seed), palette()
    names = {ColorSystem.TRUECOLOR: "truecolor", ColorSystem.EIGHT_BIT: "256", ColorSystem.STANDARD: "standard"}
    console = Console(color_system=names[system], force_terminal=True)  # type: ignore[arg-type]
    # Styles remember how they were written for the first console; fresh ones do not.
    public = [Strip(segments(grid, styles, row), COLUMNS).render(console) for row in range(len(grid.styles))]
    assert screen(encode(grid, styles, system)) == screen(public)


def test_only_changes_of_style_are_written() -> None:
    grid = Grid.blank(1, COLUMNS, 3)
    grid.styles[0, 30:] = 5
    assert encode(grid, palette(), ColorSystem.TRUECOLOR)[0].count("\x1b[") == 3


def test_a_strip_makes_its_segments_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(grid: Grid, palette: Palette, row: int) -> list[Segment]:
        made.append(row)
        return segments(grid, palette, row)

    monkeypatch.setattr("weft_tui.widgets.grid.segments", make)
    picture = Picture(random_grid(1), palette(), ColorSystem.TRUECOLOR)
    strip = picture.strips()[2]
    assert strip.render(Console()) == encode(random_grid(1), palette(), ColorSystem.TRUECOLOR)[2]
    assert strip.cell_length == COLUMNS
    assert not made
    assert len(strip.crop(10, 20).text) == 10
    assert strip.text == "".join(segment.text for segment in segments(random_grid(1), palette(), 2))
    assert made == [2]


def overwritten(
    before: Grid, after: Grid, old: Place | None = None, new: Place | None = None
) -> list[list[tuple[str, str, str, bool]]]:
    """Return what a terminal shows that showed one grid and was sent what changes it into another."""
    first = Picture(before, palette(), ColorSystem.TRUECOLOR, old)
    rows = Picture(after, first.palette, ColorSystem.TRUECOLOR, new).since(first, as_wide=True)
    assert rows is not None
    return screen([f"{text}\r{more}" for text, more in zip(first.text, rows, strict=True)])


@pytest.mark.parametrize("seed", range(20))
def test_changes_lead_from_one_grid_to_any_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    before, other = random_grid(seed), random_grid(seed + 100)
    before.write(1, 3, "a日本b")
    taken = random.random(before.styles.shape) < seed / 20
    after = Grid(np.where(taken, other.styles, before.styles), np.where(taken, other.glyphs, before.glyphs))
    # Half of a wide character is no picture.
    after.glyphs[1] = other.glyphs[1]
    after.write(2, int(random.integers(0, COLUMNS)), "日本 e\u00e9")
    assert overwritten(before, after) == screen(encode(after, palette(), ColorSystem.TRUECOLOR))


@pytest.mark.parametrize("shift", [1, 7, 30, -1, -13, -44, 45, -45, 60])
def test_what_has_moved_is_moved_by_the_terminal(shift: int) -> None:
    before, after = random_grid(1), random_grid(2)
    before.write(4, 20, "日本")
    fixed = 15
    kept = COLUMNS - fixed - abs(shift)
    if kept > 0:
        old, new = (fixed + max(shift, 0), fixed + max(-shift, 0))
        after.glyphs[:, new : new + kept] = before.glyphs[:, old : old + kept]
        after.styles[:, new : new + kept] = before.styles[:, old : old + kept]
        after.glyphs[:, :fixed] = before.glyphs[:, :fixed]
        # No half of a wide character.
        after.glyphs[4] = ord("x")
    after.glyphs[2, 40], after.glyphs[5], after.styles[5] = ord("!"), before.glyphs[5], before.styles[5]
    places = Place(fixed, 1_000, 10), Place(fixed, 1_000 + shift * 10, 10)
    assert overwritten(before, after, *places) == screen(encode(after, palette(), ColorSystem.TRUECOLOR))
    rows = changes(before, after, palette(), ColorSystem.TRUECOLOR, shift, fixed) if abs(shift) == 1 else [""]
    assert rows is not None
    assert sum(map(len, rows)) < 0.7 * sum(map(len, encode(after, palette(), ColorSystem.TRUECOLOR)))


@pytest.mark.parametrize("other", [Place(14, 1_070, 10), Place(15, 1_070, 20), Place(15, 1_071, 10), None])
def test_what_stands_for_something_else_has_not_moved(other: Place | None) -> None:
    before, after = random_grid(1), random_grid(1)
    after.glyphs[:, 15:53], after.styles[:, 15:53] = before.glyphs[:, 22:], before.styles[:, 22:]
    first = Picture(before, palette(), ColorSystem.TRUECOLOR, Place(15, 1_000, 10))
    for place, wide, moves in (
        (Place(15, 1_070, 10), True, True),
        (Place(15, 1_070, 10), False, False),
        (other, True, False),
    ):
        rows = Picture(after, first.palette, ColorSystem.TRUECOLOR, place).since(first, as_wide=wide)
        assert rows is not None
        assert any("\x1b[7P" in row for row in rows) is moves


def test_nothing_is_sent_of_rows_that_are_equal_and_little_of_others() -> None:
    before, after = random_grid(1), random_grid(1)
    after.glyphs[3, 20], after.styles[3, 50] = ord("x"), 0
    sent = changes(before, after, palette(), ColorSystem.TRUECOLOR)
    assert sent is not None
    assert [row for row, text in enumerate(sent) if text] == [3]
    assert sent[3].startswith("\x1b[20C\x1b[")
    assert "x\x1b[29C" in sent[3]
    assert len(sent[3]) < 100


def test_a_picture_in_other_colours_or_of_another_size_shares_nothing() -> None:
    picture = Picture(random_grid(1), palette(), ColorSystem.TRUECOLOR)
    dimmer = Palette(palette().styles[::-1])
    assert picture.since(Picture(random_grid(2), picture.palette, ColorSystem.TRUECOLOR)) is not None
    assert picture.since(Picture(random_grid(2), dimmer, ColorSystem.TRUECOLOR)) is None
    assert picture.since(Picture(random_grid(2), picture.palette, ColorSystem.EIGHT_BIT)) is None
    assert picture.since(Picture(random_grid(2, rows=7), picture.palette, ColorSystem.TRUECOLOR)) is None


def test_a_wide_character_takes_two_cells() -> None:
    grid = Grid.blank(1, COLUMNS, 0)
    grid.write(0, 2, "a日本b")
    line = encode(grid, palette(), ColorSystem.TRUECOLOR)[0]
    row = screen([line])[0]
    assert [cell[0] for cell in row[2:8]] == ["a", "日", "", "本", "", "b"]
    assert "a日本b" in Strip(segments(grid, palette(), 0)).text


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x07b", "a\u202eb", "a\u0301", "a\x9b31mb", "a\tb\n"])
def test_nothing_in_a_text_steers_the_terminal(text: str) -> None:
    assert all(chr(point).isprintable() for point in code_points(text))


def test_text_is_cut_at_the_edge() -> None:
    grid = Grid.blank(1, COLUMNS, 0)
    grid.write(0, COLUMNS - 2, "abc")
    assert Strip(segments(grid, palette(), 0)).text.endswith(" ab")
