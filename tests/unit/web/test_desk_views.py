"""Pure parts of pages: sentences, choices, frames, languages and the outbox as an inbox."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor
from newsletter.render.catalog import open_catalogs
from newsletter.web.desk import choices, history, outbox, sentences
from newsletter.web.desk.frames import frame
from newsletter.web.public.views import language_choices

ENGLISH = open_catalogs(None).of("en")
SEOUL = ZoneInfo("Asia/Seoul")
OFFERED = {"width": ("Width", ("600", "375")), "light": ("Light", ("light", "dark"))}


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(days=1, hours=22, minutes=5), "1 day 22 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(hours=-2, minutes=-30), "2 hours 30 minutes"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert sentences.distance(span, ENGLISH) == said


def test_a_moment_names_its_zone() -> None:
    instant = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    assert sentences.moment(instant, SEOUL, ENGLISH) == "Monday 30 November 2026 at 08:00 KST"


def test_a_view_that_is_not_offered_becomes_the_first_one_that_is() -> None:
    assert choices.settle({"width": "9999", "light": "dark"}, OFFERED) == {
        "width": "600",
        "light": "dark",
    }


def test_every_choice_is_an_address_that_keeps_the_rest_of_the_view() -> None:
    present = {"width": "600", "light": "dark", "edition": "2"}
    width = choices.controls("/p", present, OFFERED)[0]
    assert [(one.name, one.chosen) for one in width.options] == [("600", True), ("375", False)]
    assert width.options[1].href == "/p?width=375&light=dark&edition=2"


def test_a_frame_cannot_run_scripts_and_overrules_the_viewers_colours() -> None:
    html = "<html><head><style>@media (prefers-color-scheme:dark){a{}}</style></head></html>"
    answer = frame(html, light="dark", images="off")
    assert b"(min-width:0)" in answer.body
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'none'" in policy
    assert "allow-scripts" not in policy


def mail(to: str, subject: str) -> bytes:
    """Return a mail as the outbox holds it."""
    built = EmailMessage()
    built["To"], built["Subject"], built["From"] = to, subject, "Review <brief@example.org>"
    built.set_content("Words.")
    built.add_alternative("<p>Words.</p>", subtype="html")
    return bytes(built)


def test_the_outbox_is_paged_by_name_and_reads_both_parts(tmp_path: Path) -> None:
    for n in range(outbox.PAGE + 1):
        (tmp_path / f"1-{n:03}.eml").write_bytes(mail(f"p{n}@example.org", f"No {n}"))
    first = outbox.page(tmp_path)
    assert len(first.emails) == outbox.PAGE
    rest = outbox.page(tmp_path, first.following)
    assert [one.to for one in rest.emails] == ["p100@example.org"]
    assert rest.following == ""
    whole = outbox.read(tmp_path, "1-007")
    assert whole is not None
    assert (whole.text.strip(), whole.html.strip()) == ("Words.", "<p>Words.</p>")


@pytest.mark.parametrize("name", ["../secret", "nothing", "a/b", ".."])
def test_the_outbox_reads_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.eml").write_bytes(mail("a@example.org", "x"))
    folder = tmp_path / "outbox"
    folder.mkdir()
    assert outbox.read(folder, name) is None


def test_the_history_shows_what_was_recorded_in_words() -> None:
    detail = {"fallbacks": [{"language": "ko", "people": 3, "titles": ["Ships", "Ports"]}]}
    at = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    act = Act(at, Actor.person("ada"), ActKind.RENDERED, 1, detail=detail)
    (line,) = history.act_row(act, SEOUL, ENGLISH).detail
    assert line == "fallbacks: language: ko, people: 3, titles: Ships; Ports"


def test_a_language_that_babel_does_not_know_is_called_by_its_tag() -> None:
    shown = [choice.label for choice in language_choices(["ko", "tlh", "en-XX"], "ko")]
    assert shown == ["한국어", "tlh", "en-XX"]
