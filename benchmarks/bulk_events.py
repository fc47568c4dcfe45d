"""Network events: `bulk_create` against single creates, SQLite on disk, one commit each, interleaved in one run.

    python -m benchmarks.bulk_events [--bulk 5000] [--single 300] [--rounds 5]

Once with a Database of Tocsin's own, once with a plain engine as a program that embeds it may have.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from tocsin import (
    Base,
    Database,
    DebugSessionCreate,
    DebugSessionCRUD,
    HTTPMethod,
    NetworkEventCreate,
    NetworkEventCRUD,
    NetworkEventType,
    WebsiteCreate,
    WebsiteCRUD,
)


def make_events(session_id: int, count: int) -> list[NetworkEventCreate]:
    return [
        NetworkEventCreate(
            debug_session_id=session_id,
            event_type=NetworkEventType.RESPONSE,
            url=f"https://example.com/assets/{number}.js",
            method=HTTPMethod.GET,
            status_code=200,
            response_headers='{"content-type": "text/javascript", "cache-control": "max-age=3600"}',
            duration_ms=12.5,
        )
        for number in range(count)
    ]


def new_debug_session(db: Session) -> int:
    website = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com"))
    debug_session = DebugSessionCRUD.create(db, DebugSessionCreate(website_id=website.id, session_key="bench"))
    return debug_session.id


def bulk_rate(db: Session, session_id: int, count: int) -> float:
    events = make_events(session_id, count)
    began = time.perf_counter()
    created = NetworkEventCRUD.bulk_create(db, events)
    rate = count / (time.perf_counter() - began)
    assert [one.url for one in created] == [one.url for one in events]
    assert all(one.id for one in created)
    return rate


def single_rate(db: Session, session_id: int, count: int) -> float:
    events = make_events(session_id, count)
    began = time.perf_counter()
    for event in events:
        NetworkEventCRUD.create(db, event)
    return count / (time.perf_counter() - began)


def compare(name: str, db: Session, arguments: argparse.Namespace) -> None:
    session_id = new_debug_session(db)
    bulk, single = [], []
    for _ in range(arguments.rounds):
        bulk.append(bulk_rate(db, session_id, arguments.bulk))
        single.append(single_rate(db, session_id, arguments.single))
    ratios = sorted(fast / slow for fast, slow in zip(bulk, single, strict=True))
    print(
        f"{name}: bulk_create {statistics.median(bulk):,.0f} events/s, create {statistics.median(single):,.0f}/s:"
        f" {statistics.median(ratios):.1f} times ({ratios[0]:.1f}-{ratios[-1]:.1f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bulk", type=int, default=5000)
    parser.add_argument("--single", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "own.db")
        with database.session() as db:
            compare("Database", db, arguments)
        database.dispose()
        engine = create_engine(f"sqlite:///{folder}/plain.db")
        Base.metadata.create_all(engine)
        with sessionmaker(autocommit=False, autoflush=False, bind=engine)() as db:
            compare("plain engine", db, arguments)
        engine.dispose()


if __name__ == "__main__":
    main()
