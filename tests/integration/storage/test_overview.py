"""Many websites at a glance, on both databases."""

import pytest

from tocsin import Database, MonitorCheckCreate, MonitorCheckCRUD, MonitorStatus, WebsiteCreate, WebsiteCRUD
from tocsin.model.standing import Standing
from tocsin.storage.overview import count_standings, list_trouble, list_websites

TEAM: dict[str, tuple[bool, MonitorStatus | None]] = {
    "Apple": (True, MonitorStatus.UP),
    "banana": (True, MonitorStatus.DOWN),
    "Cherry 50%": (True, MonitorStatus.DEGRADED),
    "damson": (True, MonitorStatus.UNKNOWN),
    "Elder": (True, None),
    "fig": (False, MonitorStatus.DOWN),
    "Grape": (True, MonitorStatus.DOWN),
}


@pytest.fixture
def team(database: Database) -> Database:
    with database.session() as db:
        for name, (is_active, status) in TEAM.items():
            website = WebsiteCreate(url=f"https://{name.split()[0]}.example", name=name, is_active=is_active)
            website_id = WebsiteCRUD.create(db, website).id
            if status is not None:
                MonitorCheckCRUD.create(db, MonitorCheckCreate(website_id=website_id, status=status))
    return database


def test_every_website_is_counted_under_one_standing(team: Database) -> None:
    with team.session() as db:
        assert count_standings(db) == {
            Standing.DOWN: 2,
            Standing.DEGRADED: 1,
            Standing.UNKNOWN: 1,
            Standing.PENDING: 1,
            Standing.UP: 1,
            Standing.PAUSED: 1,
        }


@pytest.mark.parametrize("standing", list(Standing))
def test_a_standing_lists_as_many_as_it_counts(team: Database, standing: Standing) -> None:
    with team.session() as db:
        pairs, total = list_websites(db, standing=standing)
        assert total == len(pairs) == count_standings(db)[standing]


def test_websites_are_listed_by_name_in_any_case_and_by_page(team: Database) -> None:
    with team.session() as db:
        pairs, total = list_websites(db, skip=1, limit=3)
        assert ([website.name for website, _ in pairs], total) == (["banana", "Cherry 50%", "damson"], 7)
        assert pairs[0][1] is not None
        assert pairs[0][1].status is MonitorStatus.DOWN


@pytest.mark.parametrize(
    ("text", "names"),
    [("APP", ["Apple"]), ("50%", ["Cherry 50%"]), ("%", ["Cherry 50%"]), ("_", []), ("fig.example", ["fig"])],
)
def test_search_takes_every_character_as_it_is(team: Database, text: str, names: list[str]) -> None:
    with team.session() as db:
        pairs, total = list_websites(db, text=text)
        assert ([website.name for website, _ in pairs], total) == (names, len(names))


def test_trouble_is_what_is_down_then_what_is_degraded_latest_first(team: Database) -> None:
    with team.session() as db:
        assert [website.name for website, _ in list_trouble(db)] == ["Grape", "banana", "Cherry 50%"]
        assert len(list_trouble(db, limit=1)) == 1
