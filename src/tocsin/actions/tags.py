"""What can be asked of several websites at once: which tags and groups there are, and to pause or resume by them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.actions.services import Tell, nobody
from tocsin.errors import NotFound
from tocsin.model.enums import MonitorStatus
from tocsin.model.texts import QueryText
from tocsin.storage.database import Session
from tocsin.storage.overview import LabelTally, tally_labels
from tocsin.storage.websites import WebsiteCRUD

MAX_AT_ONCE = 10_000
KnownId = Annotated[int, Field(ge=1, le=2**63 - 1)]
_NAMED = 10


class WebsiteSelection(BaseModel):
    """Which websites are meant: exactly one of the three."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [1, 2]}, {"tag": "shop"}]})

    ids: list[KnownId] | None = Field(None, min_length=1, max_length=MAX_AT_ONCE)
    tag: QueryText | None = Field(None, description="Those with this tag.")
    group: QueryText | None = Field(None, description="Those of this group.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(one is not None for one in (self.ids, self.tag, self.group)) != 1:
            raise ValueError("name the websites by exactly one of `ids`, `tag` and `group`")
        return self


class Switched(BaseModel):
    """What was changed. To undo it, send these `ids` to the opposite."""

    changed: int = Field(description="How many were not so before.")
    ids: list[int] = Field(description="Those that were changed.")


class LabelCount(BaseModel):
    """A tag or group, and how its websites are."""

    name: str
    websites_count: int
    by_status: dict[MonitorStatus, int] = Field(
        description="Of those that are checked; before the first check UNKNOWN."
    )
    paused_count: int


class Labels(BaseModel):
    """Every tag and group, by name."""

    tags: list[LabelCount]
    groups: list[LabelCount]


def switch_websites(db: Session, selection: WebsiteSelection, *, is_active: bool, tell: Tell = nobody) -> Switched:
    """Pause or resume websites, all of them or none; what is so already stays, and is not told of.

    Raises:
        NotFound: one of the ids, the tag or the group is not there.
    """
    ids = WebsiteCRUD.find_ids(db, ids=selection.ids, tag=selection.tag, group=selection.group)
    if selection.ids is not None and (missing := sorted(set(selection.ids) - set(ids))):
        shown = ", ".join(map(str, missing[:_NAMED])) + (", …" if len(missing) > _NAMED else "")
        raise NotFound(f"there is no website {shown}: nothing was changed")
    if not ids:
        what = f"tag {selection.tag!r}" if selection.tag is not None else f"group {selection.group!r}"
        raise NotFound(f"no website has the {what}")
    changed = WebsiteCRUD.switch(db, ids, is_active=is_active)
    for website_id in changed:
        tell("updated", website_id)
    return Switched(changed=len(changed), ids=changed)


def list_labels(db: Session) -> Labels:
    """Return every tag and group with how its websites are."""
    tags, groups = tally_labels(db)
    return Labels(tags=_counts(tags), groups=_counts(groups))


def _counts(tallies: dict[str, LabelTally]) -> list[LabelCount]:
    return [
        LabelCount(
            name=name,
            websites_count=tally.paused_count + sum(tally.by_status.values()),
            by_status=tally.by_status,
            paused_count=tally.paused_count,
        )
        for name, tally in sorted(tallies.items())
    ]
