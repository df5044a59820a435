"""Thresholds: their names, their texts, and that the documentation tells of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft import WeftError
from weft.findings import KINDS, Options
from weft.findings.options import duration_ns, table, with_settings
from weft.timeline.units import duration

DOCS = (Path(__file__).parents[2] / "docs" / "findings.md").read_text("utf-8")


def test_settings_change_thresholds() -> None:
    changed = with_settings(Options(), {"convoy": "200ms", "convoy_waiters": "5", "pool-ns": "1.5s"})
    assert (changed.convoy_ns, changed.convoy_waiters, changed.pool_ns) == (200_000_000, 5, 1_500_000_000)
    assert changed.blame_ns == Options().blame_ns


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("convoi", "1ms", "is no threshold"),
        ("convoy", "1", "is no duration"),
        ("convoy", "fast", "is no duration"),
        ("convoy", "-1ms", "is no duration"),
        ("convoy_waiters", "1ms", "is no whole number"),
        ("off", "1", "is no threshold"),
    ],
)
def test_settings_that_make_no_sense(name: str, value: str, why: str) -> None:
    with pytest.raises(WeftError, match=why):
        with_settings(Options(), {name: value})


def test_durations() -> None:
    assert [duration_ns(text) for text in ("5ms", "1.5s", "200us", "10ns")] == [5_000_000, 1_500_000_000, 200_000, 10]
    assert [duration_ns(text) for text in ("", "ms", "5", "5 ms", ".5s", "5m", "٣ms", "1e3s", "1.2.3s")] == [None] * 9


def test_the_documentation_has_every_threshold_and_every_kind() -> None:
    for name, default, text in table():
        shown = duration(default) if name.endswith("_ns") else str(default)
        assert f"| `{name}` | {shown} | {text} |" in DOCS
    for kind in KINDS:
        assert f"| `{kind}` |" in DOCS
