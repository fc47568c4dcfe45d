"""Templates that users write, as programs that can do no harm: a small part of Jinja, and bounds on all of it.

No calls, no assignments, no macros, no attributes but a mapping's items and `loop`'s: what is not on the list of
allowed nodes is refused when the template is saved. Jinja's own sandbox lies under it.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

MAX_SOURCE = 10_000
MAX_OUTPUT = 50_000
MAX_VALUE = 10_000
MAX_LOOP = 50
MAX_LOOPS_NESTED = 2
MAX_NUMBER = 10**15

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Test, nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mul, nodes.Mod, nodes.Neg,
    nodes.Pos, nodes.List, nodes.Tuple, nodes.Slice, nodes.Keyword,
)  # fmt: skip
_NAMES = {
    nodes.Call: "calling something; there are filters instead",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "a filter block",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.With: "with",
    nodes.Pow: "**",
}
_FAULTS = (
    TemplateError, SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError,
    MemoryError,
)  # fmt: skip


class TemplateFault(ValueError):
    """A template cannot be used; the text names the line and the reason."""


class Marked(str):
    """Text that is in the provider's markup already, and must not be escaped again."""

    __slots__ = ()


class _Environment(SandboxedEnvironment):
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Count with numbers only: repeating and formatting texts could make them endless."""
        for one in (left, right):
            if not isinstance(one, int | float) or abs(one) > MAX_NUMBER:
                raise TypeError(f"{operator} is for numbers up to {MAX_NUMBER:.0e}; texts are joined with ~")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an item of a mapping, or what a loop knows about itself."""
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)  # says what is undefined
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in ("index", "index0", "first", "last", "length"):
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item; there is no way from here to an attribute."""
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_VALUE:
        raise ValueError(f"a text of {len(value):,} characters; {MAX_VALUE:,} are allowed")
    return value


def _each(value: Any) -> list[Any]:
    """What a loop runs over: at most 50 items of a list, or names of a mapping."""
    if isinstance(value, Undefined):
        return list(value)  # says what is undefined
    if not isinstance(value, Mapping | Sequence) or isinstance(value, str):
        raise TypeError("a loop needs a list")
    return list(islice(value, MAX_LOOP))


def _join(value: Any, separator: str = "") -> str:
    return str(separator).join(str(one) for one in _each(value))


def _truncate(value: Any, length: int = 255) -> str:
    text = str(value)
    return text if len(text) <= length else text[: max(0, int(length) - 1)] + "…"


def _default(value: Any, other: Any = "") -> Any:
    return other if isinstance(value, Undefined) or value is None or value == "" else value


def _of_text(change: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: change(str(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": _of_text(str.capitalize),
    "default": _default,
    "first": lambda value: next(iter(_each(value)), ""),
    "int": int,
    "items": lambda value: list(islice(value.items(), MAX_LOOP)),
    "join": _join,
    "last": lambda value: value[-1] if value else "",
    "length": len,
    "lower": _of_text(str.lower),
    "round": lambda value, digits=0: round(float(value), int(digits)) if digits else round(float(value)),
    "title": _of_text(str.title),
    "trim": _of_text(str.strip),
    "truncate": _truncate,
    "upper": _of_text(str.upper),
}
"""Those that need no knowledge of times or markup; `texts.templates` adds its own."""


class Program:
    """A template that was read, checked and compiled."""

    def __init__(self, source: str, filters: Mapping[str, Callable[..., Any]], finalize: Callable[[Any], str]) -> None:
        """Compile.

        Raises:
            TemplateFault: it cannot be used, and in which line why.
        """
        if len(source) > MAX_SOURCE:
            raise TemplateFault(f"it has {len(source):,} characters; {MAX_SOURCE:,} are allowed")
        environment = _Environment(
            undefined=StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
        )
        environment.globals.clear()
        environment.filters = {
            name: _checked(one) for name, one in {**FILTERS, **filters, "each": _each, "bounded": _bounded}.items()
        }
        try:
            tree = environment.parse(source)
            _check(tree, 0)
            _bind(tree)
            self._template = environment.template_class.from_code(environment, environment.compile(tree), {})
        except _FAULTS as error:
            raise _fault(error) from error

    def run(self, values: Mapping[str, Any]) -> str:
        """Return what the template says of `values`.

        Raises:
            TemplateFault: it fails, or says more than 50,000 characters.
        """
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate(values):
                pieces.append(piece)
                size += len(piece)
                if size > MAX_OUTPUT:
                    break
        except _FAULTS as error:
            raise _fault(error) from error
        if size > MAX_OUTPUT:
            raise TemplateFault(f"it says more than {MAX_OUTPUT:,} characters")
        return "".join(pieces).strip()


def _checked(one: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **named: _bounded(one(*arguments, **named))


def _check(node: nodes.Node, loops: int) -> None:
    """Refuse what is not allowed, with its line."""
    if not isinstance(node, _ALLOWED):
        name = next((text for kind, text in _NAMES.items() if isinstance(node, kind)), type(node).__name__.lower())
        raise TemplateSyntaxError(f"not allowed here: {name}", node.lineno)
    if isinstance(node, nodes.For):
        loops += 1
        if loops > MAX_LOOPS_NESTED or node.recursive:
            raise TemplateSyntaxError(f"loops may be {MAX_LOOPS_NESTED} deep", node.lineno)
    for child in node.iter_child_nodes():
        _check(child, loops)


def _bind(tree: nodes.Template) -> None:
    """Put a bound around whatever could grow: what loops run over, and texts that are joined."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered(loop.iter, "each")
    for parent in list(_with_children(tree)):
        for field, value in list(parent.iter_fields()):
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _filtered(value, "bounded"))
            elif isinstance(value, list):
                bound = [_filtered(one, "bounded") if isinstance(one, nodes.Concat) else one for one in value]
                setattr(parent, field, bound)


def _with_children(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _with_children(child)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _fault(error: BaseException) -> TemplateFault:
    line = error.lineno if isinstance(error, SyntaxError | TemplateSyntaxError) else None
    if line is None:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == "<template>"), None)
    reason = str(error.message if isinstance(error, TemplateError) else error)
    if isinstance(error, RecursionError | MemoryError):
        reason = "it nests too deep"
    return TemplateFault(f"line {line}: {reason}" if line else reason)
