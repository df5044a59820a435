"""Programs and the accesses that a run of them makes: title, text, expected lines of ``kind text -> name``."""

from __future__ import annotations

PROGRAMS: list[tuple[str, str, str]] = [
    (
        "a global that a function rebinds, and one that none does",
        """
        hits, calm = 0, 1
        def run():
            global hits
            hits += calm
            print(hits, file=None)
            del hits
        """,
        """
        read hits -> hits
        write hits -> hits
        read hits -> hits
        write hits -> hits
        """,
    ),
    (
        "items of dicts and lists",
        """
        STATE = {"stock": 3, "prices": [1, 2, 3], 'it"s': {"x": 1}}
        def run(k="stock"):
            STATE["stock"] -= 1
            STATE["prices"][-1] = STATE["it\\"s"]["x"]
            STATE["prices"][1:]
            del STATE[k]
        """,
        """
        read STATE["stock"] -> STATE["stock"]
        write STATE["stock"] -> STATE["stock"]
        read STATE["it\\"s"] -> STATE["it\\"s"]
        read STATE["it\\"s"]["x"] -> STATE["it\\"s"]["x"]
        read STATE["prices"] -> STATE["prices"]
        write STATE["prices"][-1] -> STATE["prices"][2]
        read STATE["prices"] -> STATE["prices"]
        read STATE["prices"][1:] -> STATE["prices"]
        write STATE[k] -> STATE["stock"]
        """,
    ),
    (
        "the same object by other ways has the same name",
        """
        class Shop:
            def __init__(self): self.carts = {"a": {"n": 1}}
        shop = Shop()
        def change(cart): cart["n"] += 1
        def run():
            change(shop.carts["a"])
        """,
        """
        read shop.carts -> shop.carts
        read shop.carts["a"] -> shop.carts["a"]
        read cart["n"] -> shop.carts["a"]["n"]
        write cart["n"] -> shop.carts["a"]["n"]
        """,
    ),
    (
        "attributes: of the object, of slots, of the class, private ones, but no methods, properties and constants",
        """
        class Cart:
            LIMIT, total = 10, 0
            made = 0
            __slots__ = ("n", "__dict__")
            def __init__(self):
                self.n = 0
                Cart.made += 1
            @property
            def size(self): return self.n
            def add(self):
                self.total += self.size < self.LIMIT
                self.__hidden = 1
        cart = Cart()
        def run():
            cart.add()
            Cart()
            del cart.total
        """,
        """
        read self.total -> cart.total
        read self.n -> cart.n
        write self.total -> cart.total
        write self.__hidden -> cart._Cart__hidden
        write self.n -> Cart #2.n
        read Cart.made -> Cart.made
        write Cart.made -> Cart.made
        write cart.total -> cart.total
        """,
    ),
    (
        "closure variables that an inner function rebinds",
        """
        def make():
            count, calm = 0, 1
            class Shop: pass
            shop = Shop()
            shop.stock = 3
            def buy():
                nonlocal count
                count += calm
                shop.stock -= 1
                return [count + n for n in (1,)]
            return buy
        run = make()
        """,
        """
        read count -> count
        write count -> count
        read shop.stock -> shop.stock
        write shop.stock -> shop.stock
        read count -> count
        """,
    ),
    (
        "methods of containers, at the call",
        """
        from collections import Counter, OrderedDict, defaultdict, deque
        D, L, S, Q = {"k": 1}, [3], set(), deque([1])
        C, O, F, B = Counter(), OrderedDict(a=1), defaultdict(list), bytearray(b"x")
        def run(k="k"):
            D.get("k"), D.get(k, 0), D.setdefault("n", 2), D.pop(k), D.update(x=1), list(D.items())
            L.append(1); L.pop(); L.sort(); L.index(3)
            S.add("u"); S.discard(k)
            Q.popleft(); C.update("ab"); O.move_to_end("a"); B.extend(b"y")
            F["new"].append(1)
            F["new"].append(1)
        """,
        """
        read D.get() -> D["k"]
        read D.get() -> D["k"]
        write D.setdefault() -> D["n"]
        write D.pop() -> D["k"]
        write D.update() -> D
        read D.items() -> D
        read list(D.items()) -> D
        write L.append() -> L
        write L.pop() -> L
        write L.sort() -> L
        read L.index() -> L
        write S.add() -> S["u"]
        write S.discard() -> S["k"]
        write Q.popleft() -> Q
        write C.update() -> C
        write O.move_to_end() -> O
        write B.extend() -> B
        write F["new"] -> F["new"]
        write F["new"].append() -> F["new"]
        read F["new"] -> F["new"]
        write F["new"].append() -> F["new"]
        """,
    ),
    (
        "membership, looking through, truth",
        """
        import itertools, json
        D, L, ids = {"k": 1}, [1], itertools.count(1)
        def run():
            "k" in D; 1 not in L; not ("k" in D)
            len(D), sum(L), max(D.values()), print(end="", *L), json.dumps(D)
            next(ids)
            if D: pass
            if not L: pass
            x = L or D
            while L: L.pop()
        """,
        """
        read "k" in D -> D["k"]
        read 1 not in L -> L
        read "k" in D -> D["k"]
        read len(D) -> D
        read sum(L) -> L
        read D.values() -> D
        read max(D.values()) -> D
        read L -> L
        read json.dumps(D) -> D
        write next(ids) -> ids
        read D -> D
        read L -> L
        read L -> L
        read L -> L
        write L.pop() -> L
        read L -> L
        """,
    ),
    (
        "what goes into displays and arguments, is unpacked, compared, combined or changed in place",
        """
        L, D = ["a", "b"], {"a": 1}
        def take(*args, **options): pass
        def through(): yield from L
        def run():
            [*L, 0], (*L, 0), {*L}, {**D}
            take(*L), take(0, *L), take(**D)
            one, two = L
            L == [1], L == 1, L + [], L * 2
            here = L
            here += [one]
            two += ""
            "".join(L), [].extend(L), {}.update(D)
            list(through())
        """,
        """
        read L -> L
        read L -> L
        read L -> L
        read D -> D
        read L -> L
        read L -> L
        read D -> D
        read L -> L
        read L -> L
        read L -> L
        write here += … -> L
        read "".join() -> L
        read [].extend() -> L
        read {}.update() -> D
        read L -> L
        write through() -> generator
        write through() -> generator
        write through() -> generator
        write through() -> generator
        """,
    ),
    (
        "names that are arguments, methods by other names, what libraries keep in ways of their own",
        """
        import functools, types
        from array import array
        from collections import UserDict
        state, kept, numbers, jobs = types.SimpleNamespace(n=0), UserDict(n=0), array("i", [0]), [1]
        push = jobs.append
        class Box: n, total = 0, 0
        class Broken(Exception): n = 0
        box, broken = Box(), Broken()
        @functools.cache
        def load(): return 1
        def run():
            state.n += 1
            kept["n"] = 1
            "n" in kept, kept.get("n")
            numbers[0] = 2
            setattr(box, "n", getattr(box, "n"))
            push(1)
            broken.n += 1
            type(box).total += 1
            box.__class__.total += 1
            load()
        """,
        """
        read state.n -> state.n
        write state.n -> state.n
        write kept["n"] -> kept["n"]
        read "n" in kept -> kept
        read kept.get() -> kept
        write numbers[0] -> numbers[0]
        read getattr(box, "n") -> box.n
        write setattr(box, "n", getattr(box, "n")) -> box.n
        write push() -> jobs
        read broken.n -> broken.n
        write broken.n -> broken.n
        read type(box).total -> Box.total
        write type(box).total -> Box.total
        read box.__class__.total -> Box.total
        write box.__class__.total -> Box.total
        read load() -> load()
        """,
    ),
    (
        "loops read what they go through at each turn, comprehensions once",
        """
        L, D = [1, 2], {"a": 1}
        def run():
            for x in L: pass
            for i, x in enumerate(L): break
            for k, v in D.items(): pass
            [y for x in L for y in L]
            {x for x in L}, {x: x for x in L}, list(x for x in L)
            for x in sorted(L): break
        """,
        """
        read L -> L
        read L -> L
        read L -> L
        read L -> L
        read enumerate(L) -> L
        read L -> L
        read D.items() -> D
        read D -> D
        read D -> D
        read L -> L
        read L -> L
        read L -> L
        read L -> L
        read sorted(L) -> L
        """,
    ),
    (
        "f-strings, formats, chained and split lines",
        """
        class Shop: pass
        shop = Shop()
        shop.inner = Shop()
        shop.inner.list, key = [1], 7
        D = {"user:7": 1}
        def run():
            f"{D['user:7']!r:>5} {shop.inner}"
            D[f"user:{key}"]
            (shop
                .inner
                .list
                .append(
                    2))
            shop.inner.list[
                0
            ] = 3
        """,
        """
        read D["user:7"] -> D["user:7"]
        read shop.inner -> shop.inner
        read D[f"user:{key}"] -> D["user:7"]
        read shop.inner -> shop.inner
        read shop.inner.list -> shop.inner.list
        write shop.inner.list.append() -> shop.inner.list
        read shop.inner -> shop.inner
        read shop.inner.list -> shop.inner.list
        write shop.inner.list[0] -> shop.inner.list[0]
        """,
    ),
    (
        "what is not shared: thread locals, context variables, classes with code of their own",
        """
        import contextvars, threading
        local, var = threading.local(), contextvars.ContextVar("v", default={})
        class Own:
            def __getitem__(self, key): return 1
            def __getattr__(self, name): return 2
            def __contains__(self, key): return True
            def append(self, x): pass
            def __setattr__(self, name, value): pass
        own = Own()
        def run():
            local.x = 1
            local.x
            var.get()
            own["k"], own.dynamic, "k" in own
            own.append(1)
            own.stored = 2
        """,
        "",
    ),
    (
        "what only running code can tell",
        """
        STATE = {"rows": {}}
        def state(): return STATE
        def run():
            state()["rows"] = {}
            row = state()["rows"]
            row["x"] = 1
            state().update(a=1)
            state().copy
        """,
        """
        write state()["rows"] -> state()["rows"]
        read state()["rows"] -> state()["rows"]
        write row["x"] -> row["x"]
        write state().update() -> state().update()
        read state().copy -> state().copy
        """,
    ),
    (
        "generators, decorators, lambdas, partial, recursion, exceptions, classes and functions made on the way",
        """
        import functools
        hits = 0
        def counted(function):
            calls = 0
            @functools.wraps(function)
            def wrapper(*args):
                nonlocal calls
                calls += 1
                return function(*args)
            return wrapper
        @counted
        def fact(n):
            return n * fact(n - 1) if n else 1
        def gen():
            global hits
            hits = 1
            yield hits
        STATE = {"n": 0}
        def add(by): STATE["n"] += by
        def run():
            fact(1)
            list(gen())
            (lambda: STATE["n"])()
            functools.partial(add, 2)()
            class Local:
                values = [one for one in (1, 2)]
                def show(self): return STATE["n"]
            Local().show()
            def inner():
                try:
                    STATE["missing"]
                except KeyError:
                    STATE["n"] = 0
                finally:
                    STATE["n"] = 1
            inner()
        """,
        """
        read calls -> calls
        write calls -> calls
        read calls -> calls
        write calls -> calls
        write hits -> hits
        read hits -> hits
        write gen() -> generator
        write gen() -> generator
        read STATE["n"] -> STATE["n"]
        read STATE["n"] -> STATE["n"]
        write STATE["n"] -> STATE["n"]
        read STATE["n"] -> STATE["n"]
        read STATE["missing"] -> STATE["missing"]
        write STATE["n"] -> STATE["n"]
        write STATE["n"] -> STATE["n"]
        """,
    ),
    (
        "async functions",
        """
        import asyncio
        STATE = {"n": 0}
        async def numbers():
            yield STATE["n"]
        async def main():
            async for n in numbers():
                STATE["n"] = n + 1
            return [n async for n in numbers()]
        def run():
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loop.close()
        """,
        """
        read STATE["n"] -> STATE["n"]
        write STATE["n"] -> STATE["n"]
        read STATE["n"] -> STATE["n"]
        """,
    ),
    (
        "Flask's proxies stand for what they lead to",
        """
        from flask import Flask, current_app, g, session
        def create_app():
            app = Flask("program")
            app.config["STOCK"] = {"n": 3}
            app.extensions["shop"] = shop = [1]
            @app.get("/")
            def index():
                current_app.config["STOCK"]["n"] -= 1
                current_app.extensions["shop"].append(2)
                g.user = "u"
                shop.append(3)
                return ""
            return app
        app = create_app()
        def run():
            app.test_client().open("/")
        """,
        """
        read current_app.config -> app.config
        read current_app.config["STOCK"] -> app.config["STOCK"]
        read current_app.config["STOCK"]["n"] -> app.config["STOCK"]["n"]
        write current_app.config["STOCK"]["n"] -> app.config["STOCK"]["n"]
        read current_app.extensions -> app.extensions
        read current_app.extensions["shop"] -> app.extensions["shop"]
        write current_app.extensions["shop"].append() -> shop
        write shop.append() -> shop
        """,
    ),
]
