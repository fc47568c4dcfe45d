"""Delivery without threads, network or waiting: a clock that is set, and channels that answer as they are told."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select

from tests.support.delivering import add_channel, change_alert, open_alert
from tocsin import Database
from tocsin.delivery.lanes import LanePlan, Lanes, Later, Sending
from tocsin.delivery.outcome import Try
from tocsin.delivery.planner import LEASE, Planning
from tocsin.model.alerts import AlertStatus
from tocsin.model.messages import MessageKind, Outcome
from tocsin.model.times import utcnow
from tocsin.storage.leases import take_lease
from tocsin.storage.tables.alert_rules import Silence
from tocsin.storage.tables.alerts import AlertChange, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryMember, DeliveryRow, Lease

OUTCOMES = {"ok": Outcome.SENT, "down": Outcome.TEMPORARY, "refuses": Outcome.PERMANENT, "silent": Outcome.UNKNOWN}


@dataclass(frozen=True)
class Heard:
    """A message that reached somebody: which changes of which alerts it told."""

    channel: str
    kind: MessageKind
    changes: tuple[tuple[int, int, str], ...]  # alert, change, kind of change
    possibly_repeated: bool
    key: str


@dataclass
class Sim:
    """A world of alerts and channels. Times go by only as told."""

    database: Database
    now: datetime = field(default_factory=utcnow)
    mood: dict[str, str] = field(default_factory=lambda: defaultdict(lambda: "ok"))
    heard: list[Heard] = field(default_factory=list)
    alerts: dict[int, int] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table in (AlertModel, Channel, DeliveryRow, Silence, Lease, AlertChange):
            with self.database.write_transaction() as connection:
                connection.execute(delete(table))
        with self.database.write_transaction() as connection:
            take_lease(connection, LEASE, "sim", self.now, timedelta(days=1000))
        self.planning = Planning(self.database, "sim", clock=lambda: self.now)
        self.lanes = Lanes(self.database, "sim", LanePlan(), clock=lambda: self.now)

    def add_channel(self, name: str, **fields: Any) -> None:
        self.channels[name] = add_channel(self.database, name, **fields)

    def alert(self, number: int, step: str) -> None:
        """Open, change or close an alert, where its life allows that step."""
        alert_id = self.alerts.get(number)
        status = self._status(alert_id)
        if step == "opens" and alert_id is None:
            self.alerts[number] = open_alert(self.database, f"host{number}", group_key=f"group {number % 4}",
                                             first_seen_at=self.now)  # fmt: skip
        elif step == "opens" and alert_id and status is AlertStatus.RESOLVED:
            change_alert(self.database, alert_id, "reopened")
        elif step == "resolves" and alert_id and status in (AlertStatus.ACTIVE, AlertStatus.ACKNOWLEDGED):
            change_alert(self.database, alert_id, "resolved")
        elif step == "acknowledged" and alert_id and status is AlertStatus.ACTIVE:
            change_alert(self.database, alert_id, "acknowledged")

    def _status(self, alert_id: int | None) -> AlertStatus | None:
        with self.database.session() as db:
            return db.scalar(select(AlertModel.status).where(AlertModel.id == alert_id))

    def silence(self, number: int, minutes: int) -> None:
        """Mute one host for a while."""
        matcher = {"name": "resource", "value": f"host{number}", "isRegex": False, "isEqual": True}
        with self.database.session() as db:
            db.add(Silence(key=str(uuid4()), matchers=[matcher], starts_at=self.now,
                           ends_at=self.now + timedelta(minutes=minutes)))  # fmt: skip
            db.commit()

    def run(self, seconds: float, step_s: float = 2.0) -> None:
        """Let time go by: plan, look again, send."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            while self.planning.plan_batch():
                pass
            self.planning.look_again()
            for name, channel_id in self.channels.items():
                self._send_all(name, channel_id)
            if self.now >= end:
                return
            self.now = min(end, self.now + timedelta(seconds=step_s))

    def _send_all(self, name: str, channel_id: int) -> None:
        for _ in range(50):
            step = self.lanes.next_of(channel_id)
            if isinstance(step, Later):
                return
            self._answer(name, step)
        raise AssertionError("a lane does not come to an end")

    def _answer(self, name: str, sending: Sending) -> None:
        mood = self.mood[name]
        if mood in ("ok", "silent"):
            self.heard.append(self._heard(name, sending))
        if mood == "killed":  # the process ends here: the claim runs out
            self.mood[name] = "ok"
            self.now += timedelta(minutes=2)
            return
        this = Try(OUTCOMES[mood], self.now, "" if mood == "ok" else mood, provider_id="p" if mood == "ok" else None)
        self.lanes.record(sending, this)

    def _heard(self, name: str, sending: Sending) -> Heard:
        wanted = (
            select(DeliveryMember.alert_id, DeliveryMember.change_id, AlertChange.kind)
            .join(AlertChange, AlertChange.id == DeliveryMember.change_id)
            .where(DeliveryMember.delivery_id == sending.delivery.id)
            .order_by(DeliveryMember.change_id)
        )
        with self.database.session() as db:
            changes = tuple((row[0], row[1], row[2]) for row in db.execute(wanted))
        message = sending.message
        return Heard(name, message.kind, changes, message.possibly_repeated, message.key)

    def settle(self) -> None:
        """Mend every channel and let two hours go by, in ever longer steps."""
        self.mood.clear()
        for seconds in (30, 300, 2400, 7200):
            self.run(seconds, step_s=seconds / 4)

    def story(self, name: str, alert_id: int) -> list[tuple[str, bool]]:
        """Return what a channel heard of an alert, oldest first: kinds of change, and whether marked as a repeat."""
        return [
            (kind, one.possibly_repeated)
            for one in self.heard
            if one.channel == name
            for alert, _, kind in one.changes
            if alert == alert_id
        ]

    def failed(self) -> list[DeliveryRow]:
        with self.database.session() as db:
            return list(db.scalars(select(DeliveryRow).where(DeliveryRow.status == "FAILED")))

    def waiting(self) -> list[DeliveryRow]:
        with self.database.session() as db:
            return list(db.scalars(select(DeliveryRow).where(DeliveryRow.status.in_(("PENDING", "SENDING")))))

    def last_kind(self, alert_id: int) -> str:
        """Return the last change of an alert that is told."""
        wanted = select(AlertChange.kind).where(
            AlertChange.alert_id == alert_id, AlertChange.kind.in_(("opened", "reopened", "resolved"))
        )
        with self.database.session() as db:
            return db.scalars(wanted.order_by(AlertChange.id.desc())).first() or ""
