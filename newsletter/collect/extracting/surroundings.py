"""Recognize the parts of a page that are never the article, by the names of their elements."""

import re
from functools import lru_cache

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml names its element class so

# Whole documents and articles carry such names as well ("single-post comments-open"), so the names
# of these elements prove nothing.
_NEVER = frozenset({"html", "body", "main", "article"})
_ROLES = frozenset(
    "navigation menu menubar search banner contentinfo dialog alertdialog toolbar tablist".split()
)
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:"
    r"comments?|comment[_-]?(?:list|area|section|body|text|content|item)|commentlist|disqus|respond"
    r"|cookies?(?:[_-]?(?:banner|notice|consent|bar|law|popup|wall|message|dialog|policy))"
    r"|consent|gdpr|onetrust|cmp|didomi|usercentrics"
    r"|shar(?:e|ing)(?:[_-]?(?:bar|buttons?|links?|tools?|list|icons?|box))?|social"
    r"|addtoany|addthis|follow[_-]us"
    r"|breadcrumbs?|nav|navigation|navbar|menu|sidebar[_-]?menu|pagination|pager|skip[_-]?links?"
    r"|toc|table[_-]of[_-]contents|ez[_-]toc|lwptoc|contents[_-]list"
    r"|faqs?|frequently[_-]asked"
    r"|related|recommended|recirc|most[_-]?(?:read|popular|viewed)|trending|also[_-]?read"
    r"|newsletter[_-]?(?:sign[_-]?up|form|box|cta|promo|widget|banner|block|subscribe)"
    r"|subscribe|subscription|signup|sign[_-]up|paywall|regwall|piano|offers?"
    r"|advert(?:isement)?s?|ads?|sponsor(?:ed)?|promo(?:tion)?s?"
    r"|specs?|specifications?|product[_-]?(?:info|details|features|specs)"
    r")(?=$|[\s_-])",
    re.IGNORECASE,
)
LONGEST_NAMES = 300


def is_away(element: Element, tag: str) -> bool:
    """Return whether an element is navigation, comments, a banner or an offer by its names."""
    if tag in _NEVER:
        return False
    if element.get("role") in _ROLES:
        return True
    names = element.get("class"), element.get("id")
    return any(_is_away_name(name[:LONGEST_NAMES]) for name in names if name)


@lru_cache(maxsize=4096)
def _is_away_name(names: str) -> bool:
    return bool(_NAMES.search(names))
