"""One check without a database, as `check_website` makes it."""

import time

import pytest

from tests.support.faults import answering, ok, serving
from tests.support.target import running_site
from tocsin import Cause, Invalid, MonitorStatus, check_website
from tocsin.model.options import CheckOptions
from tocsin.probes import open_tools
from tocsin.watch.once import check_many


async def test_it_takes_a_websites_options_by_their_names() -> None:
    with running_site() as site:
        result = await check_website(
            site.url(), check_interval=60, tags=["shop"], group="web", regions=[], name="Shop", timeout=5
        )
    assert (result.status, result.attempts) == (MonitorStatus.UP, 1)


async def test_what_is_wrong_with_the_options_is_said_at_once() -> None:
    with pytest.raises(Invalid, match=r"timeout: .*greater than or equal to 1; colour: "):
        await check_website("https://example.com", timeout=0, colour="red")
    with pytest.raises(Invalid, match="must start with one of"):
        await check_website("nope")


async def test_other_kinds_of_check_have_a_url_too() -> None:
    with running_site() as site:
        result = await check_website(f"tcp://127.0.0.1:{site.port}")
        spoken = await check_website(f"ws://127.0.0.1:{site.port}/", max_retries=0)
    assert (result.status, result.http_status_code, result.attempts) == (MonitorStatus.UP, None, 1)
    assert (spoken.status, spoken.http_status_code) == (MonitorStatus.DOWN, 200)
    with pytest.raises(Invalid, match="tcp:// checks have no use for method, proxy"):
        await check_website("tcp://127.0.0.1:1", method="HEAD", proxy="http://proxy.example:3128")


async def test_addresses_that_clouds_hand_credentials_out_at_are_forbidden() -> None:
    result = await check_website("http://169.254.169.254/latest/meta-data/", max_retries=0)
    assert (result.status, result.cause) == (MonitorStatus.DOWN, Cause.ADDRESS_FORBIDDEN)


async def test_all_attempts_share_twice_the_timeout() -> None:
    with running_site() as site:
        site.answer = lambda _: (200, 3.0)
        began = time.monotonic()
        result = await check_website(site.url(), timeout=1, max_retries=10)
    assert result.cause is Cause.TIMEOUT_FIRST_BYTE
    assert 1 < result.attempts < 10
    assert time.monotonic() - began < 3.5


async def test_a_failure_is_confirmed_and_its_attempts_are_kept() -> None:
    with running_site() as site:
        site.answer = lambda _: (500, 0.0)
        result = await check_website(site.url(), max_retries=2)
    assert (result.status, result.attempts, site.hits["/"]) == (MonitorStatus.DOWN, 3, 3)
    assert [one.http_status_code for one in result.earlier] == [500, 500]
    assert result.started_at == result.earlier[0].started_at


async def test_an_expectation_that_could_never_be_met_is_refused_before_anything_is_checked() -> None:
    wrong = [{"on": "body", "op": "matches", "value": "a("}]
    with pytest.raises(Invalid, match=r"expectation 1: 'a\(' is no regular expression: missing . at character 2"):
        await check_website("https://example.com", expectations=wrong)
    with pytest.raises(Invalid, match="expectation 1: the JSONPath is wrong at character 1"):
        await check_website("https://example.com", expectations=[{"on": "json", "path": "a", "op": "exists"}])
    options = CheckOptions.model_validate({"expectations": wrong})
    with pytest.raises(Invalid, match="expectation 1"):
        await check_many(["https://example.com"], options, lambda *_: None, open_tools())


async def test_a_long_page_is_judged_to_its_end_and_forgotten() -> None:
    page = b"x" * 200_000 + b"the end"
    with serving(answering(ok(page))) as server:
        wants = [{"on": "body", "op": "matches", "value": "end$"}, {"on": "body", "op": "not_contains", "value": "y"}]
        result = await check_website(server.url(), expectations=wants)
    assert (result.status, result.judged_body, len(result.body_head)) == (MonitorStatus.UP, None, 64 * 1024)
