"""Apprise: the real library against servers on loopback, by its plainest service, JSON over HTTP."""

import asyncio
import sys
from typing import Any

import pytest

from tests.integration.channels.conftest import SHORT
from tests.support.faults import answering, answering_then_hanging, closed_port, ok, serving
from tests.support.messages import sample
from tests.support.providers import SECRET
from tocsin.channels import Limits, Tools, apprise, open_tools, outcome_of, parse_config
from tocsin.errors import ExtraMissing, SendFailed
from tocsin.model.alerts import NotificationChannel
from tocsin.model.messages import MessageKind, Outcome, Receipt

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # of its many plugins
FIRING = sample(MessageKind.FIRING)


def configured(port: int) -> Any:
    return parse_config(NotificationChannel.APPRISE, {"url": f"json://me:{SECRET}@127.0.0.1:{port}/in/{SECRET}"})


async def end_of(port: int, tools: Tools, caplog: pytest.LogCaptureFixture) -> Receipt | SendFailed:
    caplog.set_level("DEBUG")
    try:
        end: Receipt | SendFailed = await apprise.send(configured(port), FIRING, tools)
    except SendFailed as failure:
        end = failure
    assert SECRET not in caplog.text
    assert SECRET not in (end.message if isinstance(end, SendFailed) else end.detail)
    return end


async def test_a_message_arrives_through_apprise(tools: Tools, caplog: pytest.LogCaptureFixture) -> None:
    with serving(answering(ok())) as server:
        end = await end_of(server.port, tools, caplog)
    assert end == Receipt(detail="json:// by Apprise")
    assert b"shop.example is down" in server.requests[0]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("500 Oops", Outcome.TEMPORARY), ("429 Too Many Requests", Outcome.TEMPORARY), ("404 Gone", Outcome.PERMANENT)],
)
async def test_a_status_that_apprise_tells_counts_as_ours_do(
    status: str, outcome: Outcome, tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(answering(ok(status=status))) as server:
        end = await end_of(server.port, tools, caplog)
        assert len(server.requests) == 1
    assert isinstance(end, SendFailed)
    assert (outcome_of(end), end.status) == (outcome, int(status[:3]))


async def test_where_apprise_does_not_tell_what_broke_it_may_have_arrived(
    tools: Tools, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(answering()) as server:
        end = await end_of(server.port, tools, caplog)
    assert isinstance(end, SendFailed)
    assert outcome_of(end) is Outcome.UNKNOWN
    end = await end_of(closed_port(), tools, caplog)
    assert isinstance(end, SendFailed)
    assert outcome_of(end) is Outcome.UNKNOWN


async def test_silence_is_given_up_and_the_loop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(connect_s=1.0, answer_s=0.3, whole_s=0.5)
    with serving(answering_then_hanging(b"")) as server:
        async with open_tools(limits=limits) as tools:
            await asyncio.get_running_loop().run_in_executor(tools.threads, apprise._library)
            ends = await asyncio.gather(*(end_of(server.port, tools, caplog) for _ in range(6)))
    outcomes = [outcome_of(end) for end in ends if isinstance(end, SendFailed)]
    assert len(outcomes) == 6
    assert outcomes.count(Outcome.UNKNOWN) == 4  # as many as there are threads
    assert outcomes.count(Outcome.TEMPORARY) == 2  # had not begun


async def test_an_unknown_service_is_a_matter_of_settings(tools: Tools) -> None:
    config: Any = parse_config(NotificationChannel.APPRISE, {"url": f"nosuch://{SECRET}"})
    with pytest.raises(SendFailed, match="does not know this URL") as caught:
        await apprise.send(config, FIRING, tools)
    assert caught.value.is_permanent
    assert SECRET not in caught.value.message


async def test_the_guard_sees_hosts_that_apprise_would_connect_to() -> None:
    with serving(answering(ok())) as server:
        async with open_tools(forbid=lambda one: one == "127.0.0.1", limits=SHORT) as tools:
            with pytest.raises(SendFailed, match="may not connect to"):
                await apprise.send(configured(server.port), FIRING, tools)
        assert server.requests == []


async def test_without_the_extra_it_says_how_to_get_it(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ExtraMissing, match=r'pip install "tocsin\[apprise\]"'):
        await apprise.send(configured(1), FIRING, tools)
