"""The users' own recommendations, from the JSON or TOML file that TOCSIN_RECOMMENDATIONS names."""

import json
import tomllib
from pathlib import Path

from tocsin.alerts.recommend import Book, read_book
from tocsin.errors import Invalid


def load_book(path: Path) -> Book:
    """Return the advice in a file: globs on alert types or metric names, each with a list of texts.

    Raises:
        Invalid: it cannot be read, or something in it cannot be used; every fault is named.
    """
    try:
        text = path.expanduser().read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:  # both parsers' errors, and texts that are not UTF-8
        raise Invalid(f"{path}: {error}", field="recommendations") from error
    book, faults = read_book(data)
    if faults:
        raise Invalid("\n".join(f"{path}: {fault}" for fault in faults), field="recommendations")
    return book
