"""When two URLs are one website, and what is no URL at all."""

import re

import pytest
from hypothesis import given, strategies as st

from tocsin.model.urls import MAX_URL_LENGTH, check_url, normalise_url, origin_of


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
        ("http://example.com/" + "a" * MAX_URL_LENGTH, f"at most {MAX_URL_LENGTH}"),
    ],
)
def test_what_is_no_url_is_refused_and_says_why(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check_url(url)


def test_an_origin_is_scheme_and_authority() -> None:
    assert origin_of("HTTPS://Example.com:443/a?b") == ("https", "example.com")
    assert origin_of("https://example.com:8443") != origin_of("https://example.com")


@given(st.text(max_size=60).map(lambda rest: f"http://{rest}") | st.text(max_size=60))
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
