"""From the words of a command line to a scenario: import what they name, and say in one sentence what is wrong."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import json
import operator
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

from ...errors import WeftError
from ..scenario import Act, Outcome, Request, Scenario, find

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")
"""What actors are called that were given no name."""

_REQUEST = re.compile(r"(?:(?P<name>[\w-]+)\s*:\s*)?(?P<method>[A-Za-z]+)\s+(?P<path>/\S*)(?:\s+(?P<body>\S.*))?", re.S)
_CHECK = re.compile(
    r"(?P<method>[A-Z]+)\s+(?P<path>/\S*)\s*(?P<keys>(?:\s\.[\w-]+|\.[\w-]+)*)\s*"
    r"(?P<compare>==|!=|<=|>=|<|>)\s*(?P<value>[^\s=<>].*)",
    re.S,
)
_BEGUN = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s*(?:/|$)")
"""A comparison of an answer, though not a whole one."""

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    }
)  # fmt: skip


WEFT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "")

LIBRARY = os.path.join(os.path.dirname(os.__file__), "")
"""Python's own modules, which may lie below a folder that an app lies in too."""


class Target:
    """What the words ``module:name``, ``module``, ``FILE.py`` or ``FILE.py:name`` stand for.

    Args:
        root: the folder whose files are the app's if the module lies in it too; empty for the module's own folder.

    Attributes:
        root: the folder whose files are the app's.
        file: of the module, or of its package.
    """

    def __init__(self, words: str, root: str = "") -> None:
        self.words = words
        self.where, self.name = _split(words)
        self.is_file = self.where.endswith(".py") or os.sep in self.where
        if self.is_file:
            self.file = os.path.abspath(self.where)
            if not os.path.isfile(self.file):
                raise WeftError(f"{self.where}: no such file; name one with a scenario or an app in it")
            here = os.path.dirname(self.file)
            sys.path.insert(0, here)
        else:
            here = os.getcwd()
            sys.path.insert(0, here)
            self.file = _file_of(self.where.partition(".")[0])
        here = os.path.abspath(root) if root else here
        below = self.file.removeprefix(os.path.join(here, ""))
        self.root = here if below != self.file and not _library(below) else os.path.dirname(self.file)

    def ours(self, file: str) -> bool:
        """Return whether a file is the app's: below its folder, and no library that happens to lie there too."""
        if not file.startswith(os.path.join(self.root, "")) or file.startswith(WEFT):
            return False
        if file.startswith(LIBRARY) and not self.root.startswith(LIBRARY):
            return False
        return not _library(file[len(self.root) :])

    def load(self) -> ModuleType:
        """Import the module.

        Raises:
            WeftError: it cannot be.
        """
        try:
            if not self.is_file:
                return importlib.import_module(self.where)
            name = os.path.splitext(os.path.basename(self.file))[0]
            spec = importlib.util.spec_from_file_location(name, self.file)
            if spec is None or spec.loader is None:
                raise WeftError(f"{self.where} is no Python file")
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        except WeftError:
            raise
        except ModuleNotFoundError as error:
            place, package = self.sentence(error).split(": ")[0], str(error.name).partition(".")[0]
            install = f"if it is a package, install it: pip install {package.replace('_', '-')}"
            raise WeftError(f"{self.where} needs {error.name} ({place}), which is not here; {install}") from error
        except BaseException as error:
            raise WeftError(f"{self.where} cannot be imported: {self.sentence(error)}") from error

    def sentence(self, error: BaseException) -> str:
        """Return an exception as one sentence, with the innermost place in the app's files."""
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if isinstance(error, SyntaxError) and error.filename:
            return f"{os.path.basename(error.filename)}:{error.lineno}: SyntaxError: {error.msg}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if self.ours(frame.filename):
                return f"{os.path.basename(frame.filename)}:{frame.lineno}: {what}"
        return what


def scenario(target: Target, module: ModuleType, requests: Sequence[str], check: str, seed: int | None) -> Scenario:
    """Return the scenario that was asked for.

    Args:
        requests: as in ``POST /buy``, ``bob: POST /buy {"item": 1}``; they make a scenario of an app.
        check: as in ``GET /stock == 0`` or a Python expression, see `parse_check`.

    Raises:
        WeftError: there is none, or several.
    """
    made = _of_app(target, module, requests) if requests else _in_module(target, module)
    if check:
        made = _changed(made, check=parse_check(check, vars(module)))
    return made if seed is None else _changed(made, seed=seed)


def _changed(made: Scenario, **changes: Any) -> Scenario:
    import dataclasses

    return dataclasses.replace(made, **changes)


def _in_module(target: Target, module: ModuleType) -> Scenario:
    found = find(vars(module))
    if target.name:
        if target.name in found:
            return found[target.name]
        for label, one in found.items():
            if target.name in (one.name, label.lower(), slug(one.name)):
                return one
        value = _lookup(module, target.name)
        made = _made_by(target, value)
        if made is not None:
            return made
        if value is not None:
            raise WeftError(
                f'{target.words} is no scenario; is it an app? Then say what its users do: --request "POST /path"'
            )
        raise WeftError(f"{target.where} has no {target.name}; {_there_is(found)}")
    if not found:
        raise WeftError(
            f"{target.where} has no scenario; make one with weft.stage.Scenario, or name its app "
            f'({target.where}:create_app) and say what its users do: --request "POST /path"'
        )
    if len(found) > 1:
        example = f"{target.where}:{next(iter(found))}"
        raise WeftError(f"{target.where} has several scenarios ({', '.join(found)}); name one, as in {example}")
    return next(iter(found.values()))


def _made_by(target: Target, value: Any) -> Scenario | None:
    """Return the scenario that a function makes, None when it is none that does."""
    if not isinstance(value, FunctionType) or value.__code__.co_argcount > len(value.__defaults__ or ()):
        return None
    try:
        made = value()
    except BaseException as error:
        raise WeftError(f"{target.words} made no scenario: {target.sentence(error)}") from error
    return made if isinstance(made, Scenario) else None


def slug(name: str) -> str:
    """Return a scenario's name as it is easily typed."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _there_is(found: Mapping[str, Scenario]) -> str:
    return f"there is: {', '.join(found)}" if found else "there is no scenario"


def _of_app(target: Target, module: ModuleType, requests: Sequence[str]) -> Scenario:
    app = _lookup(module, target.name) if target.name else _default_app(module)
    if app is None:
        missing = f"has no {target.name}" if target.name else "has no app or create_app"
        raise WeftError(f"{target.where} {missing}; name the app or its factory, as in {target.where}:create_app")
    if isinstance(app, Scenario):
        app = app.app
    actors: dict[str, list[Act]] = {}
    for text in requests:
        name, request = parse_request(text)
        actors.setdefault(name or _unused(actors), []).append(request)
    return Scenario(target.words, app, {name: tuple(acts) for name, acts in actors.items()})


def _default_app(module: ModuleType) -> Any:
    names = ("create_app", "make_app", "app", "application")
    return next((value for name in names if (value := getattr(module, name, None)) is not None), None)


def _lookup(module: ModuleType, dotted: str) -> Any:
    value: Any = module
    for part in dotted.removesuffix("()").split("."):
        value = getattr(value, part, None)
    return value


def _unused(actors: Mapping[str, object]) -> str:
    return next((name for name in NAMES if name not in actors), f"actor {len(actors) + 1}")


def parse_request(text: str) -> tuple[str, Request]:
    """Return the actor's name (empty for none) and the request of ``[NAME:] METHOD PATH [JSON]``.

    Raises:
        WeftError: it is none.
    """
    match = _REQUEST.fullmatch(text.strip())
    if match is None:
        raise WeftError(f'{text!r} is no request; write METHOD PATH, as in --request "POST /buy" or "bob: GET /"')
    options: dict[str, Any] = {}
    if match["body"]:
        try:
            options["json"] = json.loads(match["body"])
        except ValueError as error:
            raise WeftError(f"what follows the path in {text!r} is no JSON: {error}") from None
    return match["name"] or "", Request(match["method"].upper(), match["path"], MappingProxyType(options))


def parse_check(text: str, namespace: Mapping[str, Any]) -> Callable[[Outcome], object]:
    """Return the check that a text stands for.

    ``GET /stock == 0`` compares the answer to a request (its JSON, else its text), ``GET /stock .shelf.left >= 0`` a
    part of it. Anything else is a Python expression over the scenario's module, ``app`` and ``responses``.

    Raises:
        WeftError: it is neither.
    """
    understood = read_check(text)
    if isinstance(understood, re.Match):
        return _compared(understood)
    unknown = _names(understood) - {*namespace, *vars(builtins), "app", "responses"}
    if unknown:
        raise WeftError(f"the check {text!r} speaks of {min(unknown)}, which the app's module does not have{_HOW}")
    code = compile(understood, "--check", "eval")

    def check(outcome: Outcome) -> None:
        known = {**namespace, "app": outcome.app, "responses": outcome.responses}
        if not eval(code, known):  # noqa: S307 - whoever types it runs the app as well
            raise AssertionError(f"{text} is not true")

    return check


def read_check(text: str) -> re.Match[str] | ast.Expression:
    """Return a check as it is written, before the app it speaks of is there.

    Raises:
        WeftError: as `parse_check`, but for names that the app does not have.
    """
    match = _CHECK.fullmatch(text.strip())
    if match is not None:
        return match
    try:
        if _BEGUN.match(text.strip()):
            raise SyntaxError
        return ast.parse(text.strip(), "--check", "eval")
    except (SyntaxError, ValueError):
        raise WeftError(f"{text!r} is no check{_HOW}") from None


_HOW = '; write "GET /path == value" or a Python expression'


def _names(expression: ast.Expression) -> set[str]:
    """Return the names that an expression takes from elsewhere."""
    nodes = [*ast.walk(expression)]
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return used - own - {node.arg for node in nodes if isinstance(node, ast.arg)}


def _compared(match: re.Match[str]) -> Callable[[Outcome], object]:
    keys = [key.strip().lstrip(".") for key in re.findall(r"\s*\.[\w-]+", match["keys"])]
    wanted = _literal(match["value"])
    asked = f"{match['method']} {match['path']}{''.join(f' .{key}' for key in keys)}"

    def check(outcome: Outcome) -> None:
        answer = outcome.request(match["method"], match["path"])
        if answer.status >= 400:
            raise LookupError(f"{match['method']} {match['path']} answered {answer.status}")
        value = answer.json if answer.json is not None else _literal(answer.body)
        try:
            for key in keys:
                value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError):
            raise LookupError(f"there is no {asked}: it answered {textwrap.shorten(answer.body, 200)}") from None
        if not _COMPARE[match["compare"]](value, wanted):
            raise AssertionError(f"{asked} is {value!r}, not {match['compare']} {wanted!r}")

    return check


def _literal(text: str) -> Any:
    try:
        return json.loads(text.strip())
    except ValueError:
        return text.strip().strip("'\"")


def _split(words: str) -> tuple[str, str]:
    where, colon, name = words.rpartition(":")
    # The colon of a drive letter belongs to the path.
    return (where, name) if colon and os.sep not in name and "/" not in name else (words, "")


def _file_of(name: str) -> str:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise WeftError(
            f"there is no module {name} here; name a module or a file, as in shop:create_app or "
            "shop.py; `weft scenarios` lists what weft brings along"
        )
    return os.path.abspath(spec.origin)


def _library(below: str) -> bool:
    parts = below.replace("\\", "/").split("/")
    return any(part in ("site-packages", "dist-packages", "node_modules", ".venv", "venv", ".tox") for part in parts)
