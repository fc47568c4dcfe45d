"""What can be asked about heartbeats: their pings. Taking one is the watch's own (`Watching.take_ping`)."""

from tocsin.actions.websites import find_website
from tocsin.errors import NotFound
from tocsin.model.heartbeats.pings import PingRead
from tocsin.model.pages import Page, PageQuery
from tocsin.storage import heartbeats
from tocsin.storage.database import Session
from tocsin.storage.tables.heartbeats import HeartbeatPing

BODY_HEAD = 1000
"""Characters of a ping's body that a list shows."""


def list_pings(db: Session, website_id: int, query: PageQuery) -> Page[PingRead]:
    """Return one page of a heartbeat's last hundred pings, newest first; any other website has none.

    Raises:
        NotFound: there is no such website.
    """
    find_website(db, website_id)
    rows, total = heartbeats.list_pings(db, website_id, query.skip, query.page_size)
    return query.page_of([_read(row) for row in rows], total)


def get_ping_body(db: Session, website_id: int, number: int) -> bytes:
    """Return what is kept of a ping's body.

    Raises:
        NotFound: there is no such ping, or none any more.
    """
    row = heartbeats.get_ping(db, website_id, number)
    if row is None:
        raise NotFound(f"website {website_id} has no ping {number}, or it is not among the last hundred any more")
    return row.body or b""


def _read(row: HeartbeatPing) -> PingRead:
    head = (row.body or b"")[: 4 * BODY_HEAD].decode(errors="replace")[:BODY_HEAD]
    return PingRead.model_validate(row).model_copy(update={"body_head": head})
