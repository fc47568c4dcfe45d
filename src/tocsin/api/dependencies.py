"""What endpoints are given: the running services, and a Session for as long as the endpoint runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, cast

from fastapi import Depends, Path, Request

from tocsin.actions.services import Services
from tocsin.storage.database import Session, translated_errors

MAX_ID = 2**63 - 1
"""The largest whole number that both databases store."""


@contextmanager
def open_session(services: Services) -> Iterator[Session]:
    """Yield a Session; a database that fails raises one of Tocsin's own errors."""
    with translated_errors(services.database.url), services.database.session() as db:
        yield db


def get_services(request: Request) -> Services:
    """Return the running services."""
    return cast("Services", request.app.state.tocsin)


def get_session(services: Annotated[Services, Depends(get_services)]) -> Iterator[Session]:
    """Yield a Session of the server's database."""
    with open_session(services) as db:
        yield db


Here = Annotated[Services, Depends(get_services)]
# The connection goes back to its pool before the answer is sent: a slow client must not hold one.
Db = Annotated[Session, Depends(get_session, scope="function")]
WebsiteId = Annotated[int, Path(ge=1, le=MAX_ID, description="The website's id.", examples=[1])]
