"""A weaver's shop that is correct under threads, and slow: one page holds a lock much too long.

Nothing is ever sold twice, and no two requests ever wait for each other in a circle. Yet every page stutters
now and then, and no log tells why. Look for the thread that holds ``stock_lock`` while all the others wait.
"""

from __future__ import annotations

import itertools
import threading
from time import sleep
from typing import Any, NamedTuple

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue

SHELF = 200
"""Pieces of an item on a full shelf."""
WAREHOUSE_SECONDS = 0.006
"""How long the warehouse takes to answer a question about one item."""


class Item(NamedTuple):
    name: str
    cents: int


CATALOGUE = {
    1: Item("shuttle", 1_900),
    2: Item("bobbin", 350),
    3: Item("heddle", 120),
    4: Item("reed", 4_500),
    5: Item("wool", 890),
    6: Item("loom", 64_000),
}

Lines = dict[int, int]
"""What is in a cart: item number to quantity."""


class Missing(LookupError):
    """There is no such item or cart."""


class SoldOut(Exception):
    """There are not enough pieces on the shelf."""


class Shop:
    """Everything that the requests share, each part with the lock that guards it."""

    def __init__(self) -> None:
        self.stock_lock = threading.Lock()
        self.stock = dict.fromkeys(CATALOGUE, SHELF)
        self.carts_lock = threading.RLock()
        self.carts: dict[int, Lines] = {}
        self.cart_numbers = itertools.count(1)
        # Only ever taken inside stock_lock or alone: with one order of locks there can be no deadlock.
        self.orders_lock = threading.Lock()
        self.orders: list[int] = []

    def catalogue(self) -> list[dict[str, Any]]:
        with self.stock_lock:
            return [self._on_sale(number) for number in CATALOGUE]

    def item(self, number: int) -> dict[str, Any]:
        if number not in CATALOGUE:
            raise Missing(f"no item {number}")
        with self.stock_lock:
            return self._on_sale(number)

    def add_to_cart(self, cart: int | None, item: int, quantity: int) -> dict[str, Any]:
        if item not in CATALOGUE:
            raise Missing(f"no item {item}")
        with self.carts_lock:
            if cart is None:
                cart = next(self.cart_numbers)
                self.carts[cart] = {}
            lines = self._find_cart(cart)
            lines[item] = lines.get(item, 0) + quantity
            return self.cart(cart)  # takes carts_lock again, which is why it is an RLock

    def cart(self, number: int) -> dict[str, Any]:
        with self.carts_lock:
            lines = self._find_cart(number)
            return {"cart": number, "lines": dict(lines), "total": total(lines)}

    def check_out(self, number: int) -> dict[str, Any]:
        with self.carts_lock:
            lines = self._find_cart(number)
            del self.carts[number]  # so that of two checkouts of one cart only one finds it
        try:
            return self._sell(lines)
        except SoldOut:
            with self.carts_lock:
                self.carts[number] = lines
            raise

    def report(self) -> dict[str, Any]:
        """Fill up the shelves and count the orders.

        The culprit: it talks to the warehouse while nobody else may look at a shelf. Ask first, take the lock
        only to write the answers down, and the stutter is gone.
        """
        with self.stock_lock:
            for number in CATALOGUE:
                self.stock[number] += ask_warehouse(SHELF - self.stock[number])
            with self.orders_lock:
                return {"orders": len(self.orders), "revenue": sum(self.orders), "stock": dict(self.stock)}

    def _sell(self, lines: Lines) -> dict[str, Any]:
        with self.stock_lock:
            for number, quantity in lines.items():
                if quantity > self.stock[number]:
                    raise SoldOut(f"{self.stock[number]} x {CATALOGUE[number].name} left")
            for number, quantity in lines.items():
                self.stock[number] -= quantity
            with self.orders_lock:
                self.orders.append(total(lines))
                return {"order": len(self.orders), "total": total(lines)}

    def _on_sale(self, number: int) -> dict[str, Any]:
        return {"item": number, **CATALOGUE[number]._asdict(), "stock": self.stock[number]}

    def _find_cart(self, number: int) -> Lines:
        if number not in self.carts:
            raise Missing(f"no cart {number}")
        return self.carts[number]


def total(lines: Lines) -> int:
    """Return the price of a cart in cents."""
    return sum(CATALOGUE[number].cents * quantity for number, quantity in lines.items())


def ask_warehouse(pieces: int) -> int:
    """Return how many of the pieces the warehouse sends: it has plenty, but is slow to say so."""
    sleep(WAREHOUSE_SECONDS)
    return pieces


def create_app() -> Flask:
    """Return a shop with full shelves and no customers."""
    app = Flask(__name__)
    shop = app.extensions["shop"] = Shop()

    @app.get("/")
    def catalogue() -> ResponseReturnValue:
        return shop.catalogue()

    @app.get("/item/<int:number>")
    def item(number: int) -> ResponseReturnValue:
        return shop.item(number)

    @app.post("/cart")
    def add_to_cart() -> ResponseReturnValue:
        item, quantity = posted("item"), posted("quantity")
        cart = posted("cart") if "cart" in request.get_json() else None
        return shop.add_to_cart(cart, item, quantity), 201

    @app.get("/cart/<int:number>")
    def cart(number: int) -> ResponseReturnValue:
        return shop.cart(number)

    @app.post("/checkout")
    def checkout() -> ResponseReturnValue:
        return shop.check_out(posted("cart")), 201

    @app.get("/report")
    def report() -> ResponseReturnValue:
        return shop.report()

    app.register_error_handler(Missing, lambda error: ({"error": str(error)}, 404))
    app.register_error_handler(SoldOut, lambda error: ({"error": str(error)}, 409))
    return app


def posted(name: str) -> int:
    """Return a number of at least 1 out of the request's JSON, or answer the request with 400."""
    body = request.get_json()
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        abort(400, f"{name} must be a whole number from 1 on")
    return value
