"""Pre-flight checks: each finds what it is for, and the policy has the last word."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from newsletter.errors import FetchFailed
from newsletter.model.article import Image
from newsletter.model.edition import Edition
from newsletter.model.finding import CHECKS, Finding, blocking
from newsletter.model.issue import Block, IssueKind, Item, Takeaways, Text
from newsletter.model.publication import Brand
from newsletter.render.checks import apply_policy, issues, pages, texts
from newsletter.render.checks import links as link_check
from newsletter.render.checks.issues import IssueBefore, IssueFacts
from newsletter.render.compose import compose
from tests.fakes import manuscripts
from tests.fakes.manuscripts import item

HOUSE = manuscripts.publication()


@pytest.fixture(scope="module")
def good() -> Edition:
    context = manuscripts.context()
    contents = manuscripts.GOOD_CONTENTS
    made = compose(
        manuscripts.templates(), manuscripts.issue(), manuscripts.GOOD, contents, context
    )
    return Edition(
        1,
        1,
        1,
        contents.items,
        contents.headlines,
        context.nonce,
        made.subject,
        made.preheader,
        made.html,
        made.text,
        "",
        9,
    )


def found(edition: Edition, quoted: str = "") -> dict[str, Finding]:
    return {one.check: one for one in pages.check(edition, HOUSE.postal_address, quoted)}


def test_a_good_edition_has_nothing_wrong(good: Edition) -> None:
    assert found(good) == {}


@pytest.mark.parametrize(
    ("part", "old", "new", "check"),
    [
        ("html", "</body>", "<p>{{ name }}</p></body>", "leftovers"),
        ("text", "Key takeaways", "%%{name}%%", "leftovers"),
        ("subject", "What", "*|FNAME|*", "leftovers"),
        ("html", "-token-", "-toke-", "leftovers"),
        ("html", 'href="https://www.example.org/articles/2"', 'href="#"', "links"),
        ("html", 'href="https://www.example.org/articles/2"', 'href=""', "links"),
        (
            "html",
            "https://www.example.org/articles/2",
            "http://www.example.org/2",
            "insecure links",
        ),
        ("html", ">Read the article by Jordan Reyes<", "><", "links"),
        ("html", "/unsubscribe/", "/leaf/", "unsubscribe"),
        ("text", "/unsubscribe/", "/leaf/", "unsubscribe"),
        ("text", "https://www.example.org/articles/2", "", "text part"),
        ("text", "Orders once decided on price are now decided in ministries.", "", "text part"),
        ("html", "1 Example Street", "", "postal address"),
        ("text", "1 Example Street", "", "postal address"),
        ("html", "</body>", "<img src='https://e.example/x.png'></body>", "alt text"),
        ("html", "</body>", "<img src='https://e.example/x.png' alt=''></body>", "alt text"),
        ("html", "</body>", "<!-- " + "x" * 70_000 + " --></body>", "size"),
        ("html", "</body>", "<!-- " + "x" * 90_000 + " --></body>", "clipped"),
        ("html", "</head>", "<style>" + "x" * 17_000 + "</style></head>", "styles"),
    ],
)
def test_each_fault_is_found(good: Edition, part: str, old: str, new: str, check: str) -> None:
    text = getattr(good, part)
    assert old in text
    broken = replace(
        good,
        **{
            part: text.replace(old, new)
            if part != "text" or new == ""
            else text.replace(old, new, 1)
        },
    )
    assert check in found(broken)


@pytest.mark.parametrize(("subject", "message"), [(" ", "is empty"), ("x" * 91, "91 characters")])
def test_a_subject_that_is_empty_or_long_is_found(
    good: Edition, subject: str, message: str
) -> None:
    assert message in found(replace(good, subject=subject))["subject"].says


def test_braces_that_an_article_wrote_are_no_leftovers(good: Edition) -> None:
    broken = replace(good, html=good.html.replace("</body>", "<p>{{ x }}</p></body>"))
    broken = replace(broken, text=broken.text + "{{ x }}")
    assert "leftovers" not in found(broken, "He wrote {{ x }} on the wall.")


def test_a_publication_without_a_postal_address_sends_nothing(good: Edition) -> None:
    missing = [finding for finding in pages.check(good, " ") if finding.check == "postal address"]
    assert blocking(missing)


def checks(*items: object, **changes: object) -> set[str]:
    facts = IssueFacts(9, 0, 0)
    house = HOUSE
    issue = manuscripts.issue()
    for name, value in changes.items():
        if name == "brand":
            house = replace(HOUSE, brand=value)
        elif name == "note":
            issue = manuscripts.issue(note=value)
        else:
            facts = replace(facts, **{name: value})
    return {one.check for one in issues.check(issue, items or manuscripts.GOOD, house, facts)}


def test_each_fault_of_an_issue_is_found() -> None:
    assert checks() == set()
    assert checks(people=0) == {"audience"}
    assert checks(lost=3) == {"uncovered"}
    assert checks(nothing=3) == {"carried over"}
    assert checks(repeated=(2,)) == {"printed before"}
    assert checks(outdated=(2,)) == {"outdated"}
    assert checks(short=(2,)) == {"teaser"}
    assert checks(people=16, before=IssueBefore(10)) == {"audience size"}
    assert checks(people=10, before=IssueBefore(21)) == {"audience size"}
    assert checks(people=15, before=IssueBefore(10)) == set()
    assert checks(people=4, before=IssueBefore(9)) == set(), "too few to say anything"
    assert checks(before=IssueBefore(9, "Ships and fish")) == {"subject"}
    assert checks(item(1, included=False), note="") == {"nothing to print"}
    headline = item(1, form="headline")
    assert "nothing to print" in checks(headline)
    assert "nothing to print" not in checks(headline, item(2))
    suggested = item(1, suggested=Takeaways(("A.",), "extracted"), image=Image("https://x.example"))
    assert checks(suggested) == {"suggestions"}
    assert checks(replace(suggested, title="Ships[12] sail")) == {"note marks", "suggestions"}
    assert checks(replace(suggested, title="Ships in array[0 1] [12]")) == {"suggestions"}
    assert checks(replace(suggested, corrections={"takeaways": []})) == set()
    assert checks(brand=Brand(accent="#f0a0a0")) == {"contrast"}


def test_colors_that_only_forced_dark_modes_spoil_are_a_warning() -> None:
    house = replace(HOUSE, brand=Brand(accent="#0000ff"))
    found = issues.check(manuscripts.issue(), manuscripts.GOOD, house, IssueFacts(9, 0, 0))
    assert {(finding.check, finding.level) for finding in found} == {("contrast", "warn")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": "Good morning{first_name}."}, "The note contains “{first_name}”"),
        ({"note": "We met [[TODO: how many]] people."}, "contains “[[TODO: how many]]”"),
        ({"note": "TK people came."}, "The note contains “TK”"),
        ({"note": "Lorem ipsum dolor."}, "The note contains “Lorem ipsum”"),
        ({"subject": "{{ lead }}"}, "The subject contains “{{ lead }}”"),
        ({"preheader": "TODO"}, "The preheader contains “TODO”"),
        ({"blocks": (Block("TK", ""),)}, "The heading of a block contains “TK”"),
        ({"blocks": (Block("Jobs", "Hello{name}"),)}, "The block “Jobs” contains “{name}”"),
        ({"note": "# A heading"}, "The note prints the marks # as they are"),
    ],
)
def test_what_staff_forgot_to_fill_in_is_found(changes: dict[str, Any], message: str) -> None:
    issue = manuscripts.issue(**changes)
    (finding,) = texts.check(issue, manuscripts.GOOD)
    assert message in finding.says


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (item(1, corrections={"title": "TK rises"}), "title of “Why shipyards"),
        (item(1, corrections={"takeaways": ["One.", "[[source?]]"]}), "takeaways of “Why"),
        (item(1, title="[[title]]"), "article “[[title]]” contains “[[title]]”"),
        (item(1, teaser=Text("Lorem ipsum dolor.", "body")), "contains “Lorem ipsum”"),
    ],
)
def test_leftovers_in_an_item_are_found(item: Item, message: str) -> None:
    (finding,) = texts.check(manuscripts.issue(), (item,))
    assert (finding.check, message in finding.says) == ("leftovers", True)
    assert not list(texts.check(manuscripts.issue(), (replace(item, included=False),)))


def test_ordinary_texts_have_no_leftovers() -> None:
    note = "Good morning{name}. TKs and lore, {unbalanced and [one](https://e.example)."
    plain = item(1, title="TK Elevator and the {lost} braces")
    assert not list(texts.check(manuscripts.issue(note=note), (plain,)))


def test_the_policy_has_the_last_word() -> None:
    faults = [
        Finding("size", "warn", "a"),
        Finding("links", "block", "b"),
        Finding("audience", "block", "c"),
    ]
    kept = apply_policy({"size": "block", "audience": "off", "links": "warn"}, faults)
    assert [(one.check, one.level) for one in kept] == [("size", "block"), ("links", "warn")]


def test_every_check_has_a_level() -> None:
    assert set(CHECKS.values()) <= {"block", "warn", "note"}


def test_broken_links_are_named_once_and_the_public_pages_are_not_requested(
    good: Edition,
) -> None:
    asked: list[str] = []

    def broken_links(addresses: Iterable[str]) -> dict[str, FetchFailed]:
        asked.extend(addresses)
        return {asked[0]: FetchFailed("answers 404 (not found)", status=404)}

    (finding,) = link_check.check([good, good], HOUSE.url, broken_links)
    assert finding.level == "warn"
    assert finding.says == (
        "The link https://www.example.org/articles/1 is broken: answers 404 (not found). Correct it."
    )
    links = [f"https://www.example.org/articles/{number}" for number in range(1, 6)]
    assert asked == links


def test_an_email_that_begins_with_its_own_links_is_found(good: Edition) -> None:
    first = f'<p><a href="https://news.example.org/read/-nl{good.nonce}-x-">Read</a></p>'
    moved = good.html.replace('<div role="article"', f'{first}<div role="article"', 1)
    assert "HTML part begins" in found(replace(good, html=moved))["opening"].says
    address = f"https://news.example.org/read/-nl{good.nonce}-delivery.t-/x"
    assert (
        "text part begins" in found(replace(good, text=f"{address}\n{good.text}"))["opening"].says
    )
    assert "no preheader" in found(replace(good, preheader=" "))["opening"].says


def test_a_missing_sponsor_block_is_found() -> None:
    house = replace(HOUSE, newsletters=(manuscripts.newsletter(blocks=(manuscripts.SPONSOR,)),))
    facts = IssueFacts(9, 0, 0)
    bare, booked = manuscripts.issue(), manuscripts.issue(blocks=(manuscripts.SPONSOR,))
    found = {one.check for one in issues.check(bare, manuscripts.GOOD, house, facts)}
    assert found == {"sponsor"}
    assert not list(issues.check(booked, manuscripts.GOOD, house, facts))


@pytest.mark.parametrize("kind", [kind for kind in IssueKind if kind is not IssueKind.REGULAR])
def test_only_regular_issues_need_the_booked_sponsors(kind: IssueKind) -> None:
    house = replace(HOUSE, newsletters=(manuscripts.newsletter(blocks=(manuscripts.SPONSOR,)),))
    found = issues.check(manuscripts.issue(kind=kind), manuscripts.GOOD, house, IssueFacts(9, 0, 0))
    assert "sponsor" not in {one.check for one in found}


def test_each_booked_sponsor_that_is_missing_is_named() -> None:
    second = replace(manuscripts.SPONSOR, heading="Ropes")
    weekly = manuscripts.newsletter(blocks=(manuscripts.SPONSOR, second))
    house, facts = replace(HOUSE, newsletters=(weekly,)), IssueFacts(9, 0, 0)
    reworded = replace(manuscripts.SPONSOR, heading="Cover for ports")
    for blocks, missing in (
        ((), ["Marine cover for small ports", "Ropes"]),
        ((second,), ["Marine cover for small ports"]),
        ((reworded, second), []),
    ):
        issue = manuscripts.issue(blocks=blocks)
        said = [one.says for one in issues.check(issue, manuscripts.GOOD, house, facts)]
        assert said == [f"The sponsor block “{name}” is missing; add it." for name in missing]
