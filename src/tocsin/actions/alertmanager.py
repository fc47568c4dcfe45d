"""What clients of Alertmanager may ask: open alerts, groups and receivers, and silences by UUID."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.errors import Invalid, NotFound
from tocsin.matching.matchers import Matcher, matches_all, parse_matchers
from tocsin.matching.patterns import compile_pattern
from tocsin.model.alertmanager import NOBODY, NOWHEN, Shown, rfc3339
from tocsin.model.alerts import AlertPriority, AlertStatus, matching_labels
from tocsin.model.silences import SilenceState, silence_state
from tocsin.model.times import as_utc
from tocsin.storage import silences
from tocsin.storage.alert_views import enabled_channels, open_alerts
from tocsin.storage.database import Session
from tocsin.storage.mutes import load_mutes, matchers_of
from tocsin.storage.tables.alert_rules import Silence

RESOLVE_AFTER = timedelta(minutes=5)
_EVERY = 1_000_000


@dataclass(frozen=True, slots=True)
class AlertsAsked:
    """Which alerts a client wants to see."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    unprocessed: bool = True
    muted: bool = True
    filters: tuple[Matcher, ...] = ()
    receiver: str = ""

    def wants(self, one: Shown) -> bool:
        """Return whether the client wants to see an alert."""
        if one.is_active and not self.active:
            return False
        if (one.silenced_by or one.is_suppressed) and not self.silenced:
            return False
        if one.muted_by and not self.muted:
            return False
        if self.receiver and not any(compile_pattern(self.receiver).fullmatch(name) for name in one.receivers):
            return False
        return matches_all(self.filters, one.labels)


def asked(texts: Iterable[str], receiver: str = "", **flags: bool) -> AlertsAsked:
    """Return what a client asks for, its matchers read.

    Raises:
        Invalid: a matcher or the receiver's pattern is none.
    """
    try:
        if receiver:
            compile_pattern(receiver)
        return AlertsAsked(filters=parse_matchers(texts), receiver=receiver, **flags)
    except ValueError as error:
        raise Invalid(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Receiver:
    """A channel as far as it decides which alerts are its own."""

    name: str
    kind: str
    min_priority: AlertPriority
    matchers: tuple[Matcher, ...]
    is_default: bool
    group_by: tuple[str, ...]

    def takes(self, labels: Mapping[str, str], priority: AlertPriority, kinds: Sequence[str]) -> bool:
        is_meant = self.kind in kinds if kinds else self.is_default
        return is_meant and priority.at_least(self.min_priority) and matches_all(self.matchers, labels)


def _receivers(db: Session) -> list[_Receiver]:
    return [
        _Receiver(
            row.name, row.kind.value, row.min_priority, matchers_of(row.matchers), row.is_default, tuple(row.group_by)
        )
        for row in enabled_channels(db.connection())
    ]


def list_receivers(db: Session) -> list[str]:
    """Return the names of the channels that are switched on; the dashboard's where there is none."""
    return [one.name for one in _receivers(db)] or [NOBODY]


def list_open(db: Session, wanted: AlertsAsked, now: datetime) -> list[Shown]:
    """Return the open alerts that a client wants to see, by fingerprint."""
    mutes, receivers = load_mutes(db.connection(), now), _receivers(db)
    found = []
    for row in open_alerts(db.connection()):
        known = matching_labels(
            alert_type=row.alert_type, resource=row.resource, priority=row.priority, category=row.category,
            source=row.source, labels=row.labels,
        )  # fmt: skip
        mute = mutes.verdict(known, row.website_id, now)
        names = [one.name for one in receivers if one.takes(known, row.priority, row.notification_channels)]
        one = Shown(
            fingerprint=row.fingerprint,
            labels=row.labels or known,
            annotations=row.annotations or {"summary": row.title, "description": row.message},
            starts_at=row.starts_at,
            ends_at=row.ends_at or now + RESOLVE_AFTER,
            updated_at=row.updated_at,
            generator_url=row.generator_url or "",
            receivers=names or [NOBODY],
            silenced_by=mutes.silences_of(known, now) if mute else (),
            muted_by=[mute.text] if mute is not None and mute.kind == "maintenance" else (),
            is_suppressed=row.status is AlertStatus.SUPPRESSED,
        )
        if wanted.wants(one):
            found.append(one)
    return found


def list_groups(db: Session, wanted: AlertsAsked, now: datetime) -> list[dict[str, Any]]:
    """Return those alerts as they are told: by receiver, and by the labels it groups by (alertname, if none)."""
    group_by = {one.name: one.group_by or ("alertname",) for one in _receivers(db)}
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Shown]] = {}
    for one in list_open(db, wanted, now):
        for name in one.receivers:
            if wanted.receiver and not compile_pattern(wanted.receiver).fullmatch(name):
                continue
            pairs = ((label, one.labels.get(label, "")) for label in group_by.get(name, ("alertname",)))
            groups.setdefault((name, tuple(pairs)), []).append(one)
    return [
        {"labels": dict(labels), "receiver": {"name": name}, "alerts": [one.to_dict() for one in ones]}
        for (name, labels), ones in sorted(groups.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


# --- silences ---------------------------------------------------------------------------------------


def list_silences(db: Session, filters: Iterable[str], now: datetime) -> list[dict[str, Any]]:
    """Return the silences that have each of the filters among their matchers.

    Raises:
        Invalid: a filter is no matcher.
    """
    try:
        wanted = set(parse_matchers(filters))
    except ValueError as error:
        raise Invalid(str(error)) from error
    rows, _ = silences.list_silences(db, now, limit=_EVERY)
    return [_shown(row, now) for row in rows if wanted <= set(matchers_of(row.matchers))]


def get_silence(db: Session, key: str, now: datetime) -> dict[str, Any]:
    """Return a silence.

    Raises:
        NotFound: there is none of that UUID.
    """
    return _shown(_find(db, key), now)


def expire_silence(db: Session, key: str, now: datetime) -> None:
    """End a silence; one that is over already stays as it is.

    Raises:
        NotFound: there is none of that UUID.
    """
    row = _find(db, key)
    if row.ends_at > now:
        row.starts_at, row.ends_at = min(row.starts_at, now), now
        db.commit()


@dataclass(frozen=True, slots=True)
class SilencePosted:
    """A silence as a client posts it."""

    key: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    annotations: dict[str, str]


def set_silence(db: Session, posted: SilencePosted, now: datetime) -> str:
    """Store or change a silence; return its UUID, a new one where the old one cannot become what is asked for.

    Raises:
        Invalid: it makes no sense.
        NotFound: it names one that is not there.
    """
    starts_at = max(posted.starts_at, now)
    if posted.ends_at <= now:
        raise Invalid("end time can't be in the past")
    if starts_at >= posted.ends_at:
        raise Invalid("start time must be before end time")
    if all(one.is_equal and one.matches_empty for one in posted.matchers):
        raise Invalid("at least one matcher must not match the empty string")
    old = _find(db, posted.key) if posted.key else None
    if old is not None and _can_become(old, posted, now):
        if old.starts_at > now:
            old.starts_at = starts_at
        row = old
    else:
        if old is not None and old.ends_at > now:
            old.starts_at, old.ends_at = min(old.starts_at, now), now
        row = silences.add_silence(db, Silence(matchers=_stored(posted.matchers), starts_at=starts_at, ends_at=now))
    row.ends_at, row.created_by, row.comment = posted.ends_at, posted.created_by, posted.comment
    row.annotations = posted.annotations
    db.commit()
    return row.key


def _can_become(old: Silence, posted: SilencePosted, now: datetime) -> bool:
    """Return whether a silence can be changed in place: same matchers, and no rewriting of what has passed."""
    if set(matchers_of(old.matchers)) != set(posted.matchers):
        return False
    state = silence_state(old.starts_at, old.ends_at, now)
    if state is SilenceState.ACTIVE:
        return int(posted.starts_at.timestamp()) == int(old.starts_at.timestamp())
    return state is SilenceState.PENDING and posted.starts_at >= now


def read_silence(body: Any) -> SilencePosted:
    """Return a posted silence.

    Raises:
        Invalid: it is none.
    """
    if not isinstance(body, dict):
        raise Invalid("an object is expected")
    matchers = body.get("matchers")
    if not isinstance(matchers, list) or not matchers:
        raise Invalid("matchers in body is required", field="matchers")
    try:
        meant = tuple(Matcher.from_dict(one) for one in matchers)
        starts_at, ends_at = (_moment(body.get(name)) for name in ("startsAt", "endsAt"))
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"it cannot be read: {error}") from error
    if not all(isinstance(one.name, str) and isinstance(one.value, str) for one in meant):
        raise Invalid("names and values of matchers are texts", field="matchers")
    key = body.get("id") or ""
    if key:
        check_key(key)
    texts = {name: str(body.get(name) or "") for name in ("createdBy", "comment")}
    return SilencePosted(
        key, meant, starts_at, ends_at, texts["createdBy"], texts["comment"], dict(body.get("annotations") or {})
    )


def check_key(key: Any) -> None:
    """Refuse what is no UUID.

    Raises:
        Invalid: it is none.
    """
    try:
        uuid.UUID(key)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(f"{key!r} is no UUID", field="silenceID") from error


def _moment(value: Any) -> datetime:
    if value in (None, ""):
        return NOWHEN
    return as_utc(datetime.fromisoformat(value))


def _find(db: Session, key: str) -> Silence:
    row = silences.find_by_key(db, key)
    if row is None:
        raise NotFound("silence not found")
    return row


def _stored(matchers: Iterable[Matcher]) -> list[dict[str, Any]]:
    return [one.to_dict() for one in matchers]


def _shown(row: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": row.key,
        "status": {"state": silence_state(row.starts_at, row.ends_at, now)},
        "updatedAt": rfc3339(row.updated_at),
        "annotations": row.annotations,
        "comment": row.comment,
        "createdBy": row.created_by,
        "endsAt": rfc3339(row.ends_at),
        "matchers": row.matchers,
        "startsAt": rfc3339(row.starts_at),
    }
