"""The cookies of one check: set by one hop, sent to the next, forgotten afterwards."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from tocsin.model.times import as_utc, utcnow
from tocsin.probes.place import Place
from tocsin.probes.web.answers import Headers

_MAX_COOKIES = 100


@dataclass(frozen=True, slots=True)
class _Cookie:
    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool

    def goes_to(self, place: Place, path: str) -> bool:
        if self.host_only:
            if place.host != self.domain:
                return False
        elif place.host != self.domain and not place.host.endswith(f".{self.domain}"):
            return False
        if self.secure and not place.is_tls:
            return False
        return path == self.path or path.startswith(self.path if self.path.endswith("/") else f"{self.path}/")


class CookieJar:
    """Keeps cookies by name, domain and path. Source: RFC 6265 section 5."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def take_all(self, headers: Headers, place: Place) -> None:
        """Take every Set-Cookie of an answer from `place`."""
        for name, value in headers:
            if name.lower() == "set-cookie":
                self.take(value, place)

    def take(self, set_cookie: str, place: Place) -> None:
        """Store, replace or delete what one Set-Cookie header of an answer from `place` says."""
        pair, *attributes = set_cookie.split(";")
        name, equals, value = pair.strip().partition("=")
        if not name or not equals:
            return
        given = {key.strip().lower(): text.strip() for key, _, text in (one.partition("=") for one in attributes)}
        domain = given.get("domain", "").lstrip(".").lower()
        if domain and place.literal is None and domain != place.host:
            if "." not in domain or not place.host.endswith(f".{domain}"):
                return
        else:
            domain = domain if domain == place.host else ""
        path = given.get("path", "")
        cookie = _Cookie(
            name, value.strip(), domain or place.host, not domain, path if path.startswith("/") else _folder(place),
            "secure" in given,
        )  # fmt: skip
        key = (cookie.name, cookie.domain, cookie.path)
        self._cookies.pop(key, None)
        if not _is_over(given) and len(self._cookies) < _MAX_COOKIES:
            self._cookies[key] = cookie

    def header(self, place: Place) -> str:
        """Return the value of the Cookie header for a request to `place`; empty for none."""
        if not self._cookies:
            return ""
        path = _path(place)
        fitting = [cookie for cookie in self._cookies.values() if cookie.goes_to(place, path)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)


def _path(place: Place) -> str:
    rest = place.url.split("://", 1)[1]
    return "/" + rest.partition("/")[2].partition("?")[0]


def _folder(place: Place) -> str:
    """Return the default path. Source: RFC 6265 section 5.1.4."""
    return _path(place).rpartition("/")[0] or "/"


def _is_over(given: dict[str, str]) -> bool:
    max_age = given.get("max-age", "")
    if max_age.lstrip("-").isdigit():
        return int(max_age) <= 0
    try:
        return as_utc(parsedate_to_datetime(given["expires"])) <= utcnow()
    except (KeyError, ValueError, TypeError, OverflowError):
        return False
