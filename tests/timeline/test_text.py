"""The timeline as text."""

from __future__ import annotations

from itertools import pairwise

import pytest

from weft.timeline.text import draw

from . import workload
from .script import folded, play

MS = 1_000_000

STORY = f"""
    main 0 enter
    main {10 * MS} request 1 /
    main {20 * MS} section db {50 * MS}
    main {60 * MS} section db {60 * MS + 10}
    worker {30 * MS} wait db main
    worker {52 * MS} acquire db {30 * MS}
    worker {52 * MS} handoff db {50 * MS}
    worker {52 * MS} section db {70 * MS}
    worker {85 * MS} wait db -
    worker {85 * MS + 5} giveup db {85 * MS}
    main {90 * MS} done 200
    main {100 * MS} exit
"""


def test_a_story_is_drawn() -> None:
    assert draw(play(STORY), width=57).splitlines() == [
        "100 ms, 14 events, 2 threads in 1 process",
        "",
        "       0                        50 ms",
        "       |                        |",
        "main   .....-----###############-----+--------------.....",
        "worker                WWWWWWWWWWh#########.......w.......",
        "",
        "W waits for a lock (w: for a part of the column)   X the same while it holds another (x)",
        "h is handed a lock   # holds a lock (+)   - runs   . idle",
    ]


def test_contention_never_vanishes() -> None:
    lines = draw(play(STORY), width=57).splitlines()
    (main,) = [line[7:] for line in lines if line.startswith("main")]
    (worker,) = [line[7:] for line in lines if line.startswith("worker")]
    # 50 columns of 2 ms; the wait of 5 ns has a column, and so has the hold of 10 ns.
    assert main == "....." + "-" * 5 + "#" * 15 + "-" * 5 + "+" + "-" * 14 + "." * 5
    assert worker == " " * 15 + "W" * 10 + "h" + "#" * 9 + "." * 7 + "w" + "." * 7


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (90, ["0", "20 ns", "40 ns", "60 ns", "80 ns"]),
        (1_300, ["0", "200 ns", "400 ns", "600 ns", "800 ns", "1 us", "1.2 us"]),
        (7_000_000, ["0", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms", "6 ms"]),
        (200 * 60 * 10**9, ["0", "30 min", "1 h 00 min", "1 h 30 min", "2 h 00 min", "2 h 30 min", "3 h 00 min"]),
    ],
)
def test_the_ruler_has_round_times_at_their_columns(span: int, labels: list[str]) -> None:
    _, _, ruler, marks, lane, *_ = draw(play(f"t 0 enter \n t {span} exit"), width=93).splitlines()
    columns = [column for column, char in enumerate(marks) if char == "|"]
    starts = [*columns, len(ruler) + 1]
    assert [ruler[low:high].strip() for low, high in pairwise(starts)] == labels
    assert columns[0] == lane.index("-") == 2
    widths = [high - low for low, high in pairwise(columns)]
    assert max(widths) - min(widths) <= 1


def test_the_busiest_rows_are_kept_in_their_order() -> None:
    lines = [f"t{n}x 0 enter \n t{n}x 10 wait db - \n t{n}x {20 + n} giveup db 10" for n in range(10)]
    text = draw(play("\n".join(lines) + "\n * 60 pulse"), rows=3)
    assert [line.split()[0] for line in text.splitlines() if line.startswith("t")] == ["t7x", "t8x", "t9x"]
    assert "(7 more lanes that wait less)" in text


@pytest.mark.parametrize("width", [20, 60, 100])
def test_lines_keep_to_the_width_and_to_ascii(width: int) -> None:
    for seed in range(300, 306):
        text = draw(folded(workload.trace(seed, losses=True)), width=width)
        body = text[: text.index("W waits")].splitlines()[2:]
        assert max(map(len, body)) <= width
        assert text.isascii()


def test_names_cannot_command_the_terminal() -> None:
    text = draw(play("evil\x1b[2J\u202e 0 enter \n evil\x1b[2J\u202e 9 exit"))
    assert "evil?[2J?" in text
    assert all(char.isprintable() or char == "\n" for char in text)
