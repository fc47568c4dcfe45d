"""From changes of alerts to what is to be stored: decisions, deliveries and their members. Pure.

Life and flapping, silence and maintenance, routing, grouping: each step that decides something leaves a decision.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.delivery.group import KIND_OF, Collecting, Placed, group_of
from tocsin.delivery.life import telling_of
from tocsin.delivery.route import Verdict, is_for_dashboard_only, route
from tocsin.matching.mutes import Mute, Mutes
from tocsin.model.alerts import AlertStatus
from tocsin.model.delivery.facts import Belief, Change, ChannelFacts, Decision, Member, Queued, Subject, Telling
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.model.messages import MessageKind
from tocsin.model.times import isoformat

Beliefs = Mapping[int, Mapping[int, Belief]]
"""By alert, then by channel: the last that it was told."""


@dataclass(slots=True)
class Plan:
    """What a batch of changes comes to."""

    collecting: dict[int, Collecting]
    decisions: list[Decision] = field(default_factory=list)
    planned: list[int] = field(default_factory=list)  # changes that are done with
    held: dict[int, datetime] = field(default_factory=dict)  # changes that a mute keeps back, until when

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to store."""
        return not (self.planned or self.held or self.decisions)


class Planner:
    """Plans one batch, in order; what it plans for one change counts for the next."""

    def __init__(
        self,
        *,
        alerts: Mapping[int, Subject],
        channels: Sequence[ChannelFacts],
        queued: Iterable[Queued],
        beliefs: Beliefs,
        mutes: Mutes,
        now: datetime,
    ) -> None:
        by_channel: dict[int, list[Queued]] = {}
        for one in queued:
            by_channel.setdefault(one.channel_id, []).append(one)
        self._alerts = alerts
        self._channels = channels
        self._beliefs = {alert_id: dict(known) for alert_id, known in beliefs.items()}
        self._mutes = mutes
        self._now = now
        self.plan = Plan({one.id: Collecting(one, by_channel.get(one.id, ()), now) for one in channels})

    def add(self, change: Change) -> None:
        """Plan a change; of a held one that is still muted only the time is noted."""
        alert = self._alerts[change.alert_id]
        if change.is_held and alert.status is not AlertStatus.ACTIVE:
            is_over = not alert.status.is_open
            self._note(change, Step.SILENCE, told=False,
                       reason=Reason.OVER_BEFORE_MUTE if is_over else Reason.KNOWN_BEFORE_MUTE)  # fmt: skip
            self.plan.planned.append(change.id)
            return
        telling, reason = telling_of(change, alert.flapping_since)
        if telling is Telling.NOTHING:
            step = Step.FLAPPING if reason is Reason.ALERT_FLAPS else Step.LIFE
            self._note(change, step, told=False, reason=reason)
            self.plan.planned.append(change.id)
            return
        mute = None
        if telling is not Telling.RECOVERY:
            mute = self._mutes.verdict(alert.known_by(change.to_priority), alert.website_id, self._now)
        if mute is not None:
            self._hold(change, mute, reason)
            return
        self._note(change, Step.LIFE, told=True, reason=Reason.MUTE_OVER if change.is_held else reason)
        self._tell(change, telling, alert)
        self.plan.planned.append(change.id)

    def supersede(self, change: Change) -> None:
        """Note that a later held change of the same alert takes this one's place."""
        self._note(change, Step.SILENCE, told=False, reason=Reason.KNOWN_BEFORE_MUTE)
        self.plan.planned.append(change.id)

    def _hold(self, change: Change, mute: Mute, reason: Reason) -> None:
        self.plan.held[change.id] = mute.until
        if change.is_held:
            return
        self._note(change, Step.LIFE, told=True, reason=reason)
        details = {
            "kind": "Maintenance window" if mute.kind == "maintenance" else "Silence",
            "id": mute.id,
            "until": isoformat(mute.until),
            "text": f" ({mute.text})" if mute.text else "",
        }
        self._note(change, Step(mute.kind), told=False, reason=Reason.MUTED, details=details)

    def _tell(self, change: Change, telling: Telling, alert: Subject) -> None:
        beliefs = self._beliefs.setdefault(alert.id, {})
        verdicts = route(change, telling, alert, self._channels, beliefs)
        for verdict in verdicts:
            self._note_routing(change, verdict)
            if verdict.is_told:
                self._place(change, telling, alert, verdict.channel)
        if telling is Telling.RECOVERY or any(
            one.is_told or one.reason in (Reason.KNOWS_ALREADY, Reason.ESCALATION_LATER) for one in verdicts
        ):
            return
        reason = Reason.DASHBOARD_ONLY if is_for_dashboard_only(alert) else Reason.NO_CHANNEL
        self._note(change, Step.ROUTING, told=False, reason=reason)

    def _place(self, change: Change, telling: Telling, alert: Subject, channel: ChannelFacts) -> None:
        member = Member(change.id, alert.id)
        believed = self._beliefs[alert.id].get(channel.id)
        if telling is Telling.RAISED and (believed is None or not believed.telling.is_problem):
            telling = Telling.PROBLEM  # this channel hears of it for the first time
        collecting = self.plan.collecting[channel.id]
        placed = collecting.place(member, KIND_OF[telling], group_of(alert, channel), change.to_priority)
        delivery_id = placed.delivery if isinstance(placed.delivery, int) else None
        self._beliefs[alert.id][channel.id] = Belief(change.id, telling, delivery_id)
        self._note_placed(change, channel, placed)

    def remind(self, change: Change, channel: ChannelFacts, kind: MessageKind, after_s: float) -> bool:
        """Plan a reminder or an escalation of an alert for one channel; return False where a mute keeps it back."""
        alert = self._alerts[change.alert_id]
        if self._mutes.verdict(alert.known_by(), alert.website_id, self._now) is not None:
            return False
        collecting = self.plan.collecting[channel.id]
        member = Member(change.id, alert.id)
        placed = collecting.place(member, kind, group_of(alert, channel), alert.priority)
        step = Step.ESCALATION if kind is MessageKind.ESCALATION else Step.REMINDER
        self._note(change, step, told=True, reason=Reason.NOBODY_ACKNOWLEDGED, channel=channel,
                   details={"after_s": round(after_s)})  # fmt: skip
        self._note_placed(change, channel, placed)
        return True

    def _note_routing(self, change: Change, verdict: Verdict) -> None:
        self._note(change, Step.ROUTING, told=verdict.is_told, reason=verdict.reason, channel=verdict.channel,
                   details=verdict.details)  # fmt: skip

    def _note_placed(self, change: Change, channel: ChannelFacts, placed: Placed) -> None:
        self.plan.decisions.append(
            Decision(
                change.alert_id,
                change.id,
                channel.id,
                Step.GROUP,
                is_told=True,
                reason=placed.reason,
                details={"due_at": isoformat(placed.due_at)},
                delivery=placed.delivery,
            )
        )

    def _note(
        self,
        change: Change,
        step: Step,
        *,
        told: bool,
        reason: Reason,
        channel: ChannelFacts | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.plan.decisions.append(
            Decision(
                change.alert_id,
                change.id,
                None if channel is None else channel.id,
                step,
                is_told=told,
                reason=reason,
                details=details or {},
            )
        )
