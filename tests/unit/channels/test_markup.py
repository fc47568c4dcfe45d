import re
from html.parser import HTMLParser

import pytest

from tests.support.messages import NASTY, NOW, alert, huge, sample
from tocsin.channels.texts.composition import Line, Part, compose
from tocsin.channels.texts.fitting import Detail, shrink
from tocsin.channels.texts.markup import HTML, MARKDOWN, PLAIN, SLACK, Markup, body_of, links_of
from tocsin.channels.texts.pages import page_of, paragraphs
from tocsin.channels.texts.wording import When
from tocsin.model.messages import Message, MessageKind

WHEN = When(NOW)


def nasty() -> Message:
    return sample(
        MessageKind.FIRING,
        alerts=(
            alert(
                title=NASTY, message=NASTY, resource=NASTY, evidence=(NASTY,), recommendations=(NASTY,),
                labels={NASTY: NASTY}, affected=(NASTY,), note=NASTY, acknowledged_by=NASTY,
            ),
        ),
        text=NASTY,
        possibly_repeated=True,
    )  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    return tags


def test_html_shows_what_others_wrote_and_does_nothing_with_it() -> None:
    tags = parsed(page_of(compose(nasty(), WHEN)))
    assert "script" not in tags.names
    assert tags.text.count("<script>alert(1)</script>") >= 6
    assert set(tags.names) <= {
        "html", "head", "meta", "title", "body", "h1", "h2", "p", "a", "ul", "ol", "li", "table", "tr", "th", "td",
    }  # fmt: skip


def test_telegram_gets_no_tags_but_ours() -> None:
    tags = parsed(body_of(compose(nasty(), WHEN), HTML))
    assert set(tags.names) == {"b", "a"}


def test_slack_takes_nothing_for_a_mention_or_a_link_that_is_none() -> None:
    said = body_of(compose(nasty(), WHEN), SLACK)
    assert "<!channel>" not in said
    assert "&lt;!channel&gt;" in said
    assert "@everyone" not in said
    assert "@here" not in said
    assert "&amp;" in said
    assert all(found.startswith("<https://") for found in re.findall(r"<[^>]+>", said))
    assert "∗bold*" in said
    assert "ˍit_" in said


def test_slack_leaves_marks_alone_that_mark_nothing() -> None:
    assert SLACK.escape("SELECT * FROM some_table") == "SELECT * FROM some_table"


def test_markdown_marks_are_escaped_but_addresses_stay_whole() -> None:
    said = MARKDOWN.escape(NASTY)
    assert said.startswith(r"\*bold\* \_it\_ \~s\~ \`c\` \<script\>alert(1)\</script\>")
    assert "@everyone" not in said
    assert r"\[x\](http://evil.example)" in said
    assert MARKDOWN.escape("see https://x.example/a_b_c?d=*") == r"see https://x.example/a_b_c?d=\*"
    assert MARKDOWN.escape("# h\n- i\n+ j\n1. k") == "\\# h\n\\- i\n\\+ j\n\\1. k"


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        (PLAIN, "a_b: https://x.example/(1)?a=1&b=2"),
        (SLACK, "<https://x.example/(1)?a=1&amp;b=2|a_b>"),
        (MARKDOWN, r"[a\_b](https://x.example/%281%29?a=1&b=2)"),
        (HTML, '<a href="https://x.example/(1)?a=1&amp;b=2">a_b</a>'),
    ],
)
def test_each_markup_has_links_of_its_own(markup: Markup, link: str) -> None:
    assert markup.link(markup.escape("a_b"), "https://x.example/(1)?a=1&b=2") == link


def test_links_stand_beside_each_other_where_they_have_a_form() -> None:
    text = compose(sample(MessageKind.FIRING), WHEN)
    assert links_of(text, PLAIN).count("\n") == 2
    assert links_of(text, HTML).count(" · ") == 2


def test_what_is_left_off_leads_to_the_rest() -> None:
    text = shrink(compose(huge(MessageKind.FIRING, "word "), WHEN), Detail(1, 80))
    assert '">… and ' in body_of(text, HTML)
    assert "more</a></p>" in page_of(text)


def test_links_and_footer_can_be_left_to_the_provider() -> None:
    text = compose(sample(MessageKind.FIRING), WHEN)
    said = body_of(text, PLAIN, links=False, footer=False)
    assert "Runbook" not in said
    assert "Tocsin" not in said


def test_a_page_without_links_has_no_buttons() -> None:
    report = compose(sample(MessageKind.REPORT), WHEN)
    assert "<a " not in page_of(report)
    assert parsed(paragraphs("a < b\nc")).text == "a < b\nc"


def test_a_part_of_facts_shows_how_many_are_missing() -> None:
    part = Part("", (Line("a"),), left_off=2)
    text = compose(sample(MessageKind.REPORT), WHEN)
    from dataclasses import replace

    assert "… and 2 more" in page_of(replace(text, parts=(part,)))
