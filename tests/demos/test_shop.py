"""The shop sells what it has, once, at prices that add up, and has the fault that it should have."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from weft_demos import shop as shop_module
from weft_demos.shop import CATALOGUE, SHELF, Shop, create_app


@pytest.fixture
def app() -> Flask:
    return create_app()


@pytest.fixture
def shop(app: Flask) -> Shop:
    return app.extensions["shop"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Watched:
    """A lock that tells how deep it was taken, and calls back when it is."""

    def __init__(self, lock, on_enter=lambda: None) -> None:
        self.lock, self.on_enter, self.depth, self.deepest = lock, on_enter, 0, 0

    def __enter__(self) -> None:
        self.lock.acquire()
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        self.on_enter()

    def __exit__(self, *exception: object) -> None:
        self.depth -= 1
        self.lock.release()

    def locked(self) -> bool:
        return self.depth > 0


def fill_cart(client: FlaskClient, **lines: int) -> int:
    """Put ``_2=3``, three of item 2, into a new cart."""
    cart = None
    for item, quantity in lines.items():
        body = {"item": int(item[1:]), "quantity": quantity}
        cart = client.post("/cart", json=body | ({"cart": cart} if cart else {})).json["cart"]
    return cart


def test_the_catalogue_shows_every_item_with_full_shelves(client: FlaskClient) -> None:
    shown = client.get("/").json
    assert [item["item"] for item in shown] == list(CATALOGUE)
    assert {item["stock"] for item in shown} == {SHELF}
    assert client.get("/item/3").json == shown[2]


def test_a_checkout_costs_what_its_lines_cost_and_takes_them_off_the_shelf(client: FlaskClient) -> None:
    cart = fill_cart(client, _2=3, _4=1)
    expected = 3 * CATALOGUE[2].cents + CATALOGUE[4].cents
    assert client.get(f"/cart/{cart}").json == {"cart": cart, "lines": {"2": 3, "4": 1}, "total": expected}

    answer = client.post("/checkout", json={"cart": cart})

    assert (answer.status_code, answer.json) == (201, {"order": 1, "total": expected})
    assert client.get("/item/2").json["stock"] == SHELF - 3
    assert client.get("/item/4").json["stock"] == SHELF - 1


def test_a_cart_can_be_paid_once(client: FlaskClient) -> None:
    cart = fill_cart(client, _1=1)
    assert [client.post("/checkout", json={"cart": cart}).status_code for _ in range(2)] == [201, 404]


def test_adding_to_a_cart_adds_up(client: FlaskClient) -> None:
    cart = fill_cart(client, _1=1)
    again = client.post("/cart", json={"cart": cart, "item": 1, "quantity": 4})
    assert again.json["lines"] == {"1": 5}


@pytest.mark.parametrize("path", ["/item/0", "/item/7", "/cart/1", "/nowhere"])
def test_what_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("body", [{"item": 99, "quantity": 1}, {"item": 1, "quantity": 1, "cart": 99}])
def test_nothing_unknown_goes_into_a_cart(client: FlaskClient, shop: Shop, body: dict[str, int]) -> None:
    assert client.post("/cart", json=body).status_code == 404
    assert shop.carts == {}


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "1", True, None])
def test_a_quantity_is_a_whole_number_from_1_on(client: FlaskClient, shop: Shop, wrong: object) -> None:
    assert client.post("/cart", json={"item": 1, "quantity": wrong}).status_code == 400
    assert shop.carts == {}


@pytest.mark.parametrize("body", [[1, 2], "cart", 7, False])
def test_a_body_that_is_no_object_is_400(client: FlaskClient, body: object) -> None:
    assert client.post("/checkout", json=body).status_code == 400
    assert client.post("/cart", json=body).status_code == 400


def test_a_cart_that_cannot_be_served_is_kept_and_takes_nothing(client: FlaskClient, shop: Shop) -> None:
    cart = fill_cart(client, _1=1, _2=SHELF + 1)
    assert client.post("/checkout", json={"cart": cart}).status_code == 409
    assert shop.stock == dict.fromkeys(CATALOGUE, SHELF)
    assert client.get(f"/cart/{cart}").json["lines"] == {"1": 1, "2": SHELF + 1}


def test_the_last_piece_is_sold_once_however_many_want_it(app: Flask, shop: Shop) -> None:
    shop.stock[6] = 5
    carts = [fill_cart(app.test_client(), _6=1) for _ in range(20)]
    together = threading.Barrier(len(carts))
    statuses: list[int] = []

    def buy(cart: int) -> None:
        client = app.test_client()
        together.wait(timeout=10)
        statuses.append(client.post("/checkout", json={"cart": cart}).status_code)

    buyers = [threading.Thread(target=buy, args=(cart,)) for cart in carts]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join(timeout=10)

    assert sorted(statuses) == [201] * 5 + [409] * 15
    assert shop.stock[6] == 0
    assert shop.orders == [CATALOGUE[6].cents] * 5


def test_every_page_at_once_ends_and_what_left_the_shelf_was_paid(app: Flask, shop: Shop) -> None:
    together = threading.Barrier(6)
    finished: list[str] = []

    def shopping(item: int) -> None:
        client = app.test_client()
        together.wait(timeout=10)
        for _ in range(15):
            cart = fill_cart(client, **{f"_{item}": 2, f"_{item % 6 + 1}": 1})
            client.get("/")
            client.get(f"/cart/{cart}")
            client.post("/checkout", json={"cart": cart})
        finished.append(threading.current_thread().name)

    threads = [threading.Thread(target=shopping, args=(item,), daemon=True) for item in CATALOGUE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len(finished) == 6
    sold = {item: SHELF - left for item, left in shop.stock.items()}
    assert sold == dict.fromkeys(CATALOGUE, 45)
    assert sum(shop.orders) == shop_module.total(sold)


def test_a_cart_is_shown_under_the_lock_that_adding_holds(client: FlaskClient, shop: Shop) -> None:
    shop.carts_lock = Watched(shop.carts_lock)
    fill_cart(client, _1=1)
    assert shop.carts_lock.deepest == 2


def test_the_orders_are_locked_inside_the_stock_and_never_around_it(client: FlaskClient, shop: Shop) -> None:
    inside: list[bool] = []
    shop.orders_lock = Watched(shop.orders_lock, lambda: inside.append(shop.stock_lock.locked()))
    stock_while_ordering: list[int] = []
    shop.stock_lock = Watched(shop.stock_lock, lambda: stock_while_ordering.append(shop.orders_lock.depth))

    client.post("/checkout", json={"cart": fill_cart(client, _1=1)})
    client.get("/report")

    assert inside == [True, True]
    assert stock_while_ordering == [0, 0]


def test_the_report_holds_the_stock_for_tens_of_milliseconds(
    client: FlaskClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[tuple[float, bool]] = []
    monkeypatch.setattr(shop_module, "sleep", lambda seconds: slept.append((seconds, shop.stock_lock.locked())))

    client.get("/report")

    assert all(locked for _, locked in slept)
    assert 0.02 <= sum(seconds for seconds, _ in slept) <= 0.1


def test_the_report_counts_the_orders_and_fills_the_shelves(
    client: FlaskClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_module, "sleep", lambda seconds: None)
    client.post("/checkout", json={"cart": fill_cart(client, _5=7)})

    report = client.get("/report").json

    assert (report["orders"], report["revenue"]) == (1, 7 * CATALOGUE[5].cents)
    assert set(report["stock"].values()) == {SHELF}


def test_two_shops_share_nothing() -> None:
    one, other = create_app(), create_app()
    one.test_client().post("/checkout", json={"cart": fill_cart(one.test_client(), _1=1)})
    assert other.test_client().get("/item/1").json["stock"] == SHELF
