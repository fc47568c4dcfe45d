"""Websites in both databases."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.support.history import add_site
from tocsin import (
    AddressFamily,
    Conflict,
    Database,
    HTTPMethod,
    Invalid,
    MonitorCheckCreate,
    MonitorCheckCRUD,
    MonitorStatus,
    Website,
    WebsiteCreate,
    WebsiteCRUD,
    WebsiteUpdate,
)
from tocsin.model.expectations import Expectation
from tocsin.model.options import BearerAuth
from tocsin.model.times import utcnow
from tocsin.model.websites import WebsiteRead

EVERYTHING = WebsiteCreate(
    url="https://example.com/shop?q=ä",
    name="Shop",
    description="Sells things",
    check_interval=120,
    timeout=2.5,
    max_retries=0,
    is_active=False,
    method=HTTPMethod.POST,
    request_headers={"Accept": "text/html"},
    request_body="{}",
    auth=BearerAuth(token="hush"),
    expected_status="200,3xx",
    follow_redirects=False,
    max_redirects=3,
    verify_tls=False,
    address_family=AddressFamily.IPV6,
    proxy="http://proxy.example:3128",
    degraded_after_ms=750.5,
    expectations=[Expectation(on="body", op="contains", value="Welcome")],
    tags=["shop", "ä"],
    group="EU",
    regions=["here"],
)


def create(db: Session, url: str, **options: object) -> int:
    website_id: int = WebsiteCRUD.create(db, WebsiteCreate.model_validate({"url": url, **options})).id
    return website_id


def test_every_field_comes_back_as_it_was_given(database: Database, db: Session) -> None:
    made = WebsiteCRUD.create(db, EVERYTHING)
    with database.session() as other:
        read = WebsiteCRUD.get_by_id(other, made.id)
        assert read is not None
        for row in (made, read):
            shown = WebsiteRead.model_validate(row)
            for field, value in EVERYTHING:
                assert getattr(shown, field) == value, field
            assert row.method is HTTPMethod.POST
            assert row.address_family is AddressFamily.IPV6
            assert row.enabled is row.is_active is False
        assert read.created_at.utcoffset() == read.updated_at.utcoffset() == timedelta(0)
        assert abs(utcnow() - read.created_at) < timedelta(minutes=1)


@pytest.mark.parametrize("same", ["https://example.com/", "HTTPS://EXAMPLE.COM:443", "https://example.com/#top"])
def test_a_url_is_watched_once_however_it_is_written(db: Session, same: str) -> None:
    website_id = create(db, "https://example.com")
    with pytest.raises(Conflict, match="is watched already"):
        create(db, same)
    found = WebsiteCRUD.get_by_url(db, same)
    assert found is not None
    assert found.id == website_id
    assert create(db, "https://example.com/other") != website_id


def test_what_is_not_there_is_none(db: Session) -> None:
    assert WebsiteCRUD.get_by_id(db, 99) is None
    assert WebsiteCRUD.get_by_url(db, "https://nobody.example") is None
    assert WebsiteCRUD.get_by_url(db, "no url at all") is None
    assert WebsiteCRUD.update(db, 99, WebsiteUpdate(name="x")) is None
    assert WebsiteCRUD.delete(db, 99) is False


def test_an_update_changes_what_was_given_and_nothing_else(db: Session) -> None:
    website = WebsiteCRUD.create(db, EVERYTHING)
    before = WebsiteRead.model_validate(website)
    update = WebsiteUpdate.model_validate(
        {"enabled": True, "auth": None, "url": "https://example.com/new", "method": "HEAD"}
    )
    after = WebsiteCRUD.update(db, website.id, update)
    shown = WebsiteRead.model_validate(after)
    assert (shown.is_active, shown.enabled, shown.auth, shown.url) == (True, True, None, "https://example.com/new")
    assert after is not None
    assert after.method is HTTPMethod.HEAD
    changed = {"is_active", "enabled", "auth", "url", "method", "updated_at"}
    assert shown.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    assert shown.updated_at > before.updated_at
    assert WebsiteCRUD.get_by_url(db, "https://example.com/shop?q=ä") is None
    assert WebsiteCRUD.get_by_url(db, "https://EXAMPLE.com/new") is after


def test_a_url_can_be_changed_in_its_spelling_only(db: Session) -> None:
    website_id = create(db, "https://example.com")
    updated = WebsiteCRUD.update(db, website_id, WebsiteUpdate(url="https://EXAMPLE.com/"))
    assert updated is not None
    assert updated.url == "https://EXAMPLE.com/"


def test_an_update_that_cannot_be_leaves_everything_as_it_was(db: Session) -> None:
    create(db, "https://example.com")
    other = create(db, "https://other.example", name="Other")
    with pytest.raises(Conflict, match=r"https://example\.com/ is watched already"):
        WebsiteCRUD.update(db, other, WebsiteUpdate(url="https://example.com/", name="New"))
    with pytest.raises(Invalid, match="name") as caught:
        WebsiteCRUD.update(db, other, WebsiteUpdate(name="  "))
    assert caught.value.field == "name"
    db.rollback()
    row = WebsiteCRUD.get_by_id(db, other)
    assert row is not None
    assert (row.name, row.url) == ("Other", "https://other.example")


def test_lists_are_newest_first_and_paged(db: Session) -> None:
    ids = [create(db, f"https://{number}.example", enabled=number != 2) for number in range(5)]
    page, total = WebsiteCRUD.get_all(db, skip=1, limit=2)
    assert ([one.id for one in page], total) == ([ids[3], ids[2]], 5)
    assert [one.id for one in WebsiteCRUD.get_active_websites(db)] == [ids[0], ids[1], ids[3], ids[4]]
    assert WebsiteCRUD.get_active_ids(db) == set(ids) - {ids[2]}
    assert WebsiteCRUD.count_active(db) == 4


def test_a_search_takes_every_filter(db: Session) -> None:
    shop = create(db, "https://shop.example/50%25_off", name="Shop 100%", tags=["a", "b"], group="EU")
    blog = create(db, "https://blog.example", name="Blog", tags=["ab"], enabled=False)
    MonitorCheckCRUD.create(db, MonitorCheckCreate(website_id=shop, status=MonitorStatus.DOWN))

    def ids(**filters: object) -> list[int]:
        found, total = WebsiteCRUD.search(db, **filters)  # type: ignore[arg-type]
        assert total == len(found)
        return [one.id for one in found]

    assert ids() == [blog, shop]
    assert ids(text="SHOP") == [shop]
    assert ids(text="100%") == [shop]
    assert ids(text="%") == [shop]
    assert ids(text="_") == [shop]
    assert ids(text="\\") == []
    assert ids(tag="a") == [shop]
    assert ids(tag="ab") == [blog]
    assert ids(group="EU") == [shop]
    assert ids(is_active=False) == [blog]
    assert ids(status=MonitorStatus.DOWN) == [shop]
    assert ids(status=MonitorStatus.UNKNOWN) == [blog]
    assert ids(status=MonitorStatus.UP) == []
    assert ids(text="o", is_active=True, tag="b", group="EU", status=MonitorStatus.DOWN) == [shop]


def test_what_changed_since_a_moment_is_found(db: Session) -> None:
    first = create(db, "https://a.example")
    create(db, "https://b.example")
    moment = utcnow()
    WebsiteCRUD.update(db, first, WebsiteUpdate(name="New"))
    assert [one.id for one in WebsiteCRUD.get_changed_since(db, moment)] == [first]
    assert len(WebsiteCRUD.get_changed_since(db, moment - timedelta(minutes=1))) == 2


def test_a_session_that_lives_long_sees_what_others_changed(database: Database, db: Session) -> None:
    mine = WebsiteCRUD.create(db, WebsiteCreate(url="https://example.com", name="Old"))
    with database.session() as other:
        WebsiteCRUD.update(other, mine.id, WebsiteUpdate(name="New", is_active=False))
    assert mine.name == "Old"
    again = WebsiteCRUD.get_by_id(db, mine.id)
    assert again is mine
    assert (mine.name, mine.is_active) == ("New", False)
    with database.session() as other:
        WebsiteCRUD.update(other, mine.id, WebsiteUpdate(is_active=True))
        WebsiteCRUD.update(db, mine.id, WebsiteUpdate(is_active=False))
        after = WebsiteCRUD.get_by_id(other, mine.id)
        assert after is not None
        assert after.is_active is False


def test_a_website_deleted_by_others_is_gone_from_a_session_that_held_it(database: Database, db: Session) -> None:
    mine = add_site(database)
    held = WebsiteCRUD.get_by_id(db, mine)
    assert held is not None
    with database.session() as other:
        assert WebsiteCRUD.delete(other, mine)
    assert WebsiteCRUD.get_by_id(db, mine) is None
    assert WebsiteCRUD.update(db, mine, WebsiteUpdate(name="x")) is None
    assert WebsiteCRUD.delete(db, mine) is False


def test_many_websites_are_created_at_once_or_not_at_all(db: Session) -> None:
    many = [EVERYTHING.model_copy(update={"url": f"https://example.com/{number}"}) for number in range(300)]
    assert (WebsiteCRUD.create_many(db, many), WebsiteCRUD.create_many(db, [])) == (300, 0)
    found = WebsiteCRUD.get_by_url(db, "https://example.com:443/7")
    assert found is not None
    singly = WebsiteCRUD.create(db, EVERYTHING)
    different = {"id", "url", "url_key", "created_at", "updated_at"}
    columns = [
        name
        for name in (column.name for column in Website.__table__.columns)
        if name not in different and name != "group_name"
    ]
    assert {name: getattr(found, name) for name in columns} == {name: getattr(singly, name) for name in columns}
    fresh = WebsiteCreate(url="https://example.org/")
    with pytest.raises(Conflict, match="watched already"):
        WebsiteCRUD.create_many(db, [fresh, many[0]])
    assert WebsiteCRUD.get_by_url(db, fresh.url) is None
