"""utm tags are added to the addresses of articles and nowhere else."""

import pytest

from newsletter.model.edition import Contents
from newsletter.model.issue import IssueKind
from newsletter.render.compose import compose
from newsletter.render.utm import tagged, tags_of
from tests.fakes import manuscripts

UTM = (("source", "newsletter"), ("campaign", "{key}-{number} {date}"))
TAGS = (("utm_source", "newsletter"), ("utm_campaign", "weekly-42 2026-11-30"))


def test_names_in_braces_are_filled_in() -> None:
    weekly = manuscripts.newsletter(utm=UTM)
    assert tags_of(weekly, manuscripts.issue()) == TAGS
    digest = manuscripts.issue(kind=IssueKind.DIGEST, number=-2)
    assert tags_of(weekly, digest)[1] == ("utm_campaign", "weekly-digest 2026-11-30")


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://e.example/a", "https://e.example/a?utm_source=n"),
        ("https://e.example/a?b=1#c", "https://e.example/a?b=1&utm_source=n#c"),
        ("https://e.example/a?utm_source=own", "https://e.example/a?utm_source=own"),
    ],
)
def test_the_rest_of_the_address_is_kept(url: str, made: str) -> None:
    assert tagged(url, (("utm_source", "n"),)) == made


def test_only_links_to_articles_are_tagged() -> None:
    context = manuscripts.context(weekly=manuscripts.newsletter(utm=UTM))
    issue = manuscripts.issue(note="[Log](https://log.example)", blocks=(manuscripts.EVENT,))
    made = compose(
        manuscripts.templates(), issue, manuscripts.GOOD, Contents((1, 2), (4,)), context
    )
    query = "?utm_source=newsletter&utm_campaign=weekly-42%202026-11-30"
    assert f"https://www.example.org/articles/1{query}\n" in made.text
    assert f"https://www.example.org/articles/4{query}\n" in made.text
    assert made.text.count("utm_source") == 3
    assert f'href="https://www.example.org/articles/1{query.replace("&", "&amp;")}"' in made.html
