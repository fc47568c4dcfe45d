"""Many websites at a glance, each with its state: grouped reads for lists, however many websites there are."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session, load_only

from tocsin.model.enums import MonitorStatus
from tocsin.model.standing import Standing, standing_of
from tocsin.storage.tables import Website
from tocsin.storage.tables.records import WebsiteState

Pair = tuple[Website, WebsiteState | None]
"""A website and what the checks so far left; None before the first."""


def count_standings(db: Session) -> dict[Standing, int]:
    """Return how many websites stand how; every standing is there."""
    counts = dict.fromkeys(Standing, 0)
    wanted = (
        select(Website.is_active, WebsiteState.status, func.count())
        .outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
        .group_by(Website.is_active, WebsiteState.status)
    )
    for is_active, status, number in db.execute(wanted):
        counts[standing_of(is_active, status)] += number
    return counts


@dataclass(slots=True)
class LabelTally:
    """How the websites of one tag or group are."""

    by_status: dict[MonitorStatus, int] = field(default_factory=lambda: dict.fromkeys(MonitorStatus, 0))  # if checked
    paused_count: int = 0

    def add(self, status: MonitorStatus | None, number: int) -> None:
        """Count websites of that status, None where they are paused."""
        if status is None:
            self.paused_count += number
        else:
            self.by_status[status] += number


def tally_labels(db: Session) -> tuple[dict[str, LabelTally], dict[str, LabelTally]]:
    """Return how the websites of every tag, and of every group, are."""
    tags: dict[str, LabelTally] = {}
    groups: dict[str, LabelTally] = {}
    labels = cast(Website.tags, Text)
    wanted = (
        select(labels, Website.group, Website.is_active, WebsiteState.status, func.count())
        .outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
        .group_by(labels, Website.group, Website.is_active, WebsiteState.status)
    )
    for text, group, is_active, status, number in db.execute(wanted):
        counted = (status or MonitorStatus.UNKNOWN) if is_active else None
        for tag in set(json.loads(text)):
            tags.setdefault(tag, LabelTally()).add(counted, number)
        if group is not None:
            groups.setdefault(group, LabelTally()).add(counted, number)
    return tags, groups


def list_websites(
    db: Session, *, text: str | None = None, standing: Standing | None = None, skip: int = 0, limit: int = 100
) -> tuple[list[Pair], int]:
    """Return one page of the websites that stand so and whose name or URL contains `text`, by name, and how many."""
    conditions: list[ColumnElement[bool]] = []
    if text:
        finds = (column.icontains(text, autoescape=True) for column in (Website.name, Website.url))
        conditions.append(or_(*finds))
    if standing is not None:
        conditions.append(_stands(standing))
    number = select(func.count()).select_from(Website)
    number = number.outerjoin(WebsiteState, WebsiteState.website_id == Website.id)
    total = db.scalar(number.where(*conditions)) or 0
    return _pairs(db, conditions, (func.lower(Website.name), Website.id), skip, limit), total


def list_trouble(db: Session, limit: int = 10) -> list[Pair]:
    """Return the websites that are DOWN, then those that are DEGRADED, the latest change first."""
    status = WebsiteState.status
    wrong: list[ColumnElement[bool]] = [
        Website.is_active.is_(True),
        status.in_([MonitorStatus.DOWN, MonitorStatus.DEGRADED]),
    ]
    return _pairs(db, wrong, (status == MonitorStatus.DEGRADED, WebsiteState.status_since.desc(), Website.id), 0, limit)


def _pairs(
    db: Session, conditions: Iterable[ColumnElement[bool]], order: Iterable[Any], skip: int, limit: int
) -> list[Pair]:
    joined = WebsiteState.website_id == Website.id
    # The ids alone first: sorting whole rows of 10,000 websites takes ten times as long.
    order = tuple(order)
    page = select(Website.id).outerjoin(WebsiteState, joined).where(*conditions).order_by(*order)
    ids = list(db.scalars(page.offset(skip).limit(limit)))
    shown = load_only(Website.id, Website.name, Website.url, Website.is_active)
    wanted = select(Website, WebsiteState).outerjoin(WebsiteState, joined).where(Website.id.in_(ids)).options(shown)
    return [(row[0], row[1]) for row in db.execute(wanted.order_by(*order))]


def _stands(standing: Standing) -> ColumnElement[bool]:
    if standing is Standing.PAUSED:
        return Website.is_active.is_(False)
    if standing is Standing.PENDING:
        return and_(Website.is_active, WebsiteState.status.is_(None))
    return and_(Website.is_active, WebsiteState.status == MonitorStatus(standing.upper()))
