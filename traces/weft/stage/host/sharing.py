"""Which accesses are worth a stop: those to what several actors touch and one of them writes.

It is learned by letting the actors run one after another, in both orders, and noting every object that they touch.
What then proves to be one actor's own is passed without a stop. Code that did not run then stops wherever its object
is reached from a global or a closure; and an access that turns out to meet another actor's is a stop from then on.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .baton import Player
from .touches import ORDER, WHOLE, Touch, conflicts, has_order, inserts
from .touches import Key as TouchKey

Key = tuple[str, int, str, str]
"""What identifies a site from process to process: file, line, kind, text."""

MOST = 200_000
"""Accesses that are noted at most."""


def _key(data: Sequence[Any]) -> Key:
    file, line, kind, text = data
    return file, line, kind, text


class Learned(NamedTuple):
    """What a trial run told; crosses a pipe as JSON.

    Attributes:
        known: sites that ran.
        shared: those of them that touched what another actor touched too, one of both writing.
        touched: who touched what: name, index of the actor, whether it wrote, site.
        digest: of everything that was touched, in order: the same in each run of a deterministic app.
    """

    known: Sequence[Key]
    shared: Sequence[Key]
    touched: Sequence[tuple[str, int, bool, Key]]
    digest: str


class Sharing:
    """Decides where players stop.

    Args:
        learned: what the trial runs told.
        named: sites that share, by the name of their file, kind and text, whatever line they stand in now.
    """

    def __init__(self, learned: Iterable[Learned] = (), named: Iterable[Sequence[str]] = ()) -> None:
        self._named = {(file, kind, text) for file, kind, text in named}
        self.known: set[Key] = set()
        self.shared: set[Key] = set()
        by_name: dict[str, list[tuple[int, bool, Key]]] = defaultdict(list)
        for one in learned:
            self.known.update(map(_key, one.known))
            self.shared.update(map(_key, one.shared))
            for name, actor, wrote, key in one.touched:
                by_name[name].append((actor, wrote, _key(key)))
        # What one actor touched in one trial and another in the next: each sold the last item when it came first.
        for touches in by_name.values():
            if len({actor for actor, _, _ in touches}) > 1 and any(wrote for _, wrote, _ in touches):
                self.shared.update(key for _, _, key in touches)
        self.unseen: set[Key] = set()
        """Sites that touch what only running the app's code could tell."""
        self.learned: set[Key] = set()
        """Sites that were found to share since it began."""
        self.lasting, self._passing = Log(shared=self.shared), Log(shared=self.shared)
        """What was touched of objects that outlive a run, and of others."""

    def begin(self, added: int = 0, count: int = 0) -> None:
        """Forget who has touched what; which sites share stays known.

        Args:
            added, count: what `lasting` had when it held what is to be kept of it.
        """
        self.lasting.back_to(added, count)
        self._passing.back_to(0, 0)
        self.unseen, self.learned = set(), set()

    def touched(self) -> Iterator[tuple[object, TouchKey, bool]]:
        """Yield what was touched since the beginning: object, part, and whether it was written."""
        yield from self.lasting.touched()
        yield from self._passing.touched()

    def orders(self) -> Iterator[str]:
        """Yield the names of dicts into which several have put keys, and whose keys none of them has looked at."""
        yield from self.lasting.orders()
        yield from self._passing.orders()

    def stops(self, site: Any, touch: Touch | None, player: Player, *, lasts: bool = False, same: bool = False) -> bool:
        """Return whether a player stops before it touches something.

        Args:
            lasts: the object outlives a run.
            same: the touch does so too.
        """
        key = site.key
        if touch is None:
            return False
        if self._named and (os.path.basename(key[0]), *key[2:]) in self._named:
            self.shared.add(key)
        if not touch.known:
            self.unseen.add(key)
            return False
        log = self.lasting if lasts else self._passing
        met = log.add(player, key, touch) if not same or log.adds(player, touch) else ()
        if met:
            self.learned.update(met)
            self.shared.update(met)
        return key in self.shared or (site.rooted and key not in self.known)


class Log:
    """Who has touched what.

    Args:
        trial: keep what `learned` tells.
        shared: sites that are known to share.
    """

    def __init__(self, *, trial: bool = False, shared: Collection[Key] = frozenset()) -> None:
        self._trial, self._sharing = trial, shared
        self.known: dict[Key, None] = {}
        self.shared: dict[Key, None] = {}
        self._seen: dict[int, tuple[Any, dict[Any, dict[tuple[int, bool], set[Key]]]]] = {}
        self._put: dict[int, dict[int, Touch]] = {}
        """By dict, who has put a key into it that was not there."""
        self._touched: dict[tuple[str, int, bool, Key], None] = {}
        self._digest = hashlib.sha256() if trial else None
        self._same: set[tuple[int, int]] = set()
        self.count = 0
        """How many accesses were noted."""
        self.added: list[tuple[Any, Any]] = []
        """What was put where, in order: dicts and sets, and keys in them."""

    def back_to(self, added: int, count: int) -> None:
        """Forget all but what was put there first."""
        self.count = count
        while len(self.added) > added:
            where, key = self.added.pop()
            if type(where) is set:
                where.discard(key)
            else:
                del where[key]

    def adds(self, player: Player, touch: Touch) -> bool:
        """Return whether it may make a difference to note a touch, which is kept elsewhere, after all others."""
        mine = id(touch), player.doing
        if mine in self._same:
            # Whoever touches it meanwhile meets this one. But a key may be new each time.
            return touch.kind == "write" and inserts(touch.obj, touch.key)
        self._same.add(mine)
        self.added.append((self._same, mine))
        return True

    def add(self, player: Player, key: Key, touch: Touch) -> Iterable[Key]:
        """Note an access; return the sites that are found to share and were not known to, maybe this one too."""
        if self._trial:
            self._note(player, key, touch)
        self.count += 1
        if self.count > MOST or not touch.known:
            return ()
        # The object is kept, so that its id cannot come to mean another one.
        known = self._seen.get(id(touch.obj))
        if known is None:
            known = self._seen[id(touch.obj)] = touch.obj, {}
            self.added.append((self._seen, id(touch.obj)))
        by_key, part, doing, writes = known[1], touch.key, player.doing, touch.kind == "write"
        entries = by_key.get(part)
        if entries is None:
            entries = by_key[part] = {}
            self.added.append((by_key, part))
        met = self._met(entries, doing, writes, None)
        if len(by_key) > 1 and part[0] in ("*", "item"):
            for other, others in by_key.items():
                if other != part and conflicts(other, part):
                    met = self._met(others, doing, writes, met)
        if writes and has_order(touch.obj, part):
            self._enter(self._inside(by_key, ORDER), doing, True, key)
            if inserts(touch.obj, part):
                puts = self._inside(self._put, id(touch.obj))
                if doing not in puts:
                    puts[doing] = touch
                    self.added.append((puts, doing))
            met = self._met_by_order(by_key, met)
        elif part == WHOLE:
            met = self._met_by_order(by_key, met)
        self._enter(entries, doing, writes, key)
        if met is None:
            return ()
        if key not in self._sharing:
            met.add(key)
        if self._trial:
            self.shared.update(dict.fromkeys(sorted(met)))
        return met

    def _enter(self, entries: dict[tuple[int, bool], set[Key]], doing: int, writes: bool, key: Key) -> None:
        mine = entries.get((doing, writes))
        if mine is None:
            entries[doing, writes] = {key}
            self.added.append((entries, (doing, writes)))
        elif key not in mine:
            mine.add(key)
            self.added.append((mine, key))

    def _inside(self, where: dict[Any, dict[Any, Any]], key: Any) -> dict[Any, Any]:
        found = where.get(key)
        if found is None:
            found = where[key] = {}
            self.added.append((where, key))
        return found

    def _met(
        self, entries: dict[tuple[int, bool], set[Key]], doing: int, writes: bool, met: set[Key] | None
    ) -> set[Key] | None:
        """Return the sites where somebody else has touched it too, those left out that are known to share.

        Args:
            entries: of the part that is touched, or of one that overlaps with it.
            met: such sites that are known already; None for nobody.
        """
        for (index, wrote), sites in entries.items():
            if index != doing and (wrote or writes):
                fresh = sites.difference(self._sharing)
                met = fresh if met is None else met | fresh
        return met

    def _met_by_order(
        self, by_key: dict[TouchKey, dict[tuple[int, bool], set[Key]]], met: set[Key] | None
    ) -> set[Key] | None:
        """Return also the sites where several put keys into a dict, if somebody looks at all of it: at their order."""
        puts = by_key.get(ORDER, {})
        if len(puts) < 2 or WHOLE not in by_key:
            return met
        fresh = set().union(*puts.values()).difference(self._sharing)
        return met if not fresh else fresh if met is None else met | fresh

    def orders(self) -> Iterator[str]:
        """Yield the names of dicts into which several have put keys, and whose keys none of them has looked at."""
        for identity, puts in self._put.items():
            touch = next(iter(puts.values()))
            if len(puts) > 1 and WHOLE not in self._seen[identity][1]:
                yield touch.base_name

    def touched(self) -> Iterator[tuple[object, TouchKey, bool]]:
        """Yield what was touched: object, part, and whether it was written."""
        for obj, by_key in list(self._seen.values()):
            for key, entries in list(by_key.items()):
                if key == ORDER:
                    continue
                yield obj, key, any(wrote for _, wrote in entries)

    def tell(self, player: Player, what: object) -> None:
        """Note something that a player did, which must be the same in every run."""
        if self._digest is not None:
            self._digest.update(f"{player.index} {what}\n".encode(errors="replace"))

    def _note(self, player: Player, key: Key, touch: Touch) -> None:
        self.known[key] = None
        self.tell(player, (key, touch.name))
        # An attribute and the container in it may have the same name.
        self._touched[f"{touch.key[0]} {touch.name}", player.doing, touch.kind == "write", key] = None

    def learned(self) -> Learned:
        """Return what there is to tell."""
        return Learned(
            tuple(self.known),
            tuple(self.shared),
            tuple(self._touched),
            self._digest.hexdigest() if self._digest else "",
        )
