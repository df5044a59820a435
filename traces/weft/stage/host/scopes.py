"""Who rebinds what in a file: globals, closure variables and attributes, as the language's scopes have it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Scope:
    """A module, class, function or comprehension: what it binds and which names it mentions."""

    def __init__(self, kind: str, parent: Scope | None, owner: ast.AST) -> None:
        self.kind = kind
        self.parent = parent
        self.owner = owner
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.names: list[ast.Name] = []

    def binder(self) -> Scope:
        """Return the scope in which ``:=`` binds: a comprehension's is the one around it."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        return scope

    def home(self, name: str) -> Scope | None:
        """Return the function whose variable a name means here; None for globals, builtins and class bodies."""
        if name in self.globals:
            return None
        if name in self.bound and name not in self.nonlocals:
            return self if self.kind in ("function", "comprehension") else None
        scope = self.parent
        while scope is not None and scope.kind == "class":
            scope = scope.parent
        return scope.home(name) if scope is not None else None


class Scopes(ast.NodeVisitor):
    """What the functions of a file rebind.

    Attributes:
        rebound_globals: variables of the module that a function rebinds.
        rebound_cells: the names, as nodes, that mean a function's variable which an inner function rebinds.
        roots: the names, as nodes, that mean something which outlives the call: a global or closure variable.
        module_stores: names stored as an attribute of something that was imported.
        class_stores: names stored as an attribute of a class.
        attribute_stores: names stored as an attribute, apart from a constructor's own object.
        private: what names with two underscores become inside of classes, by node.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.rebound_globals: set[str] = set()
        self.rebound_cells: set[ast.Name] = set()
        self.roots: set[ast.Name] = set()
        self.module_stores: set[str] = set()
        self.class_stores: set[str] = set()
        self.attribute_stores: set[str] = set()
        self.private: dict[ast.AST, str] = {}
        self._imported: set[str] = set()
        self._classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        self._class = ""
        self._stores: list[ast.Attribute] = []
        self._all: list[Scope] = []
        self._scope = self._open("module", tree)
        self.generic_visit(tree)
        self._conclude()

    def mangled(self, node: ast.Name | ast.Attribute) -> str:
        """Return the name under which a name or attribute is kept."""
        return self.private.get(node) or (node.id if isinstance(node, ast.Name) else node.attr)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:  # noqa: D102
        self._scope.bound.add(node.name)
        for outside in (*node.decorator_list, *_outside(node.args), node.returns):
            if outside is not None:
                self.visit(outside)
        self._inside("function", node, node.body, node.args)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:  # noqa: D102
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:  # noqa: D102
        for outside in _outside(node.args):
            self.visit(outside)
        self._inside("function", node, [node.body], node.args)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:  # noqa: D102
        self._scope.bound.add(node.name)
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        around, self._class = self._class, node.name
        self._inside("class", node, node.body)
        self._class = around

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:  # noqa: D102
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:  # noqa: D102
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:  # noqa: D102
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:  # noqa: D102
        self._comprehension(node, [node.key, node.value])

    def visit_Name(self, node: ast.Name) -> None:  # noqa: D102
        self._scope.names.append(node)
        self._note_private(node, node.id)
        if not isinstance(node.ctx, ast.Load):
            self._scope.bound.add(self.mangled(node))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:  # noqa: D102
        self._scope.binder().bound.add(node.target.id)
        self._scope.names.append(node.target)
        self.visit(node.value)

    def visit_Global(self, node: ast.Global) -> None:  # noqa: D102
        self._scope.globals.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:  # noqa: D102
        self._scope.nonlocals.update(node.names)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:  # noqa: D102
        names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        self._scope.bound.update(names)
        self._imported.update(names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:  # noqa: D102
        self.visit_Import(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:  # noqa: D102
        if node.name:
            self._scope.bound.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:  # noqa: D102
        if node.name:
            self._scope.bound.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:  # noqa: D102
        self.visit_MatchAs(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:  # noqa: D102
        self._note_private(node, node.attr)
        if not isinstance(node.ctx, ast.Load):
            self._store(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:  # noqa: D102
        match node:
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[_, ast.Constant(value=str(name)), *_]):
                self.attribute_stores.add(name)
            case _:
                pass
        self.generic_visit(node)

    def _open(self, kind: str, owner: ast.AST, parent: Scope | None = None) -> Scope:
        scope = Scope(kind, parent, owner)
        self._all.append(scope)
        return scope

    def _inside(
        self, kind: str, node: ast.AST, body: list[ast.stmt] | list[ast.expr], args: ast.arguments | None = None
    ) -> None:
        around = self._scope
        self._scope = self._open(kind, node, around)
        if args is not None:
            self._scope.bound.update(_parameters(args))
        for inner in body:
            self.visit(inner)
        self._scope = around

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, results: list[ast.expr]
    ) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        body = [first.target, *first.ifs]
        for other in others:
            body += [other.iter, other.target, *other.ifs]
        self._inside("comprehension", node, body + results)

    def _note_private(self, node: ast.AST, name: str) -> None:
        if self._class and name.startswith("__") and not name.endswith("__"):
            self.private[node] = f"_{self._class.lstrip('_')}{name}"

    def _store(self, node: ast.Attribute) -> None:
        self._stores.append(node)
        if not self._constructs(node):
            self.attribute_stores.add(self.mangled(node))

    def _constructs(self, node: ast.Attribute) -> bool:
        owner = self._scope.owner
        return (
            isinstance(owner, ast.FunctionDef)
            and owner.name in CONSTRUCTORS
            and isinstance(node.value, ast.Name)
            and node.value.id in [one.arg for one in owner.args.args[:1]]
        )

    def _conclude(self) -> None:
        for node in self._stores:
            name = self.mangled(node)
            if isinstance(node.value, ast.Name) and node.value.id in self._imported:
                self.module_stores.add(name)
            if self._is_class(node.value):
                self.class_stores.add(name)
        rebound = set(self._rebound_variables())
        for scope in self._all:
            for one in scope.names:
                home = scope.home(self.mangled(one))
                if home is None or home.binder() is not scope.binder():
                    self.roots.add(one)
                if home is not None and (home, self.mangled(one)) in rebound:
                    self.rebound_cells.add(one)

    def _is_class(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name == "cls" or name in self._classes or name in self._imported
            case ast.Attribute(attr="__class__") | ast.Call(func=ast.Name(id="type")):
                return True
            case _:
                return False

    def _rebound_variables(self) -> Iterator[tuple[Scope, str]]:
        for scope in self._all:
            if scope.kind != "module":
                self.rebound_globals.update(scope.globals & scope.bound)
            for name in sorted(scope.nonlocals & scope.bound):
                home = scope.home(name)
                if home is not None:
                    yield home, name


def _outside(args: ast.arguments) -> list[ast.expr]:
    """Return what is evaluated where a function is defined: defaults and annotations."""
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    annotations = [one.annotation for one in every if one is not None and one.annotation is not None]
    return [*args.defaults, *(one for one in args.kw_defaults if one is not None), *annotations]


def _parameters(args: ast.arguments) -> list[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return [one.arg for one in every if one is not None]
