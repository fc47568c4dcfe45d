"""Label matchers: `name="value"`, `!=`, `=~`, `!~`, as Alertmanager writes and means them. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tocsin.matching.patterns import compile_pattern

_FORM = re.compile(
    r'\s*(?:"(?P<quoted_name>(?:[^"\\]|\\.)+)"|(?P<name>[^\s"=!~{},]+))\s*(?P<op>=~|!~|!=|=)\s*(?P<value>.*?)\s*',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n"}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. A label that is missing equals the empty text; patterns match the whole value."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __post_init__(self) -> None:
        """Refuse a pattern that is none.

        Raises:
            ValueError: the text says what is wrong.
        """
        if not self.name:
            raise ValueError("a matcher needs the name of a label")
        if self.is_regex:
            compile_pattern(self.value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the matcher of its JSON form: name, value, isRegex, isEqual (true, if left out)."""
        return cls(data["name"], data["value"], bool(data.get("isRegex", False)), bool(data.get("isEqual", True)))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, as the Alertmanager API has it."""
        return {"name": self.name, "value": self.value, "isRegex": self.is_regex, "isEqual": self.is_equal}

    @property
    def matches_empty(self) -> bool:
        """True where a label that is missing fulfils it."""
        return self.matches({})

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether `labels` fulfil it."""
        value = labels.get(self.name, "")
        found = compile_pattern(self.value).fullmatch(value) is not None if self.is_regex else value == self.value
        return found is self.is_equal

    def __str__(self) -> str:
        operator = ("=~" if self.is_equal else "!~") if self.is_regex else ("=" if self.is_equal else "!=")
        quoted = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{operator}"{quoted}"'


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Return whether `labels` fulfil every one; none at all are fulfilled by anything."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse_matcher(text: str) -> Matcher:
    """Return the matcher written as `name="value"`, `name=value`, `name!=…`, `name=~…` or `name!~…`.

    Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher (quotes are optional).

    Raises:
        ValueError: it is no matcher, or its pattern is none.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f'bad matcher format: {text}; write for example severity="warning" or instance=~"web.*"')
    value = form["value"]
    if value.startswith('"'):
        if len(value) < 2 or not value.endswith('"') or re.fullmatch(r'"(?:[^"\\]|\\.)*"', value, re.DOTALL) is None:
            raise ValueError(f"bad matcher format: {text}; a quote is missing or not escaped")
        value = _unescape(value[1:-1])
    name = form["name"] or _unescape(form["quoted_name"])
    return Matcher(name, value, form["op"].endswith("~"), not form["op"].startswith("!"))


def parse_matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Return the matchers written in `texts`, one each or several joined by commas in braces.

    Raises:
        ValueError: one of them is no matcher.
    """
    found: list[Matcher] = []
    for text in texts:
        inner = text.strip()
        if inner.startswith("{") and inner.endswith("}"):
            found.extend(parse_matcher(part) for part in _split(inner[1:-1]) if part.strip())
        else:
            found.append(parse_matcher(inner))
    return tuple(found)


def _split(text: str) -> list[str]:
    """Cut at the commas that stand outside quotes."""
    return re.findall(r'(?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*")+', text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)
