"""From a delivery and its members to the message that is sent. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.delivery.life import telling_of
from tocsin.model.alerts import AlertStatus
from tocsin.model.delivery.facts import Queued, Telling, Told
from tocsin.model.messages import AlertFacts, Message, MessageKind

SHOWN = 10
"""A message names so many alerts one by one; the others are counted."""
MOST_CAUSES = 5
LATE_AFTER = timedelta(minutes=2)
_UNACKNOWLEDGED = (MessageKind.REMINDER, MessageKind.ESCALATION)


@dataclass(frozen=True, slots=True)
class Net:
    """What a delivery says of one alert, all its changes taken together."""

    last: Told
    telling: Telling  # of the last change
    tellings: frozenset[Telling]
    was_told_before: bool

    @property
    def is_over(self) -> bool:
        """True where the last word is that the problem ended."""
        return self.telling is Telling.RECOVERY

    @property
    def was_missed(self) -> bool:
        """True where the end is told to somebody who never heard of the beginning."""
        return self.is_over and (not self.was_told_before or any(one.is_problem for one in self.tellings))


@dataclass(frozen=True, slots=True)
class Setting:
    """What a message needs to know beside its alerts."""

    now: datetime
    external_url: str = ""
    is_group_known: bool = False  # the group's last message left a problem open
    previous_id: str | None = None


def net_of(members: Iterable[Told]) -> dict[int, Net]:
    """Return what the members come to, by alert."""
    nets: dict[int, Net] = {}
    for told in sorted(members, key=lambda one: one.change.id):
        telling = _telling(told)
        before = nets.get(told.change.alert_id)
        tellings = frozenset({telling}) | (before.tellings if before else frozenset())
        nets[told.change.alert_id] = Net(told, telling, tellings, told.was_told_before)
    return nets


def _telling(told: Told) -> Telling:
    """Return what a change means to this channel: the first it hears of a problem is the problem."""
    telling = telling_of(told.change, None)[0]  # it was planned, so no flapping kept it back
    return Telling.PROBLEM if telling is Telling.RAISED and not told.was_told_before else telling


def kind_of(delivery: Queued, nets: Sequence[Net], *, is_late: bool, is_group_known: bool) -> MessageKind | None:
    """Return what kind of message it is by now; None where nobody has to hear it any more."""
    if not nets or delivery.kind is MessageKind.DIGEST:
        return delivery.kind if nets else None
    going_on = [net for net in nets if not net.is_over]
    if not going_on:
        return MessageKind.MISSED if is_late and any(net.was_missed for net in nets) else MessageKind.RESOLVED
    if delivery.kind in _UNACKNOWLEDGED:
        is_wanted = any(net.last.status_now is AlertStatus.ACTIVE for net in going_on)
        return delivery.kind if is_wanted else None
    return _kind_of_problems({net.telling for net in going_on}, is_group_known=is_group_known)


def _kind_of_problems(tellings: set[Telling], *, is_group_known: bool) -> MessageKind:
    if tellings == {Telling.FLAPPING}:
        return MessageKind.FLAPPING
    if is_group_known or Telling.PROBLEM not in tellings:
        return MessageKind.CHANGED
    return MessageKind.FIRING


def compose(
    delivery: Queued, nets: Mapping[int, Net], facts: Mapping[int, AlertFacts], setting: Setting
) -> Message | None:
    """Return the message; None where nobody has to hear it any more.

    Args:
        delivery: what is sent; its attempts do not include this one.
        nets: all that it tells of, by alert.
        facts: at least of the alerts in `shown_of(nets)`.
        setting: where, when and after what it is said.
    """
    if delivery.kind in (MessageKind.TEST, MessageKind.REPORT):
        return _of_itself(delivery, setting)
    moved_from = delivery.details.get("moved_from")
    is_late = bool(delivery.attempts_count or moved_from or setting.now - delivery.wanted_at > LATE_AFTER)
    kind = kind_of(delivery, list(nets.values()), is_late=is_late, is_group_known=setting.is_group_known)
    if kind is None:
        return None
    shown = [_as_told(facts[one], nets[one], setting) for one in shown_of(nets) if one in facts]
    counted = Counter(net.last.cause for net in nets.values())
    url = setting.external_url.rstrip("/")
    return Message(
        key=delivery.key,
        kind=kind,
        alerts=tuple(shown),
        alerts_count=len(nets),
        created_at=delivery.created_at,
        title=_title(kind, nets),
        text=_text(kind, delivery, list(nets.values())),
        causes=tuple(counted.most_common(MOST_CAUSES)) if kind is MessageKind.DIGEST else (),
        resolved_count=sum(net.is_over for net in nets.values()),
        first_seen_at=min(net.last.first_seen_at for net in nets.values()),
        group_key=delivery.group_key,
        link=(f"{url}/alerts" if len(nets) > 1 else f"{url}/alerts/{next(iter(nets))}") if url else None,
        external_url=url,
        possibly_repeated=delivery.possibly_repeated,
        late_since=delivery.wanted_at if is_late else None,
        previous_id=setting.previous_id,
    )


def _of_itself(delivery: Queued, setting: Setting) -> Message:
    """Return a message that is about no alert: it brings its own words."""
    return Message(
        key=delivery.key,
        kind=delivery.kind,
        alerts=(),
        alerts_count=0,
        created_at=delivery.created_at,
        title=delivery.details.get("title", ""),
        text=delivery.details.get("text", ""),
        group_key=delivery.group_key,
        external_url=setting.external_url.rstrip("/"),
        possibly_repeated=delivery.possibly_repeated,
    )


def shown_of(nets: Mapping[int, Net]) -> list[int]:
    """Return the alerts that a message names: what goes on before what is over, the most severe first."""

    def weight(alert_id: int) -> tuple[bool, int, int]:
        net = nets[alert_id]
        return net.is_over, net.last.change.to_priority.rank, alert_id

    return sorted(nets, key=weight)[:SHOWN]


def _as_told(facts: AlertFacts, net: Net, setting: Setting) -> AlertFacts:
    """Return an alert as of the change that is told: a later end has a message of its own."""
    change = net.last.change
    is_ahead = facts.status is not change.to_status and not facts.status.is_open
    url = setting.external_url.rstrip("/")
    return replace(
        facts,
        priority=change.to_priority,
        status=change.to_status,
        resolved_at=None if is_ahead else facts.resolved_at,
        url=f"{url}/alerts/{facts.id}" if url else None,
    )


def _title(kind: MessageKind, nets: Mapping[int, Net]) -> str:
    if kind is not MessageKind.DIGEST:
        return ""
    over = sum(net.is_over for net in nets.values())
    parts = [f"{len(nets) - over} open"] if over < len(nets) else []
    parts += [f"{over} resolved"] if over else []
    return f"{len(nets)} alert{'s' if len(nets) > 1 else ''}: {', '.join(parts)}"


def _text(kind: MessageKind, delivery: Queued, nets: Sequence[Net]) -> str:
    sentences = []
    if moved_from := delivery.details.get("moved_from"):
        error = delivery.details.get("error") or "it does not answer"
        sentences.append(f"This was meant for the channel {moved_from}, which fails: {error}.")
    if kind is MessageKind.MISSED:
        sentences.append("It began and ended while this channel could not be reached.")
    elif kind is MessageKind.RESOLVED and all(net.was_missed for net in nets):
        sentences.append("It began and ended before this message was due.")
    return " ".join(sentences)
