"""Messages for tests: one of every kind, in sizes that no provider takes whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.channels.texts.samples import SAMPLE_ALERT, SAMPLES, SAMPLES_AT
from tocsin.model.messages import AlertFacts, Message, MessageKind

NOW = SAMPLES_AT
NASTY = '*bold* _it_ ~s~ `c` <script>alert(1)</script> & <!channel> @everyone @here [x](http://evil.example) # h "q"'
FAMILY = "👨‍👩‍👧‍👦"


def sample(kind: MessageKind, **changes: Any) -> Message:
    """Return the sample of a kind, changed."""
    return replace(next(one for one in SAMPLES if one.kind is kind), **changes)


def alert(**changes: Any) -> AlertFacts:
    """Return the sample alert, changed."""
    return replace(SAMPLE_ALERT, **changes)


def huge(kind: MessageKind, filling: str = FAMILY) -> Message:
    """Return a message of `kind` with far too much of everything, made of `filling`."""

    def fill(count: int) -> str:
        return (filling * (count // len(filling) + 1))[:count]

    is_over = kind in (MessageKind.RESOLVED, MessageKind.MISSED)
    first = alert(
        title=fill(3000),
        message=(fill(3000) + "\n") * 150,
        resource=fill(2000),
        evidence=(fill(6000),) * 120,
        recommendations=(fill(6000),) * 120,
        affected=(fill(500),) * 80,
        labels={f"label{one}": fill(500) for one in range(60)},
        resolved_at=NOW - timedelta(minutes=1) if is_over else None,
    )
    rest = replace(first, message=fill(3000), evidence=(), recommendations=())
    many = (first, *(replace(rest, id=number) for number in range(2, 201)))
    return sample(
        kind,
        alerts=many,
        alerts_count=10_000,
        title=fill(3000),
        text=(fill(3000) + "\n") * 50,
        causes=tuple((fill(500), 500 - number) for number in range(300)),
        group_labels={"team": fill(500)},
        link="https://tocsin.example/alerts?" + "x" * 500,
        group_key="group-" + fill(500),
        late_since=datetime(2026, 3, 13, 1, 0, tzinfo=UTC),
        possibly_repeated=True,
    )
