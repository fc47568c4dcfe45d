"""The one way in: a batch of sightings and endings becomes alerts and changes, in the caller's transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tocsin.model.alerting.life import ACTIVE, ChangeKind
from tocsin.model.alerting.plain import same
from tocsin.model.alerting.sightings import DEDUP_WINDOW_S, Ending, Recorded, Sighting, expiry, sighting_of
from tocsin.model.alerting.steps import FlappingPlan, Step, decide_sighting
from tocsin.model.alerts import OPEN_STATUSES, Alert
from tocsin.storage.alerts.drafts import CALM, Deed, Draft, Drafts, begin_writing, close
from tocsin.storage.tables.alerts import AlertModel

Seen = Sighting | Ending
Advise = Callable[[Alert, datetime], list[str]]


@dataclass(frozen=True, slots=True)
class Handling:
    """How sightings are taken: when they count as flapping, and who knows what to do about a new problem."""

    flapping: FlappingPlan = CALM
    advise: Advise | None = None  # asked once, where an alert opens whose finder recommends nothing


PLAIN = Handling()


def record_alerts(
    connection: Connection, alerts: Sequence[Alert], now: datetime, handling: Handling = PLAIN
) -> list[Recorded]:
    """Make alerts of what was seen, however often each comes; return what became of each, in order.

    Everything that one call changes is committed by the caller, together. An alert whose `ends_at` is past resolves.

    Raises:
        Invalid: one has no type or no title, or a value that does not exist; nothing is written.
    """
    return record(connection, [sighting_of(alert, now) for alert in alerts], now, handling)


def record(connection: Connection, seen: Sequence[Seen], now: datetime, handling: Handling = PLAIN) -> list[Recorded]:
    """Apply sightings and endings in their order; return what became of each. The caller commits."""
    begin_writing(connection)
    done: dict[int, Recorded] = {}
    waiting = list(enumerate(seen))
    while waiting:
        drafts = Drafts(connection, now, handling.flapping)
        known = drafts.of_fingerprints(one.fingerprint for _, one in waiting)
        taken = [(position, one, *_take(drafts, known, one, handling)) for position, one in waiting]
        lost = drafts.write()  # what another process opened in between is looked at again
        for position, one, draft, step, change_index in taken:
            if one.fingerprint not in lost:
                change_id = None if change_index is None else change_index.id
                done[position] = Recorded(
                    draft.id if draft else None, step.kind, step.reason, change_id, one.fingerprint
                )
        waiting = [(position, one) for position, one in waiting if one.fingerprint in lost]
    return [done[position] for position in range(len(seen))]


def _take(drafts: Drafts, known: dict[str, Draft], one: Seen, handling: Handling) -> tuple[Draft | None, Step, Any]:
    draft = known.get(one.fingerprint)
    before = len(drafts.changes)
    if isinstance(one, Ending):
        step = _end(drafts, draft, one)
    else:
        step = decide_sighting(draft, one.alert.priority, one.at, is_over=one.is_over)
        if step.kind is ChangeKind.OPENED:
            draft = known[one.fingerprint] = _opened(_advised(one, handling))
            drafts.add(draft)
            drafts.apply(draft, Deed(step, one.at, one.actor, one.note), ACTIVE)
        elif draft is not None and step.reason != "not_open":
            _seen_again(drafts, draft, step, one)
    change = drafts.changes[before] if len(drafts.changes) > before else None
    return draft, step, change


def _end(drafts: Drafts, draft: Draft | None, one: Ending) -> Step:
    if draft is None or not draft.status.is_open:
        return Step(None, "not_open")
    step = Step(ChangeKind.RESOLVED, one.reason, one.is_told)
    status = close(draft, ChangeKind.RESOLVED, one.at, one.actor, one.note)
    drafts.apply(draft, Deed(step, one.at, one.actor, one.note), status)
    return step


def _advised(one: Sighting, handling: Handling) -> Sighting:
    texts = handling.advise(one.alert, one.at) if handling.advise and one.wants_advice else []
    if not texts:
        return one
    return replace(one, alert=replace(one.alert, metadata={**one.alert.metadata, "recommendations": texts}))


def _opened(one: Sighting) -> Draft:
    alert = one.alert
    return Draft(
        id=0,
        fingerprint=one.fingerprint,
        alert_type=alert.alert_type,
        status=ACTIVE,
        priority=alert.priority,
        title=alert.title,
        message=alert.message,
        alert_metadata=alert.metadata,
        annotations=alert.annotations,
        notification_count=1,
        dedup_window_s=DEDUP_WINDOW_S if alert.dedup_window_s is None else alert.dedup_window_s,
        first_seen_at=one.at,
        last_seen_at=one.at,
        starts_at=alert.starts_at or one.at,
        ends_at=alert.ends_at,
        expires_at=expiry(alert, one.at),
        settled={
            "category": alert.category,
            "resource": alert.resource,
            "labels": alert.labels,
            "source": alert.source,
            "website_id": alert.website_id,
            "rule_id": alert.rule_id,
            "group_key": alert.group_key,
            "notification_channels": [kind.value for kind in alert.notification_channels],
            "runbook_url": alert.runbook_url,
            "generator_url": alert.generator_url,
        },
    )


def _seen_again(drafts: Drafts, draft: Draft, step: Step, one: Sighting) -> None:
    """Count a sighting, keep what it says newly, and apply what it means."""
    alert = one.alert
    drafts.touch(draft)
    if step.kind is ChangeKind.RESOLVED:
        status = close(draft, step.kind, one.at, one.actor, one.note)
        drafts.apply(draft, Deed(step, one.at, one.actor, one.note), status)
        return
    draft.notification_count += 1
    draft.last_seen_at = max(draft.last_seen_at, one.at)
    if step.kind is not None or alert.priority is draft.priority:  # a milder repeat does not talk over what stands
        draft.title, draft.message = alert.title, alert.message
    if alert.metadata and not same(alert.metadata, draft.alert_metadata):
        draft.alert_metadata = {**draft.alert_metadata, **alert.metadata}
    if alert.annotations:
        draft.annotations = alert.annotations
    draft.ends_at = alert.ends_at or draft.ends_at
    draft.expires_at = expiry(alert, one.at) or draft.expires_at
    if step.kind is ChangeKind.REOPENED:
        _reopen(draft, one)
    status = ACTIVE if step.kind is ChangeKind.REOPENED else draft.status
    milder = step.kind is not ChangeKind.REOPENED and not alert.priority.at_least(draft.priority)
    priority = draft.priority if milder else alert.priority
    drafts.apply(draft, Deed(step, one.at, one.actor, one.note), status, priority)


def _reopen(draft: Draft, one: Sighting) -> None:
    draft.reopened_count += 1
    draft.starts_at = one.alert.starts_at or one.at
    draft.ends_at, draft.expires_at = one.alert.ends_at, expiry(one.alert, one.at)
    draft.acknowledged_at = draft.resolved_at = draft.suppressed_until = draft.reminded_at = None
    draft.acknowledged_by = draft.resolved_by = draft.suppressed_by = None
    draft.acknowledgement_notes = draft.resolution_notes = draft.suppression_reason = None
    draft.escalation_level = 0


def end_alerts_of_website(connection: Connection, website_id: int, now: datetime) -> None:
    """Resolve what is open of a website that is being deleted. The caller commits."""
    this = AlertModel.website_id == website_id
    wanted = select(AlertModel.fingerprint).where(this, AlertModel.status.in_(OPEN_STATUSES))
    endings = [Ending(one, now, "website_deleted", "website deleted") for one in connection.scalars(wanted)]
    if endings:
        record(connection, endings, now)
