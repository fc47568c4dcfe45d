"""Lists as every door asks for and returns them: a page of items and how many there are in all."""

import re
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tocsin.model.enums import MonitorStatus
from tocsin.model.times import EPOCH, UTCDatetime

T = TypeVar("T")
MAX_PAGE = 10_000_000

_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")


def _plus_again(value: Any) -> Any:
    """Mend `…T12:00:00+02:00` whose plus sign was sent unescaped, which decodes as a space."""
    return _LOST_PLUS.sub(r"\1+\2", value) if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _not_before_1970(moment: datetime) -> datetime:
    """Clip a moment of which nothing can be stored; what is computed from it stays in range."""
    return max(moment, EPOCH)


QueryTime = Annotated[UTCDatetime, BeforeValidator(_plus_again), AfterValidator(_not_before_1970)]
QueryStatus = Annotated[MonitorStatus, BeforeValidator(_upper)]


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first unless said otherwise."""

    items: list[T]
    total: int = Field(description="Items in all pages.")
    page: int = Field(ge=1)
    page_size: int = Field(ge=1, le=500)


class PageQuery(BaseModel):
    """Which page of a list is asked for."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    page: int = Field(1, ge=1, le=MAX_PAGE)
    page_size: int = Field(50, ge=1, le=500)

    @property
    def skip(self) -> int:
        """Return how many items come before the page."""
        return (self.page - 1) * self.page_size

    def page_of(self, items: list[T], total: int) -> Page[T]:
        """Return `items` as the page that was asked for."""
        return Page(items=items, total=total, page=self.page, page_size=self.page_size)
