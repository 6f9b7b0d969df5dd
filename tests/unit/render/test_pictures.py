"""Images in emails: never enlarged, never too tall, never from an address that clients block."""

from dataclasses import replace

import pytest

from newsletter.model.article import Image
from newsletter.model.issue import Block
from newsletter.model.picture import LOCAL, NARROW, TALLEST, StoredPicture, fitted
from newsletter.model.publication import Brand
from newsletter.render.compose import compose
from newsletter.render.picture_view import in_email, problems, unmeasured
from newsletter.render.view import Picture
from tests.fakes import manuscripts
from tests.fakes.manuscripts import item

HTTPS, HTTP = "https://images.example.org/a.png", "http://images.example.org/a.png"


def printed(image: Image, known: StoredPicture | None = None) -> Picture | None:
    pictures = {known.url: known} if known else {}
    return in_email(image, replace(manuscripts.context(), pictures=pictures))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1600, 900), (528, 297)),
        ((528, 300), (528, 300)),
        ((300, 200), (300, 200)),
        ((600, 1200), (220, 440)),
        ((20000, 10), (528, 1)),
    ],
)
def test_an_image_keeps_its_proportions_and_is_never_enlarged(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    made = printed(Image(HTTPS, "A pier", *size))
    assert made is not None
    assert (made.width, made.height) == shown
    narrow, height = fitted(*size, NARROW)
    assert narrow <= min(size[0], NARROW)
    assert height <= min(size[1], TALLEST)


def test_a_measured_size_wins_over_the_one_that_the_page_states() -> None:
    made = printed(Image(HTTPS, "A pier", 2000, 100), StoredPicture(HTTPS, 400, 300))
    assert made is not None
    assert (made.width, made.height) == (400, 300)


def test_an_insecure_image_is_printed_from_our_copy_or_not_at_all() -> None:
    image = Image(HTTP, "A pier", 400, 300)
    assert printed(image) is None
    copied = printed(image, StoredPicture(HTTP, 400, 300, copy="0a1b.png"))
    assert copied is not None
    assert copied.url == "https://news.example.org/images/0a1b.png"


def test_an_image_of_unknown_size_has_no_attributes_that_would_distort_it() -> None:
    pier = item(1, image=Image(HTTPS, "A pier"))
    context = manuscripts.context()
    contents = manuscripts.contents([pier])
    html = compose(manuscripts.templates(), manuscripts.issue(), [pier], contents, context).html
    tag = html[html.index(f'src="{HTTPS}"') :].split(">", 1)[0]
    assert "width=" not in tag
    assert "max-height:440px" in tag
    missing = StoredPicture(HTTPS, problem="answers 404 (not found)", missing=True)
    assert printed(Image(HTTPS, "A pier", 400, 300), missing) is None


def test_the_caption_with_its_credit_is_one_line_in_both_parts() -> None:
    contents = manuscripts.contents([manuscripts.FRONT])
    made = compose(
        manuscripts.templates(),
        manuscripts.issue(),
        [manuscripts.FRONT],
        contents,
        manuscripts.context(),
    )
    for part in (made.html, made.text):
        assert part.count("The pier on Thursday. Photo: Ada Lind") == 1
    assert 'width="528" height="297"' in made.html


def test_what_is_left_out_is_reported_with_the_reason() -> None:
    issue = manuscripts.issue(
        note="![Cranes](https://images.example.org/note.png)",
        blocks=(Block("Evening", "", image="https://images.example.org/block.png"),),
    )
    items = [
        item(1, title="One", image=Image(HTTP)),
        item(2, title="Two", image=Image(HTTPS)),
        item(3, title="Out", image=Image("http://x.example/"), included=False),
    ]
    assert unmeasured(issue, items, {}) == (
        HTTP,
        HTTPS,
        "https://images.example.org/block.png",
        "https://images.example.org/note.png",
    )
    known = {
        HTTP: StoredPicture(HTTP, problem="answers 404 (not found)", missing=True),
        HTTPS: StoredPicture(HTTPS, problem="answers 403 (forbidden)"),
    }
    assert list(problems(issue, items, known)) == [
        "The image of “One” is left out: answers 404 (not found). Choose another image.",
        (
            "The size of the image of “Two” is unknown: answers 403 (forbidden). Look at it in the"
            " preview."
        ),
    ]
    assert unmeasured(issue, items, known)[:2] == (HTTP, HTTPS)
    measured = {HTTP: StoredPicture(HTTP, 4, 3, copy="a.png"), HTTPS: StoredPicture(HTTPS, 4, 3)}
    assert list(problems(issue, items, measured)) == []
    assert HTTP not in unmeasured(issue, items, measured)


def test_a_file_is_looked_at_again_because_it_may_have_changed() -> None:
    local = f"{LOCAL}articles/pier.png"
    known = {local: StoredPicture(local, 4, 3, copy="a.png")}
    items = [item(1, image=Image(local))]
    assert unmeasured(manuscripts.issue(), items, known) == (local,)


def test_the_logo_has_its_width_and_another_one_in_dark_mode() -> None:
    brand = Brand(
        logo="https://www.example.org/logo.png",
        logo_dark="https://www.example.org/dark.png",
        logo_width=180,
    )
    house = manuscripts.publication(brand=brand)
    made = compose(
        manuscripts.templates(house),
        manuscripts.issue(),
        manuscripts.GOOD,
        manuscripts.GOOD_CONTENTS,
        manuscripts.context(house),
    )
    day, night = made.html.split("logo.png", 1)[1].split("dark.png", 1)
    assert 'alt="Peninsula Review" width="180"' in day
    assert "display:none" in night.split(">", 1)[0]
    assert ".night { display: block !important; }" in made.html
    assert "<!--[if !mso]><!--><img" in made.html


def test_an_image_without_a_description_is_not_a_link_without_words() -> None:
    for alt, links in (("", 1), ("A pier", 2)):
        pier = item(1, title="Ports", image=Image(HTTPS, alt, 400, 300))
        contents = manuscripts.contents([pier])
        made = compose(
            manuscripts.templates(), manuscripts.issue(), [pier], contents, manuscripts.context()
        )
        assert made.html.count('href="https://www.example.org/articles/1"') == links + 1
