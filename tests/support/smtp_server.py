"""A real SMTP server on loopback whose answers can be chosen: aiosmtpd in the loop of the test."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "me", "hush-7f3a9c51d2e84b60"


@dataclass
class Post:
    """What the server took, and what it says to whom."""

    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)  # recipient → reply
    says_to_sender: str | None = None
    says_to_data: str = "250 OK"
    drops_at: str | None = None  # "rcpt" or "data": the connection ends there
    host: str = "localhost"
    port: int = 0

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse the sender."""
        if self.says_to_sender is None:
            envelope.mail_from = address
            return "250 OK"
        return self.says_to_sender

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        if self.drops_at == "rcpt":
            _drop(server)
        refusal = self.refuses.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the mail, or not."""
        if self.drops_at == "data":
            _drop(server)
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return self.says_to_data


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@contextlib.asynccontextmanager
async def post_office(
    post: Post, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, *, wants_login: bool = False
) -> AsyncIterator[Post]:
    """Run the server until the block ends."""

    def speak() -> SMTP:
        return SMTP(
            post,
            hostname="localhost",
            tls_context=starttls,
            authenticator=_authenticate,
            auth_require_tls=starttls is not None,
            auth_required=wants_login,
        )

    server = await asyncio.get_running_loop().create_server(speak, "127.0.0.1", 0, ssl=tls)
    post.port = server.sockets[0].getsockname()[1]
    async with server:
        yield post
