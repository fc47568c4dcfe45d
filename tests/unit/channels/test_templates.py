from datetime import timedelta

import pytest

from tests.support.messages import NOW, alert, huge, sample
from tocsin.channels.texts.markup import HTML, MARKDOWN, PLAIN, SLACK
from tocsin.channels.texts.samples import SAMPLES
from tocsin.channels.texts.sandbox import MAX_OUTPUT, Program, TemplateFault
from tocsin.channels.texts.templates import Templates, check, say
from tocsin.channels.texts.wording import When
from tocsin.model.messages import MessageKind

WHEN = When(NOW)
FIRING = sample(MessageKind.FIRING)


def body(source: str, message: object = FIRING, markup: object = PLAIN) -> str | None:
    return say(message, WHEN, Templates(None, source, markup)).own_body  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ priority }}: {{ alert.title | upper }}", "CRITICAL: SHOP.EXAMPLE IS DOWN"),
        ("{{ alert.first_seen_at }}, {{ alert.first_seen_at | ago }} ago", "02:10 UTC, 20 min ago"),
        ("{{ alert.first_seen_at | time }}{{ late_since | time }}", "02:10 UTC"),
        ("{{ alert.affected_users * 2 + 1 }}", "31"),
        ("{{ 90 | duration }}", "1 min 30 s"),
        ("{{ alert.note | default('none') }} {{ alert.note }}.", "none ."),
        ("{% for one in alert.evidence %}{{ loop.index }}. {{ one | truncate(9) }} {% endfor %}",
         "1. The last… 2. blog.exa…"),
        ("{% for name, value in alert.labels | items %}{{ name }}={{ value }} {% endfor %}",
         "alertname=website_down team=shop"),
        ("{% for name in alert.labels %}{{ name }} {% endfor %}", "alertname team"),
        ("{{ alert.evidence | first | length }} {{ alert.evidence | last | lower }}",
         "36 blog.example on the same address answers"),
        ("{{ alert.affected | join(', ') | title }} {{ [] | last }}{{ [] | first }}", "Checkout"),
        ("{{ ' x ' | trim | capitalize }} {{ '7' | int }} {{ 2.5 | round }} {{ 2.345 | round(1) }}", "X 7 2 2.3"),
        ("{% if link and alerts_count == 1 %}{{ link }}{% else %}-{% endif %}", "https://tocsin.example/alerts/12"),
        ("{{ alert.labels['team'] }} {{ alert.evidence[0][:3] }} {{ 'a' ~ 'b' }}", "shop The ab"),
        ("{{ 'x' if not possibly_repeated else 'y' }}", "x"),
        ("{{ (kind ~ '!') | upper }}", "FIRING!"),
        ("{{ alert.labels | tojson }}", '{"alertname": "website_down", "team": "shop"}'),
        ("{{ alert.items is defined }}", "False"),
        ("{{ alert.title | truncate(length=200) }}", "shop.example is down"),
    ],
)  # fmt: skip
def test_templates_know_the_message(source: str, said: str) -> None:
    assert body(source) == said


def test_a_good_template_is_tried_on_every_kind_of_message() -> None:
    listing = (
        "{% for one in alerts %}{{ one.title }}, {{ one.resolved_at | ago }}{{ one.resolved_at | time }}\n{% endfor %}"
    )
    assert check(Templates("{{ kind }}: {{ alert.title }}", listing, MARKDOWN)) == {}
    assert check(Templates()) == {}


def test_where_a_template_says_nothing_the_built_in_text_does() -> None:
    listing = "{% for one in alerts %}{{ one.title }}{% endfor %}"
    text = say(sample(MessageKind.TEST), WHEN, Templates(listing, listing))
    assert (text.subject, text.own_body, text.notes) == ("[TEST] Tocsin can reach this channel", None, ())


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("a\n{{ nope }}", "line 2: 'nope' is undefined"),
        ("{{ alert.nope }}", "line 1: 'dict object' has no attribute 'nope'"),
        ("{{ nope.more }}", "line 1: 'nope' is undefined"),
        ("{% for a in nope %}{% endfor %}", "line 1: 'nope' is undefined"),
        ("{{ alert['nope'] }}", "line 1: 'dict object' has no attribute 'nope'"),
        ("{{ alerts_count[0] }}", "line 1: int object has no element 0"),
        ("\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"),
        ("{% endfor %}", "line 1: Encountered unknown tag 'endfor'."),
        ("{{ x", "line 1: unexpected end of template"),
        ("{{ 1 | nope }}", "line 1: No filter named 'nope'."),
        ("{{ ''.join(['a']) }}", "line 1: not allowed here: calling something"),
        ("{{ range(9) }}", "line 1: not allowed here: calling something"),
        ("{% set x = 1 %}", "line 1: not allowed here: set"),
        ("{% set x %}a{% endset %}", "line 1: not allowed here: set"),
        ("{% macro x() %}{% endmacro %}", "line 1: not allowed here: macro"),
        ("{% include 'x' %}", "line 1: not allowed here: include"),
        ("{% import 'x' as y %}", "line 1: not allowed here: import"),
        ("{% extends 'x' %}", "line 1: not allowed here: extends"),
        ("{% block x %}{% endblock %}", "line 1: not allowed here: block"),
        ("{% with x = 1 %}{% endwith %}", "line 1: not allowed here: with"),
        ("{% filter upper %}x{% endfilter %}", "line 1: not allowed here: a filter block"),
        ("{{ {'a': 1} }}", "line 1: not allowed here: dict"),
        ("{{ 9 ** 9 ** 9 ** 9 }}", "line 1: not allowed here: **"),
        ("{{ 'x' * 1000000000 }}", "line 1: * is for numbers"),
        ("{{ '%999999999d' % 1 }}", "line 1: % is for numbers"),
        ("{{ [1] + [2] }}", "line 1: + is for numbers"),
        ("{{ 9999999999999999 * 9 }}", "line 1: * is for numbers"),
        ("{{ 1 / 0 }}", "line 1: division by zero"),
        ("{{ 'x' | int }}", "line 1: invalid literal for int()"),
        ("{{ alert.labels.items | join }}", "line 1: 'dict object' has no attribute 'items'"),
        ("{{ alert.__class__ }}", "line 1: 'dict object' has no attribute '__class__'"),
        ("{{ alert['__class__'] }}", "line 1: 'dict object' has no attribute '__class__'"),
        ("{{ created_at.tzinfo }}", "line 1: 'datetime.datetime object' has no attribute 'tzinfo'"),
        ("{% for a in alerts %}{{ loop._iterable }}{% endfor %}", "line 1: 'jinja2.runtime.LoopContext object' has no"),
        ("{% for a in 'abc' %}x{% endfor %}", "line 1: a loop needs a list"),
        (
            "{% for a in [1] %}{% for b in [1] %}{% for c in [1] %}{% endfor %}{% endfor %}{% endfor %}",
            "line 1: loops may",
        ),
        ("{% for a in [1] recursive %}{% endfor %}", "line 1: loops may be 2 deep"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "it nests too deep"),
        ("x" * 10_001, "it has 10,001 characters; 10,000 are allowed"),
        ("{% if false %}x{% endif %}", "it says nothing where the message is a firing one"),
    ],
)
def test_a_faulty_template_is_refused_with_line_and_reason(source: str, fault: str) -> None:
    assert fault in check(Templates(None, source))["body_template"]
    assert check(Templates(source, None)).keys() == {"subject_template"}


def test_a_template_cannot_grow_without_bound() -> None:
    doubled = "{% for a in ['" + "x" * 4000 + "'] %}{{ a ~ a ~ a }}{% endfor %}"
    assert "12,000 characters; 10,000 are allowed" in check(Templates(None, doubled))["body_template"]
    nested = "{{ ('" + "x" * 4000 + "' ~ '" + "x" * 4000 + "') ~ alert.title * 1 }}"
    assert "line 1" in check(Templates(None, nested))["body_template"]
    long = "{% for a in alert.evidence %}{% for b in alert.evidence %}" + "x" * 9000 + "{% endfor %}{% endfor %}"
    wide = alert(evidence=("a",) * 50)
    text = say(sample(MessageKind.FIRING, alerts=(wide,)), WHEN, Templates(None, long))
    assert text.own_body is None
    assert f"it says more than {MAX_OUTPUT:,} characters" in text.notes[0]


def test_a_template_that_fails_when_it_is_needed_gives_way_to_the_built_in_text_with_a_note() -> None:
    source = "{{ alert.labels['team'] }}"
    text = say(sample(MessageKind.FIRING, alerts=(alert(labels={}),)), WHEN, Templates(source, source))
    assert text.own_body is None
    assert text.subject.startswith("[CRITICAL] ")
    assert text.parts
    reason = "failed (line 1: 'dict object' has no attribute 'team'); this is the built-in text."
    assert text.notes == (f"The channel's subject_template {reason}", f"The channel's body_template {reason}")


def test_own_subjects_stay_on_one_line() -> None:
    assert say(FIRING, WHEN, Templates("{{ kind }}\n{{ alert.title }}")).subject == "firing shop.example is down"


def test_values_are_escaped_and_the_template_is_not() -> None:
    message = sample(MessageKind.FIRING, alerts=(alert(title='<b>*x*</b> & "y"'),))
    assert body("<i>{{ alert.title }}</i>", message, HTML) == "<i>&lt;b&gt;*x*&lt;/b&gt; &amp; &quot;y&quot;</i>"
    assert body("*{{ alert.title | upper }}*", message, SLACK) == '*&lt;B&gt;∗X*&lt;/B&gt; &amp; "Y"*'
    assert body("**{{ alert.title }}**", message, MARKDOWN) == r'**\<b\>\*x\*\</b\> & "y"**'


def test_the_built_in_body_can_be_part_of_ones_own() -> None:
    said = body("Hello.\n{{ body }}", FIRING, HTML) or ""
    assert said.startswith("Hello.\nConnection refused")
    assert "<b>Where:</b>" in said


def test_messages_without_an_alert_have_an_empty_one() -> None:
    report = sample(MessageKind.REPORT)
    assert (
        body("{{ alert.title }}|{{ alert.message }}|{{ alert.resource }}", report)
        == "Weekly report|99.98 % up\n12 alerts|"
    )


def test_no_more_than_templates_can_use_is_given_to_them() -> None:
    said = body("{{ alerts | length }} {{ causes | length }} {{ alert.labels | length }}", huge(MessageKind.DIGEST))
    assert said == "50 50 50"
    everything = "{{ title }}{{ text }}{{ group_labels }}{{ causes }}"
    assert len(body(everything, huge(MessageKind.DIGEST, "w ")) or "") <= MAX_OUTPUT


def test_there_is_a_sample_of_every_kind() -> None:
    assert [message.kind for message in SAMPLES] == list(MessageKind)
    assert all(message.created_at - timedelta(0) == NOW for message in SAMPLES)


def test_a_program_can_be_run_more_than_once() -> None:
    program = Program("{{ x }}", {}, str)
    assert [program.run({"x": one}) for one in "ab"] == ["a", "b"]
    with pytest.raises(TemplateFault, match="line 1: 'x' is undefined"):
        program.run({})
