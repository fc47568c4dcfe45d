"""What can be asked about downtimes: list, get, and note why. The watch alone opens and closes them."""

from pydantic import Field

from tocsin.actions.websites import find_website
from tocsin.errors import NotFound
from tocsin.model.downtimes import DowntimeWindowNotes, DowntimeWindowRead, DowntimeWindowUpdate
from tocsin.model.pages import Page, PageQuery
from tocsin.storage.database import Session
from tocsin.storage.downtimes import DowntimeWindowCRUD


class DowntimeQuery(PageQuery):
    """Which downtimes of a website are asked for."""

    include_ongoing: bool = Field(True, description="False: only those that are over.")


def list_downtimes(db: Session, website_id: int, query: DowntimeQuery) -> Page[DowntimeWindowRead]:
    """Return one page of a website's downtimes, newest first.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = DowntimeWindowCRUD.get_by_website(
        db, website_id, query.skip, query.page_size, include_ongoing=query.include_ongoing
    )
    return query.page_of([DowntimeWindowRead.model_validate(row) for row in rows], total)


def get_downtime(db: Session, downtime_id: int) -> DowntimeWindowRead:
    """Return a downtime.

    Raises:
        NotFound: there is no such downtime.
    """
    row = DowntimeWindowCRUD.get_by_id(db, downtime_id)
    if row is None:
        raise NotFound(f"there is no downtime {downtime_id}")
    return DowntimeWindowRead.model_validate(row)


def note_downtime(db: Session, downtime_id: int, notes: DowntimeWindowNotes) -> DowntimeWindowRead:
    """Write down why a website was down; what is left out stays as it is.

    Raises:
        NotFound: there is no such downtime.
    """
    update = DowntimeWindowUpdate(**notes.model_dump(exclude_unset=True))
    row = DowntimeWindowCRUD.update(db, downtime_id, update)
    if row is None:
        raise NotFound(f"there is no downtime {downtime_id}")
    return DowntimeWindowRead.model_validate(row)
