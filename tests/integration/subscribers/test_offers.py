"""What the public pages offer, and how each newsletter presents itself."""

import html
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.inspection import installation
from newsletter.maintenance.checkup import examine
from newsletter.usecases import people, reviewing, sending
from newsletter.usecases.reviewing import NotApproved
from subscribers import directory
from tests.fakes.house import MONDAY, STAFF, house
from tests.fakes.readers import Reader, reader, words_of

EVE = "eve@example.org"
MORE = """
[newsletters.daily]
title = "The Daily Tide"
cadence = "daily 07:00"
description = "Every tide & every ship"
[newsletters.board]
title = "Board Letter"
cadence = "mon 07:00"
public = false
[newsletters.crew]
title = "Crew News"
cadence = "mon 07:00"
segment = "crew"
[newsletters.fishers]
title = "Fish Only"
cadence = "mon 07:00"
segment = "fish and not crew"
[newsletters.navy]
title = "Ships Only"
cadence = "mon 07:00"
segment = "ships and not fish"
[newsletters.ada]
title = "Ada Alone"
cadence = "mon 07:00"
segment = "author:ada-keel and not crew"
"""


FIELDS = """
[fields.city]
labels = { en = "City", ko = "도시" }
required = true
longest = 40
[fields.role]
"""


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return body.get_content()


def test_a_visitor_is_offered_only_what_they_can_get(tmp_path: Path) -> None:
    with reader(tmp_path, MORE) as eve:
        page = words_of(eve.client.get("/").text)
        assert "Every tide & every ship Next issue: Friday 27 November 2026" in page
        assert all(title in page for title in ("Fish Only", "Ships Only", "Ada Alone"))
        assert "Board Letter" not in page
        assert "Crew News" not in page
        eve.sign_up(EVE, newsletter=["board", "crew", "daily"])
        assert eve.state(EVE, "daily") == "pending"
        assert eve.state(EVE, "board") is eve.state(EVE, "crew") is None
        token = eve.token("ann@example.org")
        page = words_of(eve.client.get(f"/preferences/{token}").text)
        assert "Board Letter" not in page
        chosen = {"form": "preferences", "newsletter": ["weekly", "board"]}
        eve.client.post(f"/preferences/{token}", data=chosen)
        assert eve.state("ann@example.org", "board") is None
        assert eve.state("ann@example.org") == "confirmed"


def test_the_welcome_email_names_every_newsletter_that_was_ticked(tmp_path: Path) -> None:
    with reader(tmp_path, MORE) as eve:
        eve.sign_up(EVE, newsletter=["weekly", "daily"])
        eve.client.post(eve.link(EVE, "confirm"))
        (welcome,) = eve.letters(EVE)[-1:]
        assert welcome["Subject"] == "Welcome to The Tide and The Daily Tide"
        answer = eve.client.post(eve.link(EVE, "unsubscribe"), data={"scope": "all"})
        assert answer.status_code == 200
        assert eve.state(EVE) == eve.state(EVE, "daily") == "unsubscribed"


@pytest.mark.parametrize("typed", ["eve@", '"><script>alert(1)</script>@x'])
def test_a_mistyped_address_stays_in_its_field(tmp_path: Path, typed: str) -> None:
    with reader(tmp_path) as eve:
        answer = eve.client.post(
            "/sign-up", data={"address": typed, "newsletter": ["weekly"], "agree": "yes"}
        )
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        shown = typed.replace('"', "&#34;").replace("<", "&lt;").replace(">", "&gt;")
        assert f'value="{shown}"' in answer.text


def test_the_brand_colors_the_public_pages_in_both_schemes(tmp_path: Path) -> None:
    more = '[brand]\naccent = "#1d5b3a"\nserif = "Charter, serif"\n'
    with reader(tmp_path, more) as eve:
        sheet = eve.client.get("/paper.css").text
    assert "--accent: #1d5b3a;" in sheet
    assert sheet.rindex("prefers-color-scheme: dark") > sheet.index("--accent: #1d5b3a;")
    assert "--serif: Charter, serif;" in sheet


def sent(found: Reader) -> EmailMessage:
    found.house.pass_at(MONDAY - timedelta(hours=5))
    found.house.approve()
    found.house.pass_at(MONDAY)
    return found.letters("ann@example.org")[-1]


def test_a_newsletter_has_its_own_sender_reply_address_look_and_footer(tmp_path: Path) -> None:
    own = (
        'from = "Tide Desk <tide@harbour.example>"\nreply_to = "talk@harbour.example"\n'
        'brand = { accent = "#1d5b3a", footer = "Printed on recycled bits" }\n'
    )
    with reader(tmp_path, own) as found:
        letter = sent(found)
    assert letter["From"] == "Tide Desk <tide@harbour.example>"
    assert letter["Reply-To"] == "talk@harbour.example"
    page = letter.get_body(("html",))
    assert page is not None
    assert "#1d5b3a" in page.get_content()
    assert "Printed on recycled bits" in text(letter)


def test_a_notice_about_one_newsletter_is_presented_as_that_newsletter(tmp_path: Path) -> None:
    own = (
        'from = "Tide Desk <tide@harbour.example>"\nreply_to = "talk@harbour.example"\n'
        'brand = { accent = "#1d5b3a", footer = "Printed on recycled bits" }\n'
    )
    other = '[newsletters.daily]\ntitle = "The Daily Tide"\ncadence = "daily 07:00"\n'
    with reader(tmp_path, own + other) as found:
        found.sign_up(EVE, newsletter=["weekly"])
        found.client.post(found.link(EVE, "confirm"))
        found.client.post(found.link(EVE, "unsubscribe"), data={"scope": "one"})
        found.sign_up("fay@example.org", newsletter=["weekly", "daily"])
        alone, both = found.letters(EVE), found.letters("fay@example.org")
    assert len(alone) == 3
    for letter in alone:
        assert letter["From"] == "Tide Desk <tide@harbour.example>", letter["Subject"]
        assert letter["Reply-To"] == "talk@harbour.example"
        page = letter.get_body(("html",))
        assert page is not None
        assert "#1d5b3a" in page.get_content()
    assert [letter["From"] for letter in both] == ["Harbour Notes <notes@harbour.example>"]


@pytest.mark.parametrize("words", ["Ann", "<b>Eve</b>", "x" * 900, "이브"])
def test_the_form_takes_a_name_and_configured_fields_as_plain_text(
    tmp_path: Path, words: str
) -> None:
    with reader(tmp_path, FIELDS) as found:
        assert "City" in words_of(found.client.get("/").text)
        assert found.sign_up(EVE) == 422
        page = found.client.post("/sign-up", data={"address": EVE, "agree": "yes", "name": words})
        assert "Please fill in: City." in words_of(page.text)
        assert html.escape(words[:100], quote=False) in page.text.replace("&#39;", "'")
        fields = {"name": words, "field.city": words, "field.role": "", "field.tag": "staff"}
        assert found.sign_up(EVE, **fields) == 303
        (asked,) = found.letters(EVE)
        assert words[:20] not in text(asked)
        assert answers(found) == ("", {})
        shown = found.client.get(found.link(EVE, "confirm"))
        assert f"City: {words[:40]}" in words_of(shown.text) or "<b>" in words
        assert "<b>Eve" not in shown.text
        found.client.post(found.link(EVE, "confirm"))
        assert answers(found) == (words[:100], {"city": words[:40]})


def answers(found: Reader) -> tuple[str, dict[str, str]]:
    with found.house.app.reader.connect() as connection:
        person = directory.require(connection, EVE)
    assert not person.tags
    return person.name, dict(person.answers)


def test_a_stranger_cannot_overwrite_what_a_subscriber_has_answered(tmp_path: Path) -> None:
    with reader(tmp_path, FIELDS) as found:
        found.sign_up(EVE, **{"name": "Eve", "field.city": "Busan"})
        found.client.post(found.link(EVE, "confirm"))
        found.house.at += timedelta(days=2)
        found.sign_up(EVE, **{"name": "Mallory", "field.city": "Nowhere", "field.role": "critic"})
        found.client.post(found.link(EVE, "confirm"))
        assert answers(found) == ("Eve", {"city": "Busan", "role": "critic"})


def test_answers_are_replaced_and_deleted_on_the_preference_page_but_not_shown(
    tmp_path: Path,
) -> None:
    with reader(tmp_path, FIELDS) as found:
        found.sign_up(EVE, **{"name": "Eve", "field.city": "Busan", "field.role": "critic"})
        found.client.post(found.link(EVE, "confirm"))
        path = f"/preferences/{found.token(EVE)}"
        page = found.client.get(path).text
        assert "Busan" not in page
        assert "critic" not in page
        assert 'name="delete" value="role"' in page
        assert 'name="delete" value="city"' not in page  # a required field
        kept = {"form": "preferences", "newsletter": ["weekly"]}
        found.client.post(path, data=kept)
        assert answers(found) == ("Eve", {"city": "Busan", "role": "critic"})
        changed = {"name": "Eva", "field.city": "Seoul", "delete": ["role", "city"]}
        found.client.post(path, data=kept | changed)
        assert answers(found) == ("Eva", {"city": "Seoul"})
        found.client.post(f"{path}/data")
        exported = found.client.post(found.link(EVE, "manage"), data={"act": "export"}).json()
        assert exported["answers"] == {"city": "Seoul"}
        assert exported["requests"][0]["answers"] == {"city": "Busan", "role": "critic"}
        found.client.post(f"{path}/data")
        found.client.post(found.link(EVE, "manage"), data={"act": "erase", "sure": "yes"})
        assert not [rows for rows in found.everything().items() if "Busan" in repr(rows)]
        assert not [rows for rows in found.everything().items() if "Seoul" in repr(rows)]


def test_an_issue_that_was_sent_ahead_is_not_announced_as_the_next_one(tmp_path: Path) -> None:
    with reader(tmp_path, "") as found:
        found.house.pass_at(MONDAY - timedelta(days=1))
        assert "Next issue: Monday 30 November 2026" in words_of(found.client.get("/").text)
        found.house.approve()
        sending.freeze(found.house.app.context, STAFF, 1, at_once=True)
        page = words_of(found.client.get("/").text)
        assert "Next issue: Monday 7 December 2026" in page
        assert "Monday 30 November" not in page
        preferences = found.client.get(f"/preferences/{found.token('ann@example.org')}")
        assert "Monday 7 December 2026" in words_of(preferences.text)


def test_the_form_links_to_the_latest_issue_that_anyone_may_read(tmp_path: Path) -> None:
    sample = "http://127.0.0.1:8025/archive/weekly/1"
    with reader(tmp_path, "") as found:
        found.house.pass_at(MONDAY - timedelta(days=1))
        found.house.approve()
        assert sample not in found.client.get("/").text
        found.house.pass_at(MONDAY)
        found.house.pass_at(MONDAY + timedelta(minutes=1))
        assert f'href="{sample}"' in found.client.get("/").text
        assert "Read the latest issue of The Tide" in words_of(found.client.get("/").text)
        assert found.client.get(sample).status_code == 200


def test_a_newsletter_without_an_archive_shows_no_sample(tmp_path: Path) -> None:
    with reader(tmp_path, "archive = false\n") as found:
        found.house.pass_at(MONDAY - timedelta(days=1))
        found.house.approve()
        found.house.pass_at(MONDAY)
        assert found.house.mails()
        assert "/archive/" not in found.client.get("/").text


def test_a_misspelled_tag_in_a_segment_is_reported_before_it_reaches_anyone(tmp_path: Path) -> None:
    with house(tmp_path, 'segment = "not stff"\n') as built:
        built.pass_at(MONDAY - timedelta(hours=5))
        findings = reviewing.check(built.app.context, STAFF, 1).findings
        assert "No subscriber has the tag “stff”" in " ".join(found.says for found in findings)
        readings = examine(installation(built.app.settings), built.at)
        assert [one.message for one in readings if "stff" in one.message] == [
            "no subscriber has the tag “stff”"
        ]


@pytest.mark.parametrize("kind", ["", 'approval = "automatic"\n'])
def test_a_tag_that_resembles_one_of_a_subscriber_blocks_every_approval(
    tmp_path: Path, kind: str
) -> None:
    with house(tmp_path, f'segment = "not stff"\n{kind}') as built:
        people.tag(built.app.context, STAFF, "ann@example.org", add=["staff"], remove=[])
        lines = [line.message for line in built.pass_at(MONDAY - timedelta(hours=1))]
        message = (
            "No subscriber has the tag “stff”, which the segment names, but there is “staff”;"
            " correct the segment."
        )
        assert any(message in line for line in lines) is bool(kind)
        assert isinstance(reviewing.approve(built.app.context, STAFF, 1), NotApproved)
        built.pass_at(MONDAY)
        assert built.mails() == []
        readings = examine(installation(built.app.settings), built.at)
        said = "no subscriber has the tag “stff”, but there is “staff”"
        assert said in [reading.message for reading in readings]


def test_a_fresh_publication_that_excludes_staff_is_sent_with_a_warning(tmp_path: Path) -> None:
    with house(tmp_path, 'segment = "not staff"\napproval = "automatic"\n') as built:
        lines = [line.message for line in built.pass_at(MONDAY - timedelta(hours=1))]
        warning = "No subscriber has the tag “staff”, which the segment names"
        assert any("approved by" in line and warning in line for line in lines)
        built.pass_at(MONDAY)
        assert len(built.mails()) == 3
        people.tag(built.app.context, STAFF, "ann@example.org", add=["staff"], remove=[])
        following = built.pass_at(MONDAY + timedelta(days=6, hours=23))
        assert not any(warning in line.message for line in following)
