"""What people decide about alerts: acknowledge, resolve, suppress; one or many, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.model.alerting.life import ACKNOWLEDGED, RESOLVED, SUPPRESSED, ChangeKind, refusal
from tocsin.model.alerting.plain import storable_text
from tocsin.model.alerting.sightings import NAME_LIMIT
from tocsin.model.alerting.steps import FlappingPlan, Step
from tocsin.model.alerts import AlertStatus
from tocsin.storage.alerts.drafts import CALM, Deed, Draft, Drafts, begin_writing, close

NOTE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided: the status they want, who they are, why, and for suppression until when."""

    wanted: AlertStatus  # ACKNOWLEDGED, RESOLVED or SUPPRESSED
    actor: str
    note: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An alert that a decision about many did not change, and why."""

    alert_id: int
    code: str  # of the error it would be alone
    detail: str


def decide(
    connection: Connection, alert_id: int, decision: Decision, now: datetime, flapping: FlappingPlan = CALM
) -> None:
    """Apply a decision to one alert.

    Raises:
        NotFound: there is no such alert.
        Conflict: its life does not go that way; the text names who was first.
        Invalid: nobody is named, or a suppression does not last.
    """
    refused = decide_many(connection, [alert_id], decision, now, flapping)
    if refused:
        kind = NotFound if refused[0].code == NotFound.code else Conflict
        raise kind(refused[0].detail)


def decide_many(
    connection: Connection,
    alert_ids: Sequence[int],
    decision: Decision,
    now: datetime,
    flapping: FlappingPlan = CALM,
) -> list[Refused]:
    """Apply a decision to every alert that allows it; return those that don't, with the reason.

    Raises:
        Invalid: nobody is named, or a suppression does not last.
    """
    _check(decision, now)
    begin_writing(connection)
    drafts = Drafts(connection, now, flapping)
    known = drafts.of_ids(alert_ids)
    refused = []
    for alert_id in dict.fromkeys(alert_ids):
        draft = known.get(alert_id)
        if draft is None:
            refused.append(Refused(alert_id, NotFound.code, f"there is no alert {alert_id}"))
        elif (reason := refusal(draft, decision.wanted)) is not None:
            refused.append(Refused(alert_id, Conflict.code, reason))
        else:
            _apply(drafts, draft, decision, now)
    drafts.write()
    return refused


def _check(decision: Decision, now: datetime) -> None:
    if not decision.actor or not decision.actor.strip():
        raise Invalid("say who does this: an address or a name", field="by")
    if len(decision.actor) > NAME_LIMIT:
        raise Invalid(f"a name has at most {NAME_LIMIT} characters", field="by")
    if decision.wanted is SUPPRESSED and (decision.until is None or decision.until <= now):
        raise Invalid("a suppression must last: give a duration of more than 0 hours", field="duration_hours")


def _apply(drafts: Drafts, draft: Draft, decision: Decision, now: datetime) -> None:
    actor = storable_text(decision.actor)
    note = storable_text(decision.note, NOTE_LIMIT) if decision.note else None
    if decision.wanted is ACKNOWLEDGED:
        draft.acknowledged_at, draft.acknowledged_by, draft.acknowledgement_notes = now, actor, note
        step = Step(ChangeKind.ACKNOWLEDGED, "acknowledged")  # whoever has it in hand need not be told
    elif decision.wanted is RESOLVED:
        close(draft, ChangeKind.RESOLVED, now, actor, note)
        step = Step(ChangeKind.RESOLVED, "resolved_by_hand", is_told=True)
    else:
        draft.suppressed_until, draft.suppressed_by, draft.suppression_reason = decision.until, actor, note
        step = Step(ChangeKind.SUPPRESSED, "suppressed")
    drafts.apply(draft, Deed(step, now, actor, note), decision.wanted)
