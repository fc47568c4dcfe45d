"""Deliveries, their attempts, and the chain of decisions, as every door shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.delivery.facts import DeliveryStatus
from tocsin.model.delivery.reasons import Step
from tocsin.model.messages import MessageKind, Outcome
from tocsin.model.times import UTCDatetime


class AttemptRead(BaseModel):
    """One try to send a delivery."""

    model_config = ConfigDict(from_attributes=True)

    started_at: UTCDatetime
    ended_at: UTCDatetime | None = None
    outcome: Outcome | None = Field(None, description="null: under way. unknown: it may have arrived.")
    status_class: str | None = Field(None, examples=["2xx"])
    code: int | None = Field(None, description="HTTP status or SMTP code.")
    retry_after_s: float | None = None
    provider_id: str | None = None
    error: str | None = None


class DeliveryRead(BaseModel):
    """One message to one channel."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    channel_id: int
    channel_name: str
    channel_kind: NotificationChannel
    kind: MessageKind
    status: DeliveryStatus
    reason: str = Field("", description="Why it waits, failed, was dropped or moved: a stable code.")
    reason_text: str = ""
    group_key: str = ""
    priority: AlertPriority
    alerts_count: int
    due_at: UTCDatetime
    wanted_at: UTCDatetime = Field(description="When it should have been told at first.")
    sent_at: UTCDatetime | None = None
    created_at: UTCDatetime
    possibly_repeated: bool = Field(False, description="An earlier try may have arrived: its answer was lost.")
    provider_id: str | None = None
    into_delivery_id: int | None = Field(None, description="The delivery that tells it instead.")
    attempts: list[AttemptRead] = Field(default_factory=list, description="Oldest first.")


class DecisionRead(BaseModel):
    """What one step decided about one change of an alert."""

    decided_at: UTCDatetime
    change_id: int | None = None
    change_kind: str | None = Field(None, examples=["opened"])
    channel_id: int | None = Field(None, description="null: it concerns every channel.")
    channel_name: str | None = None
    step: str = Field(description=f"One of {', '.join(Step)}.")
    is_told: bool = Field(description="False: this step kept the message back.")
    reason: str = Field(description="A stable code.")
    text: str
    delivery_id: int | None = None


class ChannelOutcome(BaseModel):
    """Whether one channel heard of an alert, in one sentence."""

    channel_id: int
    channel_name: str
    was_told: bool
    text: str


class WhyRead(BaseModel):
    """Why somebody did or did not hear of an alert: the outcome a channel, then every decision, oldest first."""

    alert_id: int
    channels: list[ChannelOutcome]
    decisions: list[DecisionRead]


class TestRead(BaseModel):
    """What became of a test message."""

    __test__ = False  # it is none of pytest's

    delivery_id: int
    sent_at: UTCDatetime
    took_ms: float
    code: int | None = None
    provider_id: str | None = None
    detail: str = ""


def outcome_text(status: str, at: datetime | None, reason_text: str) -> str:
    """Return what became of a delivery as a sentence."""
    told = {
        "SENT": f"Told at {at:%Y-%m-%d %H:%M:%S} UTC." if at else "Told.",
        "SENDING": "It is being sent.",
        "PENDING": "It waits to be sent." if not reason_text else f"It waits: {reason_text}",
        "MOVED": f"Its fallback tells it: {reason_text}",
        "FAILED": f"It was not told: {reason_text}",
        "DROPPED": f"It was not sent: {reason_text}",
    }
    return told.get(status, status)


def plain_details(details: Any) -> dict[str, Any]:
    """Return stored details as a mapping, whatever an older release left there."""
    return dict(details) if isinstance(details, dict) else {}
