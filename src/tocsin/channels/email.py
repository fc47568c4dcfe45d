"""E-mail over SMTP: plain text and HTML, one thread a problem, refusals told for each recipient.

Source: RFC 5321 (SMTP and its reply codes), RFC 5322 (threads), RFC 3834 (automatic messages).
"""

import asyncio
import contextlib
import hashlib
import socket
import ssl
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Annotated, Literal

import aiosmtplib
import idna
from pydantic import AfterValidator, Field, model_validator

from tocsin.channels.failures import excerpt, hide
from tocsin.channels.kind import IS_SECRET, ChannelConfig, ChannelKind, Secret
from tocsin.channels.texts.composition import Text
from tocsin.channels.texts.cutting import cut
from tocsin.channels.texts.fitting import fit
from tocsin.channels.texts.markup import HTML, PLAIN, body_of
from tocsin.channels.texts.pages import page_of, paragraphs
from tocsin.channels.texts.subjects import MAX_SUBJECT
from tocsin.channels.texts.templates import Templates
from tocsin.channels.texts.wording import When
from tocsin.channels.tools import Tools
from tocsin.errors import SendFailed
from tocsin.model.alerts import AlertPriority, NotificationChannel
from tocsin.model.messages import Message, Receipt

MAX_BODY = 100_000
_ADVICE = {
    530: "the server wants a login first: give username and password",
    534: "the server wants another way of logging in, often a password made for applications",
    535: "check username and password",
    538: "the server wants encryption first: set security to starttls or tls",
    550: "the server does not take mail for this address, or not from this sender",
    552: "the message is too large for the server, or the mailbox is full",
    553: "the server does not like this address",
    554: "the server refuses, often because of the sender: check `sender`",
}


def _address(text: str) -> str:
    """Return one address, with a name before it or without; its domain in ASCII."""
    name, bare = parseaddr(text)
    is_one = len(getaddresses([text])) == 1 and text.isprintable()
    local, at, domain = bare.rpartition("@")
    try:
        Address(username=local, domain=idna.encode(domain, uts46=True).decode())
    except (ValueError, UnicodeError):
        at = ""
    if not at or not is_one or not local.isascii() or any(one in local for one in " <>,;"):
        raise ValueError("write one address: alerts@example.com, or Tocsin <alerts@example.com>")
    bare = f"{local}@{idna.encode(domain, uts46=True).decode()}"
    return f"{name} <{bare}>" if name else bare


Recipient = Annotated[str, Field(max_length=320), AfterValidator(_address)]


class Config(ChannelConfig):
    """Which server, from whom, to whom."""

    host: str = Field(
        min_length=1, max_length=253, pattern=r"^[\w.:-]+$", description="SMTP server.", examples=["mail.example.com"]
    )
    port: int = Field(587, ge=1, le=65535, description="587 for STARTTLS, 465 for TLS, 25 between servers.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls: encrypt after the greeting, or fail; tls: from the start; none: not at all."
    )
    verify_tls: bool = Field(True, description="False: take any certificate of the server.")
    username: str | None = Field(None, min_length=1, max_length=320, description="For servers that want a login.")
    password: Secret | None = Field(None, json_schema_extra=IS_SECRET, description="Of the user.")
    sender: Recipient = Field(description="Whom the mail comes from.", examples=["Tocsin <alerts@example.com>"])
    to: list[Recipient] = Field(min_length=1, max_length=50, description="Whom it goes to.")
    body_format: Literal["text", "html"] = Field(
        "text", description="What body_template is. HTML goes along with the built-in text."
    )

    @model_validator(mode="after")
    def _login_is_whole(self) -> "Config":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        return self

    def templates(self) -> Templates:
        """Return the channel's own words; their markup depends on `body_format`."""
        return Templates(self.subject_template, self.body_template, HTML if self.body_format == "html" else PLAIN)


def payload(config: Config, message: Message, when: When) -> EmailMessage:
    """Return the mail, text and HTML."""
    text = config.text_of(message, when)
    plain, page = fit(text, MAX_BODY, lambda one: _bodies(config, one), lambda built: max(map(len, built)) <= MAX_BODY)
    mail = EmailMessage(policy=SMTP_POLICY)
    domain = parseaddr(config.sender)[1].rpartition("@")[2]
    mail["Subject"] = cut(text.subject, MAX_SUBJECT)
    mail["From"] = config.sender
    mail["To"] = ", ".join(config.to)
    mail["Date"] = format_datetime(when.now)
    mail["Message-ID"] = f"<{_digest(message.key)}.message@{domain}>"  # of every try: a repeat is known as one
    root = f"<{_digest(message.group_key or message.key)}.group@{domain}>"
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.priority is AlertPriority.CRITICAL:
        mail["Importance"] = "high"
    mail.set_content(plain, cte="quoted-printable")
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    return mail


def _bodies(config: Config, text: Text) -> tuple[str, str]:
    if text.own_body is None:
        return body_of(text, PLAIN), page_of(text)
    if config.body_format == "html":
        return body_of(replace(text, own_body=None), PLAIN), page_of(text)
    return body_of(text, PLAIN), page_of(replace(text, own_body=paragraphs(text.own_body)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


async def send(config: Config, message: Message, tools: Tools) -> Receipt:
    """Hand the mail to the server. What it refuses for some recipients only stands in the receipt."""
    mail = payload(config, message, config.when(tools))
    client = aiosmtplib.SMTP(
        hostname=config.host, port=config.port, timeout=tools.limits.answer_s, use_tls=config.security == "tls",
        start_tls=False, tls_context=_tls(config, tools),
    )  # fmt: skip
    is_sending = False
    try:
        async with asyncio.timeout(tools.limits.whole_s):
            await _enter(client, config, tools)
            await client.mail(parseaddr(config.sender)[1])
            refused = await _name_recipients(client, config)
            is_sending = True
            answer = await client.data(mail.as_bytes())
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=tools.limits.connect_s)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _failure(config, error, is_sending) from error
    finally:
        client.close()
    accepted = f"accepted for {len(config.to) - len(refused)} of {len(config.to)}"
    return Receipt(provider_id=mail["Message-ID"], code=answer.code, detail="; ".join([accepted, *refused]))


def _tls(config: Config, tools: Tools) -> ssl.SSLContext:
    if config.verify_tls:
        return tools.tls
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _enter(client: aiosmtplib.SMTP, config: Config, tools: Tools) -> None:
    """Connect, encrypt and log in."""
    if tools.forbid is None:
        await client.connect(timeout=tools.limits.connect_s)
    else:  # to the very address that the guard has seen
        await client.connect(timeout=tools.limits.connect_s, sock=await _socket(config, tools), port=None)
    await client.ehlo()
    if config.security == "starttls":
        if not client.supports_extension("starttls"):
            advice = "set security to tls (often port 465), or to none where the network is trusted"
            raise SendFailed(f"{config.host} offers no STARTTLS: {advice}", is_permanent=True)
        await client.starttls()
        await client.ehlo()
    if config.username and config.password:
        if not client.supports_extension("auth"):
            raise SendFailed(f"{config.host} offers no login: leave username and password empty", is_permanent=True)
        await client.login(config.username, config.password.get_secret_value())


async def _socket(config: Config, tools: Tools) -> socket.socket:
    address = (await tools.addresses_of(config.host, config.port))[0]
    loop = asyncio.get_running_loop()
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.setblocking(False)
    try:
        async with asyncio.timeout(tools.limits.connect_s):
            await loop.sock_connect(made, (address, config.port))
    except BaseException:
        made.close()
        raise
    return made


async def _name_recipients(client: aiosmtplib.SMTP, config: Config) -> list[str]:
    """Name every recipient; return what the server says of those that it refuses.

    Raises:
        SendFailed: it refuses all; for good where none of its reasons is a temporary one.
    """
    refused = []
    codes = []
    for one in config.to:
        address = parseaddr(one)[1]
        try:
            await client.rcpt(address)
        except aiosmtplib.SMTPRecipientRefused as error:
            refused.append(f"refused for {address}: {error.code} {excerpt(error.message, 100)}")
            codes.append(error.code)
    if len(refused) == len(config.to):
        is_permanent = min(codes) >= 500
        raise SendFailed(f"{config.host}: {'; '.join(refused)}", is_permanent=is_permanent, status=max(codes))
    return refused


def _failure(config: Config, error: Exception, is_sending: bool) -> SendFailed:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        advice = _ADVICE.get(error.code, "")
        text = f"{config.host} answered {error.code} ({excerpt(error.message)})" + (f": {advice}" if advice else "")
        return SendFailed(hide(text, config.secret_values()), is_permanent=error.code >= 500, status=error.code)
    if is_sending:
        text = f"{config.host} was handed the mail, and did not say whether it took it"
        return SendFailed(f"{text}: {_said(error)}", may_have_arrived=True)
    return SendFailed(hide(f"no mail through {config.host} port {config.port}: {_said(error)}", config.secret_values()))


def _said(error: BaseException) -> str:
    """Return the innermost reason that says something."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {one.verify_message} (see TOCSIN_CA_BUNDLE, or verify_tls)"
    if isinstance(error, TimeoutError) and not str(error):
        return "it takes too long"
    return excerpt(str(error)) or type(error).__name__


def destination(config: Config) -> str:
    """Return where it goes."""
    more = f" and {len(config.to) - 1} more" if len(config.to) > 1 else ""
    return f"{config.to[0]}{more}"


KIND = ChannelKind(
    kind=NotificationChannel.EMAIL,
    label="E-mail",
    config=Config,
    send=send,
    destination=destination,
    limits="subject 200, 100,000 characters each of text and HTML",
    permanent="5xx replies, a wrong login, no STARTTLS; all recipients refused for good",
)
