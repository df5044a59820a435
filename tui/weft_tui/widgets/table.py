"""A table that formats only the rows that are visible: rows are values, columns know how to show them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from numpy.typing import NDArray
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip

from ..listed import Listed, Rows
from ..messages import RowChosen
from ..spans import Ink, Line, cut, fit, width_of, wrap
from .classes import style_of
from .inked import Scrolled

Row = TypeVar("Row")
SPACE: Final = 2
CURSOR_CLASS: Final = "table--cursor"


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a table.

    Attributes:
        title: its heading.
        width: columns of the terminal; 0 for the one that takes what is left.
        show: what to write for a row.
        right: align to the right, as numbers are.
        keep: columns with a greater number get their place first.
        order: what to sort rows by.
        ranks: what to sort rows by that are told only when they are shown (`Listed`): a number for each of all.

        short: shortens what it says to so many columns.

    By a column with neither ``order`` nor ``ranks`` rows cannot be sorted.
    """

    title: str
    width: int
    show: Callable[[Row], Line]
    right: bool = False
    keep: int = 0
    order: Callable[[Row], Any] | None = None
    ranks: Callable[[Rows], NDArray[Any]] | None = None
    short: Callable[[str, int], str] = cut

    @property
    def sorts(self) -> bool:
        """Whether rows can be sorted by it."""
        return self.order is not None or self.ranks is not None


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column (its index) a table is sorted, and whether the greatest comes first."""

    column: int
    falling: bool


def visible_columns(columns: Sequence[Column[Row]], width: int, least: int) -> list[tuple[Column[Row], int]]:
    """Return the columns that fit, with their widths; the open one gets what is left, but at least ``least``."""
    chosen = [column for column in columns if not column.width]
    for column in sorted(columns, key=lambda column: -column.keep):
        if column.width and _needed([*chosen, column], least) <= width:
            chosen.append(column)
    chosen.sort(key=columns.index)
    rest = width - _needed(chosen, 0)
    return [(column, column.width or max(rest, 1)) for column in chosen]


def _needed(columns: Sequence[Column[Any]], least: int) -> int:
    return sum((column.width or least) + SPACE for column in columns) - SPACE


def table_line(cells: Sequence[tuple[Line, int, bool]]) -> Line:
    """Return one row from (text, width, right-aligned) cells."""
    spans: list[tuple[str, Ink]] = []
    for index, (text, width, right) in enumerate(cells):
        shown = fit(text, width)
        blank = (" " * (width - width_of(shown)), Ink.PLAIN)
        gap = (" " * SPACE, Ink.PLAIN) if index else ("", Ink.PLAIN)
        spans += [gap, blank, *shown] if right else [gap, *shown, blank]
    return tuple(spans)


class Table(Scrolled, Generic[Row], can_focus=True):
    """Shows rows under a fixed heading; one row is marked and can be chosen.

    Args:
        columns: from left to right.
        key: what identifies a row while its figures change.
        empty: what to say when there is no row.
        least: columns that the open column needs before others have to go.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Show", key_display="enter", tooltip="Show the row in the lanes"),
        Binding("up,k", "move(-1)", "Row up", show=False, tooltip="Mark another row"),
        Binding("down,j", "move(1)", "Row down", show=False, tooltip="Mark another row"),
        Binding("pageup", "page(-1)", "Page up", show=False, tooltip="Mark a row a page away"),
        Binding("pagedown", "page(1)", "Page down", show=False, tooltip="Mark a row a page away"),
        Binding("o", "sort", "Sort", tooltip="Sort by the next column"),
        Binding("O", "turn", show=False, tooltip="Turn the order around"),
    ]
    fixed = 1

    rows: reactive[Sequence[Row]] = reactive((), always_update=True)
    marked: reactive[int] = reactive(0)
    sorting: reactive[Sorting | None] = reactive(None)
    """None: rows stand as they were given."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        empty: str,
        least: int = 20,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = columns
        self.key = key
        self.empty = empty
        self.least = least
        self._given: Sequence[Row] = ()

    # what happens

    def total(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def validate_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Sort the rows."""
        self._given = rows
        if self.sorting is None or not self.columns:
            return rows
        column, falling = self.columns[self.sorting.column], self.sorting.falling
        if isinstance(rows, Listed):
            return rows.sorted(column.ranks, falling=falling) if column.ranks else rows
        return sorted(rows, key=column.order, reverse=falling) if column.order else rows

    def watch_sorting(self) -> None:
        """Sort the rows anew."""
        self.rows = self._given

    def watch_rows(self, old: Sequence[Row], new: Sequence[Row]) -> None:
        """Keep the mark on the row that it was on."""
        if self.marked and self.marked < len(old):
            self.marked = self._place(old, new) or 0
        self.top = self.top

    def _place(self, old: Sequence[Row], new: Sequence[Row]) -> int | None:
        """Return where the marked row stands now."""
        if isinstance(old, Listed) and isinstance(new, Listed):
            return new.place(old, self.marked)
        wanted = self.key(old[self.marked])
        return next((place for place, row in enumerate(new) if self.key(row) == wanted), None)

    def on_resize(self) -> None:
        """Show as many rows as there is room for now."""
        self.top = self.top

    def validate_marked(self, marked: int) -> int:
        """Keep the mark on a row."""
        return max(min(marked, len(self.rows) - 1), 0)

    def watch_marked(self, marked: int) -> None:
        """Scroll so that the marked row is visible."""
        self.top = min(max(self.top, marked - self.page + 1), marked)

    def action_move(self, count: int) -> None:
        """Mark another row."""
        self.marked += count

    def action_page(self, count: int) -> None:
        """Mark a row one page away."""
        self.marked += count * max(self.page - 1, 1)

    def action_sort(self) -> None:
        """Sort by the next visible column that rows can be sorted by; behind the last one, not at all."""
        shown = [self.columns.index(column) for column, _ in self._visible() if column.sorts]
        before = self.sorting.column if self.sorting else -1
        following = next((column for column in shown if column > before), None)
        self.sorting = None if following is None else self._first(following)

    def action_turn(self) -> None:
        """Turn the order around."""
        if self.sorting:
            self.sorting = Sorting(self.sorting.column, not self.sorting.falling)

    def _first(self, column: int) -> Sorting:
        """Return how to begin to sort by a column: numbers from the greatest on, names from A on."""
        return Sorting(column, self.columns[column].right)

    def _sort_at(self, x: int) -> None:
        """Sort by the column whose heading stands at a place, or turn its order around."""
        left = 1
        for column, size in self._visible():
            if left <= x < left + size + SPACE and column.sorts:
                index = self.columns.index(column)
                if self.sorting and self.sorting.column == index:
                    self.action_turn()
                else:
                    self.sorting = self._first(index)
                return
            left += size + SPACE

    def _visible(self) -> list[tuple[Column[Row], int]]:
        return visible_columns(self.columns, self.size.width - 2, self.least)

    def action_choose(self) -> None:
        """Say that the marked row was chosen."""
        if self.rows:
            self.post_message(RowChosen(self.rows[self.marked]))

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked, or sort by the heading that was."""
        row = self.top + event.y - 1
        if not event.y:
            self._sort_at(event.x)
        if event.y > 0 and row < len(self.rows):
            self.marked = row
            self.action_choose()

    # drawing

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a row."""
        columns = self._visible()
        row = self.top + y - 1
        if y == 0:
            return self.draw(self._heading(columns))
        if row >= len(self.rows):
            return self.draw(self._hint(y))
        cells = [(fit(column.show(self.rows[row]), size, column.short), size, column.right) for column, size in columns]
        ground = self._marked_ground() if row == self.marked and self.has_focus else None
        return self.with_thumb(self.draw(((" ", Ink.PLAIN), *table_line(cells)), ground), y)

    def _heading(self, columns: list[tuple[Column[Row], int]]) -> Line:
        cells = [((self._title(column, size),), size, column.right) for column, size in columns]
        return ((" ", Ink.DIM), *table_line(cells)) if self.rows else ()

    def _title(self, column: Column[Row], size: int) -> tuple[str, Ink]:
        if self.sorting is None or self.columns[self.sorting.column] is not column:
            return cut(column.title, size), Ink.DIM
        return cut(column.title, size - 1) + ("▾" if self.sorting.falling else "▴"), Ink.TITLE

    def _hint(self, y: int) -> Line:
        """Return a line of what to say instead of rows."""
        if self.rows:
            return ()
        lines = [row for line in self.empty.splitlines() for row in wrap(((f" {line}", Ink.DIM),), self.size.width)]
        return lines[y - 1] if y <= len(lines) else ()

    def _marked_ground(self) -> Style:
        return Style(bgcolor=style_of(self, CURSOR_CLASS).bgcolor)


def text(value: str, ink: Ink = Ink.PLAIN) -> Line:
    """Return a cell of one piece."""
    return ((value, ink),)
