"""The script of the page "Edit": what it is told when it saves, undo, the order, who else is here."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from newsletter.edit.fields import texts_of
from newsletter.edit.run import load_draft
from newsletter.errors import NotAllowed
from newsletter.model.actor import Role
from newsletter.model.issue import Item, corrected
from newsletter.store.content import issues
from newsletter.store.desk.tables import edit_presences
from newsletter.usecases import editing, undoing
from newsletter.usecases.editing import TextChange
from tests.fakes.desk import ADDRESSES, StaffedDesk, form, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, house

PAGE = "/issues/1/edit"
SCRIPT = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


@pytest.fixture(scope="module")
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture(scope="module")
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def items(opened: House) -> list[Item]:
    with opened.app.reader.connect() as connection:
        return issues.load_items(connection, 1)


def send(
    desk: StaffedDesk, browser: TestClient, path: str, fields: dict[str, str]
) -> httpx2.Response:
    """Send a form as the script does."""
    answer: httpx2.Response = browser.post(
        path, data={**fields, "csrf": desk.csrf(browser)}, headers=SCRIPT
    )
    return answer


def undo(desk: StaffedDesk, browser: TestClient) -> int:
    """Press the button that takes the last edit back."""
    fields = form(browser.get(PAGE).text, f"{PAGE}/undo")
    return desk.post(browser, f"{PAGE}/undo", fields).status_code


def test_a_script_learns_what_is_stored_and_sees_the_new_inbox(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    item = items(opened)[0]
    path = f"/issues/1/items/{item.article_id}"
    desk.post(editor, PAGE, form(editor.get(PAGE).text, PAGE) | {"subject": ""})
    mark = re.search('data-mark="([^"]+)"', editor.get(PAGE).text)
    fields = form(editor.get(PAGE).text, path) | {"topics": "Ships;Fish", "title": "Four ships"}
    answer = send(desk, editor, path, fields)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["texts"]["topics"], told["texts"]["title"]) == ("Ships; Fish", "Four ships")
    assert mark is not None
    assert told["mark"] != mark[1]
    assert editor.get(f"{PAGE}/here").json()["mark"] == told["mark"]
    assert any("Four ships" in cell for row in told["inbox"] for cell in row)
    assert "Four ships" in editor.get(f"{PAGE}/email").text


def test_editors_of_two_processes_see_each_other_until_they_leave(
    opened: House, editor: TestClient
) -> None:
    with opened.app.engine.begin() as connection:
        connection.execute(edit_presences.delete())  # of the tests before
    elsewhere = staffed_desk(opened.app)  # another process has only the database in common
    other = elsewhere.browser(Role.ADMIN)
    editor.get(f"{PAGE}/here")
    assert other.get(f"{PAGE}/here").json()["others"] == [ADDRESSES[Role.EDITOR]]
    assert ADDRESSES[Role.ADMIN] in editor.get(f"{PAGE}/here").json()["others"]
    began = opened.at
    opened.at += timedelta(seconds=31)
    assert editor.get(f"{PAGE}/here").json()["others"] == []
    with opened.app.reader.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(edit_presences)) == 1
    opened.at = began


def test_a_save_says_what_it_found_so_that_a_change_in_between_is_seen(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    other = desk.browser(Role.APPROVER)
    known = editor.get(f"{PAGE}/here").json()["mark"]
    seen = form(editor.get(PAGE).text, PAGE)
    theirs = send(desk, other, PAGE, seen | {"preheader": "In between"}).json()
    assert theirs["before"] == known
    mine = send(desk, editor, PAGE, seen | {"note": "A note in between."}).json()
    assert mine["before"] == theirs["mark"] != known
    again = send(desk, editor, PAGE, seen | {"note": "A note in between."}).json()
    assert again["before"] == again["mark"] == mine["mark"]
    order = ",".join(str(item.article_id) for item in items(opened))
    moved = send(desk, editor, f"{PAGE}/order", {"was": order, "order": order}).json()
    assert moved["before"] == moved["mark"] == mine["mark"]


def test_a_script_gets_the_other_editors_text_beside_its_own(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    other = desk.browser(Role.APPROVER)
    seen = form(editor.get(PAGE).text, PAGE)
    send(desk, other, PAGE, seen | {"preheader": "Theirs"})
    answer = send(desk, editor, PAGE, seen | {"preheader": "Mine"})
    assert answer.status_code == 409
    assert answer.json()["theirs"] == {"preheader": "Theirs"}
    assert "someone else has changed the same text" in answer.json()["problem"]
    assert opened.issues()[0].preheader == "Theirs"
    answer = send(desk, editor, PAGE, seen | {"note": "[x](javascript:x)"})
    assert answer.status_code == 409
    assert "cannot be printed" in answer.json()["problem"]


def test_a_script_whose_session_has_ended_gets_no_data(desk: StaffedDesk) -> None:
    answer = desk.browser().post(PAGE, data={"note": "x"}, headers=SCRIPT)
    assert answer.status_code == 403
    assert not answer.headers["content-type"].startswith("application/json")


def test_the_last_edits_are_taken_back_one_by_one(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    before = [(item.article_id, item.included, corrected(item).title) for item in items(opened)]
    note = opened.issues()[0].note
    first, second = (item.article_id for item in items(opened))
    desk.post(editor, PAGE, form(editor.get(PAGE).text, PAGE) | {"note": "A note."})
    card = f"/issues/1/items/{second}"
    desk.post(editor, card, form(editor.get(PAGE).text, card) | {"title": "Other fish"})
    desk.post(editor, f"/issues/1/items/{first}/place", {"act": "out"})
    desk.post(editor, "/issues/1/blocks", {"heading": "A fair"})
    for _ in range(4):
        assert undo(desk, editor) == 303
    after = [(item.article_id, item.included, corrected(item).title) for item in items(opened)]
    assert after == before
    assert (opened.issues()[0].note, opened.issues()[0].blocks) == (note, ())
    assert "undo: act" in editor.get("/issues/1/history").text


def test_one_edit_is_taken_back_once(opened: House, desk: StaffedDesk, editor: TestClient) -> None:
    for text in ("One", "Two"):
        desk.post(editor, PAGE, form(editor.get(PAGE).text, PAGE) | {"subject": text})
    fields = form(editor.get(PAGE).text, f"{PAGE}/undo")
    for _ in range(2):
        assert desk.post(editor, f"{PAGE}/undo", fields).status_code == 303
        assert opened.issues()[0].subject == "One"


def test_an_edit_over_which_another_editor_wrote_is_not_taken_back(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    other = desk.browser(Role.APPROVER)
    for browser, text in ((editor, "Mine"), (other, "Theirs")):
        desk.post(browser, PAGE, form(browser.get(PAGE).text, PAGE) | {"subject": text})
    assert undo(desk, editor) == 409
    assert opened.issues()[0].subject == "Theirs"


@pytest.mark.parametrize("act", ["", "x", "-1", "9" * 5000])
def test_an_act_that_is_not_an_edit_is_not_taken_back(
    desk: StaffedDesk, editor: TestClient, act: str
) -> None:
    assert desk.post(editor, f"{PAGE}/undo", {"act": act}).status_code in {404, 409}


def test_a_person_who_has_edited_nothing_has_nothing_to_take_back(opened: House) -> None:
    assert undoing.last_edit(opened.app.context, STAFF, 1) is None


def test_items_are_put_into_another_order(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    order = [item.article_id for item in items(opened)]
    was, reverse = (",".join(map(str, numbers)) for numbers in (order, reversed(order)))
    fields = {"was": was, "order": reverse}
    assert send(desk, editor, f"{PAGE}/order", fields).status_code == 200
    assert [item.article_id for item in items(opened)] == order[::-1]
    assert undo(desk, editor) == 303
    assert [item.article_id for item in items(opened)] == order
    for bad in ("", "x", "77", "9" * 5000, "1,,2"):
        for fields in ({"was": was, "order": bad}, {"was": bad, "order": reverse}):
            assert send(desk, editor, f"{PAGE}/order", fields).status_code == 409


def test_an_order_that_another_editor_changed_is_not_overwritten(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    order = [item.article_id for item in items(opened)]
    was, reverse = (",".join(map(str, numbers)) for numbers in (order, reversed(order)))
    other = desk.browser(Role.APPROVER)
    moved = {"was": was, "order": reverse}
    assert send(desk, other, f"{PAGE}/order", moved).status_code == 200
    assert send(desk, editor, f"{PAGE}/order", moved).status_code == 200  # it is the wanted one
    stale = send(desk, editor, f"{PAGE}/order", {"was": was, "order": was + "," + was})
    assert stale.status_code == 409
    assert "changed elsewhere" in stale.json()["problem"]
    assert [item.article_id for item in items(opened)] == order[::-1]
    back = {"was": reverse, "order": was}
    assert send(desk, editor, f"{PAGE}/order", back).status_code == 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note", "x" * 6000),
        ("subject", "x " * 100),
        ("teaser", "x" * 1001),
        ("takeaways", "Short.\n" + "x" * 601),
        ("topics", "Ships;" + "x" * 241),
        ("authors", "x" * 241),
    ],
)
def test_a_text_that_would_be_cut_is_refused_with_the_numbers(
    opened: House, name: str, text: str
) -> None:
    article = None if name in {"note", "subject"} else items(opened)[0].article_id
    with opened.app.reader.connect() as connection:
        _issue, draft = load_draft(connection, 1)
    item = next((item for item in draft.items if item.article_id == article), None)
    change = TextChange(name, texts_of(draft, item)[name], text)
    with pytest.raises(NotAllowed, match=r"characters; at most [\d,]+ are printed"):
        editing.save_texts(opened.app.context, STAFF, 1, [change], article_id=article)


def test_editors_see_each_other_for_as_long_as_they_are_here(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    at = opened.at
    other = desk.browser(Role.APPROVER)
    opened.at = at + timedelta(minutes=2)
    assert editor.get(f"{PAGE}/here").json()["others"] == []
    assert "Also editing this issue: editor@harbour.example" in other.get(PAGE).text
    assert editor.get(f"{PAGE}/here").json()["others"] == ["approver@harbour.example"]
    opened.at = at + timedelta(minutes=4)
    assert editor.get(f"{PAGE}/here").json()["others"] == []
    opened.at = at


def test_the_page_runs_a_script_and_the_email_in_it_none(editor: TestClient) -> None:
    assert "script-src 'self'" in editor.get(PAGE).headers["content-security-policy"]
    assert "script-src" not in editor.get("/issues/1").headers["content-security-policy"]
    email = editor.get(f"{PAGE}/email").headers["content-security-policy"]
    assert "script-src" not in email
    assert "sandbox" in email
