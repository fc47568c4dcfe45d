"""What can be asked about silences: list, get, create, change, end, and what one would have muted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from tocsin.errors import Invalid, NotFound
from tocsin.matching.matchers import Matcher, matches_all
from tocsin.model.maintenance import MutePreview, PeriodRead
from tocsin.model.matchers import MatcherFields
from tocsin.model.pages import Page, PageQuery
from tocsin.model.silences import SilenceCreate, SilenceRead, SilenceState, silence_state
from tocsin.model.times import utcnow
from tocsin.storage import silences
from tocsin.storage.database import Session
from tocsin.storage.mute_previews import preview_matching
from tocsin.storage.tables.alert_rules import Silence

PREVIEW_DAYS = 7


class SilenceQuery(PageQuery):
    """Which silences are asked for."""

    state: SilenceState | None = Field(None, description="Only the active, pending or expired ones.")


def list_silences(db: Session, query: SilenceQuery, now: datetime | None = None) -> Page[SilenceRead]:
    """Return one page of the silences: active ones first, then pending, then expired ones."""
    now = now or utcnow()
    rows, total = silences.list_silences(db, now, query.state, query.skip, query.page_size)
    return query.page_of([_read(row, now) for row in rows], total)


def get_silence(db: Session, silence_id: int, now: datetime | None = None) -> SilenceRead:
    """Return a silence.

    Raises:
        NotFound: there is none.
    """
    return _read(_find(db, silence_id), now or utcnow())


def create_silence(
    db: Session, silence: SilenceCreate, created_by: str = "", now: datetime | None = None
) -> SilenceRead:
    """Store a silence; a start in the past is now.

    Raises:
        Invalid: it would be over already, would mute everything, or a pattern is none.
    """
    now = now or utcnow()
    row = Silence(
        matchers=_stored(silence.matchers),
        starts_at=max(now, silence.starts_at or now),
        ends_at=silence.ends_at,
        created_by=silence.created_by or created_by,
        comment=silence.comment,
    )
    _check_end(row, now)
    silences.add_silence(db, row)
    db.commit()
    return _read(row, now)


def update_silence(db: Session, silence_id: int, silence: SilenceCreate, now: datetime | None = None) -> SilenceRead:
    """Replace what a silence says; one that has begun keeps its start.

    Raises:
        NotFound: there is none.
        Invalid: it is over, or would be; it would mute everything, or a pattern is none.
    """
    now = now or utcnow()
    row = _find(db, silence_id)
    state = silence_state(row.starts_at, row.ends_at, now)
    if state is SilenceState.EXPIRED:
        raise Invalid(f"silence {silence_id} is over; make a new one")
    if state is SilenceState.PENDING and silence.starts_at is not None:
        row.starts_at = max(now, silence.starts_at)
    row.matchers, row.ends_at, row.comment = _stored(silence.matchers), silence.ends_at, silence.comment
    _check_end(row, now)
    db.commit()
    return _read(row, now)


def end_silence(db: Session, silence_id: int, now: datetime | None = None) -> SilenceRead:
    """End a silence now; it stays listed as expired for a while. One that is over already stays as it is.

    Raises:
        NotFound: there is none.
    """
    now = now or utcnow()
    row = _find(db, silence_id)
    if row.ends_at > now:
        row.starts_at, row.ends_at = min(row.starts_at, now), now
        db.commit()
    return _read(row, now)


def preview_silence(db: Session, silence: SilenceCreate, now: datetime | None = None) -> MutePreview:
    """Return which alerts of the last week a silence of these matchers would have muted, had it been in force.

    Raises:
        Invalid: it would mute everything, or a pattern is none.
    """
    now = now or utcnow()
    matchers = _meant(silence.matchers)
    since = now - timedelta(days=PREVIEW_DAYS)
    count, muted = preview_matching(db, since, lambda labels, _website, _at: matches_all(matchers, labels))
    when = PeriodRead(starts_at=max(now, silence.starts_at or now), ends_at=silence.ends_at)
    return MutePreview(days=PREVIEW_DAYS, muted_count=count, muted=muted, periods=[when])


def _find(db: Session, silence_id: int) -> Silence:
    row = silences.find_silence(db, silence_id)
    if row is None:
        raise NotFound(f"there is no silence {silence_id}")
    return row


def _read(row: Silence, now: datetime) -> SilenceRead:
    fields = {name: getattr(row, name) for name in SilenceRead.model_fields if name != "state"}
    return SilenceRead(**fields, state=silence_state(row.starts_at, row.ends_at, now))


def _meant(given: Sequence[MatcherFields]) -> list[Matcher]:
    try:
        matchers = [Matcher(one.name, one.value, one.is_regex, one.is_equal) for one in given]
    except ValueError as error:
        raise Invalid(str(error), field="matchers") from error
    if all(matcher.matches_empty for matcher in matchers):
        text = "at least one matcher must not match an empty label, or everything would be muted"
        raise Invalid(text, field="matchers")
    return matchers


def _stored(given: Sequence[MatcherFields]) -> list[dict[str, object]]:
    return [matcher.to_dict() for matcher in _meant(given)]


def _check_end(row: Silence, now: datetime) -> None:
    if row.ends_at <= now:
        raise Invalid("it would be over already", field="ends_at")
    if row.ends_at <= row.starts_at:
        raise Invalid("ends_at must lie after starts_at", field="ends_at")
