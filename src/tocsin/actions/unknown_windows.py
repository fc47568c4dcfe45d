"""What can be asked about unknown windows: list them. With checks and downtimes they make uptime recomputable."""

from tocsin.actions.websites import find_website
from tocsin.model.pages import Page, PageQuery
from tocsin.model.unknown_windows import UnknownWindowRead
from tocsin.storage import unknown_windows
from tocsin.storage.database import Session


def list_unknown_windows(db: Session, website_id: int, query: PageQuery) -> Page[UnknownWindowRead]:
    """Return one page of a website's unknown windows, newest first.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = unknown_windows.list_unknown_windows(db, website_id, query.skip, query.page_size)
    return query.page_of([UnknownWindowRead.model_validate(row) for row in rows], total)
