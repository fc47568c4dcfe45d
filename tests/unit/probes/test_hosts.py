"""The search list of resolv.conf, and a hosts file that comes and goes."""

from pathlib import Path

from tocsin.probes.names.hosts import HostsFile, SearchList


def test_the_search_list_is_read_with_its_dots(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 10.0.0.1\n\nsearch a.example. b.example\noptions rotate ndots:3 ndots:x\n")
    search = SearchList.read(str(path))
    assert search == SearchList(("a.example", "b.example"), 3)
    assert search.candidates("web") == ["web.a.example", "web.b.example", "web"]
    assert search.candidates("web.prod") == ["web.prod", "web.prod.a.example", "web.prod.b.example"]
    assert search.candidates("www.shop.example.com") == ["www.shop.example.com"]
    assert search.candidates("web.") == ["web."]


def test_without_a_resolv_conf_names_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    assert SearchList.read(str(path)) == SearchList()
    path.write_text("options rotate\n")
    assert SearchList.read(str(path)) == SearchList()
    assert SearchList().candidates("web") == ["web"]


def test_a_hosts_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    hosts = HostsFile(str(path))
    assert hosts.look_up("one") == ()
    path.write_text("10.0.0.1 one one\n10.0.0.2 one\nfe80::1%eth0 two\n")
    assert hosts.look_up("one") == ("10.0.0.1", "10.0.0.2")
    path.write_text("10.0.0.30 one\n")
    assert hosts.look_up("one") == ("10.0.0.30",)
    path.unlink()
    assert hosts.look_up("one") == ()
    path.write_text("10.9.9.9 localhost\n")
    assert hosts.look_up("localhost") == ("10.9.9.9",)
    assert hosts.look_up("x.localhost") == ("127.0.0.1", "::1")
