"""How often a list says that someone wants a newsletter."""

import pytest

from subscribers.model import Frequency
from subscribers.roster.cells import frequency


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("", Frequency.EACH),
        ("Each", Frequency.EACH),
        ("WEEKLY", Frequency.WEEKLY),
        ("Once a week", Frequency.WEEKLY),
        ("wöchentlich", Frequency.WEEKLY),
        ("매주", Frequency.WEEKLY),
        ("Monthly", Frequency.MONTHLY),
        ("once a month", Frequency.MONTHLY),
        ("Mensuel", Frequency.MONTHLY),
        ("una vez al mes", Frequency.MONTHLY),
    ],
)
def test_a_frequency_is_read_in_any_case_and_common_words(word: str, meaning: Frequency) -> None:
    assert frequency(word) == (meaning, ())


def test_an_unknown_frequency_is_reported() -> None:
    often, withheld = frequency("at full moon")
    assert often is Frequency.EACH
    assert withheld == ("unknown frequency “at full moon”; they get each issue",)
