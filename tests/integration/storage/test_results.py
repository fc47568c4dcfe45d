"""The writer: a batch is stored whole or not at all, and says what the single steps would say."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select

from tests.support.history import add_site, judged, record, saw
from tocsin import (
    Base,
    Cause,
    CheckResult,
    Conflict,
    Database,
    DowntimeWindow,
    DowntimeWindowCRUD,
    DowntimeWindowUpdate,
    HTTPMethod,
    MonitorCheck,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    Phase,
    StorageUnavailable,
    WebsiteCRUD,
)
from tocsin.model.results import Phases
from tocsin.storage import bulk
from tocsin.storage.outbox import last_event_id, list_events
from tocsin.storage.results import Outcome, ResultWriter
from tocsin.storage.states import add_skipped, load_states, states_of
from tocsin.storage.tables.records import OutboxEvent, UnknownWindow, WebsiteState
from tocsin.storage.tables.rows import CHECK_COLUMNS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UP, DOWN, DEGRADED, UNKNOWN = MonitorStatus.UP, MonitorStatus.DOWN, MonitorStatus.DEGRADED, MonitorStatus.UNKNOWN


def outcomes_of(connection: Connection, sites: list[int], result: CheckResult) -> list[Outcome]:
    states = load_states(connection, sites)
    return [judged(states[site], result, result.started_at) for site in sites]


def row_counts(database: Database) -> dict[str, int]:
    with database.session() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0 for table in Base.metadata.sorted_tables
        }


def test_a_check_comes_back_as_it_was_seen(database: Database, site: int) -> None:
    result = saw(
        NOON, DOWN, method=HTTPMethod.HEAD, http_status_code=503, attempts=4, cause=Cause.HTTP_SERVER_ERROR,
        phase=Phase.RESPONSE, message="HTTP 503", phases=Phases(1.0004, 2.0, 3.0, 10.0, 4.0, 20.0),
    )  # fmt: skip
    stored = record(database, site, result, now=NOON + timedelta(seconds=2))[0]
    with database.session() as db:
        check = MonitorCheckCRUD.get_by_id(db, stored.check_id)
        assert check is not None
        assert (check.status, check.http_method, check.http_status_code, check.attempts) == (
            DOWN,
            HTTPMethod.HEAD,
            503,
            4,
        )
        assert (check.cause, check.phase, check.error_message) == (Cause.HTTP_SERVER_ERROR, Phase.RESPONSE, "HTTP 503")
        assert (check.dns_time_ms, check.ttfb_ms, check.response_time_ms) == (1.0, 10.0, 20.0)
        assert (check.checked_at, check.created_at) == (NOON, NOON + timedelta(seconds=2))


def test_a_batch_of_many_websites_is_stored_in_order(database: Database) -> None:
    sites = [add_site(database) for _ in range(20)]
    writer = ResultWriter()
    with database.write_transaction() as connection:
        stored = writer.write(connection, outcomes_of(connection, sites, saw(NOON, DOWN)), NOON)
    ids = [one.check_id for one in stored]
    assert ids == sorted(set(ids))
    with database.session() as db:
        for site, one in zip(sites, stored, strict=True):
            check = db.get(MonitorCheck, one.check_id)
            downtime = db.get(DowntimeWindow, one.downtime_id)
            told = db.get(OutboxEvent, one.event_id)
            assert check is not None
            assert downtime is not None
            assert told is not None
            assert check.website_id == downtime.website_id == told.website_id == site
            assert (told.check_id, told.downtime_id) == (one.check_id, one.downtime_id)


def test_an_empty_batch_stores_nothing(database: Database) -> None:
    with database.write_transaction() as connection:
        assert ResultWriter().write(connection, [], NOON) == []
    assert sum(row_counts(database).values()) == 0


def test_a_downtime_opens_counts_and_closes(database: Database, site: int) -> None:
    statuses = [UP, DOWN, DOWN, UNKNOWN, DOWN, DEGRADED, UP, DOWN]
    stored = record(database, site, *(saw(NOON + position * MINUTE, one) for position, one in enumerate(statuses)))
    first, second = stored[1].downtime_id, stored[7].downtime_id
    assert [one.downtime_id for one in stored] == [None, first, first, None, first, first, None, second]
    with database.session() as db:
        downtimes, _ = DowntimeWindowCRUD.get_by_website(db, site)
        ended = downtimes[1]
        assert (ended.id, ended.started_at, ended.ended_at) == (first, NOON + MINUTE, NOON + 5 * MINUTE)
        assert (ended.affected_checks_count, ended.initial_status, ended.recovery_status) == (3, DOWN, DEGRADED)
        assert ended.root_cause == "nobody listens"
        assert (downtimes[0].id, downtimes[0].is_ongoing, downtimes[0].affected_checks_count) == (second, True, 1)


def test_every_transition_has_its_event(database: Database, site: int) -> None:
    statuses = [DOWN, DOWN, UP, UP, DEGRADED, UNKNOWN, UP]
    stored = record(database, site, *(saw(NOON + position * MINUTE, one) for position, one in enumerate(statuses)))
    with database.session() as db:
        events = list_events(db, website_id=site)
        assert [(one.from_status, one.to_status, one.reason) for one in events] == [
            (UNKNOWN, DOWN, "first_failure"),
            (DOWN, UP, "recovered"),
            (UP, DEGRADED, "degraded"),
            (DEGRADED, UNKNOWN, "became_unknown"),
            (UNKNOWN, UP, "known_again"),
        ]
        assert [one.id for one in events] == [one.event_id for one in stored if one.event_id]
        first = events[0]
        assert first.kind == "website.transition"
        assert (first.check_id, first.downtime_id) == (stored[0].check_id, stored[0].downtime_id)
        assert first.details == {"cause": "connect_refused", "phase": "connect", "message": "nobody listens"}
        assert (first.occurred_at, first.handled_at) == (NOON, None)
        assert list_events(db, website_id=site + 1) == []
        assert [one.id for one in list_events(db, after_id=first.id, limit=2)] == [one.id for one in events[1:3]]
        assert last_event_id(db) == events[-1].id


def test_an_event_s_number_is_never_given_again(database: Database, site: int) -> None:
    gone = add_site(database)
    heard = record(database, gone, saw(NOON, DOWN))[0].event_id
    with database.session() as db:
        assert last_event_id(db) == heard
        WebsiteCRUD.delete(db, gone)
    told = record(database, site, saw(NOON, DOWN))[0].event_id
    assert told is not None
    assert heard is not None
    assert told > heard


def test_a_downtime_never_ends_before_it_began(database: Database, site: int) -> None:
    record(database, site, saw(NOON, DOWN))
    record(database, site, saw(NOON - MINUTE, UP), now=NOON - MINUTE)  # the clock was set back in between
    with database.session() as db:
        downtime = DowntimeWindowCRUD.get_by_website(db, site)[0][0]
        assert downtime.ended_at == downtime.started_at == NOON


def test_a_downtime_that_somebody_ended_is_left_alone(database: Database, site: int) -> None:
    record(database, site, saw(NOON, DOWN))
    with database.session() as db:
        downtime = DowntimeWindowCRUD.get_ongoing_downtime(db, site)
        assert downtime is not None
        DowntimeWindowCRUD.update(db, downtime.id, DowntimeWindowUpdate(ended_at=NOON + MINUTE, recovery_status=UP))
    record(database, site, saw(NOON + 2 * MINUTE, DOWN), saw(NOON + 3 * MINUTE, UP))
    with database.session() as db:
        ends = [one.ended_at for one in DowntimeWindowCRUD.get_by_website(db, site)[0]]
        assert ends == [NOON + 3 * MINUTE, NOON + MINUTE]


def test_a_gap_and_an_unknown_check_leave_unknown_windows(database: Database, site: int) -> None:
    later = NOON + timedelta(hours=3)
    record(database, site, saw(NOON), saw(later), saw(later + 5 * MINUTE, UNKNOWN))
    with database.session() as db:
        windows = db.execute(select(UnknownWindow).order_by(UnknownWindow.started_at)).scalars().all()
        assert [one.reason for one in windows] == ["gap", "unknown"]
        assert windows[0].ended_at == NOON + timedelta(hours=3)
        assert windows[1].ended_at - windows[1].started_at == timedelta(seconds=300)


def test_a_check_that_comes_out_of_order_changes_nothing_but_the_counts(database: Database, site: int) -> None:
    record(database, site, saw(NOON), saw(NOON + 10 * MINUTE))
    before = row_counts(database)
    with database.session() as db:
        state = states_of(db, [site])[site]
        known = (state.status, state.last_checked_at, state.last_check_id, state.consecutive_failures)
    stored = record(database, site, saw(NOON + 5 * MINUTE, DOWN), now=NOON + 11 * MINUTE)[0]
    assert (stored.downtime_id, stored.event_id) == (None, None)
    after = row_counts(database)
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed == {"monitor_checks": 1, "check_evidence": 1}
    with database.session() as db:
        state = states_of(db, [site])[site]
        assert (state.status, state.last_checked_at, state.last_check_id, state.consecutive_failures) == known


@contextmanager
def failing_at(database: Database, word: str) -> Iterator[None]:
    """Let the first statement that contains `word` fail."""

    def fail(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if word in statement:
            raise RuntimeError(f"no {word} today")

    event.listen(database.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", fail)


@pytest.mark.parametrize(
    "table",
    ["hourly_rollups", "daily_rollups", "website_states", "downtime_windows", "outbox_events", "good_evidence"],
)
def test_an_error_in_the_middle_leaves_nothing(database: Database, table: str) -> None:
    sites = [add_site(database) for _ in range(3)]
    record(database, sites[0], saw(NOON))
    before = row_counts(database)
    later = NOON + MINUTE

    def write() -> None:
        with database.write_transaction() as connection:
            states = load_states(connection, sites)
            seen = zip(sites, (saw(later, DOWN), saw(later), saw(later, UNKNOWN)), strict=True)
            batch = [judged(states[site], result, later) for site, result in seen]
            ResultWriter().write(connection, batch, later)

    with failing_at(database, f"INTO {table}"), pytest.raises(RuntimeError, match="today"):
        write()
    assert row_counts(database) == before


def test_a_website_deleted_in_the_meantime_is_a_conflict(database: Database, site: int) -> None:
    other = add_site(database)
    with database.engine.connect() as connection:
        batch = outcomes_of(connection, [site, other], saw(NOON))
    with database.session() as db:
        WebsiteCRUD.delete(db, site)
    before = row_counts(database)
    with pytest.raises(Conflict, match="refused a row"), database.write_transaction() as connection:
        ResultWriter().write(connection, batch, NOON)
    assert row_counts(database) == before


def test_a_server_that_goes_away_while_rows_are_copied_is_unavailable(postgres_url: str) -> None:
    database = Database(postgres_url)
    site = add_site(database)
    with database.engine.connect() as connection:
        batch = outcomes_of(connection, [site], saw(NOON))

    class Cutting(list[Any]):
        """Rows that cut the line when they are read."""

        def __iter__(self) -> Iterator[Any]:
            with database.engine.connect() as other:
                other.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            return super().__iter__()

    rows = Cutting([(site, 0, 0, 0, None, 0, None, None, None, None, None, 1, None, None, None)])
    with pytest.raises(StorageUnavailable), database.write_transaction() as connection:
        bulk.insert_rows(connection, MonitorCheck.__table__, CHECK_COLUMNS, rows)  # type: ignore[arg-type]
    with database.write_transaction() as connection:
        ResultWriter().write(connection, batch, NOON)
    assert row_counts(database)["monitor_checks"] == 1
    database.dispose()


@pytest.mark.parametrize("message", ["a\0b", "half \ud800 a pair", "ä" * 5000])
def test_a_message_of_odd_characters_is_stored_all_the_same(database: Database, site: int, message: str) -> None:
    stored = record(database, site, saw(NOON, DOWN, message=message))[0]
    with database.session() as db:
        check = db.get(MonitorCheck, stored.check_id)
        assert check is not None
        assert check.error_message
        assert len(check.error_message) <= 1010
        assert list_events(db)[0].details["message"] == check.error_message


def test_an_up_check_has_no_message(database: Database, site: int) -> None:
    record(database, site, saw(NOON, message="all is well"))
    with database.session() as db:
        assert MonitorCheckCRUD.get_by_website(db, site)[0][0].error_message is None


def state_columns(state: WebsiteState) -> dict[str, Any]:
    every = WebsiteState.__mapper__.column_attrs
    left_out = ("website_id", "last_check_id", "last_cause", "last_message", "breaker_open_until")
    return {column.key: getattr(state, column.key) for column in every if column.key not in left_out}


@pytest.mark.parametrize("seed", range(3))
def test_checks_recorded_by_hand_leave_the_state_that_the_writer_leaves(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    by_writer, by_hand = add_site(database), add_site(database)
    moments = [NOON + dice.randrange(60) * MINUTE for _ in range(25)]
    for moment in moments:
        status = dice.choice([UP, DOWN, DEGRADED, UNKNOWN])
        result = saw(moment, status)
        record(database, by_writer, result, now=NOON + timedelta(hours=2))
        with database.session() as db:
            check = MonitorCheckCreate(
                website_id=by_hand, status=status, checked_at=moment, response_time_ms=result.phases.total_ms
            )
            MonitorCheckCRUD.create(db, check)
    with database.session() as db:
        states = states_of(db, [by_writer, by_hand])
        mine, theirs = state_columns(states[by_hand]), state_columns(states[by_writer])
        mine.pop("first_checked_at")
        theirs.pop("first_checked_at")
        assert mine == theirs
        assert states[by_hand].first_checked_at == min(moments)


def test_skipped_checks_are_counted_and_stay_counted(database: Database, site: int) -> None:
    record(database, site, saw(NOON, DOWN))
    with database.write_transaction() as connection:
        add_skipped(connection, {site: 3})
        add_skipped(connection, {site: 2})
    record(database, site, saw(NOON + MINUTE, UP))
    with database.session() as db:
        assert states_of(db, [site])[site].skipped_checks_count == 5


def test_states_of_all_websites_or_some_are_loaded(database: Database, site: int) -> None:
    other = add_site(database)
    stored = record(database, site, saw(NOON, DOWN))[0]
    with database.engine.connect() as connection:
        states = load_states(connection)
        assert set(states) == {site, other}
        assert load_states(connection, [other, 99]) == {other: states[other]}
    assert (states[other].status, states[other].last_checked_at, states[other].consecutive_failures) == (None, None, 0)
    known = states[site]
    assert (known.status, known.status_since, known.first_checked_at, known.last_checked_at) == (DOWN, NOON, NOON, NOON)
    assert (known.downtime_id, known.downtime_started_at, known.consecutive_failures) == (stored.downtime_id, NOON, 1)
