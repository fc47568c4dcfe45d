"""A label matcher as it crosses the doors; `matching.matchers` is what it means."""

from pydantic import ConfigDict, Field

from tocsin.model.texts import Stored


class MatcherFields(Stored):
    """One condition on a label, in the form that the Alertmanager API uses."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True,
        json_schema_extra={"examples": [{"name": "severity", "value": "warning", "isRegex": False, "isEqual": True}]},
    )  # fmt: skip

    name: str = Field(min_length=1, max_length=255)
    value: str = Field(max_length=2000)
    is_regex: bool = Field(False, alias="isRegex", description="The whole value matches the pattern (RE2 syntax).")
    is_equal: bool = Field(True, alias="isEqual", description="False turns the condition round.")
