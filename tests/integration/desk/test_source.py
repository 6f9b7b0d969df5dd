"""An item beside its source: what is printed of it, what staff corrected, what has changed there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.actor import Role
from newsletter.model.issue import Item, corrected
from newsletter.model.states import IssueState
from newsletter.store.content import issues
from tests.fakes.desk import form, staffed_desk
from tests.fakes.house import MONDAY, House, house


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        made.pass_at(MONDAY - timedelta(days=1))
        yield made


def first(opened: House) -> Item:
    with opened.app.reader.connect() as connection:
        return issues.load_items(connection, 1)[0]


def path_of(item: Item) -> str:
    return f"/issues/1/items/{item.article_id}"


def change_at_the_source(opened: House, name: str) -> None:
    """Rewrite a sentence of an article, and collect it."""
    file = opened.root / "articles" / f"{name}.txt"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("sentence number 3 says", "sentence number 3 denies"), "utf-8")
    opened.pass_at(opened.at + timedelta(hours=1))


def test_a_correction_is_shown_beside_what_was_collected_and_reverted(opened: House) -> None:
    desk = staffed_desk(opened.app)
    editor = desk.browser(Role.EDITOR)
    item = first(opened)
    page = editor.get(path_of(item)).text
    assert '<mark class="teaser">The ships sentence number 0 says something.' in page
    assert "As collected and as corrected" not in page
    fields = form(page, path_of(item)) | {"title": "Ships & <fish>"}
    answer = desk.post(editor, path_of(item), fields)
    assert answer.headers["location"] == path_of(item)
    page = editor.get(path_of(item)).text
    collected, _, changed = page.partition("As corrected:")
    assert f">{item.title}</p>" in collected
    assert ">Ships &amp; &lt;fish&gt;</p>" in changed
    reverted = desk.post(editor, f"{path_of(item)}/revert", {"name": "title", "page": "source"})
    assert reverted.headers["location"] == path_of(item)
    assert "As corrected:" not in editor.get(path_of(item)).text


def test_what_changed_at_the_source_after_the_approval_is_shown_and_taken_over(
    opened: House,
) -> None:
    desk = staffed_desk(opened.app)
    editor = desk.browser(Role.EDITOR)
    item = first(opened)
    desk.post(editor, path_of(item), {"before.kicker": "", "kicker": "Ours"})
    opened.app.one_pass()
    opened.approve()
    change_at_the_source(opened, "first")
    assert first(opened).revision == item.revision
    page = editor.get(path_of(item)).text
    assert "The issue still prints the earlier version" in page
    assert "<del>says </del><ins>denies </ins>" in page
    for _ in range(2):
        assert desk.post(editor, f"{path_of(item)}/take-over").status_code == 303
        taken = first(opened)
        assert (taken.revision, corrected(taken).kicker) == (item.revision + 1, "Ours")
        assert (taken.position, taken.included) == (item.position, item.included)
    assert opened.issues()[0].state is IssueState.DRAFT
    page = editor.get(path_of(item)).text
    assert "The issue prints the new version" in page
    assert "Use the new version" not in page
    assert "take over: article" in editor.get("/issues/1/history").text


def test_an_article_of_another_issue_or_of_none_is_not_found(opened: House) -> None:
    desk = staffed_desk(opened.app)
    editor = desk.browser(Role.EDITOR)
    for number in ("77", "99999999999999999999", "x"):
        assert editor.get(f"/issues/1/items/{number}").status_code in {404, 422}
        assert desk.post(editor, f"/issues/1/items/{number}/take-over").status_code in {404, 409}
