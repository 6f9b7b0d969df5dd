"""What the public pages offer, and how each newsletter presents itself."""

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.inspection import installation
from newsletter.maintenance.checkup import examine
from newsletter.usecases import reviewing
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
        assert welcome["Subject"] == "Welcome to The Tide, The Daily Tide"
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


def test_a_misspelled_tag_in_a_segment_is_reported_before_it_reaches_anyone(tmp_path: Path) -> None:
    with house(tmp_path, 'segment = "not stff"\n') as built:
        built.pass_at(MONDAY - timedelta(hours=5))
        findings = reviewing.check(built.app.context, STAFF, 1).findings
        assert "No subscriber has the tag “stff”" in " ".join(found.says for found in findings)
        readings = examine(installation(built.app.settings), built.at)
        assert [one.message for one in readings if "stff" in one.message] == [
            "no subscriber has the tag “stff”"
        ]
