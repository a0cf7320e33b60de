"""Mutants of modules: one operator, one constant or one statement is another, by rule and not by hand.

The libraries that do this for a project (mutmut, cosmic-ray) change files in place and run its tests,
once a mutant. Here each mutant is loaded beside the model and is put to two judges with a clock, and what
is asked for includes statements removed and branches swapped, which neither of the two makes.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COMPARISONS: Final = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Final = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_REMOVED: Final = (ast.Expr, ast.AugAssign, ast.Delete, ast.Raise, ast.Continue, ast.Break)
_TYPES: Final = {"annotation", "returns", "decorator_list"}
"""Fields of a node that the running program does not look at, or that no operator belongs into."""


class Mutant(NamedTuple):
    """A module with one change.

    Attributes:
        id: what it is called, also when lines have moved.
        module: its name in the package.
        line: of the change.
        operator: by which rule it was made.
        source: the whole of the module.
    """

    id: str
    module: str
    line: int
    operator: str
    source: str


class _Site(NamedTuple):
    """A node, and how to put another in its place."""

    node: ast.AST
    place: str
    put: Callable[[ast.AST], None]


def mutants(sources: dict[str, str], seed: int) -> Iterator[Mutant]:
    """All mutants of some modules, in random order.

    Args:
        sources: the text of each module.
        seed: the same one gives the same order for the same sources.
    """
    trees = {module: ast.parse(text) for module, text in sources.items()}
    changes, seen = [], Counter[str]()
    for module, tree in trees.items():
        for site in _sites(tree, module):
            for operator, new in _changes(site.node):
                name = f"{site.place}: {_shown(site.node)} -> {_shown(new)}"
                seen[name] += 1
                changes.append(
                    (f"{name}, {seen[name]}" if seen[name] > 1 else name, module, site, operator, new)
                )
    random.Random(seed).shuffle(changes)  # noqa: S311 - a sample that is the same in the next run
    for name, module, site, operator, new in changes:
        site.put(new)
        source = ast.unparse(ast.fix_missing_locations(trees[module]))
        site.put(site.node)
        yield Mutant(name, module, getattr(site.node, "lineno", 0), operator, source)


def _shown(node: ast.AST) -> str:
    """The source of it; of a statement with others in it, the head."""
    return ast.unparse(node).partition("\n")[0]


def _sites(node: ast.AST, place: str) -> Iterator[_Site]:
    """Every node below one, but types, imports, and what is text for people."""
    for field, value in ast.iter_fields(node):
        if field in _TYPES:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_apart(child):
                continue
            inner = f"{place}.{child.name}" if isinstance(child, _SCOPES) else place
            yield _Site(child, inner, _putter(node, field, index if isinstance(value, list) else None))
            yield from _sites(child, inner)


_SCOPES: Final = (ast.FunctionDef, ast.ClassDef)


def _putter(parent: ast.AST, field: str, index: int | None) -> Callable[[ast.AST], None]:
    def put(new: ast.AST) -> None:
        if index is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[index] = new

    return put


def _is_apart(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    prose = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return prose or isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Each way in which a node can be changed, by the name of its rule."""
    for operator, rule in _RULES.items():
        for new in rule(node):
            yield operator, new


def _comparison(node: ast.AST) -> Iterable[ast.AST]:
    if not isinstance(node, ast.Compare):
        return []
    return [
        ast.Compare(node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators)
        for at, operator in enumerate(node.ops)
        for other in COMPARISONS[type(operator)]
    ]


def _arithmetic(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)


def _boolean(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from (
            ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
            for rest in ([other for other in node.values if other is not value] for value in node.values)
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def _branch(node: ast.AST) -> Iterable[ast.AST]:
    """The branches swapped; of a comparison that is left to the rule for those."""
    if not isinstance(node, ast.If | ast.IfExp | ast.While):
        return
    if isinstance(node.test, ast.Compare | ast.UnaryOp):
        return
    test = ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.IfExp):
        yield ast.IfExp(test, node.body, node.orelse)
    else:
        yield type(node)(test, node.body, node.orelse)


def _condition(node: ast.AST) -> Iterable[ast.AST]:
    """A condition of a comprehension dropped."""
    if isinstance(node, ast.comprehension):
        yield from (
            ast.comprehension(node.target, node.iter, [other for other in node.ifs if other is not test], 0)
            for test in node.ifs
        )


def _constant(node: ast.AST) -> Iterable[ast.AST]:
    """A number one off, the other truth, or another text; but not where that is for people."""
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Constant) or value is None:
        return []
    if isinstance(value, bool):
        return [ast.Constant(not value)]
    if isinstance(value, int | float):
        return [ast.Constant(value + 1), ast.Constant(value - 1)]
    if isinstance(value, bytes):
        return [] if b" " in value else [ast.Constant(b"x")]
    return [] if " " in value else [ast.Constant("x")]


def _name(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id])


def _removal(node: ast.AST) -> Iterable[ast.AST]:
    """A statement removed, if what comes after it can do without the names that it binds."""
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if isinstance(node, _REMOVED) or stored:
        yield ast.Pass()


def _return(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.Return):
        yield ast.Pass() if node.value is None else ast.Return()


_RULES: Final[dict[str, Callable[[ast.AST], Iterable[ast.AST]]]] = {
    "comparison": _comparison,
    "arithmetic": _arithmetic,
    "boolean": _boolean,
    "branch": _branch,
    "condition": _condition,
    "constant": _constant,
    "name": _name,
    "removal": _removal,
    "return": _return,
}
