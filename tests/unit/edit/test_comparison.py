"""What changed between two revisions of an article."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from newsletter.edit.comparison import Piece, changes
from newsletter.model.article import Extracted, Section

OLD = Extracted(
    "Four ships",
    published=date(2026, 11, 20),
    takeaways=("Nearly all of the traffic runs through here.",),
    sections=(Section("Why", ("It rained.", "No one came.", "The end.")),),
)


def test_equal_revisions_have_no_changes() -> None:
    assert changes(OLD, OLD) == ()
    assert changes(OLD, replace(OLD, provenance={"title": "feed"})) == ()


def test_a_changed_line_is_compared_word_by_word() -> None:
    new = replace(OLD, takeaways=("About 95 percent of the traffic runs through here.",))
    assert changes(OLD, new) == (
        (
            Piece("gone", "Nearly all "),
            Piece("new", "About 95 percent "),
            Piece("same", "of the traffic runs through here."),
        ),
    )


def test_lines_that_were_added_and_removed_are_named() -> None:
    new = replace(OLD, title="Five ships", sections=(Section("Why", ("It rained.", "The end.")),))
    kinds = [[piece.kind for piece in change] for change in changes(OLD, new)]
    assert kinds == [["gone", "new", "same"], ["gone"]]
    added = replace(OLD, sections=(Section("Why", (*OLD.sections[0].paragraphs, "P.S.")),))
    assert changes(OLD, added) == ((Piece("new", "P.S."),),)


def test_very_long_lines_are_shown_whole() -> None:
    old, new = "old " * 5000, "new " * 5000
    assert changes(replace(OLD, teaser=old), replace(OLD, teaser=new)) == (
        (Piece("gone", old), Piece("new", new)),
    )


paragraphs = st.lists(st.text(alphabet="ab ", max_size=12), max_size=6)


@given(paragraphs, paragraphs)
def test_the_pieces_of_each_change_are_texts_of_the_two_revisions(
    old: list[str], new: list[str]
) -> None:
    before = Extracted("", sections=(Section(None, tuple(old)),))
    after = Extracted("", sections=(Section(None, tuple(new)),))
    for change in changes(before, after):
        was = "".join(piece.text for piece in change if piece.kind != "new").strip()
        now = "".join(piece.text for piece in change if piece.kind != "gone").strip()
        assert was in {*(line.strip() for line in old), ""}
        assert now in {*(line.strip() for line in new), ""}
