"""Edit at the desk: every save is a use case, and two editors at once lose no word."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.model.actor import Role
from newsletter.model.edition import Contents
from newsletter.model.issue import Item, corrected
from newsletter.model.states import IssueState
from newsletter.store.content import editions, issues
from newsletter.usecases import editing
from newsletter.usecases.editing import Edited, TextChange
from tests.fakes.desk import StaffedDesk, form, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, continued

PAGE = "/issues/1/edit"


def drafted(made: House) -> None:
    made.pass_at(MONDAY - timedelta(days=1))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with continued(tmp_path, drafted) as made:
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def editor(desk: StaffedDesk) -> TestClient:
    return desk.browser(Role.EDITOR)


def items(opened: House) -> list[Item]:
    with opened.app.reader.connect() as connection:
        return issues.load_items(connection, 1)


def test_a_form_that_is_sent_unchanged_changes_nothing(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    opened.approve()
    before = items(opened)
    page = editor.get(PAGE).text
    for action in (PAGE, *(f"/issues/1/items/{item.article_id}" for item in before)):
        fields = form(page, action)
        assert len(fields) > 5
        assert desk.post(editor, action, fields).status_code == 303
    assert items(opened) == before
    assert opened.issues()[0].state is IssueState.APPROVED


def test_texts_of_an_item_are_corrected_and_reverted(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    first = items(opened)[0]
    action = f"/issues/1/items/{first.article_id}"
    fields = form(editor.get(PAGE).text, action)
    changed = {**fields, "title": "Ships & <fish>", "takeaways": "One.\r\n\r\nTwo."}
    changed |= {"topics": "Ships; High Seas", "date": "2026-11-20"}
    changed["image"] = "https://cdn.example.org/ship.jpg"
    assert desk.post(editor, action, changed).status_code == 303
    shown = corrected(items(opened)[0])
    assert (shown.title, shown.takeaways.items) == ("Ships & <fish>", ("One.", "Two."))
    assert (shown.topics, shown.published) == (("Ships", "High Seas"), "2026-11-20")
    assert "high-seas" in shown.tags
    described = form(editor.get(PAGE).text, action)
    assert described["image"] == "https://cdn.example.org/ship.jpg"
    desk.post(editor, action, {**described, "alt": "A ship"})
    image = corrected(items(opened)[0]).image
    assert image is not None
    assert (image.url, image.alt) == ("https://cdn.example.org/ship.jpg", "A ship")
    assert "Ships &amp; &lt;fish&gt;" in editor.get(PAGE).text
    desk.post(editor, f"{action}/revert", {"name": "title"})
    assert corrected(items(opened)[0]).title == first.title
    assert corrected(items(opened)[0]).takeaways.items == ("One.", "Two.")


def test_an_item_is_a_headline_in_every_edition_that_is_sent(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    first, second = (item.article_id for item in items(opened))
    place = f"/issues/1/items/{second}/place"
    desk.post(editor, place, {"act": "headline"})
    assert "A headline in every edition" in editor.get(PAGE).text
    desk.post(editor, f"{PAGE}/undo", form(editor.get(PAGE).text, f"{PAGE}/undo"))
    assert [item.form for item in items(opened)] == ["", ""]
    desk.post(editor, place, {"act": "headline"})
    opened.approve()
    opened.pass_at(MONDAY)
    assert len(opened.mails()) == 3
    with opened.app.reader.connect() as connection:
        printed = {edition.contents for edition in editions.of_issue(connection, 1)}
    assert printed == {Contents((first,), (second,))}


def test_a_change_voids_the_approval(opened: House, desk: StaffedDesk, editor: TestClient) -> None:
    opened.approve()
    fields = form(editor.get(PAGE).text, PAGE)
    desk.post(editor, PAGE, {**fields, "note": "Good morning.\n\nWe meet on **Thursday**."})
    found = opened.issues()[0]
    assert (found.state, found.approved_by) == (IssueState.DRAFT, None)
    assert found.note == "Good morning.\n\nWe meet on **Thursday**."


def test_two_editors_of_one_text_get_both_and_lose_nothing(
    opened: House, desk: StaffedDesk
) -> None:
    first, second = desk.browser(Role.EDITOR), desk.browser(Role.APPROVER)
    seen_by_first, seen_by_second = (form(each.get(PAGE).text, PAGE) for each in (first, second))
    desk.post(first, PAGE, {**seen_by_first, "subject": "Ships today"})
    answer = desk.post(second, PAGE, {**seen_by_second, "subject": "Fish today"})
    assert answer.status_code == 409
    assert opened.issues()[0].subject == "Ships today"
    assert "someone else has changed the same text" in answer.text
    assert '<p class="lines">Ships today</p>' in answer.text
    again = form(answer.text, PAGE)
    assert (again["before.subject"], again["subject"]) == ("Ships today", "Fish today")
    assert desk.post(second, PAGE, again).status_code == 303
    assert opened.issues()[0].subject == "Fish today"


def test_two_editors_of_different_texts_are_no_obstacle_to_each_other(
    opened: House, desk: StaffedDesk
) -> None:
    first, second = desk.browser(Role.EDITOR), desk.browser(Role.APPROVER)
    seen_by_first, seen_by_second = (form(each.get(PAGE).text, PAGE) for each in (first, second))
    desk.post(first, PAGE, {**seen_by_first, "subject": "Ships today"})
    assert desk.post(second, PAGE, {**seen_by_second, "note": "Hello."}).status_code == 303
    found = opened.issues()[0]
    assert (found.subject, found.note) == ("Ships today", "Hello.")


def test_editors_who_save_at_the_same_time_all_succeed(opened: House) -> None:
    context = opened.app.context
    names = ("subject", "preheader", "note")

    def save(name: str) -> object:
        return editing.save_texts(context, STAFF, 1, [TextChange(name, "", f"My {name}")])

    with ThreadPoolExecutor(len(names)) as threads:
        saved = list(threads.map(save, names))
    assert all(isinstance(result, Edited) for result in saved)
    found = opened.issues()[0]
    assert (found.subject, found.preheader, found.note) == ("My subject", "My preheader", "My note")


def test_a_text_that_cannot_be_printed_stays_on_the_page(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    fields = form(editor.get(PAGE).text, PAGE)
    note = "Look at [this](javascript:alert(1)), please."
    answer = desk.post(editor, PAGE, {**fields, "note": note})
    assert answer.status_code == 409
    assert form(answer.text, PAGE)["note"] == note
    assert "cannot be printed" in answer.text
    assert opened.issues()[0].note == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [("date", "next Tuesday"), ("image", "ship.jpg"), ("title", "")],
)
def test_a_text_of_an_item_that_cannot_be_printed_stays_in_its_card(
    opened: House, desk: StaffedDesk, editor: TestClient, name: str, text: str
) -> None:
    before = items(opened)
    action = f"/issues/1/items/{before[0].article_id}"
    answer = desk.post(editor, action, {**form(editor.get(PAGE).text, action), name: text})
    assert answer.status_code == 409
    assert form(answer.text, action)[name] == text
    assert items(opened) == before


def test_the_inbox_shows_the_subject_as_clients_cut_it(
    desk: StaffedDesk, editor: TestClient
) -> None:
    fields = form(editor.get(PAGE).text, PAGE)
    subject = "Ships, and how a harbor counts them when no one is looking at the sea"
    desk.post(editor, PAGE, {**fields, "subject": subject})
    page = editor.get(PAGE).text
    inbox = page.partition("In the inbox")[2].partition("</ul>")[0]
    assert "Mail on an iPhone" in inbox
    assert "Ships, and how a harbor counts them w…" in inbox
    assert subject in inbox  # Gmail in a browser has room for all of it


def test_a_note_is_previewed_without_being_saved(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    fields = form(editor.get(PAGE).text, PAGE)
    entered = {**fields, "note": "We meet **on Thursday**.", "act": "preview"}
    answer = desk.post(editor, PAGE, entered)
    assert answer.status_code == 200
    assert "<strong>on Thursday</strong>" in answer.text
    assert form(answer.text, PAGE)["note"] == "We meet **on Thursday**."
    assert opened.issues()[0].note == ""


def test_items_are_moved_taken_out_put_back_and_pinned(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    first, second = (item.article_id for item in items(opened))

    def act(article: int, word: str) -> list[tuple[int, bool]]:
        answer = desk.post(editor, f"/issues/1/items/{article}/place", {"act": word})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{PAGE}#article-{article}"
        return [(item.article_id, item.included) for item in items(opened)]

    assert act(first, "down") == [(second, True), (first, True)]
    assert act(second, "up") == [(second, True), (first, True)]
    assert act(second, "out") == [(first, True), (second, False)]
    assert act(second, "pin") == [(second, True), (first, True)]
    assert items(opened)[0].pinned
    assert act(second, "unpin") == [(second, True), (first, True)]
    assert act(first, "never") == [(second, True), (first, False)]
    assert act(first, "in") == [(second, True), (first, True)]


@pytest.mark.parametrize("act", ["", "sideways", "delete"])
def test_an_unknown_act_is_refused(desk: StaffedDesk, editor: TestClient, act: str) -> None:
    assert desk.post(editor, "/issues/1/items/1/place", {"act": act}).status_code == 409
    assert desk.post(editor, "/issues/1/items/1/revert", {"name": act}).status_code == 409


@pytest.mark.parametrize("article", ["77", "99999999999999999999"])
def test_an_article_that_is_not_in_the_issue_is_not_found(
    desk: StaffedDesk, editor: TestClient, article: str
) -> None:
    path = f"/issues/1/items/{article}"
    changed = {"title": "x", "before.title": "y"}
    assert desk.post(editor, path, changed).status_code == 404
    assert desk.post(editor, f"{path}/place", {"act": "up"}).status_code == 404
    assert desk.post(editor, f"{path}/place", {"act": "out"}).status_code == 409


def test_an_issue_that_went_out_cannot_be_edited(opened: House) -> None:
    opened.approve()
    opened.pass_at(MONDAY)
    desk = staffed_desk(opened.app)
    editor = desk.browser(Role.EDITOR)
    page = editor.get(PAGE)
    assert page.status_code == 200
    assert "can no longer be changed" in page.text
    late = {"subject": "Too late", "before.subject": ""}
    answer = desk.post(editor, PAGE, late)
    assert answer.status_code == 409
    assert "Too late" in answer.text


def test_what_was_entered_after_the_session_ended_is_shown_and_not_saved(
    opened: House, desk: StaffedDesk, editor: TestClient
) -> None:
    fields = form(editor.get(PAGE).text, PAGE)
    csrf = desk.csrf(editor)
    desk.post(editor, "/account/sign-out")
    answer = editor.post(PAGE, data={**fields, "note": "A long evening's work.", "csrf": csrf})
    assert answer.status_code == 403
    assert "A long evening&#39;s work." in answer.text
    assert csrf not in answer.text
    assert opened.issues()[0].note == ""
