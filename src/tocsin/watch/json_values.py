"""JSON bodies: numbers kept as they are written, and the values a JSONPath selects, in bounded time. Pure.

Of a name that an object has twice the last one counts, as in JavaScript and Python. Filters compare numbers as
doubles; what comes out is compared exactly. Source: RFC 8259 (JSON), RFC 9535 (JSONPath), RFC 9485 (I-Regexp).
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, ClassVar

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathNode, JSONPathQuery, JSONPathSyntaxError
from jsonpath_rfc9535.filter_expressions import FilterQuery
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.selectors import FilterSelector
from jsonpath_rfc9535.tokens import TokenStream

from tocsin.matching.patterns import find, pattern_fault

VALUES_BUDGET = 200_000
"""Values that the paths of one check may visit together."""


class Unjudgeable(ValueError):
    """A body in which nothing can be looked up; the text says what it is instead."""


class Number(float):
    """A JSON number with fraction or exponent: a double for filters, and exactly what was written."""

    __slots__ = ("exact", "text")
    exact: Decimal
    text: str


def exact(value: float) -> int | Decimal:
    """Return a number as it was written."""
    if isinstance(value, Number):
        return value.exact
    return value if isinstance(value, int) else Decimal(repr(value))


def number_of(text: str) -> Number:
    """Return the number that `text` writes.

    Raises:
        ValueError: its exponent is beyond all measure.
    """
    number = Number(text)
    try:
        number.exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:20]} is no number that can be compared") from None
    number.text = text
    return number


def _whole(text: str) -> int | Number:
    with suppress(ValueError):  # thousands of digits
        return int(text)
    return number_of(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def parse(text: str) -> Any:
    """Return the value that a JSON text is.

    Raises:
        Unjudgeable: it is none.
    """
    try:
        return json.loads(
            text.removeprefix("\ufeff"), parse_float=number_of, parse_int=_whole, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise Unjudgeable(f"text that is no JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError as error:
        raise Unjudgeable(f"text that is no JSON: {error}") from None
    except RecursionError:
        raise Unjudgeable("JSON that is nested too deeply to be judged") from None


@dataclass(slots=True)
class Purse:
    """What is left to be spent on looking."""

    left: int = VALUES_BUDGET

    def spend(self, count: int) -> None:
        """Take so many values from what is left.

        Raises:
            Unjudgeable: nothing is.
        """
        self.left -= count
        if self.left < 0:
            raise Unjudgeable("JSON with too many values to be searched by this path")


@dataclass(slots=True)
class Document:
    """A JSON body that several paths are looked up in."""

    root: Any
    purse: Purse = field(default_factory=Purse)

    def select(self, path: str) -> list[tuple[str, Any]]:
        """Return each value that `path` selects, with the normalised path that leads to it.

        Raises:
            Unjudgeable: the path is none, or the document too large or too deep for it.
        """
        query, fault = _compiled(path)
        if query is None:
            raise Unjudgeable(f"no verdict: {fault}")
        start = _Node(value=self.root, location=(), parent=None, root=self.root)
        start.purse = self.purse
        nodes: Iterable[JSONPathNode] = [start]
        for segment in query.segments:
            nodes = segment.resolve(nodes)
        try:
            return [(node.path(), node.value) for node in nodes]
        except (JSONPathError, RecursionError):
            raise Unjudgeable("JSON that is nested too deeply for this path") from None


def path_fault(path: str) -> str | None:
    """Return why `path` is no JSONPath that can be used, and where; None where it is one."""
    return _compiled(path)[1]


def is_singular(path: str) -> bool:
    """Tell whether a path selects at most one value."""
    query = _compiled(path)[0]
    return query is not None and query.singular_query()


class _Node(JSONPathNode):
    """A value that was visited, at a cost."""

    __slots__ = ("purse",)
    purse: Purse

    def new_child(self, value: object, key: int | str, parent: JSONPathNode | None) -> JSONPathNode:
        """Return a value below this one."""
        self.purse.spend(1)
        child = _Node(value=value, location=(*self.location, key), parent=parent, root=self.root)
        child.purse = self.purse
        return child


class _Filter(FilterSelector):
    """A filter that pays for all that it looks at, also for what it does not select."""

    def resolve(self, node: JSONPathNode) -> Iterable[JSONPathNode]:
        """Return what it selects of `node`."""
        if isinstance(node, _Node) and isinstance(node.value, list | dict):
            node.purse.spend(len(node.value))
        return super().resolve(node)


class _Parser(Parser):
    """Knows only filters that look at a bounded number of values."""

    def parse_filter_selector(self, stream: TokenStream) -> FilterSelector:
        """Parse a filter.

        Raises:
            JSONPathSyntaxError: also where a query in it may select many values, each time anew.
        """
        found = super().parse_filter_selector(stream)
        for query in _queries(found.expression):
            if not query.query.singular_query():
                text = "in a filter only names and indexes may follow @ or $"
                raise JSONPathSyntaxError(text, token=query.token)
        return _Filter(env=self.env, token=found.token, expression=found.expression)


def _queries(expression: Any) -> Iterator[FilterQuery]:
    """Yield the queries within a filter's expression."""
    if isinstance(expression, FilterQuery):
        yield expression
    parts = [getattr(expression, name) for name in ("expression", "left", "right") if hasattr(expression, name)]
    for part in (*parts, *getattr(expression, "args", ())):
        yield from _queries(part)


class _Search(FilterFunction):
    """RFC 9535's search(), and with `is_whole` its match(), without backtracking."""

    arg_types: ClassVar = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __call__(self, text: object, pattern: object) -> bool:
        """Return whether `pattern` is found in `text`."""
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        wanted = self._pattern.format(pattern)
        return pattern_fault(wanted) is None and find(wanted, text) is not None


class _Environment(JSONPathEnvironment):
    parser_class = _Parser

    def setup_function_extensions(self) -> None:
        """Put functions in linear time in the place of those that backtrack."""
        super().setup_function_extensions()
        self.function_extensions["search"] = _Search("{}")
        self.function_extensions["match"] = _Search("^(?:{})$")


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=512)
def _compiled(path: str) -> tuple[JSONPathQuery | None, str | None]:
    try:
        return _ENVIRONMENT.compile(path), None
    except JSONPathError as error:
        at = error.token.index if error.token is not None else 0
        return None, f"the JSONPath is wrong at character {max(0, at) + 1}: {error.args[0]}"
    except RecursionError:
        return None, "the JSONPath is nested too deeply"
    except (ValueError, OverflowError) as error:
        return None, f"the JSONPath is wrong: {error}"
