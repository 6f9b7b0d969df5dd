"""Preview an issue as any reader, send tests of it, and share it."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.edit.operations import SetText
from newsletter.model.actor import Role
from newsletter.model.persona import TRAITS, Persona
from newsletter.render.spoken import SpokenLine, spoken
from newsletter.send import status
from newsletter.usecases import editing, reviewing
from newsletter.web.main import public_site
from subscribers import directory
from tests.fakes.desk import StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, article, house

PAGE = "/issues/1/preview"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    """Open a publication with an issue in several editions, whose note greets its reader."""
    with house(tmp_path, 'content = "followed"') as made:
        made.pass_at(MONDAY - timedelta(days=2))
        editing.change(made.app.context, STAFF, 1, [SetText("note", "Good morning{name}.")])
        reviewing.render(made.app.context, STAFF, 1)
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def ann(opened: House) -> int:
    with opened.app.reader.connect() as connection:
        return directory.require(connection, "ann@example.org").id


def body(editor: TestClient, page: str) -> str:
    """Return what the frame of a page shows."""
    found = re.search(r'<iframe [^>]*src="([^"]+)"', page)
    assert found is not None
    return html.unescape(editor.get(html.unescape(found[1])).text)


def emails_of_tests(opened: House) -> list[str]:
    return sorted(path.name for path in opened.app.settings.outbox.glob("test-*.eml"))


def test_a_subscriber_is_found_and_shown_with_their_edition_and_name(
    opened: House, editor: TestClient
) -> None:
    found = editor.get(PAGE, params={"find": "ann"}).text
    assert "Ann &lt;ann@example.org&gt;" in found
    assert f"as={ann(opened)}" in found
    page = editor.get(PAGE, params={"as": str(ann(opened))}).text
    assert "Shown as Ann gets it." in page
    shown = body(editor, page)
    assert "Good morning, Ann." in shown
    assert "About ships and first" in shown
    assert "About fish and second" not in shown, "Ann follows ships only"


@pytest.mark.parametrize("persona", Persona)
def test_each_persona_sees_the_issue_with_its_name(editor: TestClient, persona: Persona) -> None:
    shown = body(editor, editor.get(PAGE, params={"as": persona.value}).text)
    name = TRAITS[persona].name
    assert (f"Good morning, {name}." if name else "Good morning.") in shown


@pytest.mark.parametrize("who", ["999", "x", "0", "9" * 30, "-1", "٣", "zoe@example.org"])
def test_an_unknown_reader_is_explained(editor: TestClient, who: str) -> None:
    answer = editor.get(PAGE, params={"as": who})
    assert answer.status_code == 409
    assert "is not a subscriber" in answer.text


@pytest.mark.parametrize(
    ("show", "text"),
    [
        ("headers", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        ("source", "Content-Type: multipart/alternative"),
        ("order", "Heading:"),
        ("before", "No issue of this newsletter has gone out before."),
    ],
)
def test_the_email_is_shown_in_each_form(editor: TestClient, show: str, text: str) -> None:
    assert text in html.unescape(editor.get(PAGE, params={"show": show}).text)


def test_an_issue_is_compared_with_the_one_before(opened: House, desk: StaffedDesk) -> None:
    opened.approve()
    opened.pass_at(MONDAY)
    article(opened.root, "third", "ships")
    opened.pass_at(MONDAY + timedelta(days=6))
    page = desk.browser(Role.EDITOR).get("/issues/2/preview", params={"show": "before"}).text
    rows = re.findall(r'<td data-of="What">([^<]*)</td><td data-of="This issue">(<strong>)?', page)
    assert dict(rows)["Subject"] == "<strong>"
    assert len(rows) == 9


def test_styles_can_be_refused_and_colors_inverted(editor: TestClient) -> None:
    plain = editor.get(f"{PAGE}/1/body", params={"styles": "off"})
    assert "style-src 'none'" in plain.headers["Content-Security-Policy"]
    inverted = editor.get(f"{PAGE}/1/body", params={"light": "inverted"})
    assert "filter:invert(1)" in inverted.text


def test_a_search_drops_control_characters(editor: TestClient) -> None:
    assert "ann@" in editor.get("/issues/1/preview?find=an%00n").text


def test_a_test_goes_to_any_address_as_any_reader_and_is_never_counted(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    fields = {"address": "boss@elsewhere.example", "as": str(ann(opened))}
    page = html.unescape(desk.post(editor, "/issues/1/test", fields).text)
    assert re.search(r"Edition \d was submitted to boss@elsewhere\.example\.", page)
    (name,) = emails_of_tests(opened)
    data = (opened.app.settings.outbox / name).read_bytes()
    email = message_from_bytes(data, policy=policy.default)
    assert str(email["Subject"]).startswith("[TEST] ")
    assert "boss@elsewhere.example" in str(email["To"])
    part = email.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert "Good morning, Ann." in text
    assert "/unsubscribe/test" in text
    with opened.app.reader.connect() as connection:
        assert status.of(connection, 1).planned == 0


def test_without_a_reader_every_edition_is_tested(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    desk.post(editor, "/issues/1/test", {"address": "boss@elsewhere.example", "as": ""})
    assert len(emails_of_tests(opened)) == len(
        reviewing.render(opened.app.context, STAFF, 1).editions
    )
    for address in ("", "nonsense", "a@b@c", "x\r\nBcc: y@example.org"):
        assert desk.post(editor, "/issues/1/test", {"address": address}).status_code == 409


def test_a_shared_link_shows_the_edition_until_it_ends_or_the_issue_changes(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    assert desk.post(editor, "/issues/1/share", {"edition": "9" * 5000}).status_code == 200
    page = desk.post(editor, "/issues/1/share", {"edition": "1"}).text
    found = re.search(r'href="(http://127\.0\.0\.1:8025(/shared/[\w-]+))"', page)
    assert found is not None
    reader = TestClient(public_site(opened.app), base_url="http://127.0.0.1:8025")
    answer = reader.get(found[2])
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (200, "noindex")
    assert "Good morning." in answer.text
    issue, seq, end, mac = found[2].removeprefix("/shared/").split("-")
    for forged in (f"{issue}-2-{end}-{mac}", f"{issue}-{seq}-{int(end) + 9}-{mac}", "x", "1-1-1-1"):
        assert reader.get(f"/shared/{forged}").status_code == 404
    before, opened.at = opened.at, opened.at + timedelta(days=8)
    assert reader.get(found[2]).status_code == 404
    opened.at = before
    editing.change(opened.app.context, STAFF, 1, [SetText("note", "Good evening.")])
    reviewing.render(opened.app.context, STAFF, 1)
    assert reader.get(found[2]).status_code == 404


def test_a_screen_reader_says_nothing_that_is_hidden() -> None:
    page = (
        '<body><div style="display: none">Secret</div><h1>Ships</h1> and <b>fish</b>'
        '<a href="#"><img alt="A boat">Sail</a><img alt=""><p aria-hidden="true">x</p></body>'
    )
    assert spoken(page) == (
        SpokenLine("heading", "Ships"),
        SpokenLine("text", "and"),
        SpokenLine("text", "fish"),
        SpokenLine("link", "Sail A boat"),
    )


def test_an_issue_that_was_changed_is_rendered_from_its_preview(
    opened: House, desk: StaffedDesk
) -> None:
    editor = desk.browser(Role.EDITOR)
    editing.change(opened.app.context, STAFF, 1, [SetText("note", "Good evening{name}.")])
    shown = editor.get(PAGE)
    assert shown.status_code == 200
    assert "The issue has been changed" in shown.text
    answer = desk.post(editor, PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "Good evening" in editor.get(f"{PAGE}/1/body").text
