"""What to do about a website that fails, by the cause: built-in advice, as data.

Placeholders are filled in from the check; those that end in `_sh` are quoted for a shell. A piece of advice whose
placeholder has no value is left out.
"""

from tocsin.model.enums import Cause

LOOK_AGAIN = "Look again from here: `tocsin check {url_sh}`"

_DIG = "Ask for its addresses: `dig +short {host_sh}`, then at the zone's own servers: `dig +trace {host_sh}`"
_REACH = "See whether it can be reached at all: `nc -vz {host_sh} {port}`, and where it ends: `mtr -rwc 5 {host_sh}`"
_CHAIN = (
    "See the chain it serves: `openssl s_client -connect {authority_sh} -servername {host_sh} -showcerts </dev/null`"
)
_DATES = (
    "See the certificate's dates: `openssl s_client -connect {authority_sh} -servername {host_sh} </dev/null"
    " | openssl x509 -noout -subject -issuer -dates`"
)
_CURL = "See the exchange: `curl -sv -o /dev/null --max-time 30 {url_sh}`"
_TIMES = (
    "See where the time goes: `curl -s -o /dev/null"
    " -w 'dns %{{time_namelookup}} connect %{{time_connect}} tls %{{time_appconnect}}"
    " first byte %{{time_starttransfer}} all %{{time_total}}\\n' {url_sh}`"
)
_LISTENS = "On the server, see whether anything listens: `ss -ltnp 'sport = :{port}'`, and restart what should"
_FIREWALL = "Check firewalls and security groups between here and {address} port {port}"
_LOGS = "Read the server's error log around {since}, then that of the application behind it"
_DEPLOYED = "Check what was deployed or reconfigured before {since}, and roll it back if the times agree"
_RENEW = (
    "Renew it (for example `certbot renew --force-renewal`), reload the server, and mend what should have renewed it"
)

BY_CAUSE: dict[Cause, tuple[str, ...]] = {
    Cause.DNS_NOT_FOUND: (
        _DIG,
        "Check that the domain is paid for and that nobody removed the record: `whois {host_sh}`",
    ),
    Cause.DNS_NO_RECORDS: (_DIG, "The name exists without such a record: add it, or watch the name that has one"),
    Cause.DNS_SERVER_FAILURE: (_DIG, "Check the zone's name servers and DNSSEC: `delv {host_sh}`"),
    Cause.DNS_TIMEOUT: (_DIG, "Check that name servers answer from here: `dig @9.9.9.9 {host_sh}`"),
    Cause.NO_ROUTE: (_REACH, "Check the route to {address}, and an IPv6 address that nothing serves any more"),
    Cause.CONNECT_REFUSED: (_LISTENS, "See the service itself: `systemctl --failed`, then its log", _FIREWALL),
    Cause.CONNECT_TIMEOUT: (_REACH, _FIREWALL, "Check that the machine behind {address} is up and takes connections"),
    Cause.CONNECT_RESET: (_CURL, _FIREWALL, _LOGS),
    Cause.ADDRESS_FORBIDDEN: (_DIG, "The name points to an address that checks may not reach: mend the record",),
    Cause.TLS_PROTOCOL: (_CHAIN, "Allow TLS 1.2 and 1.3 on the server; older versions are refused"),
    Cause.TLS_EXPIRED: (_RENEW, _DATES),
    Cause.TLS_NOT_YET_VALID: (_DATES, "Check the clocks of the server and of this machine: `timedatectl`"),
    Cause.TLS_SELF_SIGNED: (_CHAIN, "Serve a certificate of a public authority, or add yours with TOCSIN_CA_BUNDLE"),
    Cause.TLS_UNKNOWN_ISSUER: (_CHAIN, "Serve a certificate that browsers trust, or add its root: TOCSIN_CA_BUNDLE"),
    Cause.TLS_INCOMPLETE_CHAIN: (_CHAIN, "Serve the intermediate certificate too: `fullchain.pem` has it"),
    Cause.TLS_WRONG_HOST: (_DATES, "Serve the certificate that names {host}; this may be the default one"),
    Cause.TLS_CLOSED: (_CHAIN, _LOGS),
    Cause.TLS_TIMEOUT: (_REACH, _LOGS),
    Cause.TLS_NOT_SPOKEN: (_CURL, "Port {port} speaks no TLS: mend the server, or the address that is watched"),
    Cause.PLAIN_ON_TLS_PORT: ("Port {port} speaks TLS: watch https:// instead, or mend the redirect that leads there",),
    Cause.EMPTY_REPLY: (_CURL, _LOGS, "An application server that crashes on the request closes like this"),
    Cause.RESET: (_CURL, _LOGS),
    Cause.MALFORMED_REPLY: (_CURL, "Check that port {port} belongs to a web server"),
    Cause.TIMEOUT_FIRST_BYTE: (_TIMES, _LOGS, "Look for full worker pools, locks and slow queries", _DEPLOYED),
    Cause.TIMEOUT_HEADERS: (_TIMES, _LOGS),
    Cause.TIMEOUT_BODY: (_TIMES, "Check the bandwidth of {address}, and what produces the page"),
    Cause.TRUNCATED_BODY: (_CURL, _LOGS),
    Cause.BODY_TOO_LARGE: ("Watch an address that answers less, such as /healthz",),
    Cause.BAD_ENCODING: (_CURL, "Check compression in the server and in proxies before it"),
    Cause.REDIRECT_LOOP: (
        "Follow the hops: `curl -sIL --max-redirs 12 {url_sh} | grep -iE '^(HTTP|location)'`",
        "Check rules that redirect http to https behind a proxy that ends TLS, and those for the trailing slash",
    ),
    Cause.REDIRECT_TOO_MANY: ("Follow the hops: `curl -sIL --max-redirs 30 {url_sh} | grep -iE '^(HTTP|location)'`",),
    Cause.REDIRECT_INVALID: ("See where it points: `curl -sI {url_sh} | grep -i ^location`",),
    Cause.HTTP_CLIENT_ERROR: (_CURL, "Check the address, the credentials and the rules that may refuse this client"),
    Cause.HTTP_SERVER_ERROR: (_LOGS, _CURL, _DEPLOYED, "A 502 or 504 comes from the proxy: see what stands behind it"),
    Cause.EXPECTATION_FAILED: ("See what it answers: `curl -s {url_sh} | head -c 2000`", _DEPLOYED),
    Cause.SLOW: (_TIMES, "Look for slow queries, full pools and calls to others behind it", _DEPLOYED),
    Cause.HEARTBEAT_MISSED: (
        "Check that the job ran: `systemctl list-timers` or the cron log, then its own log around {since}",
        "Call its ping address by hand from that machine: if that arrives, the job did not get there",
    ),
    Cause.HEARTBEAT_FAILED: ("The job said itself that it failed: read its log around {since}, mend it, run it again",),
    Cause.VANTAGE_BLIND: ("Check this machine's own network: `ip route; ping -c 3 9.9.9.9; dig +short example.com`",),
}  # fmt: skip

CERTIFICATE: tuple[str, ...] = (_RENEW, _DATES, "See when the renewal ran last: `systemctl status certbot.timer`")
