"""Staff operations on a draft, and the edit file that becomes them."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.edit import sheet
from newsletter.edit.operations import (
    AcceptSuggested,
    Correct,
    CorrectableField,
    Draft,
    Operation,
    Pin,
    Place,
    Placement,
    PrintAs,
    Reorder,
    Revert,
    SetBlocks,
    SetText,
    TakeOver,
    applied,
    numbered,
)
from newsletter.errors import NotAllowed
from newsletter.model import byline
from newsletter.model.article import Author, Image
from newsletter.model.issue import Block, Takeaways, Text, corrected
from tests.fakes import manuscripts

SUGGESTED = Takeaways(("Ports publish their waiting times.",), "extracted", "sentence 1 of 9")


@pytest.fixture
def draft() -> Draft:
    items = (
        *manuscripts.GOOD[:3],
        replace(manuscripts.GOOD[3], suggested=SUGGESTED),
        replace(manuscripts.GOOD[4], included=False, reason="did not fit"),
    )
    return numbered(Draft("", "", "Good morning{name}.", (), items))


def ids(draft: Draft, *, included: bool = True) -> list[int]:
    return [one.article_id for one in draft.items if one.included is included]


@pytest.mark.parametrize(
    ("operations", "printed"),
    [
        ([Place(2, "out")], [1, 3, 4]),
        ([Place(5, "in")], [1, 2, 3, 4, 5]),
        ([Place(2, "later")], [1, 3, 4]),
        ([Place(2, "never")], [1, 3, 4]),
        ([Reorder((3, 1))], [3, 1, 2, 4]),
        ([Pin(4)], [4, 1, 2, 3]),
        ([Pin(5)], [5, 1, 2, 3, 4]),
        ([Pin(4), Pin(4, pinned=False)], [4, 1, 2, 3]),
    ],
)
def test_items_are_placed(draft: Draft, operations: list[Operation], printed: list[int]) -> None:
    assert ids(applied(draft, operations)) == printed


def test_the_form_of_an_item_is_in_the_edit_file_and_survives_a_newer_revision(
    draft: Draft,
) -> None:
    assert changed(draft, ("@ article 2 in", "@ article 2 in headline")) == [PrintAs(2, "headline")]
    pinned = ("@ article 1 in", "@ article 1 in pinned full")
    assert changed(draft, pinned) == [Pin(1), PrintAs(1, "full")]
    made = applied(draft, [PrintAs(2, "headline"), Pin(1), PrintAs(1, "full")])
    assert changed(made, ("@ article 2 in headline", "@ article 2 in")) == [PrintAs(2, "")]
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []
    newer = replace(manuscripts.GOOD[1], title="Newer", revision=2)
    taken = applied(made, [TakeOver(newer)]).items[1]
    assert (taken.title, taken.form) == ("Newer", "headline")
    with pytest.raises(NotAllowed, match="full or headline"):
        changed(draft, ("@ article 2 in", "@ article 2 in full headline"))


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("out", "excluded by staff"),
        ("later", "left for the next issue by staff"),
        ("never", "never in this newsletter, by staff"),
    ],
)
def test_each_way_out_is_a_decision_with_its_reason(
    draft: Draft, where: Placement, reason: str
) -> None:
    made = applied(draft, [Place(2, where)])
    moved = made.items[3]
    assert (moved.article_id, moved.included) == (2, False)
    assert (moved.decision, moved.reason) == (where, reason)
    assert f"@ article 2 {where}\n" in sheet.write(manuscripts.issue(), made)
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []
    back = applied(made, [Place(2, "in")]).items
    assert [(item.included, item.decision) for item in back if item.article_id == 2] == [(True, "")]


def test_a_correction_lies_over_the_article_and_can_be_taken_back(draft: Draft) -> None:
    made = applied(
        draft, [Correct(1, "title", "A better headline"), Correct(1, "takeaways", ("One.",))]
    )
    assert corrected(made.items[0]).title == "A better headline"
    assert corrected(made.items[0]).takeaways == Takeaways(("One.",), "staff")
    assert made.items[0].title == manuscripts.SUMMIT.title
    back = applied(made, [Revert(1, "title"), Revert(1, "takeaways")])
    assert back == draft


def test_a_chosen_alternative_keeps_its_origin(draft: Draft) -> None:
    other = Text("The publisher's own deck.", "description", "feed")
    items = (replace(draft.items[0], alternatives=(other,)), *draft.items[1:])
    chosen = applied(replace(draft, items=items), [Correct(1, "teaser", other.text)]).items[0]
    assert corrected(chosen).teaser == other
    text = sheet.write(manuscripts.issue(), replace(draft, items=(chosen,)))
    assert "teaser: The publisher's own deck.\n# (description, feed)" in text
    assert f"# or (body): {manuscripts.SUMMIT.teaser.text}" in text


def test_accepted_suggestions_stay_sentences_of_the_text(draft: Draft) -> None:
    made = applied(draft, [AcceptSuggested(4)])
    assert corrected(made.items[3]).takeaways == SUGGESTED


def test_extracted_sentences_never_look_like_marked_takeaways(draft: Draft) -> None:
    accepted = applied(draft, [AcceptSuggested(4)]).items[3]
    collected_again = replace(accepted, suggested=Takeaways(("Another.",), "extracted", "2 of 9"))
    assert corrected(collected_again).takeaways == SUGGESTED
    printed = Takeaways(("One.", "Two."), "extracted", "sentences 1, 2 of 9")
    shown = replace(draft, items=(replace(draft.items[0], takeaways=printed),))
    fewer = applied(shown, [Correct(1, "takeaways", ("Two.",))])
    assert corrected(fewer.items[0]).takeaways == replace(printed, items=("Two.",))
    fewest = applied(fewer, [Correct(1, "takeaways", ())])
    assert corrected(fewest.items[0]).takeaways == Takeaways()
    own = applied(fewer, [Correct(1, "takeaways", ("Two, in our words.",))])
    assert corrected(own.items[0]).takeaways.origin == "staff"
    assert applied(own, [Revert(1, "takeaways")]) == shown


@pytest.mark.parametrize(
    ("lines", "origin"),
    [
        (("One.", "Two."), "extracted"),
        (("Two.",), "extracted"),
        (("One.", "Two, in our words."), "staff"),
        (("In our words.",), "staff"),
        ((), ""),
    ],
)
def test_takeaways_are_from_the_text_only_if_each_line_is(
    draft: Draft, lines: tuple[str, ...], origin: str
) -> None:
    printed = Takeaways(("One.", "Two."), "extracted", "sentences 1, 2 of 9")
    shown = replace(draft, items=(replace(draft.items[0], takeaways=printed),))
    item = applied(shown, [Correct(1, "takeaways", lines)]).items[0]
    assert corrected(item).takeaways.origin == origin


def test_texts_of_staff_are_one_line_and_bounded(draft: Draft) -> None:
    made = applied(draft, [SetText("subject", "One\r\nBcc: all@example.org \u202eabc" + "x" * 500)])
    assert "\n" not in made.subject
    assert "\u202e" not in made.subject
    assert len(made.subject) <= 161


PROSE = st.lists(
    st.sampled_from(
        ["link: x", "subject: y", "@ block", "# head", "\\ back", "- point", "", "Two  ", "- a: b"]
    ),
    max_size=6,
).map("\n".join)


@given(PROSE, PROSE)
def test_any_note_and_block_survive_the_file(note: str, text: str) -> None:
    draft = Draft("", "", "", (), (manuscripts.GOOD[0],))
    made = applied(draft, [SetText("note", note), SetBlocks((Block("An evening", text),))])
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (SetText("note", "[Here](javascript:alert)"), "leads to “javascript:alert”"),
        (SetText("note", "[Here](/essays/1)"), "leads to “/essays/1”"),
        (SetText("note", "![A port](http://e.example/p.png)"), "begins with https://"),
        (SetText("note", "![](https://e.example/p.png)"), "has no description"),
        (SetBlocks((Block("Jobs", "[Here](ftp://e.example)"),)), "block “Jobs” cannot be printed"),
        (SetBlocks((Block("Jobs", "", url="example.org"),)), "leads to “example.org”"),
        (SetBlocks((Block("Jobs", "", image="http://e.example/p.png"),)), "image of the block"),
    ],
)
def test_a_link_or_image_that_cannot_be_printed_is_refused(
    draft: Draft, operation: Operation, message: str
) -> None:
    with pytest.raises(NotAllowed, match=re.escape(message)):
        applied(draft, [operation])


def test_placing_an_included_item_and_unpinning_keep_the_reason(draft: Draft) -> None:
    again = applied(draft, [Place(1, "in"), Pin(2, pinned=False)])
    assert [item.reason for item in again.items] == [item.reason for item in draft.items]
    unpinned = applied(draft, [Pin(4), Pin(4, pinned=False)]).items[0]
    assert (unpinned.pinned, unpinned.included, unpinned.reason) == (False, True, "pinned by staff")
    assert not applied(draft, [Pin(5, pinned=False)]).items[4].included


def test_one_line_is_a_list_of_one_takeaway(draft: Draft) -> None:
    made = applied(draft, [Correct(1, "takeaways", "One.")])
    assert corrected(made.items[0]).takeaways.items == ("One.",)


def test_restored_takeaways_are_a_revert_and_only_corrections_show_the_original(
    draft: Draft,
) -> None:
    assert "the article's own" not in sheet.write(manuscripts.issue(), draft).split("@ issue")[1]
    made = applied(draft, [Correct(1, "takeaways", ("One.",))])
    text = sheet.write(manuscripts.issue(), made)
    own = manuscripts.SUMMIT.takeaways.items
    assert f"# the article's own: {own[0]}" in text
    restored = text.replace("- One.", "\n".join(f"- {line}" for line in own))
    assert sheet.read(restored, made) == [Revert(1, "takeaways")]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("@ issue", "# issue", "expected a line that begins with @"),
        ("@ article 1 in", "@ article one in", "expected “@ article NUMBER"),
        ("@ article 1 in", "@ article", "expected “@ article NUMBER"),
    ],
)
def test_a_damaged_head_is_refused(draft: Draft, old: str, new: str, problem: str) -> None:
    with pytest.raises(NotAllowed, match=problem):
        changed(draft, (old, new))


def test_a_file_without_its_first_part_is_refused(draft: Draft) -> None:
    with pytest.raises(NotAllowed, match="“@ issue …” is missing"):
        sheet.read("@ article 1 in\n", draft)


def test_only_some_fields_can_be_corrected(draft: Draft) -> None:
    url: Any = "url"
    with pytest.raises(NotAllowed, match="the url of an article cannot be corrected here"):
        applied(draft, [Correct(1, url, "https://e.example")])


@pytest.mark.parametrize(
    "operation",
    [Place(99, "in"), Reorder((1, 99)), AcceptSuggested(1), Correct(1, "title", " ")],
)
def test_what_does_not_fit_is_refused(draft: Draft, operation: Operation) -> None:
    with pytest.raises(NotAllowed):
        applied(draft, [operation])


def test_an_unchanged_file_contains_no_operation(draft: Draft) -> None:
    assert sheet.read(sheet.write(manuscripts.issue(), draft), draft) == []


def test_dashes_and_addresses_survive_an_unchanged_file(draft: Draft) -> None:
    first = replace(draft.items[0], takeaways=Takeaways(("-5 % is bad.", "-- so"), "author"))
    block = Block("An evening", "See https://e.example/x.\n\nCome.", "https://e.example")
    made = applied(replace(draft, items=(first, *draft.items[1:])), [SetBlocks((block,))])
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []


def changed(draft: Draft, *pairs: tuple[str, str]) -> list[Operation]:
    text = sheet.write(manuscripts.issue(), draft)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return sheet.read(text, draft)


def test_the_file_becomes_operations(draft: Draft) -> None:
    assert changed(draft, ("subject: ", "subject: Ports")) == [SetText("subject", "Ports")]
    assert changed(draft, ("@ article 2 in", "@ article 2 out")) == [Place(2, "out")]
    assert changed(draft, ("@ article 5 out", "@ article 5 in pinned")) == [Place(5, "in"), Pin(5)]
    assert changed(draft, ("title: Why shipyards", "title: How shipyards")) == [
        Correct(2, "title", "How shipyards became diplomacy")
    ]
    assert changed(draft, ("takeaways: none\n# suggested", "takeaways:\n- One.\n# suggested")) == [
        Correct(4, "takeaways", ("One.",))
    ]
    assert changed(draft, ("Good morning{name}.", "Good day.\n\nAnd more.")) == [
        SetText("note", "Good day.\n\nAnd more.")
    ]


def test_moving_a_part_moves_the_item(draft: Draft) -> None:
    text = sheet.write(manuscripts.issue(), draft)
    parts = text.split("@ article ")
    parts[1], parts[2] = parts[2], parts[1]
    assert sheet.read("@ article ".join(parts), draft) == [Reorder((2, 1, 3, 4, 5))]


def test_a_block_is_added_from_the_lines_at_the_end(draft: Draft) -> None:
    text = sheet.write(manuscripts.issue(), draft)
    text += "@ block\nheading: An evening\ntext: Come.\n\nBring **a friend**.\nlink: https://e.example\n"
    (operation,) = sheet.read(text, draft)
    assert isinstance(operation, SetBlocks)
    made = applied(draft, [operation])
    assert made.blocks[0].text == "Come.\n\nBring **a friend**."
    assert made.blocks[0].url == "https://e.example"
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []


def test_the_place_and_the_label_of_a_block_survive_the_file(draft: Draft) -> None:
    made = applied(draft, [SetBlocks((manuscripts.SPONSOR, Block("Jobs", "None.")))])
    text = sheet.write(manuscripts.issue(), made)
    assert "after: 1\nsponsor: yes\n" in text
    assert sheet.read(text, made) == []
    (operation,) = sheet.read(text.replace("after: 1\nsponsor: yes", "after: 2"), made)
    assert isinstance(operation, SetBlocks)
    assert (operation.blocks[0].after, operation.blocks[0].sponsor) == (2, False)
    for wrong in ("after: two", f"after: {'9' * 5000}", "after: 1\nsponsor: maybe"):
        with pytest.raises(NotAllowed, match="expected “"):
            sheet.read(text.replace("after: 1\nsponsor: yes", wrong), made)


def test_corrections_show_the_original_beside_them_and_revert_by_it(draft: Draft) -> None:
    made = applied(draft, [Correct(2, "title", "Better")])
    text = sheet.write(manuscripts.issue(), made)
    assert "title: Better\n# the article's own: Why shipyards became diplomacy" in text
    text = text.replace("title: Better", "title: Why shipyards became diplomacy")
    assert sheet.read(text, made) == [Revert(2, "title")]


@pytest.mark.parametrize(
    ("old", "new", "name", "text"),
    [
        ("kicker: Summit notes", "kicker: Report", "kicker", "Report"),
        (
            "by: Mina Okafor (Associate Professor, Harbour University)",
            "by: Mina Okafor; Bo Lind (Fellow)",
            "authors",
            "Mina Okafor; Bo Lind (Fellow)",
        ),
        ("date: 2026-11-25", "date: 2026-11-20", "date", "2026-11-20"),
        ("topics: US–ROK Alliance; Trade", "topics: Arctic", "topics", "Arctic"),
        ("image: https://www.example.org/flags.jpg", "image:", "image", ""),
        ("image alt: Two flags at a pier", "image alt: Flags", "alt", "Flags"),
        ("caption: The pier on Thursday. Photo: Ada Lind", "caption:", "caption", ""),
        ("link text:", "link text: Read our report", "link", "Read our report"),
    ],
)
def test_every_field_of_an_item_is_changed_and_reverted_in_the_file(
    draft: Draft, old: str, new: str, name: CorrectableField, text: str
) -> None:
    draft = replace(draft, items=(manuscripts.FRONT, *draft.items[1:]))
    operation = Correct(1, name, text)
    assert changed(draft, (old, new)) == [operation]
    made = applied(draft, [operation])
    assert corrected(made.items[0]) != manuscripts.FRONT
    written = sheet.write(manuscripts.issue(), made)
    assert new in written
    assert sheet.read(written, made) == []
    assert changed(made, (new, old)) == [Revert(1, name)]
    assert corrected(applied(made, [Revert(1, name)]).items[0]) == manuscripts.FRONT


def test_another_image_does_not_keep_the_description_of_the_first(draft: Draft) -> None:
    draft = replace(draft, items=(manuscripts.FRONT, *draft.items[1:]))
    made = applied(draft, [Correct(1, "image", "https://www.example.org/other.jpg")])
    assert corrected(made.items[0]).image == Image("https://www.example.org/other.jpg")
    assert sheet.read(sheet.write(manuscripts.issue(), made), made) == []


def test_a_corrected_topic_decides_who_gets_the_item(draft: Draft) -> None:
    made = applied(draft, [Correct(1, "topics", "Arctic; Ports", ("arctic", "ports"))])
    printed = corrected(made.items[0])
    assert printed.topics == ("Arctic", "Ports")
    assert printed.tags[:2] == ("arctic", "ports")
    assert not set(printed.tags) & set(manuscripts.SUMMIT.tags)
    reverted = corrected(applied(made, [Revert(1, "topics")]).items[0])
    assert set(reverted.tags) >= set(manuscripts.SUMMIT.tags)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("date", "next week", "expected YYYY-MM-DD"),
        ("date", "20261120", "expected YYYY-MM-DD"),
        ("image", "file:desk/a.png", "use https://"),
        ("image", "javascript:alert(1)", "use https://"),
    ],
)
def test_what_cannot_be_printed_is_refused(
    draft: Draft, name: CorrectableField, text: str, problem: str
) -> None:
    with pytest.raises(NotAllowed, match=problem):
        applied(draft, [Correct(1, name, text)])


@given(
    st.lists(
        st.tuples(st.text("Ada Óé.-", min_size=1, max_size=9), st.text("a ,&(", max_size=9)),
        max_size=4,
    )
)
def test_any_byline_survives_being_written(pairs: list[tuple[str, str]]) -> None:
    authors = tuple(Author(name.strip(), role.strip()) for name, role in pairs if name.strip())
    assert byline.authors_of(byline.written(authors)) == authors


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("@ article 2 in", "@ article 2 maybe", "expected in, out, later or never"),
        ("@ article 2 in", "@ article 77 in", "not a candidate"),
        ("@ article 2 in", "@ article 1 in", "in the file twice"),
        ("subject:", "sujet:", "'sujet' is not one of"),
        ("@ issue 1", "@ something 1", "is not one of issue"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    draft: Draft, old: str, new: str, problem: str
) -> None:
    with pytest.raises(NotAllowed, match=rf"line \d+: .*{problem}"):
        changed(draft, (old, new))


def test_a_file_older_than_another_edit_is_refused(draft: Draft) -> None:
    text = sheet.write(manuscripts.issue(), draft)
    with pytest.raises(NotAllowed, match="has changed since"):
        sheet.read(text, applied(draft, [Place(2, "out")]))
