"""Drawing what has changed without putting whole rows of the screen together."""

from __future__ import annotations

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

from .inked import Plain


class Direct(Compositor):
    """Draws only the widgets that have changed, where nothing lies over them; Textual puts whole rows together."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return what has changed."""
        parts = self._uncovered()
        if not parts:
            return super().render_partial_update()
        self._dirty_regions.clear()
        chops: list[dict[int, Strip | None]] = [{} for _ in range(self.size.height)]
        ends: list[list[int]] = [[] for _ in chops]
        spans = []
        for region, strips in parts:
            for y, strip in zip(region.line_range, strips, strict=False):
                chops[y][region.x] = strip
                ends[y].append(region.right)
                spans.append((y, region.x, region.right))
        return ChopsUpdate(chops, spans, ends)

    def _uncovered(self) -> list[tuple[Region, list[Strip]]]:
        """Return the widgets that have changed, if all that has changed are such of which one sees all."""
        wanted = set(self._dirty_regions)
        found: list[tuple[Region, Plain]] = []
        front: list[Region] = []
        for widget, (region, clip) in self.visible_widgets.items() if wanted else ():
            if region in wanted:
                covered = not clip.contains_region(region) or any(other.overlaps(region) for other in front)
                if covered or not isinstance(widget, Plain):
                    return []
                wanted.discard(region)
                found.append((region, widget))
                if not wanted:
                    return [(region, widget.render_lines(region.reset_offset)) for region, widget in found]
            front.append(region)
        return []
