"""The numbers under which closed lists are stored. A number, once released, keeps its meaning for ever."""

from typing import Any

from tocsin.model.enums import Cause, HTTPMethod, MonitorStatus, Phase

# SQLite stores 0 and 1 without a byte of payload: they go to what is most frequent.
STATUS_CODES: dict[MonitorStatus, int] = {
    MonitorStatus.UP: 0,
    MonitorStatus.DOWN: 1,
    MonitorStatus.DEGRADED: 2,
    MonitorStatus.UNKNOWN: 3,
}

METHOD_CODES: dict[HTTPMethod, int] = {
    HTTPMethod.GET: 0,
    HTTPMethod.HEAD: 1,
    HTTPMethod.POST: 2,
    HTTPMethod.PUT: 3,
    HTTPMethod.PATCH: 4,
    HTTPMethod.DELETE: 5,
    HTTPMethod.OPTIONS: 6,
}

PHASE_CODES: dict[Phase, int] = {
    Phase.DNS: 1,
    Phase.CONNECT: 2,
    Phase.TLS: 3,
    Phase.REQUEST: 4,
    Phase.RESPONSE: 5,
    Phase.BODY: 6,
    Phase.CONTENT: 7,
    Phase.LATENCY: 8,
    Phase.VANTAGE: 9,
}

CAUSE_CODES: dict[Cause, int] = {
    Cause.DNS_NOT_FOUND: 10,
    Cause.DNS_SERVER_FAILURE: 11,
    Cause.DNS_TIMEOUT: 12,
    Cause.DNS_NO_RECORDS: 13,
    Cause.NO_ROUTE: 20,
    Cause.CONNECT_REFUSED: 21,
    Cause.CONNECT_TIMEOUT: 22,
    Cause.CONNECT_RESET: 23,
    Cause.ADDRESS_FORBIDDEN: 24,
    Cause.TLS_PROTOCOL: 30,
    Cause.TLS_EXPIRED: 31,
    Cause.TLS_NOT_YET_VALID: 32,
    Cause.TLS_SELF_SIGNED: 33,
    Cause.TLS_UNKNOWN_ISSUER: 34,
    Cause.TLS_INCOMPLETE_CHAIN: 35,
    Cause.TLS_WRONG_HOST: 36,
    Cause.TLS_CLOSED: 37,
    Cause.TLS_TIMEOUT: 38,
    Cause.TLS_NOT_SPOKEN: 39,
    Cause.PLAIN_ON_TLS_PORT: 40,
    Cause.EMPTY_REPLY: 50,
    Cause.RESET: 51,
    Cause.MALFORMED_REPLY: 52,
    Cause.TIMEOUT_FIRST_BYTE: 53,
    Cause.TIMEOUT_HEADERS: 54,
    Cause.TIMEOUT_BODY: 55,
    Cause.TRUNCATED_BODY: 56,
    Cause.BODY_TOO_LARGE: 57,
    Cause.BAD_ENCODING: 58,
    Cause.REDIRECT_LOOP: 60,
    Cause.REDIRECT_TOO_MANY: 61,
    Cause.REDIRECT_INVALID: 62,
    Cause.HTTP_CLIENT_ERROR: 70,
    Cause.HTTP_SERVER_ERROR: 71,
    Cause.EXPECTATION_FAILED: 80,
    Cause.SLOW: 81,
    Cause.HEARTBEAT_MISSED: 90,
    Cause.HEARTBEAT_FAILED: 91,
    Cause.VANTAGE_BLIND: 95,
}

CODES: dict[type[Any], dict[Any, int]] = {
    MonitorStatus: STATUS_CODES,
    HTTPMethod: METHOD_CODES,
    Phase: PHASE_CODES,
    Cause: CAUSE_CODES,
}

MEMBERS = {kind: {number: member for member, number in codes.items()} for kind, codes in CODES.items()}
