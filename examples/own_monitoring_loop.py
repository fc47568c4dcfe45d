"""The models without the server: a loop of one's own that records checks and downtimes in a database.

python examples/own_monitoring_loop.py [URL …]
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from tocsin import (
    Database,
    DowntimeWindowCreate,
    DowntimeWindowCRUD,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    Website,
    WebsiteCreate,
    WebsiteCRUD,
    check_website,
)


async def monitor(website: Website, db: Session) -> None:
    """Check a website once, record what was seen, and open a downtime where it failed."""
    result = await check_website(website.url, timeout=website.timeout, max_retries=0)
    check = MonitorCheckCRUD.create(
        db,
        MonitorCheckCreate(
            website_id=website.id,
            status=result.status or MonitorStatus.UNKNOWN,
            http_status_code=result.http_status_code,
            response_time_ms=result.phases.total_ms,
            error_message=result.message or None,
        ),
    )
    if check.status is MonitorStatus.DOWN and not DowntimeWindowCRUD.get_ongoing_downtime(db, website.id):
        downtime = DowntimeWindowCreate(website_id=website.id, started_at=check.checked_at, root_cause=result.message)
        DowntimeWindowCRUD.create(db, downtime)
    print(f"{check.status:8} {website.url} {check.error_message or ''}")


async def main() -> None:
    urls = sys.argv[1:] or ["https://example.com", "http://127.0.0.1:9/"]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "monitoring.db")
        with database.session() as db:
            for url in urls:
                WebsiteCRUD.create(db, WebsiteCreate(url=url, check_interval=300))
            for website in WebsiteCRUD.get_active_websites(db):
                await monitor(website, db)
            for website in WebsiteCRUD.get_active_websites(db):
                uptime = MonitorCheckCRUD.calculate_uptime_percentage(db, website.id, hours=24)
                print(f"{website.name}: {uptime} % in the last 24 hours")
        database.dispose()


if __name__ == "__main__":
    asyncio.run(main())
