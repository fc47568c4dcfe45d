"""Lists as every door returns them: a page of items and how many there are in all."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first unless said otherwise."""

    items: list[T]
    total: int = Field(description="Items in all pages.")
    page: int = Field(ge=1)
    page_size: int = Field(ge=1, le=500)
