"""A change of a block is laid over what others have made of the blocks: no word is lost."""

from dataclasses import replace

import pytest

from newsletter.edit.blocks import BlockChange, BlockConflict, changed_blocks
from newsletter.edit.fields import TextConflict
from newsletter.model.issue import Block

FAIR = Block("A fair", "On Sunday.", url="https://harbour.example/fair")
CONCERT = Block("A concert", "On Thursday.", sponsor=True, after=1)
LATER = replace(FAIR, text="On Monday.")


def test_a_new_block_comes_last_and_is_added_once() -> None:
    change = BlockChange(-1, None, FAIR)
    assert changed_blocks([CONCERT], change) == (CONCERT, FAIR)
    assert changed_blocks([CONCERT, FAIR], change) == (CONCERT, FAIR)


def test_a_block_is_changed_at_its_place_and_changing_it_twice_has_no_effect() -> None:
    change = BlockChange(0, FAIR, LATER)
    assert changed_blocks([FAIR, CONCERT], change) == (LATER, CONCERT)
    assert changed_blocks([LATER, CONCERT], change) == (LATER, CONCERT)


def test_a_block_is_removed_once() -> None:
    change = BlockChange(0, FAIR, None)
    assert changed_blocks([FAIR, CONCERT], change) == (CONCERT,)
    assert changed_blocks([CONCERT], change) == (CONCERT,)


def test_a_block_is_found_after_another_was_removed_or_added_before_it() -> None:
    change = BlockChange(1, FAIR, LATER)
    assert changed_blocks([FAIR], change) == (LATER,)
    assert changed_blocks([CONCERT, CONCERT, FAIR], change) == (CONCERT, CONCERT, LATER)


def test_of_two_equal_blocks_the_one_at_the_place_is_changed() -> None:
    change = BlockChange(1, FAIR, LATER)
    assert changed_blocks([FAIR, FAIR], change) == (FAIR, LATER)


def test_changes_to_different_parts_of_a_block_are_merged() -> None:
    theirs = replace(FAIR, heading="A grand fair", sponsor=True)
    assert changed_blocks([theirs], BlockChange(0, FAIR, LATER)) == (
        replace(LATER, heading="A grand fair", sponsor=True),
    )


def test_two_changes_of_one_text_are_a_conflict() -> None:
    theirs = replace(FAIR, text="On Tuesday.")
    assert changed_blocks([theirs], BlockChange(0, FAIR, LATER)) == BlockConflict(
        (TextConflict("text", "On Tuesday.", "On Monday."),)
    )


def test_a_block_that_another_editor_removed_is_a_conflict() -> None:
    change = BlockChange(0, FAIR, LATER)
    assert changed_blocks([], change) == BlockConflict(removed=True)
    assert changed_blocks([CONCERT], change) == BlockConflict(removed=True)


def test_a_block_that_another_editor_changed_is_not_removed() -> None:
    assert changed_blocks([LATER], BlockChange(0, FAIR, None)) == BlockConflict()


@pytest.mark.parametrize("place", [-5, 2, 99])
def test_a_place_without_a_block_changes_nothing(place: int) -> None:
    change = BlockChange(place, FAIR, LATER)
    assert changed_blocks([CONCERT], change) == BlockConflict(removed=True)
