"""Who asks, and may they: bearer tokens, the login cookie, and the loopback while there is no user.

**Why origins are checked.** A bearer token is put into a request on purpose. A cookie, and the right of whoever sits at
this machine, come along by themselves: any page open in the same browser can make it send a request here
(cross-site request forgery). `SameSite=Lax` keeps the cookie out of most, but not out of those from another port or
subdomain, and the loopback has no cookie at all. So requests that rely on either must come from our own pages, or
from no page: browsers say so themselves in `Sec-Fetch-Site`, older ones in `Origin`, the oldest in `Referer`.
Silence means two things. Only browsers have the cookie, so a change by cookie that says nothing of where it comes from
is refused: an old browser, or a proxy that strips headers, must not open the door. At this machine, while no user
exists, programs rightly send none of the three, and are let through. Reading is guarded too: an answer that another
page cannot see by the same-origin policy need not be made for it. Following a link here from elsewhere is no fault.
Source: W3C Fetch Metadata Request Headers; RFC 6454 section 7; RFC 9110 section 10.1.3.

**Why the host is checked.** By DNS rebinding a page's own name can be made to lead to 127.0.0.1, and then the page is
of the same origin. What it cannot do is send a `Host` that is not its own name. While no user exists, only loopback
names are served, to loopback clients, and nothing that a proxy has passed on: behind a proxy on this machine
everybody would look local.
"""

from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from tocsin.actions.access import LOGIN_LASTS, Caller, NewLogin, has_users, identify_cookie, identify_token
from tocsin.api.dependencies import get_services, open_session
from tocsin.errors import Forbidden, Unauthorized
from tocsin.model.enums import Scope
from tocsin.storage.database import Session

COOKIE = "tocsin_login"

_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="An API token: `tocsin token create NAME`.")
_COOKIE = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="login", description="Set by the login page.")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_USER = "nobody can log in here yet; on the machine that runs Tocsin, `tocsin user create NAME` makes the first user"

__all__ = ["COOKIE", "Caller", "Writer", "check_host", "check_origin", "forget_login", "remember_login", "require"]


@cache
def require(scope: Scope) -> Callable[..., Caller]:
    """Return a dependency that lets pass whoever may do `scope`, and returns them.

    It raises Unauthorized (401) where nobody is known, and Forbidden (403) where they may not.
    """

    def caller_with_scope(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        cookie: Annotated[str | None, Security(_COOKIE)],
    ) -> Caller:
        services = get_services(request)
        check_host(request, services.settings.allowed_hosts)
        with open_session(services) as db:
            caller = _by_token(db, bearer.credentials) if bearer else _by_presence(db, request, cookie)
        if not caller.scope.allows(scope):
            raise Forbidden(f"this needs the scope {scope}; {caller.name} has {caller.scope}")
        return caller

    return caller_with_scope


Writer = Annotated[Caller, Security(require(Scope.WRITE))]
"""Whoever may write, as an argument of an endpoint that notes who asked."""


def _by_token(db: Session, secret: str) -> Caller:
    caller = identify_token(db, secret)
    if caller is None:
        raise Unauthorized("the token is not known, or has expired")
    return caller


def _by_presence(db: Session, request: Request, cookie: str | None) -> Caller:
    """Return who is known without having said so in this request: by cookie, or by sitting at this machine."""
    caller = identify_cookie(db, cookie) if cookie else None
    if caller is None:
        if has_users(db):
            raise Unauthorized
        check_is_local(request)
        caller = Caller("loopback", "this machine", Scope.ADMIN)
    check_origin(request, is_silence_ours=caller.kind == "loopback")
    return caller


def check_is_local(request: Request) -> None:
    """Let only programs and browsers on this machine pass, by one of its loopback names.

    Raises:
        Forbidden: it is another one, or cannot be told.
    """
    client = request.client.host if request.client else ""
    if not _is_loopback_address(client) or any(name in request.headers for name in _PASSED_ON):
        raise Forbidden(_NO_USER)
    if not _is_loopback_name(host_of(request)):
        raise Forbidden("while there is no user, Tocsin answers only under localhost, 127.0.0.1 and [::1]")


def check_host(request: Request, allowed: Sequence[str]) -> None:
    """Let only requests for one of our names pass; loopback names are always ours.

    Args:
        request: the request.
        allowed: host names, `*.example.com` for all below; empty allows any.

    Raises:
        Forbidden: it is for another name.
    """
    host = host_of(request)
    if allowed and not _is_loopback_name(host) and not any(_matches(host, pattern.lower()) for pattern in allowed):
        raise Forbidden(f"{host or 'a request without Host'} is not among TOCSIN_ALLOWED_HOSTS")


def check_origin(request: Request, *, is_silence_ours: bool = True) -> None:
    """Let only requests pass that come from our own pages, or from no page.

    Args:
        request: the request.
        is_silence_ours: whether one that changes something may leave open which page it comes from.

    Raises:
        Forbidden: another site's page made the browser send it, or it may have.
    """
    is_read = request.method in _SAFE_METHODS
    if is_read and request.headers.get("sec-fetch-mode") == "navigate":
        return
    is_ours = _is_from_our_page(request)
    if is_ours is False:
        raise Forbidden("another site's page made this request; Tocsin takes them only from its own pages")
    if is_ours is None and not (is_read or is_silence_ours):
        raise Forbidden(
            "a change by the login cookie must say which page it comes from, and this request has neither"
            " Sec-Fetch-Site nor Origin nor Referer; programs send an API token instead"
        )


def _is_from_our_page(request: Request) -> bool | None:
    """Return what the request says of the page it comes from; None where it says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is not None:
        return _is_own_origin(request, origin)
    # A link from elsewhere is followed with a foreign Referer, so that alone is no fault: it is worth silence.
    return True if _is_own_origin(request, request.headers.get("referer", "")) else None


def remember_login(response: Response, request: Request, login: NewLogin) -> None:
    """Set the cookie of a new login."""
    response.set_cookie(
        COOKIE,
        login.cookie,
        max_age=int(LOGIN_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def forget_login(response: Response, request: Request) -> None:
    """Delete the login cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")


def host_of(request: Request) -> str:
    """Return the name the request is for, in lower case and without port; empty where there is none."""
    return _split(request.headers.get("host", ""))[0]


def _is_own_origin(request: Request, origin: str) -> bool:
    scheme, _, place = origin.partition("://")
    default = _DEFAULT_PORTS.get(scheme.lower(), 0)
    host, port = _split(place)
    own_host, own_port = _split(request.headers.get("host", ""))
    return bool(host) and (host, port or default) == (own_host, own_port or default)


def _split(netloc: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{netloc}")
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


def _matches(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern in ("*", host)


def _is_loopback_name(name: str) -> bool:
    return name == "localhost" or _is_loopback_address(name)


def _is_loopback_address(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
