"""The hub: who listens hears everything in order, and nobody waits for a slow listener."""

import asyncio
import threading

from tocsin.watch.live import BUFFER, LiveEvent, LiveHub


def event(number: int) -> LiveEvent:
    return LiveEvent("check", {"number": number})


def publish(hub: LiveHub, count: int) -> None:
    for number in range(count):
        hub.publish(event(number))


async def test_events_published_in_another_thread_arrive_in_order() -> None:
    hub = LiveHub()
    with hub.subscribe() as events:
        assert hub.has_listeners
        thread = threading.Thread(target=publish, args=(hub, 100))
        thread.start()
        heard = [(await anext(events)).data["number"] for _ in range(100)]
        thread.join()
    assert heard == list(range(100))
    assert not hub.has_listeners


async def test_a_slow_listener_is_told_how_many_it_lost() -> None:
    hub = LiveHub()
    with hub.subscribe() as events:
        hub.publish(*(event(number) for number in range(BUFFER + 7)))
        first = await anext(events)
        assert (first.kind, first.data) == ("lost", {"count": 7})
        assert (await anext(events)).data == {"number": 7}


async def test_closing_the_hub_ends_every_listener_after_what_it_had() -> None:
    hub = LiveHub()
    with hub.subscribe() as events:
        hub.publish(event(1))
        hub.publish()
        hub.close()
        assert [one.data["number"] async for one in events] == [1]
    with hub.subscribe() as late:
        assert [one async for one in late] == []


async def test_a_listener_that_left_is_not_called() -> None:
    hub = LiveHub()
    with hub.subscribe() as events:
        pass
    hub.publish(event(1))
    await asyncio.sleep(0)
    assert not events.events
