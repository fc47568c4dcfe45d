"""What can be asked about channels: list, get, create, change, delete, test. Secrets leave here only masked."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from tocsin.actions.services import ChannelBook
from tocsin.delivery.outcome import Try, failed_try
from tocsin.errors import Invalid, NotFound, SendFailed, TocsinError
from tocsin.matching.matchers import Matcher
from tocsin.model.alerts import NotificationChannel
from tocsin.model.delivery.channels import ChannelCreate, ChannelRead, ChannelUpdate
from tocsin.model.delivery.facts import Destination
from tocsin.model.delivery.reads import TestRead
from tocsin.model.matchers import MatcherFields
from tocsin.model.messages import Message, MessageKind, Outcome
from tocsin.model.pages import Page, PageQuery
from tocsin.model.times import utcnow
from tocsin.storage.database import Database, Session, translated_errors
from tocsin.storage.delivery import channels
from tocsin.storage.tables.deliveries import Channel

TEST_TIMEOUT_S = 30.0


class ChannelQuery(PageQuery):
    """Which channels are asked for."""

    kind: NotificationChannel | None = Field(None, description="Only of this kind.")
    is_enabled: bool | None = Field(None, description="Only those in use, or only those that are not.")


def list_channels(db: Session, book: ChannelBook, query: ChannelQuery) -> Page[ChannelRead]:
    """Return one page of the channels, by name."""
    rows, total = channels.list_channels(
        db, kind=query.kind, is_enabled=query.is_enabled, skip=query.skip, limit=query.page_size
    )
    return query.page_of(_read_all(db, book, rows), total)


def get_channel(db: Session, book: ChannelBook, name: int | str) -> ChannelRead:
    """Return the channel of that id or name.

    Raises:
        NotFound: there is none.
    """
    return _read_all(db, book, [find_channel(db, name)])[0]


def create_channel(db: Session, book: ChannelBook, channel: ChannelCreate) -> ChannelRead:
    """Store a channel. What is not said is as its kind has it.

    Raises:
        Conflict: another channel has its name.
        Invalid: its configuration, a matcher or its fallback is wrong.
    """
    given = channel.model_dump(exclude={"config", "matchers", "kind"})
    defaults = {one: value for one, value in book.defaults(channel.kind).items() if one not in channel.model_fields_set}
    config, sealed = book.store(channel.kind, channel.config, None)
    values = {**given, **defaults, "matchers": _stored(channel.matchers)}
    row = Channel(kind=channel.kind, config=config, sealed=sealed, **values)
    _check_fallback(db, row)
    channels.store_channel(db, row)
    return _read_all(db, book, [row])[0]


def update_channel(db: Session, book: ChannelBook, name: int | str, update: ChannelUpdate) -> ChannelRead:
    """Change the fields that were given. A channel that is set up anew is tried at once, however it failed before.

    Raises:
        NotFound: there is none.
        Conflict: another channel has the new name.
        Invalid: its configuration, a matcher or its fallback is wrong.
    """
    row = find_channel(db, name)
    changes = update.changes()
    if "config" in changes:
        row.config, row.sealed = book.store(row.kind, changes.pop("config"), destination_of(row))
        row.paused_until, row.failures_count, row.rejections_count = None, 0, 0
    if "matchers" in changes:
        row.matchers = _stored(changes.pop("matchers"))
    for field, value in changes.items():
        if value is None and field not in ("reminder_after_s", "escalate_after_s", "fallback_channel_id"):
            raise Invalid(f"{field} cannot be null", field=field)
        setattr(row, field, value)
    _check_fallback(db, row)
    channels.store_channel(db, row)
    return _read_all(db, book, [row])[0]


def delete_channel(db: Session, name: int | str) -> None:
    """Delete a channel with its deliveries.

    Raises:
        NotFound: there is none.
    """
    channels.delete_channel(db, find_channel(db, name))


async def test_channel(  # it is none of pytest's
    database: Database,
    book: ChannelBook,
    name: int | str,
) -> TestRead:
    """Send a test message now, past queue and limits, and record it.

    Raises:
        NotFound: there is no such channel.
        SendFailed: it was not taken; the text says why.
    """
    channel = await asyncio.to_thread(_read_row, database, name)
    began_at, began = utcnow(), time.monotonic()
    key = f"test-{secrets.token_hex(8)}"
    title, text = "Tocsin: this is a test", f"The channel {channel.name!r} works; alerts will come this way."
    message = Message(
        key=key, kind=MessageKind.TEST, alerts=(), alerts_count=0, created_at=began_at, title=title, text=text
    )
    failure: TocsinError | None = None
    try:
        async with asyncio.timeout(TEST_TIMEOUT_S):
            receipt = await book.send(destination_of(channel), message)
        this = Try(Outcome.SENT, utcnow(), code=receipt.code, provider_id=receipt.provider_id)
    except TimeoutError:
        failure = SendFailed(f"no answer within {TEST_TIMEOUT_S:.0f} s", may_have_arrived=True)
    except TocsinError as error:
        failure = error
    if failure is not None:
        this = failed_try(failure, utcnow())
    delivery_id = await asyncio.to_thread(_record, database, channel, key, began_at, this)
    if failure is not None:
        raise failure
    took_ms = (time.monotonic() - began) * 1000
    return TestRead(
        delivery_id=delivery_id, sent_at=this.ended_at, took_ms=round(took_ms, 1), code=receipt.code,
        provider_id=receipt.provider_id, detail=receipt.detail,
    )  # fmt: skip


test_channel.__test__ = False  # type: ignore[attr-defined]


def find_channel(db: Session, name: int | str) -> Channel:
    """Return the row of a channel; for other actions.

    Raises:
        NotFound: there is none.
    """
    row = channels.find_channel(db, name)
    if row is None:
        raise NotFound(f"there is no channel {name}")
    return row


def destination_of(row: Channel) -> Destination:
    """Return where a channel leads, secrets sealed."""
    return Destination(row.id, row.name, row.kind, row.config, row.sealed)


def _read_row(database: Database, name: int | str) -> Channel:
    with translated_errors(database.url), database.session() as db:
        return find_channel(db, name)


def _record(database: Database, channel: Channel, key: str, began_at: datetime, this: Try) -> int:
    with translated_errors(database.url), database.session() as db:
        return channels.record_test(
            db,
            channel,
            key,
            (began_at, this.ended_at),
            outcome=this.outcome.value,
            code=this.code,
            status_class=this.status_class,
            error=this.error or None,
            retry_after_s=this.retry_after_s,
            provider_id=this.provider_id,
        )


def _stored(given: Sequence[MatcherFields]) -> list[dict[str, Any]]:
    try:
        return [Matcher(one.name, one.value, one.is_regex, one.is_equal).to_dict() for one in given]
    except ValueError as error:
        raise Invalid(str(error), field="matchers") from error


def _check_fallback(db: Session, row: Channel) -> None:
    wanted = row.fallback_channel_id
    if wanted is None:
        return
    if wanted == row.id:
        raise Invalid("a channel cannot be its own fallback", field="fallback_channel_id")
    with db.no_autoflush:
        if channels.find_channel(db, wanted) is None:
            raise Invalid(f"there is no channel {wanted} to fall back to", field="fallback_channel_id")


def _read_all(db: Session, book: ChannelBook, rows: Sequence[Channel]) -> list[ChannelRead]:
    waiting = channels.waiting_counts(db, [row.id for row in rows])
    reads = []
    for row in rows:
        names = [name for name in ChannelRead.model_fields if name not in ("config", "waiting_count")]
        values = {name: getattr(row, name) for name in names}
        reads.append(ChannelRead(**values, config=book.show(destination_of(row)), waiting_count=waiting.get(row.id, 0)))
    return reads
