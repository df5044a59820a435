"""What the lanes show: names, labels, captions and the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from support.scripted import MS, T0, Scripted, ms, shop
from weft.timeline.shortening import among
from weft.timeline.values import State, Task
from weft_tui.view import View
from weft_tui.widgets.arrows import Arrow
from weft_tui.widgets.captions import on_lane, request_captions, wait_labels
from weft_tui.widgets.cells import cells
from weft_tui.widgets.grid import Grid
from weft_tui.widgets.lanes import first_row
from weft_tui.widgets.palette import PICKED, Role, cursor, pair
from weft_tui.widgets.scene import SHADES, Label, LaneHead, Scene, Shapes, draw, shorter

COLUMNS = 100
GUTTER = 14
EVERYTHING = View(T0, 1000 * MS, ms(550))


def scene(pitch: int = 2, *, view: View = EVERYTHING, shapes: Shapes | None = None, pid: str = "") -> Scene:
    trace = shop()
    lanes = range(len(trace.lanes))
    what = cells(trace.frame(lanes, view.start_ns, view.end_ns, COLUMNS))
    captions = request_captions(trace, lanes, view, COLUMNS)
    return Scene(
        cells=what,
        heads=tuple(LaneHead(pid, lane.name, trace.state(lane.id, view.cursor_ns)) for lane in trace.lanes),
        picked=2,
        gutter=GUTTER,
        pitch=pitch,
        cursor=view.column(view.cursor_ns, COLUMNS),
        waits=wait_labels(trace, lanes, view, COLUMNS),
        captions=captions if pitch > 1 else on_lane(captions, what),
        shapes=shapes,
        short=trace.lock_names.short,
    )


def rows(grid: Grid) -> list[str]:
    return ["".join(chr(point) for point in row) for row in grid.glyphs]


def test_states_fill_the_cells_of_their_times() -> None:
    grid = draw(scene(), 8, GUTTER + COLUMNS)
    assert grid.styles[2, GUTTER + 15] == pair(State.RUN, State.RUN)
    assert grid.styles[2, GUTTER + 30] == pair(State.HOLD, State.HOLD)
    assert grid.styles[4, GUTTER + 40] == pair(State.WAIT, State.WAIT)
    assert grid.styles[6, GUTTER + 80] == pair(State.WAIT_HOLD, State.WAIT_HOLD)


def test_idle_is_a_thin_line_and_the_selected_lane_has_its_own_ground() -> None:
    grid = draw(scene(), 8, GUTTER + COLUMNS)
    assert rows(grid)[0][GUTTER : GUTTER + 5] == "─────"
    assert grid.styles[0, GUTTER] == pair(State.IDLE, State.IDLE)
    assert grid.styles[4, GUTTER] == pair(State.IDLE + PICKED, State.IDLE + PICKED)
    assert grid.styles[5, GUTTER] == Role.CAPTION_PICKED


def test_locks_are_named_on_waits_beside_the_cursor() -> None:
    text = rows(draw(scene(), 8, GUTTER + COLUMNS))
    assert "shop.stock_lock" in text[4]
    assert text[4].index("shop.stock_lock") == GUTTER + 31
    assert "│shop.stock_lock" in text[6]


def test_requests_are_bracketed_below_their_lanes() -> None:
    text = rows(draw(scene(), 8, GUTTER + COLUMNS))
    assert text[3][GUTTER + 10] == "╰"
    assert text[3][GUTTER + 90] == "╯"
    assert " GET /report " in text[3]
    assert text[7].rstrip().endswith("╌")


def test_without_room_requests_are_named_where_their_lane_runs_or_holds() -> None:
    text = rows(draw(scene(pitch=1), 4, GUTTER + COLUMNS))
    assert text[1].index("GET /report") == GUTTER + 11
    assert "GET /checkout" not in text[2]
    assert "shop.stock_lock" in text[2]


def test_labels_do_not_leave_what_they_name() -> None:
    name = "a.very.long.name.of.a.lock"
    short = among((name,), dotted=True).short
    one = replace(scene(), waits=(Label(2, 40, 52, name),), captions=(), cursor=-1, short=short)
    assert rows(draw(one, 8, GUTTER + COLUMNS))[4][GUTTER + 40 : GUTTER + 52].strip() == "lock"


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("GET /item/4", 11, "GET /item/4"),
        ("GET /item/4", 10, "/item/4"),
        ("GET /item/of/the/shop/4", 12, "/item…shop/4"),
        ("process_request_thread 12", 14, "proces…read 12"),
    ],
)
def test_names_are_shortened_to_what_tells_them_apart(text: str, room: int, expected: str) -> None:
    assert shorter(text, room) == expected


def test_the_cursor_crosses_all_lanes_and_lets_the_states_shine_through() -> None:
    grid = draw(scene(), 10, GUTTER + COLUMNS)
    column = GUTTER + 55
    assert [row[column] for row in rows(grid)] == ["│"] * 8 + [" ", " "]
    assert [int(grid.styles[row, column]) for row in (0, 2, 4, 6)] == [
        cursor(State.IDLE),
        cursor(State.HOLD),
        cursor(State.WAIT),
        cursor(State.WAIT_HOLD),
    ]


def test_a_cursor_outside_is_not_drawn() -> None:
    outside = replace(scene(), cursor=-1)
    assert not any("│" in row for row in rows(draw(outside, 8, GUTTER + COLUMNS)))


def test_heads_show_the_state_at_the_cursor_and_the_selection() -> None:
    grid = draw(scene(), 8, GUTTER + COLUMNS)
    text = rows(grid)
    assert [row[0] for row in text] == [" ", " ", " ", " ", "▌", "▌", " ", " "]
    assert [text[row][1] for row in (0, 2, 4, 6)] == ["○", "●", "●", "●"]
    assert grid.styles[2, 1] == pair(State.HOLD, State.OFF)
    assert grid.styles[4, 1] == pair(State.WAIT, PICKED)


def test_long_names_keep_their_ends_and_pids_stand_before_them() -> None:
    head = LaneHead("4711", "ThreadPoolExecutor-0_31", State.RUN)
    named = replace(scene(), heads=(head,) * 4, gutter=22)
    text = rows(draw(named, 8, 22 + COLUMNS))[0][:22]
    assert text[3:8] == "4711 "
    assert text.rstrip().endswith("tor-0_31"[-6:])
    assert "…" in text


def test_without_colours_every_state_has_its_own_glyph() -> None:
    text = rows(draw(scene(shapes=Shapes(SHADES, False)), 8, GUTTER + COLUMNS))
    glyphs = {text[row][GUTTER + column] for row, column in ((0, 3), (2, 15), (2, 70), (4, 70), (4, 81), (6, 90))}
    assert glyphs == {"·", "━", "█", "░", "╌", "▒"}
    styles = np.unique(draw(scene(shapes=Shapes(SHADES, False)), 8, GUTTER + COLUMNS).styles)
    assert styles.min() >= Role.NAME


@pytest.mark.parametrize(
    ("top", "lane", "page", "total", "expected"),
    [(0, 3, 10, 50, 0), (0, 10, 10, 50, 1), (20, 3, 10, 50, 3), (45, 49, 10, 50, 40), (7, 0, 10, 5, 0)],
)
def test_the_selected_lane_is_always_visible(top: int, lane: int, page: int, total: int, expected: int) -> None:
    assert first_row(top, lane, page, total) == expected


@dataclass(frozen=True)
class WithTasks(Scripted):
    """A shop whose first lane runs tasks."""

    tasks: tuple[Task, ...] = ()

    def tasks_within(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[Task]:
        return [*self.tasks]


def test_tasks_are_captioned_by_the_request_that_they_work_for() -> None:
    base = shop()
    request = base.served[0]
    whole = Task("shop.render", 1, ms(90), 0, ms(100), ms(500), request)
    inner = replace(whole, work="shop.inner", start_ns=ms(200), end_ns=ms(300))
    nobodys = replace(whole, work="", start_ns=ms(600), end_ns=None, request=None)
    parts = {field.name: getattr(base, field.name) for field in fields(base)}
    trace = WithTasks(**parts, tasks=(nobodys, inner, whole))
    captions = request_captions(trace, range(4), EVERYTHING, COLUMNS)
    mine = [label for label in captions if label.row == 0]
    assert [label.text for label in mine] == [f"shop.render for {request.method} {request.path}", "a task"]
    assert [label.open_end for label in mine] == [False, True]
    assert [label.row for label in captions] == sorted(label.row for label in captions)
    assert tuple(label for label in captions if label.row) == request_captions(base, range(4), EVERYTHING, COLUMNS)


def test_a_mark_is_a_sign_on_the_state_that_matters_most() -> None:
    bare = scene()
    marks = np.zeros((len(bare.heads), COLUMNS), np.bool_)
    marks[2, 70] = marks[1, 15] = True
    marks[3, ::3] = True  # too many: they would hide the lane
    grid, before = draw(replace(bare, marks=marks), 8, GUTTER + COLUMNS), draw(bare, 8, GUTTER + COLUMNS)
    signs = [(row, line.index("◆") - GUTTER) for row, line in enumerate(rows(grid)) if "◆" in line]
    assert signs == [(2, 15), (4, 70)]
    assert grid.styles[4, GUTTER + 70] == pair(State.WAIT, State.WAIT)
    assert (grid.styles == before.styles).all()
    assert "◆" in rows(draw(replace(scene(shapes=Shapes(SHADES, False)), marks=marks), 8, GUTTER + COLUMNS))[4]


def test_names_stand_beside_arrows_or_not_at_all() -> None:
    plain = scene()
    arrow = Arrow((2,), 1)
    crossed = replace(plain, arrows=(arrow,), waits=(Label(2, 40, 70, "shop.stock_lock"),), captions=(), cursor=50)
    assert rows(draw(crossed, 8, GUTTER + COLUMNS))[4][GUTTER + 50 :].startswith("┻shop.stock_lock")
    narrow = replace(crossed, waits=(Label(2, 40, 58, "shop.stock_lock"),))
    assert rows(draw(narrow, 8, GUTTER + COLUMNS))[4][GUTTER + 41 : GUTTER + 51] == "stock_lo…┻"
    none = replace(crossed, waits=(Label(2, 48, 53, "shop.stock_lock"),))
    assert rows(draw(none, 8, GUTTER + COLUMNS))[4][GUTTER + 48 : GUTTER + 53] == "  ┻  "
    caption = replace(crossed, waits=(), captions=(Label(1, 40, 75, "GET /report"),))
    assert "┃ GET /report ─" in rows(draw(replace(caption, arrows=(Arrow((3,), 0),)), 8, GUTTER + COLUMNS))[3]
