"""A line to write in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class Line(Input):
    """A line whose keys act in the order in which they are pressed.

    Textual writes a letter at once, but sends a key that deletes or moves up to the app and back first: by then later
    letters may be there.
    """

    async def on_key(self, event: events.Key) -> None:
        """Act on a key that writes nothing."""
        if event.is_printable:
            return
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
