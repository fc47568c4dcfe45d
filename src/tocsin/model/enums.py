"""The closed lists of Tocsin. Names are stable: users store them and match on them."""

from enum import StrEnum


class MonitorStatus(StrEnum):
    """What one check, or the last one, says of a website."""

    UP = "UP"
    DOWN = "DOWN"
    DEGRADED = "DEGRADED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_available(self) -> bool:
        """True where visitors are served: UP, or DEGRADED (slow or partly wrong)."""
        return self in (MonitorStatus.UP, MonitorStatus.DEGRADED)


class HTTPMethod(StrEnum):
    """Request methods a check can use."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    PATCH = "PATCH"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class NetworkEventType(StrEnum):
    """Kinds of event a browser debug session records."""

    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"
    ERROR = "ERROR"
    REDIRECT = "REDIRECT"
    TIMEOUT = "TIMEOUT"


class AddressFamily(StrEnum):
    """Which addresses of a name a check may connect to."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Phase(StrEnum):
    """The step of a check in which its fault lies."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"
    RESPONSE = "response"
    BODY = "body"
    CONTENT = "content"
    LATENCY = "latency"
    VANTAGE = "vantage"


class Cause(StrEnum):
    """Why a check is not simply UP. Members are added at the end of their group, never renamed."""

    DNS_NOT_FOUND = "dns_not_found"
    DNS_SERVER_FAILURE = "dns_server_failure"
    DNS_TIMEOUT = "dns_timeout"
    DNS_NO_RECORDS = "dns_no_records"  # the name exists, without records of the type asked for

    NO_ROUTE = "no_route"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_RESET = "connect_reset"
    ADDRESS_FORBIDDEN = "address_forbidden"

    TLS_PROTOCOL = "tls_protocol"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET_VALID = "tls_not_yet_valid"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_UNKNOWN_ISSUER = "tls_unknown_issuer"
    TLS_INCOMPLETE_CHAIN = "tls_incomplete_chain"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_CLOSED = "tls_closed"
    TLS_TIMEOUT = "tls_timeout"
    TLS_NOT_SPOKEN = "tls_not_spoken"  # plain text answered on a TLS port
    PLAIN_ON_TLS_PORT = "plain_on_tls_port"  # http:// was sent to a port that speaks TLS

    EMPTY_REPLY = "empty_reply"
    RESET = "reset"
    MALFORMED_REPLY = "malformed_reply"
    TIMEOUT_FIRST_BYTE = "timeout_first_byte"
    TIMEOUT_HEADERS = "timeout_headers"
    TIMEOUT_BODY = "timeout_body"
    TRUNCATED_BODY = "truncated_body"
    BODY_TOO_LARGE = "body_too_large"
    BAD_ENCODING = "bad_encoding"

    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_TOO_MANY = "redirect_too_many"
    REDIRECT_INVALID = "redirect_invalid"

    HTTP_CLIENT_ERROR = "http_client_error"
    HTTP_SERVER_ERROR = "http_server_error"

    EXPECTATION_FAILED = "expectation_failed"
    SLOW = "slow"

    HEARTBEAT_MISSED = "heartbeat_missed"
    HEARTBEAT_FAILED = "heartbeat_failed"

    VANTAGE_BLIND = "vantage_blind"


class Scope(StrEnum):
    """What a user or token may do; each includes the one before."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def allows(self, needed: "Scope") -> bool:
        """Return whether this scope includes `needed`."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)
