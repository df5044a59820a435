from __future__ import annotations

import sys
import textwrap
from types import ModuleType

import pytest

from stage.programs_accesses import PROGRAMS
from stage.programs_watch import load, watched
from weft.stage.host import plain, touches
from weft.stage.host.naming import Names
from weft.stage.host.plain import MISSING
from weft.stage.host.sites import Sites
from weft.stage.host.texts import safe_text
from weft.stage.host.touches import WHOLE, Touch, conflicts, peek


@pytest.mark.parametrize(("text", "expected"), [one[1:] for one in PROGRAMS], ids=[one[0] for one in PROGRAMS])
def test_accesses(tmp_path, text, expected):
    told = [f"{kind} {text} -> {name}" for kind, text, name in watched(tmp_path, text).accesses()]

    assert told == textwrap.dedent(expected).strip().splitlines()


def _site(tmp_path, text, function="run", which=0):
    module = load(tmp_path, text)
    sites = Sites().prepare(vars(module)[function].__code__)
    return module, [site for site in sites.values() if site.kind != "switch"][which]


def test_a_site_knows_its_place(tmp_path):
    text = """
    class Shop:
        def make(self):
            def buy():
                return [(STATE
                    .inner) for _ in 'a']
            return buy
    run = Shop().make()
    """
    module = load(tmp_path, text)
    codes = [module.run.__code__, *(one for one in module.run.__code__.co_consts if hasattr(one, "co_code"))]
    (site,) = [site for code in codes for site in Sites().prepare(code).values() if site.kind == "read"]

    assert (site.file, site.line, site.function) == (module.__file__, 5, "Shop.make.buy")
    assert site.rooted


def test_a_local_variable_is_no_root(tmp_path):
    assert not _site(tmp_path, "def run(x): x['a'].b")[1].rooted


def test_module_and_class_bodies_have_no_sites(tmp_path):
    path = tmp_path / "m.py"
    text = "D = {}\nD['a'] = 1\nx = [D['a'] for _ in 'ab']\nclass C:\n    D['a']\n    y = [D['a'] for _ in 'ab']\n"
    path.write_text(text)
    pending, sites = [compile(text, str(path), "exec")], Sites()
    while pending:
        code = pending.pop()
        assert sites.prepare(code) == {}
        pending += [one for one in code.co_consts if hasattr(one, "co_code")]


def test_no_sites_without_the_source_that_was_run(tmp_path):
    module = load(tmp_path, "def run():\n    D['a'] = 1\n")
    path = tmp_path / "program.py"
    path.write_text("# moved\n\n" + path.read_text())
    assert Sites().prepare(module.run.__code__) == {}
    path.write_text("def run(:")
    assert Sites().prepare(module.run.__code__) == {}
    path.unlink()
    assert Sites().prepare(module.run.__code__) == {}


def test_equal_code_of_two_files_is_told_apart(tmp_path):
    sites = Sites()
    one, two = (load(tmp_path, "def run(): D['a'] = 1", name) for name in ("one", "two"))

    assert one.run.__code__ == two.run.__code__
    files = [{site.file for site in sites.prepare(module.run.__code__).values()} for module in (one, two)]
    assert files == [{one.__file__}, {two.__file__}]


def test_a_module_attribute_that_another_file_rebinds(tmp_path, monkeypatch):
    sites = Sites()
    config = load(tmp_path, "limit = 3\ndef get(): return limit", "config")
    monkeypatch.setitem(sys.modules, "config", config)
    user = load(tmp_path, "import config\ndef run(): config.limit = 4", "user")
    sites.prepare(config.get.__code__)
    sites.prepare(user.run.__code__)

    assert [site.text for site in sites.prepare(config.get.__code__).values()] == ["limit"]


def test_the_same_name_in_two_modules_is_told_apart(tmp_path):
    text = "STATE = {'n': 1}\ndef f(): pass"
    one, two = load(tmp_path, text, "shop"), load(tmp_path, text, "cart")
    names = Names()
    names.scan([one, two])

    assert names.called(one.STATE) == "shop.STATE"
    assert names.called(two.STATE) == "cart.STATE"


def test_objects_without_a_name_are_numbered_as_they_are_seen():
    class Cart: ...

    names, first, second = Names(), Cart(), Cart()
    assert [names.called(one) for one in (first, second, first, [])] == ["Cart", "Cart #2", "Cart", "list"]
    assert names.called({}, "row") == "row"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (WHOLE, ("item", 1), True),
        (("item", "a"), WHOLE, True),
        (WHOLE, WHOLE, True),
        (("item", 1), ("item", 1), True),
        (("item", 1), ("item", 2), False),
        (WHOLE, ("attr", "a"), False),
        (("attr", "a"), ("item", "a"), False),
    ],
)
def test_parts_that_overlap(one, other, expected):
    assert conflicts(one, other) is expected


class Ran(AssertionError):
    """Code of the app has run."""


def _ran(*args, **kwargs):
    raise Ran


class Meta(type):
    __getattribute__ = __eq__ = __hash__ = _ran


class Hostile(metaclass=Meta):
    __slots__ = ("__dict__", "slot")
    __repr__ = __str__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __getattr__ = _ran
    prop = property(_ran)
    __class__ = property(_ran)


class HostileDict(dict):
    __getitem__ = __contains__ = __iter__ = __len__ = get = items = __repr__ = _ran


class Lying:
    __dict__ = property(_ran)
    __getattribute__ = _ran
    __repr__ = _ran


def _hostile():
    hostile = object.__new__(Hostile)
    object.__setattr__(hostile, "slot", 1)
    plain.own_dict(hostile)["field"] = 2
    return hostile


def test_naming_runs_no_code():
    module = ModuleType("hostile")
    module.it, module.cls, module.d, module.lying = _hostile(), Hostile, HostileDict(), object.__new__(Lying)
    names = Names()
    names.scan([module], app=module.it)

    assert [names.called(one) for one in (module.it, module.cls, module.d, module.lying)] == ["it", "cls", "d", "lying"]
    assert names.called(_hostile()) == "Hostile"


def test_looking_runs_no_code():
    hostile = _hostile()
    assert peek(Touch(hostile, ("attr", "slot"), "read", "", "")) == 1
    assert peek(Touch(hostile, ("attr", "field"), "read", "", "")) == 2
    assert peek(Touch(hostile, ("attr", "prop"), "read", "", "")) is MISSING
    assert peek(Touch(hostile, ("attr", "other"), "read", "", "")) is MISSING
    assert peek(Touch(object.__new__(Lying), ("attr", "x"), "read", "", "")) is MISSING
    assert peek(Touch({1: 2}, ("item", 1), "read", "", "")) == 2
    assert peek(Touch({}, ("item", 1), "read", "", "")) is MISSING
    assert peek(Touch([5], ("item", 0), "read", "", "")) == 5
    assert touches.item(hostile) is WHOLE
    assert not touches.is_container(HostileDict())
    assert not touches.is_container(hostile)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, (2,)], "b": {3}}, "{'a': [1, (2,)], 'b': {3}}"),
        ("\x1b[31mred\n", "'\\x1b[31mred\\n'"),
        ("x" * 500, "'" + "x" * 58 + "…"),
        (1 << 5000, "<int of 5001 bits>"),
        ([[[[1]]]], "[[[[…]]]]"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]"),
        (len, "<function len>"),
        (sys, "<module sys>"),
        (int, "<class int>"),
        (set(), "set()"),
        (b"\x00", "b'\\x00'"),
        ("\u202e", "'\\u202e'"),
    ],
)
def test_texts(value, expected):
    assert safe_text(value) == expected


def test_texts_run_no_code():
    assert safe_text(_hostile()) == "Hostile(field=2)"
    assert safe_text([_hostile()]) == "[<Hostile>]"
    assert safe_text(HostileDict(a=1)) == "<HostileDict>"
    assert safe_text(object.__new__(Lying)) == "<Lying>"
    assert safe_text(Hostile) == "<class Hostile>"
    itself = []
    itself.append(itself)
    assert safe_text(itself) == "[[[[…]]]]"


def test_texts_of_objects_show_their_fields():
    class Cart:
        def __init__(self):
            self.items, self.owner = ["a\n"], object()

    assert safe_text(Cart()) == "Cart(items=['a\\n'], owner=<object>)"
