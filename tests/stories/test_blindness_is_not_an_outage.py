"""Twenty websites stop answering at once: with the references silent too we are blind, else they are down."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from tests.support.dns_server import SILENT, NameServer, name_server
from tests.support.faults import Server, answering, ok, serving
from tests.support.watching import add_website, eventually, running_watch
from tocsin import Database, MonitorCheck, MonitorStatus
from tocsin.actions.overview import read_overview
from tocsin.model.standing import Standing
from tocsin.model.times import utcnow
from tocsin.model.vantage import parse_references
from tocsin.storage.history.uptime import uptime_of
from tocsin.storage.outbox import VANTAGE, list_events
from tocsin.storage.tables import DowntimeWindow
from tocsin.storage.unknown_windows import list_unknown_windows
from tocsin.watch.live import LiveHub
from tocsin.watch.lookout import Timing
from tocsin.watch.service import Watch, WatchPlan

WEBSITES = 20
HOSTS = [f"127.0.0.{number}" for number in range(1, 5)]


@dataclass
class World:
    """Twenty websites on four hosts that count as outside, a name server as reference, and the watch."""

    database: Database
    reference: NameServer
    servers: list[Server]
    stack: ExitStack
    watch: Watch
    websites: list[int]

    def lose_targets(self) -> None:
        self.stack.close()

    def bring_targets_back(self) -> None:
        for server in self.servers:
            self.stack.enter_context(serving(answering(ok()), server.host, server.port))

    def standings(self) -> dict[Standing, int]:
        with self.database.session() as db:
            return read_overview(db).counts

    async def until_all_are(self, standing: Standing) -> None:
        await eventually(lambda: self.standings()[standing] == WEBSITES, within_s=60)

    def vantage_reasons(self) -> list[str]:
        with self.database.session() as db:
            return [one.reason for one in list_events(db, kinds=[VANTAGE])]

    def downtimes_count(self) -> int:
        with self.database.session() as db:
            return db.scalar(select(func.count(DowntimeWindow.id))) or 0


@pytest.fixture
def reference() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


@pytest.fixture
async def world(database: Database, reference: NameServer) -> AsyncIterator[World]:
    plan = WatchPlan(
        references=parse_references([f"dns:{reference.address}"]),
        timing=Timing(answer_s=0.3, recheck_s=0.3),
        is_local=lambda _result: False,
    )
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(answering(ok()), host)) for host in HOSTS]
        ids = [add_website(database, servers[number % len(servers)].url(f"/{number}")).id for number in range(WEBSITES)]
        async with running_watch(database, live=LiveHub(), plan=plan) as watch:
            world = World(database, reference, servers, stack, watch, ids)
            await world.until_all_are(Standing.UP)
            yield world


async def test_without_uplink_twenty_websites_are_unknown_and_one_event_says_why(world: World) -> None:
    world.reference.zone[""] = SILENT
    world.lose_targets()
    await world.until_all_are(Standing.UNKNOWN)
    assert world.watch.overview().blind_since is not None
    assert world.vantage_reasons() == ["vantage_blind"]
    assert world.downtimes_count() == 0
    await asyncio.sleep(3)  # the blindness lasts a few checks
    world.bring_targets_back()
    del world.reference.zone[""]
    await world.until_all_are(Standing.UP)
    await eventually(lambda: world.vantage_reasons() == ["vantage_blind", "vantage_sees_again"])
    assert world.watch.overview().blind_since is None
    assert world.downtimes_count() == 0
    with world.database.session() as db:
        for website_id in world.websites:
            uptime = uptime_of(db, website_id, 1, utcnow())
            assert (uptime.by_checks_percent, uptime.by_time_percent, uptime.downtime_seconds) == (100, 100, 0)
            assert uptime.unknown_seconds > 2
            assert list_unknown_windows(db, website_id)[1] >= 2
        saw = select(MonitorCheck.error_message).where(MonitorCheck.status == MonitorStatus.UNKNOWN)
        assert all("Tocsin itself cannot see the network" in (text or "") for text in db.scalars(saw))
        down = select(func.count(MonitorCheck.id)).where(MonitorCheck.status == MonitorStatus.DOWN)
        assert db.scalar(down) == 0


async def test_where_the_reference_answers_twenty_websites_are_down(world: World) -> None:
    world.lose_targets()
    await world.until_all_are(Standing.DOWN)
    assert world.downtimes_count() == WEBSITES
    assert world.vantage_reasons() == []
    assert world.watch.overview().blind_since is None
