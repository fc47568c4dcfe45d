"""Every exception that Tocsin raises on purpose.

    TocsinError
    ├── Invalid               the request cannot be taken as it is
    │   ├── TooLarge          its body is larger than is read
    │   └── SettingsInvalid   the environment or the configuration file is wrong
    ├── NotFound              there is no such thing
    ├── Conflict              it contradicts what is there already
    ├── Unauthorized          nobody is logged in, or the token is not known
    ├── Forbidden             known, but not allowed
    ├── TooManyTries          wrong passwords too often
    ├── ExtraMissing          an optional part of Tocsin is not installed
    ├── SendFailed            a channel did not take a message
    ├── SecretsUnreadable     stored secrets were sealed with another key
    ├── SchemaBehind          the database needs `tocsin db upgrade`
    └── StorageUnavailable    the database cannot be reached or is busy for too long

An unreachable website is no exception but a `CheckResult`. Each class has a stable `code`: the API
answers it as problem+json with `http_status`, the command line ends with `exit_code`.
"""

from collections.abc import Mapping
from typing import ClassVar


class TocsinError(Exception):
    """Root of the tree; catch it to catch whatever Tocsin raises on purpose."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.message)


class Invalid(TocsinError):
    """The request cannot be taken as it is.

    `field` is the first at fault; `fields` says what is wrong with each, where there are several.
    """

    code = "invalid"
    http_status = 422
    exit_code = 2

    def __init__(
        self, message: str | None = None, *, field: str | None = None, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.fields = dict(fields or {})


class TooLarge(Invalid):
    """The request's body is larger than is read."""

    code = "body_too_large"
    http_status = 413


class SettingsInvalid(Invalid):
    """The settings are wrong; `faults` lists every fault at once."""

    code = "settings_invalid"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Settings:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


class NotFound(TocsinError):
    """There is no such thing."""

    code = "not_found"
    http_status = 404


class Conflict(TocsinError):
    """It contradicts what is there already."""

    code = "conflict"
    http_status = 409


class Unauthorized(TocsinError):
    """Log in, or send a valid token as `Authorization: Bearer …`."""

    code = "unauthorized"
    http_status = 401


class Forbidden(TocsinError):
    """This login or token is not allowed to do that."""

    code = "forbidden"
    http_status = 403


class TooManyTries(TocsinError):
    """Too many failed logins; wait a moment."""

    code = "too_many_tries"
    http_status = 429

    def __init__(self, message: str | None = None, *, retry_after_s: int = 60) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ExtraMissing(TocsinError, ImportError):
    """An optional part of Tocsin is not installed."""

    code = "extra_missing"
    exit_code = 2


class SendFailed(TocsinError):
    """The channel did not take the message.

    `is_permanent`: the same again would fail the same. `may_have_arrived`: it was sent and the answer was lost.
    `retry_after_s`: how long the provider asks to be left alone. `status`: its HTTP status or SMTP code, if any.
    """

    code = "send_failed"
    http_status = 502

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool = False,
        may_have_arrived: bool = False,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
        self.may_have_arrived = may_have_arrived
        self.retry_after_s = retry_after_s
        self.status = status


class SecretsUnreadable(TocsinError):
    """The stored secrets were sealed with another key: put that one into TOCSIN_SECRET_KEY too, after a comma."""

    code = "secrets_unreadable"
    http_status = 503
    exit_code = 2


class SchemaBehind(TocsinError):
    """The database schema is older than this program: run `tocsin db upgrade`."""

    code = "schema_behind"
    http_status = 503
    exit_code = 2


class StorageUnavailable(TocsinError):
    """The database cannot be reached, or stays locked for too long."""

    code = "storage_unavailable"
    http_status = 503
