"""Which channels hear of a change, and why the others don't. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.delivery.facts import Belief, Change, ChannelFacts, Subject, Telling
from tocsin.model.delivery.reasons import Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one channel hears of it, and why."""

    channel: ChannelFacts
    is_told: bool
    reason: Reason
    details: dict[str, Any] = field(default_factory=dict)


def route(
    change: Change,
    telling: Telling,
    alert: Subject,
    channels: Sequence[ChannelFacts],
    beliefs: Mapping[int, Belief],
) -> list[Verdict]:
    """Return a verdict for every channel.

    Args:
        change: what happened.
        telling: what it means to people.
        alert: whose change it is.
        channels: all of them.
        beliefs: the last that each channel was told of this alert, by channel.
    """
    if telling is Telling.RECOVERY:
        return [_of_recovery(one, beliefs.get(one.id)) for one in channels]
    named = named_kinds(alert, channels)
    labels = alert.known_by(change.to_priority)
    return [_of_problem(one, named, labels, change, beliefs.get(one.id)) for one in channels]


def is_for_dashboard_only(alert: Subject) -> bool:
    """Return whether the alert names the dashboard and nothing else."""
    return bool(alert.notification_channels) and set(alert.notification_channels) == {NotificationChannel.DASHBOARD}


def named_kinds(alert: Subject, channels: Sequence[ChannelFacts]) -> frozenset[str]:
    """Return the kinds that the alert names; none where no enabled channel is of any of them.

    An alert that names SMS where only e-mail is configured is told by e-mail: better so than not at all.
    """
    named = frozenset(alert.notification_channels)
    if is_for_dashboard_only(alert):
        return named
    return named if any(one.is_enabled and one.kind in named for one in channels) else frozenset()


def fits(channel: ChannelFacts, labels: Mapping[str, str], priority: AlertPriority) -> Verdict | None:
    """Return why the channel's own conditions keep an alert away from it; None where they don't."""
    if not channel.is_enabled:
        return Verdict(channel, is_told=False, reason=Reason.DISABLED)
    if not priority.at_least(channel.min_priority):
        details = {"priority": priority.value, "min_priority": channel.min_priority.value}
        return Verdict(channel, is_told=False, reason=Reason.BELOW_PRIORITY, details=details)
    if not all(matcher.matches(labels) for matcher in channel.matchers):
        return Verdict(channel, is_told=False, reason=Reason.NO_MATCH)
    return None


def _of_problem(
    channel: ChannelFacts, named: frozenset[str], labels: Mapping[str, str], change: Change, belief: Belief | None
) -> Verdict:
    if named and channel.kind not in named:
        return Verdict(channel, is_told=False, reason=Reason.NOT_NAMED, details={"named": ", ".join(sorted(named))})
    if not named and not channel.is_default:
        return Verdict(channel, is_told=False, reason=Reason.NOT_DEFAULT)
    against = fits(channel, labels, change.to_priority)
    if against is not None:
        return against
    believes_it = belief is not None and belief.telling.is_problem
    if change.is_held and believes_it:
        return Verdict(channel, is_told=False, reason=Reason.KNOWS_ALREADY)
    if channel.escalate_after_s is not None and not believes_it:
        details = {"after_s": round(channel.escalate_after_s)}
        return Verdict(channel, is_told=False, reason=Reason.ESCALATION_LATER, details=details)
    return Verdict(channel, is_told=True, reason=Reason.NAMED if named else Reason.DEFAULT_CHANNEL)


def _of_recovery(channel: ChannelFacts, belief: Belief | None) -> Verdict:
    if belief is None or not belief.telling.is_problem:
        return Verdict(channel, is_told=False, reason=Reason.NOT_TOLD_OF_PROBLEM)
    if not channel.is_enabled:
        return Verdict(channel, is_told=False, reason=Reason.DISABLED)
    if not channel.tells_resolved:
        return Verdict(channel, is_told=False, reason=Reason.NO_RECOVERIES)
    return Verdict(channel, is_told=True, reason=Reason.TOLD_OF_PROBLEM)
