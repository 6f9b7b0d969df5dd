"""What is printed is what was said: strangers' titles cannot draw, blink or pose as markup."""

import pytest

from newsletter.cli.opening import sayable
from newsletter.cli.show import Exit, fail, print_rows, say
from newsletter.errors import NotFound

HOSTILE = "[bold]Ships[/bold] :x: \x1b[31mred\x07"
HARMLESS = "[bold]Ships[/bold] :x: �[31mred�"


def test_a_title_is_printed_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    print_rows([{"title": HOSTILE}], ("title",))
    with pytest.raises(SystemExit):
        fail(HOSTILE)
    shown = capsys.readouterr()
    assert shown.out.count(HARMLESS) == 2
    assert HARMLESS in shown.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFound("there is no issue 9"), "There is no issue 9"),
        (NotFound("newsletter.toml:3 is wrong"), "newsletter.toml:3 is wrong"),
        (OSError(28, "No space left on device", "/x/y"), "/x/y cannot be used: No space"),
    ],
)
def test_an_expected_error_is_one_sentence(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, sayable():
        raise error
    assert ended.value.code == Exit.FAILED
    assert capsys.readouterr().err.startswith(said)
