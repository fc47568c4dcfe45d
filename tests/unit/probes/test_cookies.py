"""Cookies of one check: where they go, and when they end."""

import pytest

from tocsin.probes.place import locate
from tocsin.probes.web.cookies import CookieJar

HERE = "https://shop.example/a/b"

SENT = [
    ("a=1", HERE, "a=1"),
    ("a=1", "https://shop.example/a/", "a=1"),
    ("a=1", "https://shop.example/a", "a=1"),
    ("a=1", "https://shop.example/", ""),
    ("a=1", "https://shop.example/ab", ""),
    ("a=1; Path=/", "https://shop.example/x?y", "a=1"),
    ("a=1; Path=/", "https://www.shop.example/", ""),
    ("a=1; Path=/; Domain=.shop.example", "https://www.shop.example/", "a=1"),
    ("a=1; Path=/; Domain=shop.example", "https://notshop.example/", ""),
    ("a=1; Path=/; Domain=example", "https://other.example/", ""),
    ("a=1; Path=/; Domain=other.example", "https://other.example/", ""),
    ("a=1; Path=/; Secure", "http://shop.example/", ""),
    ("a=1; Path=/; Secure", "https://shop.example/", "a=1"),
    ("a=1; Max-Age=0", HERE, ""),
    ("a=1; Max-Age=60", HERE, "a=1"),
    ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", HERE, ""),
    ("a=1; Expires=nonsense", HERE, "a=1"),
    ("nothing", HERE, ""),
    ("=1", HERE, ""),
]


@pytest.mark.parametrize(("set_cookie", "url", "sent"), SENT)
def test_a_cookie_goes_where_it_belongs(set_cookie: str, url: str, sent: str) -> None:
    jar = CookieJar()
    jar.take_all((("Set-Cookie", set_cookie), ("Other", "x=1")), locate(HERE))
    assert jar.header(locate(url)) == sent


def test_a_later_cookie_replaces_and_the_longest_path_goes_first() -> None:
    jar = CookieJar()
    for text in ("a=1; Path=/", "a=2; Path=/", "b=3; Path=/a"):
        jar.take(text, locate(HERE))
    assert jar.header(locate(HERE)) == "b=3; a=2"
    jar.take("a=; Path=/; Max-Age=-1", locate(HERE))
    assert jar.header(locate(HERE)) == "b=3"


def test_a_jar_is_bounded() -> None:
    jar = CookieJar()
    for number in range(500):
        jar.take(f"n{number}=1", locate(HERE))
    assert jar.header(locate(HERE)).count("=") == 100
