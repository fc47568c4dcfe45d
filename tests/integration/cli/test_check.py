"""`tocsin check`, against real servers."""

import json
import re
import signal
import socket
import subprocess
import time
from typing import Any

import pytest

from tests.integration.cli.conftest import Site
from tests.support.dns_server import name_server
from tests.support.terminal import command, environment, invoke, run, run_in_terminal
from tocsin.model.enums import Cause


def results(*arguments: object) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(invoke("check", "--json", *arguments).stdout)
    return listed


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_website_that_answers_is_up(site: str) -> None:
    shown = invoke("check", f"{site}/ok")
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"● UP  {site}/ok")
    assert "HTTP 200" in shown.stdout
    for row in ("connect", "ttfb", "transfer", "total", "address"):
        assert f"\n  {row} " in shown.stdout


def test_a_refused_connection_is_down_and_named(site: str) -> None:
    shown = invoke("check", f"http://127.0.0.1:{refused_port()}", "--max-retries", "1")
    assert shown.exit_code == 1
    assert "✖ DOWN" in shown.stdout
    assert "cause connect_refused, phase connect" in shown.stdout
    assert "attempts     2, before: connect_refused" in shown.stdout


def test_other_kinds_of_check_are_drawn_with_the_phases_they_have(site: str) -> None:
    shown = invoke("check", site.replace("http://", "tcp://"), "tcp://127.0.0.1:1", "--max-retries", "0")
    assert shown.exit_code == 1
    up, down = shown.stdout.split("✖ DOWN")
    assert re.search(r"\n  connect +━", up)
    assert not re.search(r"\n  (dns|tls|ttfb|transfer) ", up)
    assert "cause connect_refused, phase connect" in down


def test_the_records_of_a_dns_check_are_shown() -> None:
    with name_server(**{"site.example": ["192.0.2.7", "192.0.2.8"]}) as server:
        shown = invoke("check", f"dns://{server.address}/site.example")
    assert shown.exit_code == 0
    assert re.search(r"\n  records +192\.0\.2\.7\n +192\.0\.2\.8\n", shown.stdout)


def test_an_option_that_a_kind_overlooks_is_refused() -> None:
    shown = invoke("check", "icmp://127.0.0.1", "--method", "HEAD")
    assert shown.exit_code == 2
    assert "icmp:// checks have no use for method" in shown.stderr


def test_forbidden_networks_are_those_of_the_settings(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (result,) = results("http://169.254.169.254/latest/meta-data/", "--max-retries", "0")
    assert result["cause"] == Cause.ADDRESS_FORBIDDEN
    monkeypatch.setenv("TOCSIN_FORBIDDEN_NETWORKS", "127.0.0.0/8")
    (result,) = results(f"{site}/ok", "--max-retries", "0")
    assert result["cause"] == Cause.ADDRESS_FORBIDDEN
    assert "127.0.0.0/8 (setting TOCSIN_FORBIDDEN_NETWORKS)" in result["message"]


def test_degraded_counts_as_up(site: str) -> None:
    shown = invoke("check", f"{site}/gone")
    assert (shown.exit_code, "▲ DEGRADED" in shown.stdout) == (0, True)


def test_json_has_the_facts_in_the_order_of_the_urls(site: str) -> None:
    listed = results(f"{site}/slow", f"{site}/ok", f"{site}/broken", "--max-retries", "0")
    assert [one["url"] for one in listed] == [f"{site}/slow", f"{site}/ok", f"{site}/broken"]
    assert [one["status"] for one in listed] == ["UP", "UP", "DOWN"]
    assert listed[2]["cause"] == Cause.HTTP_SERVER_ERROR
    assert set(listed[0]["phases"]) == {"dns_ms", "connect_ms", "tls_ms", "ttfb_ms", "transfer_ms", "total_ms"}


def test_several_websites_end_with_a_count(site: str) -> None:
    shown = invoke("check", f"{site}/ok", f"{site}/broken", "--max-retries", "0")
    assert shown.exit_code == 1
    assert shown.stdout.rstrip().endswith("2 checked: 1 UP, 1 DOWN")
    assert shown.stdout.index("/ok") < shown.stdout.index("/broken")


def test_a_redirect_has_rows_of_its_own(site: str) -> None:
    shown = invoke("check", f"{site}/redirect").stdout
    assert f"302 {site}/redirect" in shown
    assert f"200 {site}/ok" in shown
    assert shown.count("\n  ttfb ") == 2


def test_the_certificate_is_drawn(tls_site: str, bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_CA_BUNDLE", bundle)
    shown = invoke("check", f"{tls_site}/ok")
    assert shown.exit_code == 0
    assert "issued by Tests Intermediate CA" in shown.stdout
    assert "days left · verified" in shown.stdout
    assert "also for site.example" in shown.stdout


def test_an_unknown_issuer_is_down_unless_insecure(tls_site: str) -> None:
    strict = invoke("check", f"{tls_site}/ok", "--max-retries", "0")
    assert (strict.exit_code, "not verified" in strict.stdout) == (1, True)
    assert invoke("check", f"{tls_site}/ok", "--insecure").exit_code == 0


def test_every_option_reaches_the_request(site: str) -> None:
    options = ["--method", "post", "--header", "X-One: 1", "--header", "X-Two:2", "--body", "ping", "--basic", "u:p:q"]
    (one,) = results(f"{site}/ok", *options, "--timeout", 5, "--proxy", site, "--expected-status", "2xx")
    assert one["method"] == "POST"
    method, _, headers = Site.seen[-1]
    assert (method, headers["X-One"], headers["X-Two"], headers["Content-Length"]) == ("POST", "1", "2", "4")
    assert headers["Authorization"] == "Basic dTpwOnE="


def test_a_bearer_token_is_sent(site: str) -> None:
    invoke("check", f"{site}/ok", "--bearer", "abc")
    assert Site.seen[-1][2]["Authorization"] == "Bearer abc"


def test_a_text_that_is_missing_from_the_body_is_down(site: str) -> None:
    assert results(f"{site}/ok", "--expect-body", "Welcome", "--expect-body", "site")[0]["status"] == "UP"
    (one,) = results(f"{site}/ok", "--expect-body", "Goodbye", "--max-retries", 0)
    assert (one["status"], one["cause"]) == ("DOWN", Cause.EXPECTATION_FAILED)


def test_redirects_can_be_left_alone(site: str) -> None:
    (one,) = results(f"{site}/redirect", "--no-follow")
    assert (one["http_status_code"], one["redirects"]) == (302, [])


def test_a_slow_answer_is_degraded_from_the_limit_on(site: str) -> None:
    (one,) = results(f"{site}/slow", "--degraded-after-ms", "100")
    assert (one["status"], one["cause"]) == ("DEGRADED", Cause.SLOW)


def test_the_address_family_can_be_chosen(site: str) -> None:
    (one,) = results(site.replace("127.0.0.1", "localhost"), "-4")
    assert one["address"] == "127.0.0.1"


def test_a_url_without_scheme_is_taken_as_https(tls_site: str) -> None:
    shown = invoke("check", tls_site.removeprefix("https://"), "--insecure")
    assert shown.exit_code == 0
    assert f"checking {tls_site}" in shown.stderr


@pytest.mark.parametrize("word", ["notaurl", "chekc", "path/only"])
def test_a_bare_word_is_a_slip_and_no_host(word: str) -> None:
    shown = invoke("check", word)
    assert shown.exit_code == 2
    assert f"{word!r} is no URL" in shown.stderr
    assert shown.stdout == ""


def test_a_terminal_gets_colour_and_a_pipe_does_not(site: str) -> None:
    code, received = run_in_terminal(["check", f"{site}/slow", f"{site}/ok"], columns=100)
    assert code == 0
    assert "\x1b[" in received
    assert "waiting for" in received
    assert received.index(f"{site}/slow\x1b") < received.index("2 checked")
    assert "\x1b" not in run("check", f"{site}/ok").stdout


def test_no_line_is_wider_than_the_terminal(site: str) -> None:
    for columns in (60, 100):
        shown = run("check", f"{site}/redirect", env={"COLUMNS": str(columns)}).stdout
        assert max(map(len, shown.splitlines())) == columns


def test_a_reader_that_leaves_early_is_no_fault(site: str) -> None:
    process = subprocess.Popen(
        command("check", *[f"{site}/ok"] * 20), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert errors == b""


def test_interrupting_ends_with_130_and_without_a_word(site: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        never = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            command("check", never, f"{site}/ok"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        )
        while not Site.seen:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors.strip()) == (130, b"", b"")


def test_conditions_are_judged_and_a_wrong_one_is_refused(site: str) -> None:
    fine = ["--expect-regex", "^Welcome", "--expect-header", "Content-Length: 19", "--expect", "redirects_count == 0"]
    assert invoke("check", f"{site}/ok", *fine).exit_code == 0
    shown = invoke("check", f"{site}/ok", "--max-retries", 0, "--expect-json", "$.a exists")
    assert shown.exit_code == 1
    assert "xpected json $.a exists (got text that is no JSON" in shown.stdout
    refused = invoke("check", f"{site}/ok", "--expect-regex", "a(")
    assert (refused.exit_code, "at character 2" in refused.stderr) == (2, True)
