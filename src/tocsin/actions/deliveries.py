"""What can be asked about deliveries: list, an alert's own, try again; and why somebody did or did not hear of it."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from tocsin.actions.channels import find_channel
from tocsin.errors import Conflict, NotFound
from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.model.delivery.reads import (
    AttemptRead,
    ChannelOutcome,
    DecisionRead,
    DeliveryRead,
    WhyRead,
    outcome_text,
    plain_details,
)
from tocsin.model.delivery.reasons import sentence_of
from tocsin.model.messages import MessageKind
from tocsin.model.pages import Page, PageQuery
from tocsin.model.times import utcnow
from tocsin.storage.database import Session
from tocsin.storage.delivery import channels, reading
from tocsin.storage.tables.deliveries import Channel, DeliveryRow

MOST_DELIVERIES = 500


class DeliveryQuery(PageQuery):
    """Which deliveries are asked for; all conditions hold together."""

    status: DeliveryStatus | None = None
    kind: MessageKind | None = None
    channel_id: int | None = Field(None, ge=1)
    alert_id: int | None = Field(None, ge=1, description="Only those that tell of this alert.")


def list_deliveries(db: Session, query: DeliveryQuery) -> Page[DeliveryRead]:
    """Return one page of the deliveries, newest first, each with its tries."""
    rows, total = reading.list_deliveries(
        db, skip=query.skip, limit=query.page_size, alert_id=query.alert_id, status=query.status, kind=query.kind,
        channel_id=query.channel_id,
    )  # fmt: skip
    return query.page_of(_read_all(db, rows), total)


def list_of_alert(db: Session, alert_id: int, query: PageQuery) -> Page[DeliveryRead]:
    """Return one page of the deliveries that tell of an alert, newest first, each with its tries.

    Raises:
        NotFound: there is no such alert.
    """
    _must_exist(db, alert_id)
    rows, total = reading.list_deliveries(db, skip=query.skip, limit=query.page_size, alert_id=alert_id)
    return query.page_of(_read_all(db, rows), total)


def retry_delivery(db: Session, delivery_id: int) -> DeliveryRead:
    """Have a delivery that failed or waits tried again at once, with the full time for further tries.

    Raises:
        NotFound: there is none.
        Conflict: it was sent, is being sent, or another one tells it.
    """
    status = reading.ask_again(db, delivery_id, utcnow())
    if status is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    if status not in (DeliveryStatus.FAILED, DeliveryStatus.PENDING):
        raise Conflict(f"delivery {delivery_id} is {status}; only one that failed or waits can be tried again")
    rows, _ = reading.list_deliveries(db, id=delivery_id)
    return _read_all(db, rows)[0]


def explain(db: Session, alert_id: int, channel: int | str | None = None) -> WhyRead:
    """Return why channels did or did not hear of an alert: outcomes, and every decision, oldest first.

    Args:
        db: the database.
        alert_id: of which alert.
        channel: only for the channel of this id or name.

    Raises:
        NotFound: there is no such alert, or no such channel.
    """
    _must_exist(db, alert_id)
    only = None if channel is None else find_channel(db, channel).id
    decisions = [
        DecisionRead(
            decided_at=row.decided_at, change_id=row.change_id, change_kind=kind, channel_id=row.channel_id,
            channel_name=name, step=row.step, is_told=row.is_told, reason=row.reason,
            text=sentence_of(row.reason, plain_details(row.details)), delivery_id=row.delivery_id,
        )
        for row, kind, name in reading.decisions_of(db, alert_id, only)
    ]  # fmt: skip
    outcomes = _outcomes(db, alert_id, only, decisions)
    return WhyRead(alert_id=alert_id, channels=outcomes, decisions=decisions)


def _outcomes(db: Session, alert_id: int, only: int | None, decisions: Sequence[DecisionRead]) -> list[ChannelOutcome]:
    """Return for each channel what became of the last delivery, else of the last decision."""
    deliveries, _ = reading.list_deliveries(db, limit=MOST_DELIVERIES, alert_id=alert_id, channel_id=only)
    newest: dict[int, DeliveryRow] = {}
    for row, channel in deliveries:
        newest.setdefault(channel.id, row)
    told = {channel.id for row, channel in deliveries if row.status == DeliveryStatus.SENT}
    last = {one.channel_id: one for one in decisions}
    waits = bool(reading.unplanned_count(db, alert_id))
    found, _ = channels.list_channels(db)
    return [
        ChannelOutcome(
            channel_id=channel.id,
            channel_name=channel.name,
            was_told=channel.id in told,
            text=_outcome_text(channel, newest, last, waits=waits),
        )
        for channel in found
        if only in (None, channel.id)
    ]


def _outcome_text(
    channel: Channel, newest: Mapping[int, DeliveryRow], last: Mapping[int | None, DecisionRead], *, waits: bool
) -> str:
    if channel.id in newest:
        row = newest[channel.id]
        return outcome_text(row.status, row.sent_at, _reason_text(row, channel))
    if channel.id in last:
        return last[channel.id].text
    if waits:
        return "It is about to be planned."
    if None in last and not last[None].is_told:
        return last[None].text
    return "The channel did not exist when it was planned."


def _reason_text(row: DeliveryRow, channel: Channel) -> str:
    if not row.reason:
        return channel.last_error or "" if row.attempts_count and row.status == DeliveryStatus.PENDING else ""
    return sentence_of(row.reason, {"error": channel.last_error or "?", **plain_details(row.details)})


def _must_exist(db: Session, alert_id: int) -> None:
    if not reading.has_alert(db, alert_id):
        raise NotFound(f"there is no alert {alert_id}")


def _read_all(db: Session, rows: Sequence[tuple[DeliveryRow, Channel]]) -> list[DeliveryRead]:
    attempts = reading.attempts_of(db, [row.id for row, _ in rows])
    plain = [name for name in DeliveryRead.model_fields if name in DeliveryRow.__table__.c]
    return [
        DeliveryRead(
            **{name: getattr(row, name) for name in plain},
            channel_name=channel.name,
            channel_kind=channel.kind,
            reason_text=_reason_text(row, channel),
            into_delivery_id=plain_details(row.details).get("into"),
            attempts=[AttemptRead.model_validate(one) for one in attempts.get(row.id, [])],
        )
        for row, channel in rows
    ]
