"""Shortened names: they keep what tells them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.timeline.shortening import Names

SHOP = ("Shop.stock_lock", "Store.stock_lock", "Cache.lock", "app.jobs.get", "app.orders.get", "app.ready.wait")


@pytest.mark.parametrize(
    ("name", "room", "expected"),
    [
        ("Cache.lock", 10, "Cache.lock"),
        ("Cache.lock", 9, "lock"),
        ("Shop.stock_lock", 15, "Shop.stock_lock"),
        ("Shop.stock_lock", 12, "Shop.stock_…"),
        ("Store.stock_lock", 12, "Store.stock…"),
        ("app.jobs.get", 11, "jobs.get"),
        ("app.ready.wait", 12, "ready.wait"),
        ("Shop.stock_lock", 1, "…"),
        ("Shop.stock_lock", 0, ""),
    ],
)
def test_the_last_part_is_enough_where_no_other_name_ends_so(name: str, room: int, expected: str) -> None:
    assert Names(SHOP, dotted=True).short(name, room) == expected


@pytest.mark.parametrize(
    ("names", "room", "expected"),
    [
        (("worker-pool-thread 1", "worker-pool-thread 2"), 12, ["worke…read 1", "worke…read 2"]),
        (("stock_lock_of_the_north", "stock_lock_of_the_south"), 6, ["…north", "…south"]),
        (("a_stock_lock", "b_stock_lock"), 7, ["a_stoc…", "b_stoc…"]),
        (("shop_for_looms_lock_number", "shop_for_chair_lock_number"), 8, ["…or_loo…", "…or_cha…"]),
    ],
)
def test_what_differs_is_kept_wherever_it_stands(names: tuple[str, ...], room: int, expected: list[str]) -> None:
    short = Names(names)
    assert [short.short(name, room) for name in names] == expected


def test_another_mark_takes_the_room_that_it_needs() -> None:
    assert Names(("request_thread 1", "request_thread 2"), mark="..").short("request_thread 1", 12) == "requ..read 1"


words = st.text("ab.", max_size=14)


@given(st.lists(words, min_size=1, max_size=8), st.integers(5, 20))
def test_no_two_names_are_shortened_alike_where_their_ends_tell_them_apart(names: list[str], room: int) -> None:
    short = Names(tuple(names))
    told = {name: short.short(name, room) for name in names}
    half = (room - 1) // 2
    if len({(name[:half], name[len(name) - half :]) for name in told}) == len(told):
        assert len(set(told.values())) == len(told)


@given(st.lists(words, min_size=1, max_size=8), st.integers(0, 20), st.booleans())
def test_nothing_is_longer_than_there_is_room(names: list[str], room: int, dotted: bool) -> None:
    short = Names(tuple(names), dotted=dotted)
    assert all(len(short.short(name, room)) <= room for name in names)
    assert len({short.ending(name) for name in names}) == len(set(names))
