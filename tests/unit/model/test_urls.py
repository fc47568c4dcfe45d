"""When two URLs are one website, and what is no URL at all."""

import re

import pytest
from hypothesis import given, strategies as st

from tocsin.model.urls import MAX_URL_LENGTH, check_url, normalise_url, origin_of, short_name


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:80", "https://example.com:80/"),
        ("https://example.com:", "https://example.com/"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com?", "https://example.com/"),
        ("https://example.com?q=1&q=2", "https://example.com/?q=1&q=2"),
        ("https://example.com/%7Ea/%zz", "https://example.com/%7Ea/%zz"),
        ("https://example.com//a//", "https://example.com//a//"),
        ("https://bücher.example/ä?ö=ü", "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://faß.example", "https://xn--fa-hia.example/"),
        ("https://例え。jp", "https://xn--r8jz45g.jp/"),
        ("https://example.com.", "https://example.com./"),
        ("https://my_host-1.example", "https://my_host-1.example/"),
        ("http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/"),
        ("http://[2001:DB8::1]:80", "http://[2001:db8::1]/"),
        ("http://127.0.0.1:8000/healthz", "http://127.0.0.1:8000/healthz"),
        ('https://example.com/a"b|c?d=<e>', "https://example.com/a%22b%7Cc?d=%3Ce%3E"),
        ("WS://Example.com:80", "ws://example.com/"),
        ("wss://example.com:443/live?a=b#c", "wss://example.com/live?a=b"),
        ("wss://example.com:80/", "wss://example.com:80/"),
        ("TCP://Example.com:5432", "tcp://example.com:5432"),
        ("tcp://[::0001]:25/", "tcp://[::1]:25"),
        ("tls://bücher.example:443", "tls://xn--bcher-kva.example:443"),
        ("icmp://Example.com/", "icmp://example.com"),
        ("icmp://[2001:DB8::1]", "icmp://[2001:db8::1]"),
        ("dns:///Example.com.", "dns:///example.com?type=A"),
        ("dns:///example.com?TYPE=mx", "dns:///example.com?type=MX"),
        ("dns://192.0.2.53:53/example.com", "dns://192.0.2.53/example.com?type=A"),
        (
            "dns://[2001:db8::53]:5353/_sip._tcp.example.com?type=SRV;",
            "dns://[2001:db8::53]:5353/_sip._tcp.example.com?type=SRV",
        ),
        ("dns://ns1.example.com/bücher.example?type=TXT", "dns://ns1.example.com/xn--bcher-kva.example?type=TXT"),
        ("dns:///192.0.2.7?type=PTR", "dns:///7.2.0.192.in-addr.arpa?type=PTR"),
        ("dns:///.?type=ns", "dns:///.?type=NS"),
    ],
)
def test_urls_of_one_website_have_one_form(url: str, normal: str) -> None:
    assert normalise_url(url) == normal
    assert normalise_url(normal) == normal
    assert check_url(f" {url}\n") == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "a URL is needed"),
        ("   ", "a URL is needed"),
        ("example.com", "must start with one of http://, https://"),
        ("ftp://example.com", "must start with one of"),
        ("javascript:alert(1)", "must start with one of"),
        ("http://", "has no host"),
        ("http:///path", "has no host"),
        ("http://:80/", "has no host"),
        ("http://example.com:99999/", "Port out of range"),
        ("http://example.com:x/", "Port could not be cast"),
        ("http://example.com:0/", "port 0"),
        ("http://bü cher.example/", "white space"),
        ("http://a。。example/", "not a valid international host name"),
        ("http://me:secret@example.com/", "use the option auth"),
        ("http://@example.com/", "use the option auth"),
        ("http://[::1", "is not a URL"),
        ("http://[12345::1]/", "12345"),
        ("http://exam ple.com/", "white space"),
        ("http://example.com/a b", "white space"),
        ("http://example.com/a\x7fb", "control characters"),
        ("http://example.com/a\nHost: b", "white space or control"),
        ("http://a..b/", "is not a host name"),
        ("http://./", "is not a host name"),
        ("http://a<b>/", "is not a host name"),
        ("http://a\\b/", "is not a host name"),
        ("http://ex%61mple.com/", "is not a host name"),
        ("http://\u200d.example/", "not a valid international host name"),
        ("http://" + "ä" * 70 + ".example/", "not a valid international host name"),
        ("tcp://example.com", "a tcp:// URL needs a port, for example tcp://example.com:5432"),
        ("tls://example.com", "a tls:// URL needs a port, for example tls://example.com:443"),
        ("tcp://example.com:0", "port 0"),
        ("tcp://:80", "the URL has no host, for example tcp://example.com:5432"),
        ("tcp:example.com:80", "means nothing in a tcp:// URL"),
        ("tls://example.com:443/login", "the path 'login' means nothing in a tls:// URL"),
        ("tcp://example.com:25?a=b", "the query 'a=b' means nothing"),
        ("tcp://me@example.com:25", "the user 'me' means nothing"),
        ("icmp://example.com:7", "an icmp:// URL has no port"),
        ("icmp://", "the URL has no host, for example icmp://example.com"),
        ("dns://192.0.2.53", "needs the name to ask for"),
        ("dns:///", "needs the name to ask for"),
        ("dns://:53/example.com", "a port needs a name server"),
        ("dns://me@192.0.2.53/example.com", "a name server, a name and a type"),
        ("dns:///example.com?type=ANY", "'ANY' is none of the record types A, AAAA"),
        ("dns:///example.com?class=CH", "knows no 'class'"),
        ("dns:///192.0.2.7", "asked for with ?type=PTR"),
        ("dns:///a..b", "is not a domain name"),
        ("dns:///" + "a." * 130 + "b", "is not a domain name"),
        ("wss://me:pw@example.com/", "use the option auth"),
        ("http://example.com/" + "a" * MAX_URL_LENGTH, f"at most {MAX_URL_LENGTH}"),
    ],
)
def test_what_is_no_url_is_refused_and_says_why(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check_url(url)


def test_an_origin_is_scheme_and_authority() -> None:
    assert origin_of("HTTPS://Example.com:443/a?b") == ("https", "example.com")
    assert origin_of("https://example.com:8443") != origin_of("https://example.com")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Example.com:8443/a", "Example.com:8443"),
        ("tcp://db.example:5432", "db.example:5432"),
        ("dns:///Example.com", "example.com A"),
        ("dns://192.0.2.53/example.com?type=mx", "example.com MX"),
    ],
)
def test_a_website_without_a_name_is_called_by_what_is_looked_at(url: str, name: str) -> None:
    assert short_name(url) == name


@given(
    st.builds("{}://{}".format, st.sampled_from(["http", "ws", "tcp", "icmp", "dns"]), st.text(max_size=60))
    | st.text(max_size=60)
)
def test_any_text_is_normalised_once_for_all_or_refused(text: str) -> None:
    try:
        normal = normalise_url(text)
    except ValueError:
        return
    assert normal.isascii()
    assert normalise_url(normal) == normal


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,10}\.example", fullmatch=True), st.integers(1, 65535), st.text("abc/%é", max_size=9)
)
def test_scheme_and_host_are_one_in_any_case(host: str, port: int, path: str) -> None:
    url = f"http://{host}:{port}/{path}"
    assert normalise_url(url) == normalise_url(f"HTTP://{host.upper()}:{port}/{path}")
