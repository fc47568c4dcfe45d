"""Texts that every column holds. What a text may mean is its field's own business."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, field_validator

NUL = "\0"


def storable(text: str) -> str:
    """Return `text`, in which every character is one that both databases store.

    PostgreSQL cannot store NUL, and SQLite ends there what it shows; half a surrogate pair is no character at all
    and cannot be written as UTF-8. Source: PostgreSQL manual, section 8.3; Unicode Standard, section 3.8.

    Raises:
        ValueError: it has one that they don't.
    """
    if NUL in text:
        raise ValueError("a NUL character (U+0000) cannot be stored; leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair cannot be stored; write the whole character") from None
    return text


class Stored(BaseModel):
    """A schema of what is stored: its texts, and those in its lists and mappings, are ones that every column holds."""

    # Not a type of text: a bound on the length that stands beside such a type would lose its own message.
    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:
        if isinstance(value, str):
            storable(value)
        elif isinstance(value, list | dict):
            for one in value:
                cls._can_be_stored(one)
        return value


QueryText = Annotated[str, Field(max_length=2048), AfterValidator(storable)]
"""A text that is looked for."""
