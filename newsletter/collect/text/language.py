"""Detect the language of a text from its script and its most common words."""

import re
from collections import Counter

_SCRIPTS = (
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0430-\u044f]")),
    ("ar", re.compile(r"[\u0621-\u064a]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("el", re.compile(r"[\u03b1-\u03c9]")),
    ("th", re.compile(r"[\u0e01-\u0e30]")),
    ("hi", re.compile(r"[\u0905-\u0939]")),
)
_COMMON = {
    "en": "the of and to in is that for it was with as on be are this by",
    "de": "der die und das ist den von mit nicht ein eine für auf sich des dem auch",
    "fr": "le la les des et est une que dans pour pas qui sur plus au par du",
    "es": "el la los de que y en un una por con para las del se es su",
    "it": "il di che la e per un una con del della non sono le dei gli è",
    "pt": "o de que e do da em um uma para com não os as dos no na",
    "nl": "de het een van en in is dat op te voor met niet zijn aan door ook",
    "sv": "och att det som en är på för av med inte den till ett har",
    "pl": "i w na z się do nie jest to że o jak po od za przez",
    "tr": "ve bir bu için ile de da olarak çok daha ne gibi en kadar",
    "cs": "a v na se je že to s z do o ve by jsem si ale jako za tak",
    "hu": "a az és hogy nem is egy meg ez de volt csak mint már kell van",
    "ro": "de și în a la cu pe nu că este din pentru care sau mai un o",
    "id": "yang dan di dengan untuk ini dari pada tidak dalam itu adalah",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur", "yi", "ps", "ckb", "dv"})
SAMPLE, SHARE = 4000, 0.15
ENOUGH_PARAGRAPHS = 60
"""A text this long is judged by its beginning."""
_NOT_LETTERS = re.compile(r"[\W\d_]+")


def detect(text: str) -> str:
    """Return the language code of `text`, or an empty string if it is too short."""
    sample = text[:SAMPLE]
    if found := _by_script(sample):
        return found
    words = Counter(_NOT_LETTERS.split(sample.casefold()))
    scores = {
        language: sum(words[word] for word in words.keys() & common)
        for language, common in _WORDS.items()
    }
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] >= 2 else ""  # noqa: PLR2004 - one word proves nothing


def _by_script(sample: str) -> str:
    """Return the language whose script a text is in, or an empty string."""
    letters = 0 if sample.isascii() else _letters(sample)
    if letters < 2:  # noqa: PLR2004 - nothing to judge
        return ""
    found = (
        language for language, script in _SCRIPTS if len(script.findall(sample)) > SHARE * letters
    )
    return next(found, "")


def _letters(sample: str) -> int:
    return len(_NOT_LETTERS.sub("", sample))


# Languages that are written in the script by which another one is detected.
_SHARED_SCRIPTS = {
    "ko": {"ko"}, "ja": {"ja"}, "zh": {"zh", "ja", "yue", "wuu"}, "he": {"he", "yi"}, "el": {"el"}, "th": {"th"},
    "ru": {"ru", "uk", "bg", "sr", "be", "mk", "kk", "ky", "mn", "tg"}, "ar": {"ar", "fa", "ur", "ps", "ckb", "ug"},
    "hi": {"hi", "mr", "ne", "sa"},
}  # fmt: skip
FEWEST_LETTERS = 40


def settled(declared: str, text: str) -> str:
    """Return the declared language, unless the script of the text shows that it is wrong.

    Templates declare the language of their author: a page of Hangul that says "en" is Korean.
    """
    tag, sample = code(declared), text[:SAMPLE]
    if not tag:
        return detect(sample)
    if sample.isascii() or _letters(sample) < FEWEST_LETTERS:
        return tag
    found = _by_script(sample)
    primary = tag.partition("-")[0].lower()
    return tag if primary in _SHARED_SCRIPTS.get(found, {primary}) else found


def code(declared: str) -> str:
    """Normalize a declared language: "en_US" becomes "en-US", an invalid tag becomes empty."""
    tag = declared.strip().split(",")[0].replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) else ""


def is_right_to_left(lang: str) -> bool:
    """Return whether the language is written from right to left."""
    return lang.split("-", maxsplit=1)[0].lower() in RIGHT_TO_LEFT
