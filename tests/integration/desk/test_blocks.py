"""Blocks at the desk: added, placed, previewed, changed by two editors at once, removed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from newsletter.edit.operations import SetBlocks
from newsletter.model.actor import Role
from newsletter.model.issue import Block
from newsletter.usecases import editing, live
from tests.fakes.desk import StaffedDesk, form, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, house

PAGE = "/issues/1/edit"
NEW = "/issues/1/blocks"
FIRST = "/issues/1/blocks/0"
CONCERT = Block(
    "A concert",
    "On **Thursday**, at the quay.",
    url="https://harbour.example/concert",
    link_text="Get tickets",
    image="https://harbour.example/band.jpg",
    image_alt="A band on a boat",
    sponsor=True,
    after=1,
)
ENTERED = {
    "heading": CONCERT.heading,
    "text": CONCERT.text,
    "url": CONCERT.url,
    "link_text": CONCERT.link_text,
    "image": CONCERT.image,
    "image_alt": CONCERT.image_alt,
    "sponsor": "1",
    "after": "1",
    "act": "save",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


@pytest.fixture
def opened(home: House) -> House:
    """The publication with an issue that has no block."""
    editing.change(home.app.context, STAFF, 1, [SetBlocks(())])
    return home


@pytest.fixture(scope="module")
def desk(home: House) -> StaffedDesk:
    return staffed_desk(home.app)


@pytest.fixture(scope="module")
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def stored(opened: House) -> tuple[Block, ...]:
    return opened.issues()[0].blocks


def test_a_block_that_would_be_cut_is_refused_with_the_numbers(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    answer = desk.post(editor, NEW, ENTERED | {"text": "x" * 6000})
    assert "6,000 characters; at most 5,000 are printed" in answer.text
    assert stored(opened) == ()


def test_a_block_is_added_between_items_and_printed_there(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    assert desk.post(editor, NEW, ENTERED).status_code == 303
    assert stored(opened) == (CONCERT,)
    email = live.email(opened.app.context, STAFF, 1).html
    places = [email.index(text) for text in ('id="item-1"', "A concert", 'id="item-2"')]
    assert places == sorted(places)
    assert "ADVERTISEMENT" in email
    page = editor.get(PAGE).text
    assert page.index('id="block-0"') < page.index("data-position>2<")
    assert "<strong>Thursday</strong>" in page


def test_a_block_that_is_sent_twice_is_added_once(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    for _ in range(2):
        assert desk.post(editor, NEW, ENTERED).status_code == 303
    assert stored(opened) == (CONCERT,)


def test_a_block_is_changed_and_removed(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    desk.post(editor, NEW, ENTERED)
    unchanged = form(editor.get(PAGE).text, FIRST)
    assert desk.post(editor, FIRST, unchanged | {"act": "save"}).status_code == 303
    assert stored(opened) == (CONCERT,)
    desk.post(editor, FIRST, unchanged | {"act": "save", "heading": "Two concerts", "after": "0"})
    assert [(block.heading, block.after) for block in stored(opened)] == [("Two concerts", 0)]
    removal = form(editor.get(PAGE).text, FIRST) | {"act": "remove"}
    for _ in range(2):
        assert desk.post(editor, FIRST, removal).status_code == 303
        assert stored(opened) == ()


def test_a_block_is_previewed_without_being_saved(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    answer = desk.post(editor, NEW, ENTERED | {"act": "preview"})
    assert answer.status_code == 200
    assert "<strong>Thursday</strong>" in answer.text
    assert form(answer.text, NEW)["heading"] == "A concert"
    assert stored(opened) == ()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"url": "javascript:alert(1)"}, "use https://"),
        ({"image": "http://harbour.example/x.jpg"}, "use https://"),
        ({"text": "[x](ftp://a.example)"}, "cannot be printed"),
        ({"heading": "", "text": "", "image": ""}, "needs a heading, a text or an image"),
    ],
)
def test_a_block_that_cannot_be_printed_stays_in_its_form(
    opened: House, desk: StaffedDesk, editor: TestClient, changed: dict[str, str], problem: str
) -> None:
    answer = desk.post(editor, NEW, ENTERED | changed)
    assert answer.status_code == 409
    assert problem in answer.text
    again = form(answer.text, NEW)
    assert {name: again[name] for name in changed} == changed
    assert again["link_text"] == "Get tickets"
    assert stored(opened) == ()


def test_two_editors_of_one_text_of_a_block_get_both(opened: House, desk: StaffedDesk) -> None:
    first, second = desk.browser(Role.EDITOR), desk.browser(Role.APPROVER)
    desk.post(first, NEW, ENTERED)
    seen = form(first.get(PAGE).text, FIRST) | {"act": "save"}
    desk.post(first, FIRST, seen | {"heading": "A grand concert"})
    answer = desk.post(second, FIRST, seen | {"heading": "A concert again", "after": "2"})
    assert answer.status_code == 409
    assert stored(opened)[0].heading == "A grand concert"
    assert '<p class="lines">A grand concert</p>' in answer.text
    again = form(answer.text, FIRST)
    assert (again["heading"], again["after"]) == ("A concert again", "2")
    assert desk.post(second, FIRST, again | {"act": "save"}).status_code == 303
    assert (stored(opened)[0].heading, stored(opened)[0].after) == ("A concert again", 2)


def test_a_block_that_another_editor_removed_keeps_its_words(
    opened: House, desk: StaffedDesk
) -> None:
    first, second = desk.browser(Role.EDITOR), desk.browser(Role.APPROVER)
    desk.post(first, NEW, ENTERED)
    seen = form(first.get(PAGE).text, FIRST)
    desk.post(first, FIRST, seen | {"act": "remove"})
    changed = seen | {"act": "save", "text": "On Friday."}
    answer = desk.post(second, FIRST, changed)
    assert answer.status_code == 409
    assert "someone else has removed this block" in answer.text
    again = form(answer.text, NEW)
    assert again["text"] == "On Friday."
    assert desk.post(second, NEW, again | {"act": "save"}).status_code == 303
    assert [block.text for block in stored(opened)] == ["On Friday."]


@pytest.mark.parametrize("place", ["7", "99999999999999999999", "-5"])
def test_a_place_without_a_block_keeps_what_was_entered(
    opened: House, desk: StaffedDesk, editor: TestClient, place: str
) -> None:
    seen = {f"before.{name}": value for name, value in ENTERED.items()}
    answer = desk.post(editor, f"{NEW}/{place}", ENTERED | seen | {"text": "Kept."})
    assert answer.status_code == 409
    assert form(answer.text, NEW)["text"] == "Kept."
    assert stored(opened) == ()
