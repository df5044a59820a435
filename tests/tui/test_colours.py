"""States can be told apart, also by the colour-blind, and what is written on them can be read."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from textual.color import Color

from support.dashboard import bench
from support.scripted import shop
from weft.timeline.values import State
from weft_tui.widgets.classes import style_of
from weft_tui.widgets.palette import STATE_CLASSES

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
BUSY = tuple(State)[State.RUN :]


def lab(colour: Color, sight: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of a colour as somebody sees it."""
    srgb = np.array(colour.rgb) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(sight @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ seen / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


async def colours(theme: str) -> tuple[dict[State, Color], dict[State, Color]]:
    async with bench(shop()) as (app, pilot):
        app.theme = theme
        await pilot.pause()
        styles = [style_of(app.dashboard.lanes, name) for name in STATE_CLASSES]
        return (
            {state: Color.from_rich_color(style.bgcolor) for state, style in zip(State, styles, strict=True)},
            {state: Color.from_rich_color(style.color) for state, style in zip(State, styles, strict=True)},
        )


async def test_any_two_states_look_different_in_every_theme_to_everybody() -> None:
    async with bench(shop()) as (app, pilot):
        assert len(app.available_themes) > 10
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            styles = [style_of(app.dashboard.lanes, name) for name in STATE_CLASSES]
            blocks = [Color.from_rich_color(style.bgcolor) for style in styles]
            for sight, matrix in SIGHT.items():
                seen = {state: lab(blocks[state], matrix) for state in (State.OFF, *BUSY)}
                near = {
                    f"{one.name} {other.name}": round(float(np.linalg.norm(seen[one] - seen[other])))
                    for one, other in combinations(seen, 2)
                }
                assert min(near.values()) > 20, (theme, sight, {pair: far for pair, far in near.items() if far <= 20})


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_what_is_written_on_a_state_can_be_read(theme: str) -> None:
    blocks, texts = await colours(theme)
    contrast = {state.name: ratio(blocks[state], texts[state]) for state in BUSY}
    assert min(contrast.values()) >= 3.5, contrast


def ratio(one: Color, other: Color) -> float:
    """Return the contrast ratio of WCAG 2."""
    dark, light = sorted(luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    srgb = np.array(colour.rgb) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear)
