"""Alert handlers ready to use: one that limits how often another is called, and plain e-mail, webhook and Slack.

They are what a program uses without a Tocsin server. Where there is one, its channels do better: they retry.
A handler takes what the monitors give it: a SlowQueryAlert, or the kind of a pool's alert and its facts.
"""

import asyncio
import inspect
import json
import logging
import smtplib
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from tocsin.errors import Invalid, SendFailed

logger = logging.getLogger(__name__)

Handler = Callable[..., Any]
"""A function or coroutine function that is told of an alert."""

MINUTE_S = 60.0
TIMEOUT_S = 10.0
_SYMBOLS = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵"}
_SLACK_TEXT = 2900  # of 3,000 characters that a section may have


class RateLimitedAlertHandler:
    """Passes on at most so many alerts within any minute; what is over is dropped, counted and logged.

    Wraps plain functions and coroutine functions alike. A server's channels hold back and send a digest instead.
    """

    def __init__(
        self, handler: Handler, max_per_minute: int = 10, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wrap a handler; `clock` returns seconds that never go back.

        Raises:
            Invalid: `max_per_minute` is less than 1.
        """
        if max_per_minute < 1:
            raise Invalid("max_per_minute must be at least 1", field="max_per_minute")
        self.handler = handler
        self.max_per_minute = max_per_minute
        self.recent_alerts: deque[float] = deque()  # when the last ones were passed on, on a steady clock
        self.dropped_count = 0
        self._clock = clock

    async def __call__(self, *alert: Any) -> None:
        """Pass an alert on, unless there were too many."""
        now = self._clock()
        while self.recent_alerts and now - self.recent_alerts[0] >= MINUTE_S:
            self.recent_alerts.popleft()
        if len(self.recent_alerts) >= self.max_per_minute:
            self.dropped_count += 1
            logger.warning(
                "Alert rate limit exceeded: more than %s a minute, %s dropped so far",
                self.max_per_minute,
                self.dropped_count,
            )
            return
        self.recent_alerts.append(now)
        done = self.handler(*alert)
        if inspect.isawaitable(done):
            await done


def describe(*alert: Any) -> tuple[str, str, dict[str, Any]]:
    """Return title, severity and facts of what a monitor reports: an alert object, or a pool alert's kind and facts."""
    if len(alert) == 2 and isinstance(alert[0], str):
        kind, data = alert
        facts = dict(data) if isinstance(data, dict) else {"data": data}
        return f"Connection pool: {kind.replace('_', ' ')}", str(facts.get("severity", "high")), facts
    (one,) = alert
    facts = one.to_dict()
    return (
        f"Slow query: {facts['duration_ms']:.0f} ms (threshold {facts['threshold_ms']:g} ms)",
        facts["severity"],
        facts,
    )


def _lines(facts: dict[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value is not None)


class EmailAlertHandler:
    """Sends each alert as an e-mail, in a thread."""

    def __init__(  # noqa: PLR0913 (what an SMTP server asks for, by name)
        self,
        *,
        sender: str,
        recipients: Sequence[str],
        host: str = "localhost",
        port: int = 25,
        username: str | None = None,
        password: str | None = None,
        starttls: bool = False,
    ) -> None:
        """Name the server and who is told."""
        self._sender, self._recipients = sender, list(recipients)
        self._host, self._port, self._starttls = host, port, starttls
        self._username, self._password = username, password

    async def __call__(self, *alert: Any) -> None:
        """Send it.

        Raises:
            SendFailed: the server did not take it.
        """
        title, severity, facts = describe(*alert)
        message = EmailMessage()
        message["Subject"] = f"[{severity}] {title}"
        message["From"], message["To"] = self._sender, ", ".join(self._recipients)
        message.set_content(_lines(facts))
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        try:
            with smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S) as server:
                if self._starttls:
                    server.starttls()
                if self._username is not None:
                    server.login(self._username, self._password or "")
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise SendFailed(f"{self._host}:{self._port} did not take the e-mail: {error}") from error


class WebhookAlertHandler:
    """Posts each alert as JSON, in a thread: `{"type", "title", "severity", …facts}`."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        """Name the address.

        Raises:
            Invalid: it is no HTTP URL.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise Invalid("a webhook's URL begins with http:// or https://", field="url")
        self._url = url
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    async def __call__(self, *alert: Any) -> None:
        """Post it.

        Raises:
            SendFailed: it was not answered with success.
        """
        await asyncio.to_thread(self._post, json.dumps(self.payload(*alert), default=str).encode())

    def payload(self, *alert: Any) -> dict[str, Any]:
        """Return what is posted."""
        title, severity, facts = describe(*alert)
        kind = alert[0] if isinstance(alert[0], str) else "slow_query"
        return {"type": kind, "title": title, **facts, "severity": severity}

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, self._headers)  # noqa: S310 (the scheme was checked)
        host = urlsplit(self._url).netloc.rpartition("@")[2]
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise SendFailed(f"{host} did not take the alert: {error}", status=error.code) from error
        except (OSError, ValueError) as error:  # the URL may hold a secret: only its host is named
            raise SendFailed(f"{host} did not take the alert: {error}") from error


class SlackAlertHandler(WebhookAlertHandler):
    """Posts each alert to a Slack incoming webhook."""

    def payload(self, *alert: Any) -> dict[str, Any]:
        """Return what is posted: a line, and a block with the facts."""
        title, severity, facts = describe(*alert)
        text = f"{_SYMBOLS.get(severity, '⚪')} {title}"
        shown = _lines(facts).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
        cut = shown if len(shown) <= _SLACK_TEXT else f"{shown[:_SLACK_TEXT]}… (cut)"
        section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*\n```{cut}```"}}
        return {"text": text, "blocks": [section]}
