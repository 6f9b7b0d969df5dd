"""The language of a page is what it declares, unless its script shows otherwise."""

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.collect.text.language import settled
from tests.unit.collect.takeaway_pages import LANGUAGES, Language, page

TEXTS = {language.code: language.paragraph for language in LANGUAGES}


@pytest.mark.parametrize(
    ("declared", "text", "settles"),
    [
        ("en", "ko", "ko"), ("en-US", "ja", "ja"), ("en", "zh", "zh"), ("en", "ru", "ru"), ("de", "ar", "ar"), ("ko", "ko", "ko"), ("ko-KR", "ko", "ko-KR"),
        ("zh-TW", "zh", "zh-TW"), ("ja", "zh", "ja"), ("uk", "ru", "uk"), ("fa", "ar", "fa"), ("en", "de", "en"),
        ("", "fr", "fr"), ("nonsense!", "es", "es"), ("pt-BR", "pt", "pt-BR"),
    ],
)  # fmt: skip
def test_the_script_decides_against_a_declaration(declared: str, text: str, settles: str) -> None:
    assert settled(declared, TEXTS[text]) == settles


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_a_page_that_declares_english_has_the_language_of_its_script(language: Language) -> None:
    html = page(language, "").replace(f'lang="{language.code}"', 'lang="en"')
    found = extract(html.encode(), name="a.html").lang
    assert found == (language.code if language.code in {"ko", "ja", "zh", "ru", "ar"} else "en")
