"""From rows to the frozen values that decisions take."""

from collections.abc import Mapping
from typing import Any

from tocsin.matching.matchers import Matcher
from tocsin.model.alerts import AlertStatus
from tocsin.model.delivery.facts import Change, ChannelFacts, DeliveryStatus, Queued, Subject
from tocsin.model.messages import MessageKind
from tocsin.storage.tables.alerts import AlertChange, AlertModel
from tocsin.storage.tables.deliveries import Channel, DeliveryRow

CHANNEL_COLUMNS = tuple(
    Channel.__table__.c[name] for name in ChannelFacts.__dataclass_fields__ if name in Channel.__table__.c
)
QUEUE_COLUMNS = tuple(DeliveryRow.__table__.c[name] for name in Queued.__dataclass_fields__)
CHANGE_COLUMNS = (
    AlertChange.id, AlertChange.alert_id, AlertChange.kind, AlertChange.changed_at, AlertChange.from_status,
    AlertChange.to_status, AlertChange.to_priority, AlertChange.muted_until,
)  # fmt: skip
SUBJECT_COLUMNS = tuple(getattr(AlertModel, name) for name in Subject.__dataclass_fields__)


def channel_of(row: Mapping[Any, Any]) -> ChannelFacts:
    """Return a channel."""
    values = dict(row)
    values["matchers"] = tuple(Matcher.from_dict(one) for one in values["matchers"])
    values["group_by"] = tuple(values["group_by"])
    return ChannelFacts(**values)


def queued_of(row: Mapping[Any, Any]) -> Queued:
    """Return a delivery."""
    values = dict(row)
    return Queued(**{**values, "kind": MessageKind(values["kind"]), "status": DeliveryStatus(values["status"])})


def change_of(row: Any) -> Change:
    """Return a change from `CHANGE_COLUMNS`."""
    change_id, alert_id, kind, changed_at, from_status, to_status, to_priority, muted_until = row
    return Change(
        change_id, alert_id, kind, changed_at, from_status, AlertStatus(to_status), to_priority, muted_until is not None
    )


def subject_of(row: Mapping[Any, Any]) -> Subject:
    """Return an alert as routing sees it."""
    values = dict(row)
    values["notification_channels"] = tuple(str(one) for one in values["notification_channels"] or ())
    return Subject(**values)
