"""Why somebody is or is not told: steps and stable reason codes, each with its sentence."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """What decided, in the order in which a change of an alert passes."""

    LIFE = "life"  # does this change concern anybody
    FLAPPING = "flapping"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    ROUTING = "routing"
    GROUP = "group"
    LIMIT = "limit"
    SENDING = "sending"
    FALLBACK = "fallback"
    REMINDER = "reminder"
    ESCALATION = "escalation"


class Reason(StrEnum):
    """Why. A code, once released, keeps its meaning."""

    # life
    NEW_PROBLEM = "new_problem"
    CAME_BACK = "came_back"
    STILL_THERE = "still_there"
    MORE_SEVERE = "more_severe"
    IS_OVER = "is_over"
    BEGAN_FLAPPING = "began_flapping"
    SETTLED = "settled"
    NOT_TOLD = "not_told"
    ALERT_FLAPS = "alert_flaps"
    # silence, maintenance
    MUTED = "muted"
    MUTE_OVER = "mute_over"
    OVER_BEFORE_MUTE = "over_before_mute"
    KNOWN_BEFORE_MUTE = "known_before_mute"
    # routing
    DEFAULT_CHANNEL = "default_channel"
    NAMED = "named"
    TOLD_OF_PROBLEM = "told_of_problem"
    DISABLED = "disabled"
    NOT_DEFAULT = "not_default"
    NOT_NAMED = "not_named"
    BELOW_PRIORITY = "below_priority"
    NO_MATCH = "no_match"
    ESCALATION_LATER = "escalation_later"
    NOT_TOLD_OF_PROBLEM = "not_told_of_problem"
    NO_RECOVERIES = "no_recoveries"
    KNOWS_ALREADY = "knows_already"
    NO_CHANNEL = "no_channel"
    DASHBOARD_ONLY = "dashboard_only"
    # group
    COLLECTED = "collected"
    JOINED = "joined"
    AFTER_INTERVAL = "after_interval"
    IN_DIGEST = "in_digest"
    # limit, fallback, reminder, escalation
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    CHANNEL_DEAD = "channel_dead"
    ANSWER_LOST = "answer_lost"
    GAVE_UP = "gave_up"
    NOBODY_ACKNOWLEDGED = "nobody_acknowledged"
    NO_LONGER_NEEDED = "no_longer_needed"
    BROKEN = "broken"


_SENTENCES: Mapping[Reason, str] = {
    Reason.NEW_PROBLEM: "It is a new problem.",
    Reason.CAME_BACK: "The problem came back.",
    Reason.STILL_THERE: "The problem is still there.",
    Reason.MORE_SEVERE: "It became more severe.",
    Reason.IS_OVER: "The problem is over.",
    Reason.BEGAN_FLAPPING: "It began to come and go; that is told once.",
    Reason.SETTLED: "It no longer comes and goes.",
    Reason.NOT_TOLD: "A change of this kind is kept as history and told to nobody.",
    Reason.ALERT_FLAPS: "It comes and goes; single changes are not told until it settles.",
    Reason.MUTED: "{kind} {id} mutes it until {until}{text}; if it is open then, it is told then.",
    Reason.MUTE_OVER: "The mute is over and the problem still there.",
    Reason.OVER_BEFORE_MUTE: "It was over before the mute was; nobody had been told.",
    Reason.KNOWN_BEFORE_MUTE: "Somebody acknowledged it, or a later change took its place, before the mute was over.",
    Reason.DEFAULT_CHANNEL: "The channel hears of every alert that it matches.",
    Reason.NAMED: "The alert names channels of this kind.",
    Reason.TOLD_OF_PROBLEM: "The channel was told of the problem, so it is told of its end.",
    Reason.DISABLED: "The channel is disabled.",
    Reason.NOT_DEFAULT: "The channel only hears of alerts that name its kind.",
    Reason.NOT_NAMED: "The alert names other kinds of channel: {named}.",
    Reason.BELOW_PRIORITY: "The alert is {priority}; the channel hears from {min_priority} upwards.",
    Reason.NO_MATCH: "The channel's matchers do not fit the alert.",
    Reason.ESCALATION_LATER: "The channel hears of it only if nobody acknowledges it within {after_s} s.",
    Reason.NOT_TOLD_OF_PROBLEM: "The channel was not told of the problem, so it is not told of its end.",
    Reason.NO_RECOVERIES: "The channel does not want to hear of recoveries.",
    Reason.KNOWS_ALREADY: "The channel knows of the problem already.",
    Reason.NO_CHANNEL: "No channel takes it. It is kept, and shown; add a channel with `tocsin channels add`.",
    Reason.DASHBOARD_ONLY: "The alert is for the dashboard only.",
    Reason.COLLECTED: "It waits a moment for others with the same cause; to be sent at {due_at}.",
    Reason.JOINED: "It joined a message that was waiting.",
    Reason.AFTER_INTERVAL: "Its group was told of a moment ago; changes follow at {due_at}.",
    Reason.IN_DIGEST: "Too much happens at once: it is told in a digest.",
    Reason.RATE_LIMITED: "The channel's limit of messages a minute was reached: what waited is told as a digest.",
    Reason.REJECTED: "The channel refuses: {error}",
    Reason.CHANNEL_DEAD: "The channel has been failing for too long: {error}",
    Reason.ANSWER_LOST: "The channel's answer was lost too often: {error}",
    Reason.GAVE_UP: "It could not be sent within the time that deliveries are tried: {error}",
    Reason.NO_LONGER_NEEDED: "Somebody acknowledged it before the message was due.",
    Reason.BROKEN: "It could not be planned; the log says more: {error}",
    Reason.NOBODY_ACKNOWLEDGED: "Nobody has acknowledged it for {after_s} s.",
}


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence_of(reason: str, details: Mapping[str, Any]) -> str:
    """Return a reason as a sentence; a code of another release stands for itself."""
    try:
        template = _SENTENCES[Reason(reason)]
    except ValueError:
        return reason.replace("_", " ")
    return template.format_map(_Blank(details))
