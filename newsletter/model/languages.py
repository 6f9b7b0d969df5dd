"""Compare language tags: which text a person who chose a language reads."""

_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def main_language(tag: str) -> str:
    """Return the language of a tag without its region: "ko-KR" and "KO" are "ko".

    Traditional Chinese is a language of its own here ("zh-hant"), because its readers expect it.
    """
    main, *rest = tag.replace("_", "-").casefold().split("-")
    return "zh-hant" if main == "zh" and _TRADITIONAL & set(rest) else main
