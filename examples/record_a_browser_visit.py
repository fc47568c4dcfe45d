"""Record a browser visit as a debug session with its network events.

    python examples/record_a_browser_visit.py

The events stand for those a browser would report; they are stored in one go and read back in order.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

from tocsin import (
    Database,
    DebugSessionCreate,
    DebugSessionCRUD,
    DebugSessionUpdate,
    HTTPMethod,
    NetworkEventCreate,
    NetworkEventCRUD,
    NetworkEventType,
    WebsiteCreate,
    WebsiteCRUD,
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "visits.db")
        with database.session() as db:
            website = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com"))
            new = DebugSessionCreate(website_id=website.id, session_key="visit-1", browser_type="chromium")
            visit = DebugSessionCRUD.create(db, new)
            events = [
                NetworkEventCreate(
                    debug_session_id=visit.id,
                    event_type=kind,
                    url=f"https://example.com/{name}",
                    method=HTTPMethod.GET,
                    status_code=200 if kind is NetworkEventType.RESPONSE else None,
                    timestamp=visit.started_at + timedelta(milliseconds=10 * position),
                )
                for position, name in enumerate(("", "style.css", "app.js"))
                for kind in (NetworkEventType.REQUEST, NetworkEventType.RESPONSE)
            ]
            NetworkEventCRUD.bulk_create(db, events)
            ended = visit.started_at + timedelta(seconds=1)
            DebugSessionCRUD.update(db, visit.id, DebugSessionUpdate(completed_at=ended, success=True))
            found, total = NetworkEventCRUD.get_by_session(db, session_id=visit.id)
            print(f"{total} events of {visit.session_key}:")
            for event in found:
                print(f"  {event.timestamp:%H:%M:%S.%f} {event.event_type:8} {event.url}")
        database.dispose()


if __name__ == "__main__":
    main()
