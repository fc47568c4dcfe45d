"""The planning loop's work: reads what nobody was told of, decides, and stores all of a batch in one transaction."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.delivery.plan import Plan, Planner
from tocsin.delivery.route import fits
from tocsin.errors import StorageUnavailable
from tocsin.matching.mutes import Muting
from tocsin.model.delivery.facts import Change, ChannelFacts, Decision
from tocsin.model.delivery.reasons import Reason, Step
from tocsin.model.messages import MessageKind
from tocsin.model.times import utcnow
from tocsin.storage.database import Connection, Database
from tocsin.storage.delivery import merging, overdue, planning
from tocsin.storage.leases import holds_lease
from tocsin.storage.mutes import load_mutes

logger = logging.getLogger(__name__)

BATCH = 1000
LEASE = "delivery"
RELOOK_S = 60.0
"""What is muted is looked at again this often, whatever is known to have changed."""

Hook = Callable[[str], None]
"""Is told of each step; a test pulls the plug there."""


Clock = Callable[[], datetime]


def no_hook(_step: str) -> None:
    """Do nothing."""


class Planning:
    """Plans what is not planned yet, what is no longer muted, and what nobody has acknowledged. For one thread."""

    def __init__(self, database: Database, holder: str, hook: Hook = no_hook, clock: Clock = utcnow) -> None:
        self._database = database
        self._holder = holder
        self._hook = hook
        self._clock = clock
        self._mutings: tuple[Muting, ...] = ()
        self._looked_at: datetime | None = None

    def plan_batch(self) -> int:
        """Plan the oldest changes that wait; return how many there were."""
        with self._database.engine.connect() as connection:
            if not planning.has_unplanned(connection):
                return 0
        try:
            return self._plan(BATCH)
        except StorageUnavailable:
            raise
        except Exception:  # one broken row must not stop the loop: it is found and left out
            logger.exception("a batch of changes could not be planned; they are planned one by one")
            return self._plan_singly()

    def _plan(self, limit: int) -> int:
        now = self._clock()
        with self._database.write_transaction() as connection:
            if not holds_lease(connection, LEASE, self._holder, now):
                return 0
            channels = planning.lock_channels(connection)
            changes = planning.unplanned_changes(connection, limit)
            if changes:
                planner = _planner_for(connection, changes, channels, now)
                for change in changes:
                    planner.add(change)
                store_plan(connection, planner.plan, now)
                self._hook("plan:stored")
        self._hook("plan:committed")
        return len(changes)

    def _plan_singly(self) -> int:
        count = 0
        while count < BATCH:
            try:
                if not self._plan(1):
                    break
            except StorageUnavailable:
                raise
            except Exception as error:  # this is the broken one: it is kept, shown as such, and passed over
                logger.exception("a change could not be planned")
                self._pass_over(f"{type(error).__name__}: {error}")
            count += 1
        return count

    def _pass_over(self, error: str) -> None:
        now = self._clock()
        with self._database.write_transaction() as connection:
            for one in planning.unplanned_changes(connection, 1):
                decision = Decision(
                    one.alert_id, one.id, None, Step.LIFE, is_told=False, reason=Reason.BROKEN, details={"error": error}
                )
                planning.store_decisions(connection, [decision], {}, now)
                planning.mark_planned(connection, [one.id], {}, now)

    def look_again(self) -> int:
        """Plan what a mute no longer keeps back, reminders and escalations; return how many were looked at."""
        now = self._clock()
        with self._database.write_transaction() as connection:
            if not holds_lease(connection, LEASE, self._holder, now):
                return 0
            channels = planning.lock_channels(connection)
            count = self._look_at_held(connection, channels, now)
            for channel in channels:
                if channel.is_enabled:
                    count += _remind(connection, channels, channel, now)
                    count += _escalate(connection, channels, channel, now)
            self._hook("plan:stored")
        self._hook("plan:committed")
        return count

    def _look_at_held(self, connection: Connection, channels: Sequence[ChannelFacts], now: datetime) -> int:
        """Look at what is muted: at what is due, or at all of it where the mutes changed or it is time to."""
        mutings = load_mutes(connection, now).mutings
        is_time = self._looked_at is None or (now - self._looked_at).total_seconds() >= RELOOK_S
        looks_at_all = is_time or mutings != self._mutings
        if looks_at_all:
            self._mutings, self._looked_at = mutings, now
        count, after_id = 0, 0
        while changes := planning.held_changes(connection, None if looks_at_all else now, BATCH, after_id):
            planner = _planner_for(connection, changes, channels, now)
            newest = {one.alert_id: one.id for one in changes}
            for change in changes:
                planner.add(change) if newest[change.alert_id] == change.id else planner.supersede(change)
            store_plan(connection, planner.plan, now)
            count += len(changes)
            after_id = changes[-1].id
        return count


def _planner_for(
    connection: Connection, changes: Sequence[Change], channels: Sequence[ChannelFacts], now: datetime
) -> Planner:
    alert_ids = {one.alert_id for one in changes}
    return Planner(
        alerts=planning.load_subjects(connection, alert_ids),
        channels=channels,
        queued=planning.load_queue(connection, now),
        beliefs=planning.load_beliefs(connection, alert_ids),
        mutes=load_mutes(connection, now),
        now=now,
    )


def store_plan(connection: Connection, plan: Plan, now: datetime) -> None:
    """Store a plan. The caller commits: all of it or nothing."""
    new = [one for collecting in plan.collecting.values() for one in collecting.new]
    ids = planning.store_deliveries(connection, new, now)
    for collecting in plan.collecting.values():
        for delivery_id, members in collecting.joins.items():
            planning.join_members(connection, delivery_id, members, collecting.raised[delivery_id])
        for delivery_id, digest in collecting.absorbed:
            merging.absorb(connection, ids[id(digest)], [delivery_id], Reason.IN_DIGEST.value)
    planning.store_decisions(connection, plan.decisions, ids, now)
    planning.mark_planned(connection, plan.planned, plan.held, now)


def _remind(connection: Connection, channels: Sequence[ChannelFacts], channel: ChannelFacts, now: datetime) -> int:
    after_s = channel.reminder_after_s
    if not after_s:
        return 0
    changes = overdue.to_remind(connection, channel, now, BATCH)
    return _tell_again(connection, channels, channel, changes, MessageKind.REMINDER, now)


def _escalate(connection: Connection, channels: Sequence[ChannelFacts], channel: ChannelFacts, now: datetime) -> int:
    if channel.escalate_after_s is None:
        return 0
    changes = overdue.to_escalate(connection, channel, now, BATCH)
    subjects = planning.load_subjects(connection, {one.alert_id for one in changes})
    wanted = [
        one
        for one in changes
        if (alert := subjects[one.alert_id]) and fits(channel, alert.known_by(), alert.priority) is None
    ]
    return _tell_again(connection, channels, channel, wanted, MessageKind.ESCALATION, now)


def _tell_again(
    connection: Connection,
    channels: Sequence[ChannelFacts],
    channel: ChannelFacts,
    changes: Sequence[Change],
    kind: MessageKind,
    now: datetime,
) -> int:
    if not changes:
        return 0
    planner = _planner_for(connection, changes, channels, now)
    after_s = channel.reminder_after_s if kind is MessageKind.REMINDER else channel.escalate_after_s
    told = sum(planner.remind(change, channel, kind, after_s or 0) for change in changes)
    store_plan(connection, planner.plan, now)
    return told
